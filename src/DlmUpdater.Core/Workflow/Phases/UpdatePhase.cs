using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow.Phases;

/// <summary>Installs the update.</summary>
internal static class UpdatePhase
{
    internal static ValueTask<PhaseOutcome> Run(RunContext run, RunState state, Clearance clearance, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(clearance);
        return ScriptSequence.Run(run, state, run.Scripts.Find(ScriptStage.Update), stored: true, cancel);
    }
}
