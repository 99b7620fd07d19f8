namespace DlmUpdater.Core.Locking;

/// <summary>One lock at one lock service, asked as one host. Every call is one try: waiting and repeating is decided by
/// <see cref="LockKeeper"/>. No call throws for what the service or the network does; a cancelled call throws
/// <see cref="OperationCanceledException"/> soon and may have happened, unless it is a <see cref="CutOffException"/> that says
/// otherwise.</summary>
public interface ILockService
{
    /// <summary>Which lock, and as whom.</summary>
    LockIdentity Identity { get; }

    /// <summary>Not null if the holder is the host name in place of a machine id: one line that says why, for the log.</summary>
    string? HolderFallback => null;

    /// <summary>Takes a slot. Idempotent: granted again to a holder.</summary>
    ValueTask<AcquireReply> Acquire(CancellationToken cancel);

    /// <summary>Gives our slot back. Never frees another's.</summary>
    ValueTask<ReleaseReply> Release(CancellationToken cancel);

    /// <summary>Looks, and changes nothing.</summary>
    ValueTask<ShowReply> Show(CancellationToken cancel);

    /// <summary>Returns when the lock has changed since <paramref name="revision"/>, where the service can push; else, and at the
    /// latest, after <paramref name="atMost"/>. May return early; the caller asks again anyway.</summary>
    ValueTask WaitForChange(string? revision, TimeSpan atMost, CancellationToken cancel);
}
