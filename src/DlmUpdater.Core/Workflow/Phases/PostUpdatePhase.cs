using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow.Phases;

/// <summary>Brings the services back and proves health. It runs whatever became of the lock: a drained host helps nobody. Only a
/// proved loss of the lock changes how the run ends.</summary>
internal static class PostUpdatePhase
{
    internal static async ValueTask<PhaseOutcome> Run(RunContext run, RunState state, LockOutcome proof, CancellationToken cancel)
    {
        // What this host released before the boot may be another's by now.
        bool isLost = proof is LockOutcome.NotCleared { Verdict: Verdict.LockLost } && !state.ReleaseSent;
        if (proof is LockOutcome.NotCleared { Verdict: not Verdict.Interrupted } no && (isLost || no.Verdict != Verdict.LockLost))
            run.Events.On(new RunEvent.Warning($"{no.Why}; post_update runs all the same, to bring the host back"));

        if (proof is LockOutcome.Cleared { Clearance: HeldLock held }) state = state with { Lock = held.Claim, ReleaseSent = false };
        PhaseOutcome ran = await ScriptSequence.RunHooked(run, state, ScriptStage.PostUpdate, cancel);
        return ran.Verdict == Verdict.Succeeded && isLost && proof is LockOutcome.NotCleared lost
            ? ran with { Verdict = Verdict.LockLost, Why = $"{lost.Why}; post_update is done and the other holder was left alone" }
            : ran;
    }
}
