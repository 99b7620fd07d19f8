namespace DlmUpdater.Host;

/// <summary>How long this process waits in all for readers of its log that do not read. Per line it would add up: a run with a thousand lines would
/// stand still for longer than its window.</summary>
/// <param name="limit">In all.</param>
/// <param name="time">Measures the waits.</param>
internal sealed class WaitBudget(TimeSpan limit, TimeProvider time)
{
    /// <summary>A reader that makes room within this time reads: such a wait costs nothing, and a slow reader loses no line.</summary>
    internal static readonly TimeSpan Free = TimeSpan.FromMilliseconds(100);

    /// <summary>That of a process.</summary>
    internal static readonly TimeSpan Usual = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private TimeSpan left = limit;

    /// <summary>The one of this process.</summary>
    internal static WaitBudget OfThisProcess { get; } = new(Usual, TimeProvider.System);

    /// <summary>Lets <paramref name="wait"/> wait for at most what is left, and deducts what it took. False, without a wait, if nothing is left.</summary>
    /// <param name="wait">Returns true if there is room.</param>
    internal bool Spend(Func<TimeSpan, bool> wait)
    {
        lock (gate)
        {
            if (left <= TimeSpan.Zero) return false;
            long start = time.GetTimestamp();
            bool hasRoom = wait(left);
            TimeSpan took = time.GetElapsedTime(start);
            if (!hasRoom || took >= Free) left -= took;
            return true;
        }
    }
}
