using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow.Phases;

/// <summary>Is a reboot needed? Without a script: yes, as the seed has it.</summary>
internal static class NeedsRebootPhase
{
    internal static async ValueTask<PhaseOutcome> Run(RunContext run, RunState state, Clearance clearance, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(clearance);
        if (run.Settings.Reboot.LeftOut) return new PhaseOutcome(Verdict.NoRebootNeeded, state, "reboots are left out");
        ScriptSet set = run.Scripts.Find(ScriptStage.NeedsReboot);
        PhaseOutcome asked = await ScriptSequence.Run(run, state, set, stored: true, cancel);
        if (asked.Verdict != Verdict.Succeeded) return asked;

        FinishedScript? yes = asked.State.Finished.FirstOrDefault(f => f.ExitCode != 0);
        if (yes is not null) return asked with { Verdict = Verdict.RebootNeeded, Why = $"{yes.Name} says that a reboot is needed" };
        return set.Scripts.Count == 0
            ? asked with { Verdict = Verdict.RebootNeeded, Why = $"{set.Directory} holds no script, so a reboot is taken as needed" }
            : asked with { Verdict = Verdict.NoRebootNeeded, Why = "no check asks for a reboot" };
    }
}
