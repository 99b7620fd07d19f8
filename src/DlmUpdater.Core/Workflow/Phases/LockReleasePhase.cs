using DlmUpdater.Core.Locking;

namespace DlmUpdater.Core.Workflow.Phases;

/// <summary>Gives the lock back. The services are asked to free only what is ours.</summary>
internal static class LockReleasePhase
{
    internal static async ValueTask<PhaseOutcome> Run(LockKeeper keeper, RunState state, CancellationToken cancel)
    {
        if (state.Lock is null) return new PhaseOutcome(Verdict.Released, state, "there was no lock to give back");
        (Verdict verdict, string how) = await keeper.GiveBack(patient: true, cancel);
        return new PhaseOutcome(verdict, state, verdict == Verdict.Released ? $"the lock '{keeper.Identity.Name}' {how}" : how);
    }
}
