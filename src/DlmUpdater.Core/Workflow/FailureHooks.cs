using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow;

/// <summary>Tells <c>on_failure.d</c> that the run stopped, with DLMEngineUpdater's six arguments: lock name, lock acquired
/// (True/False), running (True/False), phase, script, exit code. What these scripts do changes nothing of how the run ends.</summary>
internal static class FailureHooks
{
    internal static async ValueTask Run(RunContext run, RunState state, bool holdsLock, (string Name, int Code)? failed, CancellationToken cancel)
    {
        ScriptSet set = run.Scripts.Find(ScriptStage.OnFailure);
        if (ScriptSequence.Obstacle(set, state) is { } obstacle)
        {
            run.Events.On(new RunEvent.Warning(obstacle.Why));
            return;
        }

        string[] arguments =
            [run.LockService.Identity.Name, holdsLock ? "True" : "False", "False", state.Phase.Name(), failed?.Name ?? "none", $"{failed?.Code ?? 1}"];
        for (int i = 0; i < set.Scripts.Count && !cancel.IsCancellationRequested; i++)
        {
            Script script = set.Scripts[i];
            run.Events.On(new RunEvent.ScriptStarting(state.Phase, script, i + 1, set.Scripts.Count));
            ScriptResult result = await run.Scripts.Run(script, run.ScriptContext(state.Phase, state.RunId, state.Attempt, arguments), cancel);
            run.Events.On(new RunEvent.ScriptEnded(state.Phase, script, result));
        }
    }
}
