using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow.Phases;

/// <summary>Finds and checks every script of every phase before the lock is asked for: what would fail in update for its mode bits
/// fails while nobody is kept waiting.</summary>
internal static class Preflight
{
    /// <summary>Null if all is well, else every obstacle of every stage at once.</summary>
    internal static PhaseOutcome? Check(RunContext run, RunState state)
    {
        var obstacles = new List<PhaseOutcome>();
        foreach (ScriptStage stage in ScriptStages.All)
        {
            if (run.Settings.Reboot.LeftOut && stage is (ScriptStage.NeedsReboot or ScriptStage.Reboot)) continue;
            if (ScriptSequence.Obstacle(run.Scripts.Find(stage), state) is { } obstacle) obstacles.Add(obstacle);
        }

        if (obstacles.Count == 0) return null;

        // A missing directory is a wrong configuration whatever else is wrong.
        PhaseOutcome worst = obstacles.Find(o => o.Verdict == Verdict.Misconfigured) ?? obstacles[0];
        return worst with { Why = string.Join("; ", obstacles.Select(o => o.Why)) };
    }
}
