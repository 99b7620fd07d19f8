using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow.Phases;

/// <summary>Is an update due? Every check is asked, also after a first yes: one that cannot run must stop the run.</summary>
internal static class NeedsUpdatePhase
{
    internal static async ValueTask<PhaseOutcome> Run(RunContext run, RunState state, CancellationToken cancel)
    {
        ScriptSet set = run.Scripts.Find(ScriptStage.NeedsUpdate);
        PhaseOutcome asked = await ScriptSequence.Run(run, state, set, stored: false, cancel);
        if (asked.Verdict != Verdict.Succeeded) return asked;

        FinishedScript? yes = asked.State.Finished.FirstOrDefault(f => f.ExitCode != 0);
        if (yes is not null) return asked with { Verdict = Verdict.UpdateDue, Why = $"{yes.Name} says that an update is due" };
        return asked with
        {
            Verdict = Verdict.NothingDue,
            Why = set.Scripts.Count == 0 ? $"nothing to do: {set.Directory} holds no script" : "nothing to do: no update is due",
        };
    }
}
