using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Locking;

/// <summary>Measures one wait: how long it has lasted, how long the service has been unreachable, whether to try again, and how long the
/// next call may take.</summary>
/// <param name="settings">wait, wait_max, unreachable_max, retry_interval.</param>
/// <param name="time">The clock.</param>
/// <param name="dice">The spread.</param>
/// <param name="windowCloses">Waiting ends then, so that no later window runs an old decision; null = never.</param>
/// <param name="unreachableAtLeast">How long an unreachable service is asked again whatever else is set: best-effort has to see it away
/// for that long before it goes on without.</param>
internal sealed class Patience(
    LockSettings settings, TimeProvider time, Func<double> dice, DateTimeOffset? windowCloses = null, TimeSpan unreachableAtLeast = default)
{
    private const string WaitMaxKey = "left of [lock] wait_max", UnreachableMaxKey = "left of [lock] unreachable_max";
    private const string NoWaitKey = "left of [lock] wait = false";

    /// <summary>Longer than any call lasts, and short enough for a timer.</summary>
    private static readonly TimeSpan LongestCall = TimeSpan.FromDays(1);

    private readonly long _began = time.GetTimestamp();
    private long? _callBegan;
    private long _awaySince;
    private int _failures;

    /// <summary>How long this wait has lasted.</summary>
    internal TimeSpan Waited => time.GetElapsedTime(_began);

    /// <summary>How long the service has been unreachable without a break, from the beginning of the first call that it did not answer;
    /// zero if it answered
    /// last.</summary>
    internal TimeSpan Unreachable => _failures == 0 ? TimeSpan.Zero : time.GetElapsedTime(_awaySince);

    /// <summary>True once the window has closed.</summary>
    internal bool WindowClosed => windowCloses is { } closes && time.GetUtcNow() >= closes;

    /// <summary>Begins a call. Returns how long it may take, and of which bound that is what: none outlives what is left of the
    /// wait.</summary>
    internal (TimeSpan Limit, string Bound) Begin()
    {
        _callBegan = time.GetTimestamp();
        var least = (Limit: LongestCall, Bound: "of a call");
        if (WaitLimit is { } wait) least = Least(least, wait - Waited, settings.Wait ? WaitMaxKey : NoWaitKey);
        least = Least(least, settings.UnreachableMax - Unreachable, UnreachableMaxKey);
        if (MustGoOn) least = (unreachableAtLeast - Unreachable, "left of [lock] unreachable_after");
        if (windowCloses is { } closes) least = Least(least, closes - time.GetUtcNow(), "left of the maintenance window");
        return least.Limit < TimeSpan.Zero ? (TimeSpan.Zero, least.Bound) : least;
    }

    /// <summary>The pause before the next try, or null if this was the last.</summary>
    /// <param name="verdict">What the last try said: busy, disabled or unreachable.</param>
    /// <param name="retryAfter">The pause for which the service asked; null = none.</param>
    internal TimeSpan? Next(Verdict verdict, TimeSpan? retryAfter = null)
    {
        bool away = verdict == Verdict.LockUnreachable;
        if (away && _failures++ == 0) _awaySince = _callBegan ?? time.GetTimestamp();
        if (!away) _failures = 0;
        if (!away && !settings.Wait) return null;

        TimeSpan? room = WaitLimit is { } wait ? RetryPolicy.LastTryOf(wait) - Waited : null;
        if (away) room = Min(RetryPolicy.LastTryOf(settings.UnreachableMax) - Unreachable, room);
        if (MustGoOn) room = unreachableAtLeast - Unreachable;
        if (room <= TimeSpan.Zero) return null;

        TimeSpan pause = away
            ? RetryPolicy.UnreachablePause(settings.RetryInterval, _failures, dice())
            : RetryPolicy.BusyPause(settings.RetryInterval, dice());
        if (retryAfter > pause) pause = Min(retryAfter.Value, RetryPolicy.LongestRetryAfter);
        pause = Min(pause, room);
        if (windowCloses is { } closes) pause = Min(pause, closes - time.GetUtcNow());
        return pause < TimeSpan.Zero ? TimeSpan.Zero : pause;
    }

    private bool MustGoOn => _failures > 0 && Unreachable < unreachableAtLeast;

    /// <summary>How long the whole wait lasts; null = the window or nothing bounds it.</summary>
    private TimeSpan? WaitLimit
    {
        get
        {
            TimeSpan? most = settings.WaitMax switch
            {
                null => windowCloses is null ? RetryPolicy.DefaultWaitMax : null,
                { } max => max > TimeSpan.Zero ? max : null,
            };
            return settings.Wait ? most : Min(RetryPolicy.WithoutWaiting, most);
        }
    }

    private static (TimeSpan Limit, string Bound) Least((TimeSpan Limit, string Bound) one, TimeSpan limit, string bound) =>
        limit < one.Limit ? (limit, bound) : one;

    private static TimeSpan Min(TimeSpan a, TimeSpan? b) => b < a ? b.Value : a;
}
