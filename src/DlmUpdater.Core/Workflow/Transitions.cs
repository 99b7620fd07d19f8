using static DlmUpdater.Core.Workflow.Ending;
using static DlmUpdater.Core.Workflow.Phase;
using static DlmUpdater.Core.Workflow.StateFate;
using static DlmUpdater.Core.Workflow.Verdict;

namespace DlmUpdater.Core.Workflow;

/// <summary>What happens to the state file when a start ends.</summary>
public enum StateFate
{
    /// <summary>Nothing is stored in this phase.</summary>
    NotStored,

    /// <summary>The run stays open; the next start goes on.</summary>
    Kept,

    /// <summary>The run is over.</summary>
    Removed,

    /// <summary>Removed if it is certain that the lock is not ours, else kept: a lock must not leak.</summary>
    RemovedIfNotOurs,
}

/// <summary>One row of the table.</summary>
/// <param name="From">The phase that is over.</param>
/// <param name="When">What it said.</param>
/// <param name="To">The next phase; null = the start ends.</param>
/// <param name="End">How it ends; null = it does not.</param>
/// <param name="State">What happens to the state when it ends.</param>
/// <param name="TellsOnFailure">True if <c>on_failure.d</c> runs.</param>
public sealed record Transition(Phase From, Verdict When, Phase? To, Ending? End, StateFate State, bool TellsOnFailure);

/// <summary>The one table that maps (phase, verdict) to what comes next. Printed in
/// tests/DlmUpdater.Core.Tests/golden/transitions.txt.</summary>
public static class Transitions
{
    /// <summary>Every row, in the order of the run. A pair that is not here is a bug.</summary>
    public static IReadOnlyList<Transition> All { get; } =
    [
        Ends(NeedsUpdate, NothingDue, Done, NotStored),
        Goes(NeedsUpdate, UpdateDue, LockGet),
        Ends(NeedsUpdate, SwitchedOff, Done, NotStored),
        Ends(NeedsUpdate, NotToday, Done, NotStored),
        Ends(NeedsUpdate, WindowClosed, TryLater, NotStored),
        Ends(NeedsUpdate, Verdict.ScriptFailed, Ending.ScriptFailed, NotStored),
        Ends(NeedsUpdate, Verdict.Misconfigured, Ending.Misconfigured, NotStored),
        Ends(NeedsUpdate, Verdict.Interrupted, Ending.Interrupted, NotStored),
        Ends(NeedsUpdate, Verdict.NotWritable, Ending.NotWritable, NotStored),

        Goes(LockGet, Cleared, PreUpdate),
        Ends(LockGet, LockBusy, TryLater, RemovedIfNotOurs),
        Ends(LockGet, LockDisabled, TryLater, RemovedIfNotOurs),
        Ends(LockGet, WindowClosed, TryLater, RemovedIfNotOurs),
        Ends(LockGet, NotToday, Done, RemovedIfNotOurs),
        Ends(LockGet, LockRefused, Refused, RemovedIfNotOurs),
        Ends(LockGet, LockUnreachable, Unreachable, RemovedIfNotOurs),
        Ends(LockGet, Verdict.ScriptFailed, Ending.ScriptFailed, RemovedIfNotOurs),
        Ends(LockGet, Verdict.Misconfigured, Ending.Misconfigured, RemovedIfNotOurs),
        Ends(LockGet, Verdict.Interrupted, Ending.Interrupted, RemovedIfNotOurs),
        Ends(LockGet, Verdict.NotWritable, Ending.NotWritable, RemovedIfNotOurs),

        Goes(PreUpdate, Succeeded, Update),
        .. UnderTheLock(PreUpdate),

        Goes(Update, Succeeded, NeedsReboot),
        .. UnderTheLock(Update),

        Goes(NeedsReboot, RebootNeeded, Reboot),
        Goes(NeedsReboot, NoRebootNeeded, PostUpdate),
        .. UnderTheLock(NeedsReboot),

        Ends(Reboot, RebootRequested, Rebooting, Kept),
        Goes(Reboot, Rebooted, PostUpdate),
        Ends(Reboot, Verdict.DidNotReboot, Ending.DidNotReboot, Kept),
        Ends(Reboot, Verdict.BootNotSuccessful, Ending.BootNotSuccessful, Kept),
        .. UnderTheLock(Reboot),

        // An unreachable service never delays bringing the host back, so the lock's troubles do not end this phase.
        Goes(PostUpdate, Succeeded, LockRelease),
        Ends(PostUpdate, Verdict.LockLost, Ending.LockLost, Removed),
        Ends(PostUpdate, Verdict.BootNotSuccessful, Ending.BootNotSuccessful, Kept),
        Ends(PostUpdate, Verdict.ScriptFailed, Ending.ScriptFailed, Kept),
        Ends(PostUpdate, Verdict.Misconfigured, Ending.Misconfigured, Kept),
        Ends(PostUpdate, Verdict.Interrupted, Ending.Interrupted, Kept),
        Ends(PostUpdate, Verdict.NotWritable, Ending.NotWritable, Kept),

        Ends(LockRelease, Released, Done, Removed),
        Ends(LockRelease, Verdict.LockLost, Ending.LockLost, Removed),
        Ends(LockRelease, Verdict.BootNotSuccessful, Ending.BootNotSuccessful, Kept),
        Ends(LockRelease, LockDisabled, TryLater, Kept),
        Ends(LockRelease, LockRefused, Refused, Kept),
        Ends(LockRelease, LockUnreachable, Unreachable, Kept),
        Ends(LockRelease, Verdict.Interrupted, Ending.Interrupted, Kept),
        Ends(LockRelease, Verdict.NotWritable, Ending.NotWritable, Kept),
    ];

    /// <summary>The row for <paramref name="phase"/> and <paramref name="verdict"/>.</summary>
    /// <exception cref="InvalidOperationException">There is none: a bug in a phase.</exception>
    public static Transition Of(Phase phase, Verdict verdict)
    {
        foreach (Transition row in All)
        {
            if (row.From == phase && row.When == verdict) return row;
        }

        throw new InvalidOperationException($"phase {phase.Name()} cannot say {verdict}");
    }

    private static Transition[] UnderTheLock(Phase phase) =>
    [
        Ends(phase, Verdict.ScriptFailed, Ending.ScriptFailed, Kept),
        Ends(phase, Verdict.LockLost, Ending.LockLost, Kept),
        Ends(phase, LockDisabled, TryLater, Kept),
        Ends(phase, LockRefused, Refused, Kept),
        Ends(phase, LockUnreachable, Unreachable, Kept),
        Ends(phase, Verdict.Misconfigured, Ending.Misconfigured, Kept),
        Ends(phase, Verdict.Interrupted, Ending.Interrupted, Kept),
        Ends(phase, Verdict.NotWritable, Ending.NotWritable, Kept),
    ];

    private static Transition Goes(Phase from, Verdict when, Phase to) => new(from, when, to, null, Kept, false);

    private static Transition Ends(Phase from, Verdict when, Ending end, StateFate state) => new(from, when, null, end, state, RunsOnFailure(from, end));

    /// <summary>The one rule for <c>on_failure.d</c>: it runs for a failed script in any phase, and under the lock for every ending that
    /// waits for an admin. Exit codes 0 and 75 (try later, interrupted) are no failures.</summary>
    private static bool RunsOnFailure(Phase from, Ending end) => end == Ending.ScriptFailed || (from > LockGet && end.Code() is not (0 or 75));
}
