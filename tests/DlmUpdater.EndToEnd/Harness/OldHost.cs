using DlmUpdater.Tests.Locks.DlmEngine;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>A host on which an older tool was installed: an /etc of its own, in a mount namespace, with the tool's directory in it.</summary>
internal sealed class OldHost : IDisposable
{
    private readonly string _directory;

    /// <summary>Makes the host.</summary>
    /// <param name="directory">The tool's directory in /etc; the scripts of the sandbox are in it.</param>
    internal OldHost(string directory)
    {
        _directory = directory;
        Box = new Sandbox();
        _ = Binary.Tool("cp", "-a", "/etc", Etc);
        _ = Binary.Tool("rm", "-rf", Etc + "/dlm-updater", Etc + "/foreman_dlm_updater", Etc + "/dlm_engine_updater", Etc + "/updatelock", Etc + "/flatcar", Etc + "/coreos");
        Sandbox.MakeDirectory($"{Etc}/{directory}");
    }

    internal Sandbox Box { get; }

    /// <summary>Where this host's /etc lies.</summary>
    internal string Etc => Box.Root + "/etc";

    /// <summary>Environment of the tool beside what moves state and run directory into the sandbox.</summary>
    internal Dictionary<string, string> Environment { get; } = [];

    /// <summary>False if the host's own configuration says where state and run directory are.</summary>
    internal bool MovesState { get; init; } = true;

    /// <summary>Writes a file of the tool's directory, for root alone.</summary>
    internal void Write(string name, string text)
    {
        string path = $"{Box.ScriptDirectory}/{name}";
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Writes any other file of /etc.</summary>
    internal void WriteEtc(string name, string text)
    {
        string path = $"{Etc}/{name}";
        Sandbox.MakeDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    /// <summary>Calls the program by a name.</summary>
    internal Ended Call(string name, params string[] arguments) => Call(name, null, arguments);

    /// <summary>Calls the program by a name, on another boot.</summary>
    internal Ended Call(string name, Boot? boot, params string[] arguments)
    {
        string link = $"{Box.Root}/{name}";
        if (!File.Exists(link)) File.CreateSymbolicLink(link, Binary.Path);
        var variables = new Dictionary<string, string>(Environment);
        if (MovesState) variables["DLM_UPDATER__MAIN__STATE_DIR"] = Box.StateDirectory;
        if (MovesState) variables["DLM_UPDATER__MAIN__RUN_DIR"] = Box.RunDirectory;
        return Agent.Call(
            new StartAs
            {
                Executable = link,
                Boot = boot,
                Environment = variables,
                Prepare = $"mount --bind {Etc} /etc && mount --bind {Box.ScriptDirectory} /etc/{_directory} || exit 98",
            },
            arguments);
    }

    public void Dispose() => Box.Dispose();
}

/// <summary>A DLMEngine on the loopback.</summary>
internal sealed class EngineServer : IDisposable
{
    private readonly TestServer _server;
    private readonly Lock _gate = new();
    private int _blips;

    internal EngineServer() => _server = new TestServer(seen =>
    {
        lock (_gate)
        {
            Asked.Add($"{seen.Method} {seen.Path}");
            if (_blips > 0)
            {
                _blips--;
                return null;
            }

            (int status, string body) = Engine.Handle(seen.Method, seen.Path, LockServer.Header(seen, "x-secret-id"), LockServer.Header(seen, "x-secret"), seen.Body);
            return TestServer.Reply(status, body);
        }
    });

    internal FakeEngine Engine { get; } = new();

    internal List<string> Asked { get; } = [];

    internal string Url => _server.Url;

    /// <summary>What DLMEngineUpdater's .env needs.</summary>
    internal string Env => $"main_api_lockname=web\nmain_api_endpoint={Url}/api/v2/\nmain_api_secretid={FakeEngine.SecretId}\nmain_api_secret={FakeEngine.Secret}\n";

    /// <summary>The next requests get no answer.</summary>
    internal void Blip(int times)
    {
        lock (_gate) _blips = times;
    }

    public void Dispose() => _server.Dispose();
}
