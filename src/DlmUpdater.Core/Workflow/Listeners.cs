using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow;

/// <summary>Tells the scripts that listen, <c>on_failure.d</c> and <c>ext_notify.d</c>, with DLMEngineUpdater's six arguments: lock name,
/// lock acquired (True/False), running (True/False), phase, script, exit code. What these scripts do changes nothing of how the run goes on
/// or ends.</summary>
internal static class Listeners
{
    /// <summary>The run has stopped. DLMEngineUpdater called it while it still ran, and so passed True for running. Without a failed script
    /// the last argument is the exit code of this start, except that 80 keeps the 1 that 0.1.0 passed.</summary>
    internal static ValueTask Failed(RunContext run, RunState state, PhaseOutcome outcome, Ending ending, CancellationToken cancel) =>
        Tell(run, state, ScriptStage.OnFailure, isRunning: true, state.Phase.Name(), outcome.Failed?.Name ?? "none",
            outcome.Failed?.Code ?? (ending == Ending.DidNotReboot ? 1 : ending.Code()), cancel, lost: outcome.Verdict == Verdict.LockLost);

    /// <summary>A script has ended, and the run goes on.</summary>
    internal static ValueTask Finished(RunContext run, RunState state, Script script, int code, CancellationToken cancel) =>
        Tell(run, state, ScriptStage.ExtNotify, isRunning: true, state.Phase.Name(), script.Path, code, cancel);

    /// <summary>The lock is ours; or, with <paramref name="isRunning"/> false, the run is over and nothing is held.</summary>
    internal static ValueTask Milestone(RunContext run, RunState state, bool isRunning, CancellationToken cancel) =>
        Tell(run, state, ScriptStage.ExtNotify, isRunning, "main", "none", 0, cancel);

    private static async ValueTask Tell(
        RunContext run, RunState state, ScriptStage stage, bool isRunning, string phase, string script, int code, CancellationToken cancel, bool lost = false)
    {
        ScriptSet set = run.Scripts.Find(stage);
        if (ScriptSequence.Obstacle(set, state) is { } obstacle)
        {
            run.Events.On(new RunEvent.Warning(obstacle.Why));
            return;
        }

        // From the grant (or what stands in for it) to the release, whichever phase asks: these scripts silence monitoring by it.
        string acquired = isRunning && state.Phase > Phase.LockGet && !lost ? "True" : "False";
        string[] arguments = [run.LockService.Identity.Name, acquired, isRunning ? "True" : "False", phase, script, $"{code}"];
        for (int i = 0; i < set.Scripts.Count && !cancel.IsCancellationRequested; i++)
        {
            Script listener = set.Scripts[i];
            run.Events.On(new RunEvent.ScriptStarting(state.Phase, listener, i + 1, set.Scripts.Count));
            ScriptResult result = await run.Scripts.Run(listener, run.ScriptContext(state.Phase, state.RunId, state.Attempt, arguments), cancel);
            run.Events.On(new RunEvent.ScriptEnded(state.Phase, listener, result));
        }
    }
}
