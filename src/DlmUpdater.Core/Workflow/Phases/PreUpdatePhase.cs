using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow.Phases;

/// <summary>Prepares the host: drains, stops services.</summary>
internal static class PreUpdatePhase
{
    internal static ValueTask<PhaseOutcome> Run(RunContext run, RunState state, Clearance clearance, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(clearance);
        return ScriptSequence.RunHooked(run, state, ScriptStage.PreUpdate, cancel);
    }
}
