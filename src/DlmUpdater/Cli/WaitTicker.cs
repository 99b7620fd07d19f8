using DlmUpdater.Core.Workflow;
using DlmUpdater.Logging;

namespace DlmUpdater.Cli;

/// <summary>Keeps the shown waiting time alive while a lock or the boot checks are waited for: the run's own thread sleeps in the lock service then.</summary>
internal sealed class WaitTicker(Progress progress, TimeProvider time) : IRunEvents, IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private ITimer? _timer;
    private Phase _phase;

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        if (happened is RunEvent.PhaseEntered entered) _phase = entered.Phase;
        if (happened is not (RunEvent.LockWaiting or RunEvent.BootWaiting))
        {
            Dispose();
        }
        else if (_timer is null)
        {
            long began = time.GetTimestamp();
            Phase phase = _phase;
            _timer = time.CreateTimer(_ => progress.Tick(phase, null, time.GetElapsedTime(began)), null, Second, Second);
        }
    }

    /// <summary>Stops the ticking.</summary>
    public void Dispose()
    {
        _timer?.Dispose();
        _timer = null;
    }
}
