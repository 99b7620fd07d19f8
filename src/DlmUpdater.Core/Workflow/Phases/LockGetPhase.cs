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
    /// <param name="cancel">SIGTERM, SIGINT.</param>
    internal static async ValueTask<PhaseOutcome> Run(RunContext run, LockKeeper keeper, RunState state, bool mayBeOurs, CancellationToken cancel)
    {
        if (Preflight.Check(run, state) is { } obstacle) return obstacle with { MayBeOurs = mayBeOurs };

        DateTimeOffset? closes = (run.Schedule.Admit(run.Time.GetUtcNow()) as Admission.Open)?.Until;
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

        // The wait may have been long: the window is asked again, and the lock goes back if it closed.
        return run.Schedule.Admit(run.Time.GetUtcNow()) switch
        {
            Admission.Closed closed => new PhaseOutcome(Verdict.WindowClosed, state, closed.Why) { MayBeOurs = state.Lock is not null },
            Admission.NotToday not => new PhaseOutcome(Verdict.NotToday, state, not.Why) { MayBeOurs = state.Lock is not null },
            _ => new PhaseOutcome(Verdict.Cleared, state) { Fresh = cleared.Clearance },
        };
    }
}
