using System.Text;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Tests.Configuration;

/// <summary>A directory with configuration files, removed in the end.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ConfigurationSandbox : IDisposable
{
    internal const string Minimal = "[lock]\nservice = file\nname = web\n";

    internal string Directory { get; } = System.IO.Directory.CreateDirectory("/var/lib/dlm-updater-test-" + Guid.NewGuid().ToString("N")).FullName;

    internal string Main => Directory + "/config.ini";

    /// <summary>Environment of the next load.</summary>
    internal Dictionary<string, string> Environment { get; } = [];

    /// <summary>Flags of the next load.</summary>
    internal List<ConfigurationOverride> Flags { get; } = [];

    internal string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    internal string Write(string name, byte[] content)
    {
        string path = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_100_100);
        return path;
    }

    internal LoadedConfiguration Load(string? content = null, bool strict = false, SecretUse secrets = SecretUse.Lock, IReadOnlyList<string>? dropIns = null)
    {
        if (content is not null)
            Write("config.ini", content);
        return ConfigurationLoader.Load(new ConfigurationRequest
        {
            File = Main,
            Environment = Environment,
            Overrides = Flags,
            Strict = strict,
            Secrets = secrets,
            DropInDirectories = dropIns,
        });
    }

    /// <summary>Loads a file by another name, with its own directory's drop-ins.</summary>
    internal LoadedConfiguration LoadFile(string name, string content, bool strict = false)
    {
        string path = Write(name, content);
        return ConfigurationLoader.Load(new ConfigurationRequest { File = path, Environment = Environment, Overrides = Flags, Strict = strict });
    }

    /// <summary>Loads what must be right, without a complaint.</summary>
    internal UpdaterSettings Good(string? content = null, bool strict = true)
    {
        LoadedConfiguration loaded = Load(content, strict);
        Assert.Equal([], loaded.Complaints.Select(c => c.Text));
        return loaded.Settings!;
    }

    /// <summary>Loads what must be wrong; the texts of the errors, without the directory in front.</summary>
    internal string[] Errors(string? content = null, bool strict = false)
    {
        LoadedConfiguration loaded = Load(content, strict);
        Assert.Null(loaded.Settings);
        return [.. loaded.Complaints.Where(c => c.Severity == Severity.Error).Select(Relative)];
    }

    internal string Relative(Complaint complaint) => complaint.Text.Replace(Directory + "/", "", StringComparison.Ordinal);

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
