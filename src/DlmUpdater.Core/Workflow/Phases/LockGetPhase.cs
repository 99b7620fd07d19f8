using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;

namespace DlmUpdater.Core.Workflow.Phases;

/// <summary>Takes the lock. The state is stored before the first question, so that a kill between grant and record leaks nothing.</summary>
internal static class LockGetPhase
{
    /// <param name="run">The ports.</param>
    /// <param name="keeper">The lock.</param>
    /// <param name="state">The stored state.</param>
    /// <param name="mayBeOurs">True when an earlier start was killed while it asked: the lock may be held in our name already.</param>
    /// <param name="decidedUntil">When the window closes in which this start decided that an update is due; null = never, or not in this start.</param>
    /// <param name="cancel">SIGTERM, SIGINT.</param>
    internal static async ValueTask<PhaseOutcome> Run(
        RunContext run, LockKeeper keeper, RunState state, bool mayBeOurs, DateTimeOffset? decidedUntil, CancellationToken cancel)
    {
        if (Preflight.Check(run, state) is { } obstacle) return obstacle with { MayBeOurs = mayBeOurs };

        // The checks may have run past the end of their window.
        Admission admission = run.Schedule.Admit(run.Time.GetUtcNow());
        if (Shut(admission, decidedUntil, run, state) is { } early) return early with { MayBeOurs = mayBeOurs };
        DateTimeOffset? closes = decidedUntil ?? ((Admission.Open)admission).Until;
        LockOutcome outcome = await keeper.Take(closes, mayBeOurs, cancel);
        if (outcome is LockOutcome.NotCleared no) return new PhaseOutcome(no.Verdict, state, no.Why) { MayBeOurs = no.MayBeOurs };

        var cleared = (LockOutcome.Cleared)outcome;
        state = cleared.Clearance switch
        {
            HeldLock held => state with { Lock = held.Claim },

            // The claim stays beside the waiver only if there may be something to give back.
            Waiver waiver => state with { Waiver = waiver.Note, Lock = cleared.MayBeOurs ? state.Lock : null },
            _ => throw new InvalidOperationException($"no rule for {cleared.Clearance}"),
        };

        // The wait may have been long: the window is asked again, and the lock goes back if it closed. It also goes back if we are to
        // stop: nothing was touched yet, so nobody need wait for our next start.
        PhaseOutcome? shut = Shut(run.Schedule.Admit(run.Time.GetUtcNow()), closes, run, state);
        if (shut is null && cancel.IsCancellationRequested) shut = new PhaseOutcome(Verdict.Interrupted, state, "interrupted when the lock was granted");
        return (shut ?? new PhaseOutcome(Verdict.Cleared, state) { Fresh = cleared.Clearance }) with { MayBeOurs = state.Lock is not null };
    }

    /// <summary>Not null: the schedule does not let an update begin now, or the window of the decision is over, whatever other one is open.</summary>
    private static PhaseOutcome? Shut(Admission admission, DateTimeOffset? closes, RunContext run, RunState state) => admission switch
    {
        Admission.Closed closed => new PhaseOutcome(Verdict.WindowClosed, state, closed.Why),
        Admission.NotToday not => new PhaseOutcome(Verdict.NotToday, state, not.Why),
        _ when closes is { } end && run.Time.GetUtcNow() >= end =>
            new PhaseOutcome(Verdict.WindowClosed, state, $"the window in which this update was found due closed at {end:u}"),
        _ => null,
    };
}
