namespace DlmUpdater.Core.Locking;

/// <summary>How long to pause between two tries, and the bounds of a wait where the configuration names none. Pure: the dice are handed
/// in.</summary>
public static class RetryPolicy
{
    /// <summary>The longest mean pause while a service is unreachable.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <summary><c>wait_max</c> where it is not set and no maintenance window bounds the wait.</summary>
    public static readonly TimeSpan DefaultWaitMax = TimeSpan.FromHours(4);

    /// <summary>How long one wait lasts in all when <c>wait = false</c>: a service that does not answer is asked again within this time,
    /// because a short network
    /// failure is not a busy lock.</summary>
    public static readonly TimeSpan WithoutWaiting = TimeSpan.FromSeconds(10);

    /// <summary>The last try of a bounded wait begins this long before its end, so that it can still be answered.</summary>
    public static readonly TimeSpan LastTry = TimeSpan.FromSeconds(5);

    /// <summary>A service that asks for a longer pause (Retry-After) is asked again after this time.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    /// <summary>The pause before the next poll of a busy lock: spread by ± 50 %, so that a fleet does not poll in step.</summary>
    /// <param name="interval">The mean.</param>
    /// <param name="dice">From 0 to below 1.</param>
    public static TimeSpan BusyPause(TimeSpan interval, double dice) => interval * (0.5 + dice);

    /// <summary>The pause after the <paramref name="failures"/>-th failure in a row (from 1): doubles up to five minutes, spread by ± 50
    /// %.</summary>
    public static TimeSpan UnreachablePause(TimeSpan interval, int failures, double dice)
    {
        TimeSpan start = interval < TimeSpan.FromSeconds(5) ? interval : TimeSpan.FromSeconds(5);
        double mean = Math.Min(start.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 16)), Longest.TotalSeconds);
        return TimeSpan.FromSeconds(Math.Max(mean * (0.5 + dice), 0.05));
    }

    /// <summary>When the last try of a wait that ends after <paramref name="limit"/> begins.</summary>
    public static TimeSpan LastTryOf(TimeSpan limit) => limit - (limit < LastTry * 2 ? limit / 2 : LastTry);
}
