using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Etcd;

/// <summary>The value of one key of etcd as it was found, or what came of a change to it.</summary>
internal abstract record Kept
{
    /// <summary>There it is.</summary>
    /// <param name="Value">Its bytes.</param>
    /// <param name="Revision">When it was last written; no two writes to the store have the same.</param>
    /// <param name="AsOf">The store's revision when it was looked at: nothing of this key happened between the two.</param>
    internal sealed record Found(ReadOnlyMemory<byte> Value, long Revision, long AsOf) : Kept;

    /// <summary>There is no such key. <paramref name="AsOf"/>: the store's revision when it was looked for.</summary>
    internal sealed record Missing(long AsOf) : Kept;

    /// <summary>The change was made, by this very request.</summary>
    internal sealed record Written(long Revision) : Kept;

    /// <summary>Waiting will not help; one line that says what to fix.</summary>
    internal sealed record No(string Why) : Kept;

    /// <summary>Try again later. <paramref name="MayHaveHappened"/>: what was asked may have been done.</summary>
    internal sealed record Away(string Why, bool MayHaveHappened) : Kept;
}

/// <summary>Why listening came to an end.</summary>
internal enum Heard
{
    /// <summary>The server or the way to it went away; another try will miss nothing.</summary>
    Ended,

    /// <summary>The store has forgotten what happened after that revision: look, then listen from there.</summary>
    Gap,

    /// <summary>It cannot be listened to.</summary>
    Never,
}

/// <summary>One key of etcd, in one of its APIs. Nothing throws but a cancelled call.</summary>
internal interface ISemaphoreStore : IDisposable
{
    /// <summary>What was sent to the members.</summary>
    IHttpTraffic Traffic { get; }

    /// <summary>The key as its own tools write it.</summary>
    string Key { get; }

    /// <summary>Looks, with the agreement of a majority of the members.</summary>
    ValueTask<Kept> Read(CancellationToken cancel);

    /// <summary>Makes the key if there is none, and tells what is there in either case.</summary>
    ValueTask<Kept> Create(ReadOnlyMemory<byte> value, CancellationToken cancel);

    /// <summary>Writes, if nobody has written since that revision: <see cref="Kept.Written"/>; else what is there by now.</summary>
    ValueTask<Kept> Swap(long revision, ReadOnlyMemory<byte> value, CancellationToken cancel);

    /// <summary>Tells every change after a revision, in order and without a gap, until <paramref name="cancel"/> or for as long as it
    /// can.</summary>
    ValueTask<Heard> Listen(long after, Action<Kept> onChange, CancellationToken cancel);
}
