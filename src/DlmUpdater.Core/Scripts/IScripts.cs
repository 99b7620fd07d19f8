using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Scripts;

/// <summary>What a script is told of the run, through its environment and arguments.</summary>
/// <param name="Phase">The phase, <c>DLM_UPDATER_PHASE</c>. For <c>on_failure.d</c> the phase that failed.</param>
/// <param name="RunId">The run's id, <c>DLM_UPDATER_RUN_ID</c>. Also how a script that outlived a killed agent is found.</param>
/// <param name="Attempt">How many starts this run has seen, from 1.</param>
/// <param name="LockService">The kind of lock service, such as <c>file</c>.</param>
/// <param name="LockName">The lock's name.</param>
/// <param name="Arguments">The command line arguments; only <c>on_failure.d</c>, <c>ext_notify.d</c> and <c>phase_hooks.d</c> get any.</param>
public sealed record ScriptContext(Phase Phase, string RunId, int Attempt, string LockService, string LockName, IReadOnlyList<string> Arguments)
{
    /// <summary>What else it is told, as <c>NAME=value</c>.</summary>
    public IReadOnlyList<string> Variables { get; init; } = [];
}

/// <summary>The host's scripts: a port, acted out by directories and processes.</summary>
public interface IScripts
{
    /// <summary>Finds the scripts of <paramref name="stage"/> and checks that each can be trusted. Runs nothing.</summary>
    ScriptSet Find(ScriptStage stage);

    /// <summary>Runs one script to its end. Cancelling asks the script's process group to stop and waits for it: the result is
    /// then <see cref="ScriptResult.Interrupted"/>. Does not throw for what a script does.</summary>
    ValueTask<ScriptResult> Run(Script script, ScriptContext context, CancellationToken cancel);

    /// <summary>Waits until no script of an earlier, killed start of this host runs any more; after its timeout it is ended.
    /// Never returns while one lives, except when cancelled: then false.</summary>
    /// <param name="runId">The open run's id; null if no run is open (a check may have outlived its agent).</param>
    /// <param name="cancel">Stops the waiting, not the script.</param>
    ValueTask<bool> AwaitOutlived(string? runId, CancellationToken cancel);

    /// <summary>True if <paramref name="script"/> says <c>run=once</c> and is recorded as done.</summary>
    bool IsDoneForEver(Script script);

    /// <summary>Records that <paramref name="script"/>, which says <c>run=once</c>, ended with exit code 0. Null, or why it cannot be written.</summary>
    string? RecordDoneForEver(Script script, string runId);
}
