using DlmUpdater.Core.Locking;

namespace DlmUpdater.Core.Workflow.Phases;

/// <summary>Releases the lock. The services are asked to free only what this host holds.</summary>
internal static class LockReleasePhase
{
    /// <param name="keeper">The lock.</param>
    /// <param name="state">The stored state.</param>
    /// <param name="resumed">True if an earlier start entered this phase: it may have sent a release, so another holder is normal.</param>
    /// <param name="cancel">SIGTERM, SIGINT.</param>
    internal static async ValueTask<PhaseOutcome> Run(LockKeeper keeper, RunState state, bool resumed, CancellationToken cancel)
    {
        if (state.Lock is null) return new PhaseOutcome(Verdict.Released, state, "there was no lock to give back");
        (Verdict verdict, string how) = await keeper.GiveBack(patient: true, cancel, neverSent: !resumed && state.Waiver is null && !state.ReleaseSent);
        return new PhaseOutcome(verdict, state, verdict == Verdict.Released ? $"the lock '{keeper.Identity.Name}' {how}" : how);
    }
}
