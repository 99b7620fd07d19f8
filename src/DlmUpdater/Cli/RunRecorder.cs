using System.Collections.Immutable;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary>Collects what one start did, for the history.</summary>
internal sealed class RunRecorder(TimeProvider time) : IRunEvents
{
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly ImmutableArray<HistoryScript>.Builder _scripts = ImmutableArray.CreateBuilder<HistoryScript>();
    private LockIdentity? _lock;
    private TimeSpan _waited;

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.ScriptEnded ended:
                _scripts.Add(new HistoryScript(ended.Script.Stage.Name(), ended.Script.Name, ended.Result.ShellCode, ended.Result.Duration));
                break;
            case RunEvent.LockHeld held:
                _lock = held.Lock;
                _waited += held.Waited;
                break;
        }
    }

    /// <summary>The record, or null for a start with nothing to do: those are many, and <c>last</c> remembers the newest.</summary>
    internal HistoryRecord? Record(RunReport report) => report is { Ending: Ending.Done, Phase: null or Phase.NeedsUpdate } ? null : new HistoryRecord
    {
        RunId = report.RunId,
        Attempt = report.Attempt,
        Started = _started,
        Ended = time.GetUtcNow(),
        Ending = report.Ending,
        ExitCode = report.Ending.Code(),
        Phase = report.Phase,
        Message = report.Message,
        StateKept = report.StateKept,
        Lock = _lock,
        Waited = _waited,
        Waiver = report.Waiver,
        Scripts = _scripts.ToImmutable(),
    };
}
