namespace DlmUpdater.Core.Locking;

/// <summary>How long to pause between two tries. Pure: the dice are handed in.</summary>
public static class RetryPolicy
{
    /// <summary>The longest mean pause while a service is unreachable.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <summary>How long an acquire goes on against an unreachable service when no <c>wait_max</c> is set: nothing has begun yet,
    /// and the timer starts the next try.</summary>
    public static readonly TimeSpan AcquirePatience = TimeSpan.FromMinutes(30);

    /// <summary>How long an unreachable service is asked again when <c>wait = false</c>: not waiting for others is no reason to
    /// give up at a network blip.</summary>
    public static readonly TimeSpan BlipPatience = TimeSpan.FromMinutes(1);

    /// <summary>The pause before the next poll of a busy lock: spread by ± 50 %, so that a fleet does not poll in step.</summary>
    /// <param name="interval">The mean.</param>
    /// <param name="dice">From 0 to below 1.</param>
    public static TimeSpan BusyPause(TimeSpan interval, double dice) => interval * (0.5 + dice);

    /// <summary>The pause after the <paramref name="failures"/>-th failure in a row (from 1): doubles up to five minutes, spread by ± 50 %.</summary>
    public static TimeSpan UnreachablePause(TimeSpan interval, int failures, double dice)
    {
        TimeSpan start = interval < TimeSpan.FromSeconds(5) ? interval : TimeSpan.FromSeconds(5);
        double mean = Math.Min(start.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 16)), Longest.TotalSeconds);
        return TimeSpan.FromSeconds(Math.Max(mean * (0.5 + dice), 0.05));
    }
}
