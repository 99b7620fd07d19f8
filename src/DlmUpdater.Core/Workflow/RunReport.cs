namespace DlmUpdater.Core.Workflow;

/// <summary>How one start of the agent ended.</summary>
/// <param name="Ending">The kind of end; fixes the exit code.</param>
/// <param name="Message">What happened, to what, and what to do next: one line.</param>
/// <param name="RunId">The run's id; null if there was none.</param>
/// <param name="Attempt">Which start of the run this was; 0 if there was no run.</param>
/// <param name="Phase">The phase it ended in; null if it ended before any.</param>
/// <param name="StateKept">True if the run is still open.</param>
/// <param name="Waiver">The reason if the run went without a lock.</param>
public sealed record RunReport(Ending Ending, string Message, string? RunId, int Attempt, Phase? Phase, bool StateKept, string? Waiver = null)
{
    /// <summary>When the run began, this start or an earlier one.</summary>
    public DateTimeOffset? RunStarted { get; init; }
}

/// <summary>The kinds of end of a start.</summary>
public enum Ending
{
    /// <summary>The whole run is done, or there was nothing to do.</summary>
    Done,

    /// <summary>The reboot is requested; the next boot goes on.</summary>
    Rebooting,

    /// <summary>A script failed or was refused.</summary>
    ScriptFailed,

    /// <summary>The state file cannot be understood.</summary>
    StateUnreadable,

    /// <summary>The lock service cannot be reached.</summary>
    Unreachable,

    /// <summary>State, history or log cannot be written.</summary>
    NotWritable,

    /// <summary>Lock busy or disabled, window closed, another instance.</summary>
    TryLater,

    /// <summary>SIGTERM or SIGINT; the next start goes on.</summary>
    Interrupted,

    /// <summary>The lock service refused this host.</summary>
    Refused,

    /// <summary>The configuration is wrong, or is not the one the open run began with.</summary>
    Misconfigured,

    /// <summary>The lock was lost to another holder.</summary>
    LockLost,

    /// <summary>The reboot did not happen.</summary>
    DidNotReboot,

    /// <summary>The boot was not successful, or nothing could tell.</summary>
    BootNotSuccessful,
}

/// <summary>The exit codes: a contract with units, cron jobs and monitoring.</summary>
public static class ExitCodes
{
    /// <summary>Wrong usage.</summary>
    public const int Usage = 2;

    /// <summary>A bug in this program.</summary>
    public const int Bug = 70;

    /// <summary>The exit code of <paramref name="ending"/>.</summary>
    public static int Code(this Ending ending) => ending switch
    {
        Ending.Done or Ending.Rebooting => 0,
        Ending.ScriptFailed => 1,
        Ending.StateUnreadable => 65,
        Ending.Unreachable => 69,
        Ending.NotWritable => 74,
        Ending.TryLater or Ending.Interrupted => 75,
        Ending.Refused => 77,
        Ending.Misconfigured => 78,
        Ending.LockLost => 79,
        Ending.DidNotReboot => 80,
        Ending.BootNotSuccessful => 82,
        _ => Bug,
    };
}
