namespace DlmUpdater.Core.Scripts;

/// <summary>How a script ended.</summary>
/// <param name="Duration">From start to end, by the monotonic clock.</param>
public abstract record ScriptResult(TimeSpan Duration)
{
    /// <summary>A part of a sentence for the log: <c>exit code 3</c>.</summary>
    public abstract string Describe();

    /// <summary>What a shell would show as its exit code: 128 + signal for a death by signal, 124 for a timeout, 126 if it did not start.</summary>
    public abstract int ShellCode { get; }

    /// <summary>True if processes of it still run: nothing may be started beside them, and the next start waits for them.</summary>
    public bool StillRuns { get; init; }

    /// <summary>True only for exit code 0.</summary>
    public bool Succeeded => this is Exited { Code: 0 };

    /// <summary>It ended by itself with a code from 0 to 255.</summary>
    public sealed record Exited(int Code, TimeSpan Duration) : ScriptResult(Duration)
    {
        /// <inheritdoc/>
        public override string Describe() => Code switch
        {
            126 => "exit code 126 (the script has no answer, or its shell could not run a command that it found)",
            127 => "exit code 127 (a command was not found)",
            _ => $"exit code {Code}",
        };

        /// <inheritdoc/>
        public override int ShellCode => Code;
    }

    /// <summary>A signal ended it.</summary>
    public sealed record Signalled(int Signal, TimeSpan Duration) : ScriptResult(Duration)
    {
        /// <inheritdoc/>
        public override string Describe() => $"killed by signal {Signal}";

        /// <inheritdoc/>
        public override int ShellCode => 128 + Signal;
    }

    /// <summary>It ran longer than it may and was ended, with its session.</summary>
    public sealed record TimedOut(TimeSpan Limit, TimeSpan Duration) : ScriptResult(Duration)
    {
        /// <inheritdoc/>
        public override string Describe() => $"timed out after {Limit.TotalSeconds:0.###} s";

        /// <inheritdoc/>
        public override int ShellCode => 124;
    }

    /// <summary>The kernel did not start it.</summary>
    public sealed record NotStarted(string Why) : ScriptResult(TimeSpan.Zero)
    {
        /// <inheritdoc/>
        public override string Describe() => $"could not be started: {Why}";

        /// <inheritdoc/>
        public override int ShellCode => 126;
    }

    /// <summary>It was not started, because what a next start must know of it cannot be written.</summary>
    public sealed record NotWritable(string Why) : ScriptResult(TimeSpan.Zero)
    {
        /// <inheritdoc/>
        public override string Describe() => $"not started: {Why}";

        /// <inheritdoc/>
        public override int ShellCode => 126;
    }

    /// <summary>This process was asked to stop (SIGTERM, SIGINT); the script was asked too and has ended, with this code, and so has all
    /// that it left in its session; or, after a second signal, it still runs.</summary>
    public sealed record Interrupted(int Code, TimeSpan Duration) : ScriptResult(Duration)
    {
        /// <inheritdoc/>
        public override string Describe() => StillRuns ? "interrupted (it still runs)" : $"interrupted (it ended with {Code})";

        /// <inheritdoc/>
        public override int ShellCode => Code;
    }
}
