using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Locks.Etcd;

/// <summary>What a command of <c>locksmithctl</c> did to the semaphore.</summary>
internal abstract record LocksmithReply
{
    /// <summary>The semaphore as it is now, and its maximum before.</summary>
    internal sealed record Done(SemaphoreDocument Document, long OldMax) : LocksmithReply;

    /// <summary>etcd could not be used: one line that says what to fix.</summary>
    internal sealed record NoClient(string Why) : LocksmithReply
    {
        /// <summary>No member answers, in the words of etcd's own client.</summary>
        internal static NoClient Unavailable(string why) => new("client: etcd cluster is unavailable or misconfigured; error #0: " + why);
    }

    /// <summary>Nothing was changed, or a write has no answer: one line that says why.</summary>
    internal sealed record Failed(string Why) : LocksmithReply;
}

/// <summary>The semaphore as <c>locksmithctl</c> changes it. Stricter than <see cref="EtcdLockService"/>: scripts rely on its errors, such as a
/// second lock of the same holder. Every command first makes the semaphore if there is none, as locksmith's client does.</summary>
/// <param name="store">The key.</param>
/// <param name="layout">Whose semaphore it is.</param>
/// <param name="slots">The slots of a new one.</param>
/// <param name="time">The clock.</param>
/// <param name="dice">From 0 up to 1.</param>
internal sealed class LocksmithCommands(ISemaphoreStore store, EtcdLayout layout, int slots, TimeProvider time, Func<double> dice) : IDisposable
{
    private readonly SemaphoreWriter _writer = new(store, layout, slots, time, dice);

    /// <summary>Reads the semaphore.</summary>
    internal async ValueTask<LocksmithReply> Open(CancellationToken cancel) => await _writer.Apply(document => document, create: true, cancel) switch
    {
        Change.Made made => new LocksmithReply.Done(made.Document, made.Document.Max),
        Change.Refused { IsDamaged: true } damaged => new LocksmithReply.Failed(damaged.Why),
        Change.Refused refused => new LocksmithReply.NoClient(refused.Why),
        Change.Failed failed => LocksmithReply.NoClient.Unavailable(failed.Why),
        _ => throw new InvalidOperationException("unknown change"),
    };

    /// <summary>Takes a slot.</summary>
    internal ValueTask<LocksmithReply> Lock(string holder, CancellationToken cancel)
    {
        bool isFirst = true;
        return Apply(document =>
        {
            bool isHolder = document.Semaphore.Find(holder) is not null;
            // Not a holder at the first look and one now: the write whose reply was lost.
            if (isHolder && !isFirst) return (document, null);
            isFirst = false;
            SlotStep step = document.Semaphore.TryAcquire(new SlotHolder(holder, null, null));
            return document.Free <= 0 ? (document, $"semaphore is at {document.Free}")
                : isHolder ? (document, "holder exists")
                : step.Outcome == SlotOutcome.Taken ? (document.With(step.Next), null)
                : (document, $"semaphore is at {document.Max - document.Semaphore.Holders.Length}");
        }, cancel);
    }

    /// <summary>Frees a slot.</summary>
    internal ValueTask<LocksmithReply> Unlock(string holder, CancellationToken cancel)
    {
        bool isFirst = true;
        return Apply(document =>
        {
            SlotStep step = document.Semaphore.Release(holder);
            string? error = step.Outcome == SlotOutcome.Released || !isFirst ? null : "holder does not exist";
            isFirst = false;
            return (document.With(step.Next), error);
        }, cancel);
    }

    /// <summary>Sets how many hosts may hold the semaphore at once; zero stops the whole fleet.</summary>
    internal ValueTask<LocksmithReply> SetMax(long max, CancellationToken cancel) => Apply(document => (document.WithMax(max), null), cancel);

    /// <inheritdoc/>
    public void Dispose() => store.Dispose();

    private async ValueTask<LocksmithReply> Apply(Func<SemaphoreDocument, (SemaphoreDocument Next, string? Error)> step, CancellationToken cancel)
    {
        string? error = null;
        long? old = null;
        Change change = await _writer.Apply(document =>
        {
            // After a lost reply the number may be the new one already.
            old ??= document.Max;
            (SemaphoreDocument next, error) = step(document);
            return next;
        }, create: true, cancel);
        return change switch
        {
            Change.Made when error is not null => new LocksmithReply.Failed(error),
            Change.Made made => new LocksmithReply.Done(made.Document, old!.Value),
            Change.Refused refused => new LocksmithReply.Failed(refused.Why),
            Change.Failed failed => new LocksmithReply.Failed(failed.Why),
            _ => throw new InvalidOperationException("unknown change"),
        };
    }
}
