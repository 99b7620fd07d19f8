using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Scripts;

/// <summary>The running marker: which script runs just now. For the next start, if this one is killed.</summary>
/// <param name="RunId">The run's id.</param>
/// <param name="Phase">The stored name of the phase.</param>
/// <param name="Script">The script's name in its stage.</param>
/// <param name="Boot">The boot it runs on.</param>
/// <param name="SinceTicks">When the marker was first written, as <see cref="ProcessStat.StartTicks"/> counts: the script is not
/// older.</param>
/// <param name="Limit">How long the script may run; null = no end.</param>
/// <param name="Pid">Its process, group and session; 0 before the start.</param>
/// <param name="StartTicks">When the process started; tells it from a later one with the same pid.</param>
internal sealed record RunNote(
    string RunId, string Phase, string Script, BootIdentity Boot, long SinceTicks, TimeSpan? Limit, int Pid, long StartTicks)
{
    /// <summary>The stored name of the stage; null in a marker of 0.1.0: then it is the phase's.</summary>
    public string? Stage { get; init; }

    /// <summary>True once the script was signalled while it still ran: what it leaves in its session is no daemon.</summary>
    public bool IsAsked { get; init; }
}

/// <summary>What the marker file says.</summary>
internal abstract record StoredNote
{
    /// <summary>No script runs.</summary>
    public sealed record None : StoredNote;

    /// <summary>This script was started, or was about to be.</summary>
    public sealed record Found(RunNote Note) : StoredNote;

    /// <summary>A script may run; which cannot be read.</summary>
    public sealed record Unreadable : StoredNote;
}
