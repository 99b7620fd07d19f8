using DlmUpdater.Core.Settings;

namespace DlmUpdater.Locks.Etcd;

/// <summary>Waits until it is worth asking again: listens to the key, gap-free over lost connections, restarts and compactions.</summary>
/// <param name="store">The key.</param>
/// <param name="layout">Whose semaphore it is.</param>
/// <param name="spread">Over how long those who wait spread their questions once the lock is free.</param>
/// <param name="time">The clock.</param>
/// <param name="dice">From 0 up to 1.</param>
internal sealed class SemaphoreWait(ISemaphoreStore store, EtcdLayout layout, TimeSpan spread, TimeProvider time, Func<double> dice)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200), LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>Returns once the lock may be had, and at the latest after <paramref name="atMost"/>.</summary>
    /// <param name="seen">The revision at which it could not.</param>
    /// <param name="atMost">Above zero.</param>
    /// <param name="cancel">Throws.</param>
    internal async ValueTask Run(long seen, TimeSpan atMost, CancellationToken cancel)
    {
        long start = time.GetTimestamp(), after = seen;
        using var end = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, end.Token);
        // The time that is left decides when the wait ends; what is heard only shortens it, or gives it back.
        void Note(Kept kept)
        {
            after = kept is Kept.Found found ? found.Revision : kept is Kept.Missing missing ? missing.AsOf : after;
            TimeSpan left = atMost - time.GetElapsedTime(start), soon = spread * dice();
            end.CancelAfter(TimeSpan.FromTicks(Math.Max(0, (MayBeHad(kept) && soon < left ? soon : left).Ticks)));
        }

        try
        {
            TimeSpan pause = ShortestPause;
            while (true)
            {
                long before = after, began = time.GetTimestamp();
                Heard heard = await store.Listen(after, Note, either.Token);
                if (heard == Heard.Never) await Task.Delay(Timeout.InfiniteTimeSpan, time, either.Token);
                if (heard == Heard.Gap)
                {
                    Kept kept = await store.Read(either.Token);
                    if (kept is Kept.Found found && found.Revision <= before) after = found.AsOf;
                    else if (kept is Kept.Found or Kept.Missing) Note(kept);
                    if (after > before) continue;
                }

                // Some proxies cut every stream that is silent for a while; only what fails at once is tried more and more seldom.
                bool wasGood = after > before || time.GetElapsedTime(began) > LongestPause;
                pause = wasGood ? ShortestPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
                await Task.Delay(pause * (0.5 + dice() / 2), time, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Its time is over, or it is worth asking.
        }
    }

    /// <summary>True if asking is worth it, be it only for the complaint.</summary>
    private bool MayBeHad(Kept kept) => kept is not Kept.Found found
        || SemaphoreDocument.Read(layout, found.Value, out _)?.Semaphore is not { } semaphore
        || (semaphore.Enabled && semaphore.Free > 0);
}
