using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>How a start of the program ended.</summary>
/// <param name="Code">The exit code; 128 + 9 after SIGKILL.</param>
/// <param name="Output">stdout.</param>
/// <param name="Error">stderr.</param>
internal sealed record Ended(int Code, string Output, string Error)
{
    internal string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    internal bool WasKilled => Code == 137;

    /// <summary>Asserts the exit code, with all that was said if it is another, and that nothing looks like a crash.</summary>
    internal Ended Expect(int code)
    {
        Assert.True(Code == code, $"exit code {Code}, not {code}\nstdout: {Output}\nstderr: {Error}");
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("bug here", Error, StringComparison.Ordinal);
        return this;
    }
}

/// <summary>How to start the program.</summary>
internal sealed record StartAs
{
    /// <summary>The boot that it and its scripts shall see; null = the real one. In a mount namespace of its own.</summary>
    internal Boot? Boot { get; init; }

    /// <summary>Environment beside PATH.</summary>
    internal IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>A command in front of the program, such as <c>setpriv …</c>.</summary>
    internal string[] Wrapper { get; init; } = [];

    /// <summary>Shell that is run in a mount namespace of its own before the program, such as a read-only mount.</summary>
    internal string? Prepare { get; init; }

    /// <summary>Another executable than the published one.</summary>
    internal string? Executable { get; init; }

    /// <summary>What it reads on stdin.</summary>
    internal string Input { get; init; } = "";
}

/// <summary>The program, running.</summary>
internal sealed class Agent : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>True if these tests were started with signals ignored (<c>nohup make test &amp;</c>), which the program would inherit and heed.</summary>
    private static readonly Lazy<bool> IgnoresSignals = new(() => (Processes.SignalMask(Environment.ProcessId, "SigIgn") & 0x4007) > 0);

    private readonly Process process;
    private readonly Task<string> output;
    private readonly Task<string> error;
    private readonly string call;
    private readonly StringBuilder outputSoFar = new();
    private readonly StringBuilder errorSoFar = new();

    private Agent(Process process, string call)
    {
        (this.process, this.call) = (process, call);
        output = Read(process.StandardOutput, outputSoFar);
        error = Read(process.StandardError, errorSoFar);
    }

    internal int Pid => process.Id;

    internal bool HasEnded => process.HasExited;

    /// <summary>What it has written to stdout by now.</summary>
    internal string OutputSoFar => Text(outputSoFar);

    /// <summary>What it has written to stderr by now.</summary>
    internal string ErrorSoFar => Text(errorSoFar);

    /// <summary>Starts it; exec all the way, so that <see cref="Pid"/> is the program's own.</summary>
    internal static Agent Start(StartAs how, params string[] arguments)
    {
        List<string> words = [.. how.Wrapper, how.Executable ?? Binary.Path, .. arguments];

        // Through env, so that what is preloaded into the program is not preloaded into what stands before it.
        bool direct = how.Boot is null && how.Prepare is null && how.Wrapper.Length == 0 && !IgnoresSignals.Value;
        if (how.Environment.Count > 0 && !direct) words.InsertRange(0, ["/usr/bin/env", .. how.Environment.Select(pair => $"{pair.Key}={pair.Value}")]);
        if (how.Boot is not null || how.Prepare is not null)
        {
            // The systemd of the machine that runs the tests knows nothing of this boot.
            string boot = how.Boot is null ? "" : "mount --bind \"$0\" /proc/sys/kernel/random/boot_id || exit 99\n[ ! -d /run/systemd/system ] || mount -t tmpfs none /run/systemd || exit 99\n";
            words.InsertRange(0, ["/usr/bin/unshare", "-m", "/bin/sh", "-c", $"{boot}{how.Prepare ?? ":"}\nexec \"$@\"", how.Boot?.File ?? "sh"]);
        }

        if (IgnoresSignals.Value) words.InsertRange(0, ["/usr/bin/env", "--default-signal=HUP,INT,QUIT,TERM"]);
        var start = new ProcessStartInfo(words[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        foreach (string word in words.Skip(1)) start.ArgumentList.Add(word);
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        if (direct)
        {
            foreach (var (name, value) in how.Environment) start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        try
        {
            process.StandardInput.Write(how.Input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading.
        }

        return new Agent(process, string.Join(' ', words));
    }

    /// <summary>Starts it on a sandbox.</summary>
    internal static Agent Start(Sandbox sandbox, StartAs how, string verb, params string[] arguments) =>
        Start(how, [verb, "--config", sandbox.Config, .. arguments]);

    /// <summary>Runs it on a sandbox to its end.</summary>
    internal static Ended Run(Sandbox sandbox, string verb, params string[] arguments) => Run(sandbox, new StartAs(), verb, arguments);

    /// <inheritdoc cref="Run(Sandbox, string, string[])"/>
    internal static Ended Run(Sandbox sandbox, StartAs how, string verb, params string[] arguments)
    {
        using Agent agent = Start(sandbox, how, verb, arguments);
        return agent.Wait();
    }

    /// <summary>Runs it to its end.</summary>
    internal static Ended Call(params string[] arguments) => Call(new StartAs(), arguments);

    /// <inheritdoc cref="Call(string[])"/>
    internal static Ended Call(StartAs how, params string[] arguments)
    {
        using Agent agent = Start(how, arguments);
        return agent.Wait();
    }

    /// <summary><c>status --output json</c>, parsed; asserts exit code 0.</summary>
    internal static JsonElement Status(Sandbox sandbox, StartAs? how = null)
    {
        Ended ended = Run(sandbox, how ?? new StartAs(), "status", "--output", "json").Expect(0);
        using JsonDocument document = JsonDocument.Parse(ended.Output);
        return document.RootElement.Clone();
    }

    /// <summary>Waits for the end; fails after a minute.</summary>
    internal Ended Wait()
    {
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            throw new TimeoutException($"did not end within {Patience.TotalSeconds} s: {call}\nstderr: {error.GetAwaiter().GetResult()}");
        }

        process.WaitForExit();
        return new Ended(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    private static string Text(StringBuilder soFar)
    {
        lock (soFar) return soFar.ToString();
    }

    private static async Task<string> Read(StreamReader from, StringBuilder into)
    {
        char[] buffer = new char[4096];
        while (await from.ReadAsync(buffer) is > 0 and int length)
        {
            lock (into) into.Append(buffer, 0, length);
        }

        return Text(into);
    }

    /// <summary>SIGKILL, and waits for the end.</summary>
    internal Ended Kill()
    {
        process.Kill();
        return Wait();
    }

    internal void Signal(string name) => Processes.Signal(Pid, name);

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
