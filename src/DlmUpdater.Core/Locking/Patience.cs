using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Locking;

/// <summary>Counts one wait: how long it has lasted, how long the service has been away, and whether to go on.</summary>
/// <param name="settings">wait, wait_max, retry_interval.</param>
/// <param name="time">The clock.</param>
/// <param name="dice">The spread.</param>
/// <param name="windowCloses">Waiting ends then, so that no later window runs an old decision; null = never.</param>
/// <param name="unreachableLimit">How long an unreachable service is asked again when no wait_max is set; null = without end.</param>
/// <param name="unreachableAtLeast">How long an unreachable service is asked again whatever else is set: best-effort has to see it away
/// for that long before it goes on without.</param>
internal sealed class Patience(
    LockSettings settings, TimeProvider time, Func<double> dice, DateTimeOffset? windowCloses, TimeSpan? unreachableLimit, TimeSpan unreachableAtLeast = default)
{
    private readonly long _began = time.GetTimestamp();
    private long _awaySince;
    private int _failures;

    /// <summary>How long this wait has lasted.</summary>
    internal TimeSpan Waited => time.GetElapsedTime(_began);

    /// <summary>How long the service has been unreachable without a break; zero if it answered last.</summary>
    internal TimeSpan Unreachable => _failures == 0 ? TimeSpan.Zero : time.GetElapsedTime(_awaySince);

    /// <summary>True once the window has closed.</summary>
    internal bool WindowClosed => windowCloses is { } closes && time.GetUtcNow() >= closes;

    /// <summary>The pause before the next try, or null if this was the last.</summary>
    /// <param name="verdict">What the last try said: busy, disabled or unreachable.</param>
    internal TimeSpan? Next(Verdict verdict)
    {
        bool away = verdict == Verdict.LockUnreachable;
        if (away && _failures++ == 0) _awaySince = time.GetTimestamp();
        if (!away) _failures = 0;

        TimeSpan? limit = Limit(away);
        TimeSpan spent = away ? Max(Unreachable, settings.WaitMax > TimeSpan.Zero ? Waited : TimeSpan.Zero) : Waited;
        bool mustGoOn = away && Unreachable < unreachableAtLeast;
        if (limit is { } l && spent >= l && !mustGoOn) return null;

        TimeSpan pause = away
            ? RetryPolicy.UnreachablePause(settings.RetryInterval, _failures, dice())
            : RetryPolicy.BusyPause(settings.RetryInterval, dice());
        if (mustGoOn) pause = Min(pause, unreachableAtLeast - Unreachable);
        else if (limit is { } end) pause = Min(pause, end - spent);
        return windowCloses is { } closes ? Max(Min(pause, closes - time.GetUtcNow()), TimeSpan.Zero) : pause;
    }

    private TimeSpan? Limit(bool away)
    {
        if (!settings.Wait) return away ? RetryPolicy.BlipPatience : TimeSpan.Zero;
        if (settings.WaitMax > TimeSpan.Zero) return settings.WaitMax;
        return away ? unreachableLimit : null;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
