namespace DlmUpdater.Core.Locking;

/// <summary>Frees the slot of a host that will not do so itself, because it is dead. A lock service that cannot does not have this
/// port.</summary>
public interface ILockUnlock
{
    /// <summary>Frees the slot that <paramref name="holder"/> holds, and nobody else's.</summary>
    /// <param name="holder">Its id at the service.</param>
    /// <param name="cancel">Ends the call.</param>
    /// <returns><see cref="ReleaseReply.NotHeld"/> and <see cref="ReleaseReply.HeldByOther"/> if that host does not hold it.</returns>
    ValueTask<ReleaseReply> Unlock(string holder, CancellationToken cancel);
}

/// <summary>Changes how many may hold a lock at once. A lock service that cannot does not have this port.</summary>
public interface ILockSlots
{
    /// <summary>Sets the number. Present holders keep their slots, also where they are more.</summary>
    ValueTask<SlotsReply> SetSlots(int slots, CancellationToken cancel);
}

/// <summary>Tells what happened to a lock. A lock service that keeps no record does not have this port.</summary>
public interface ILockEvents
{
    /// <summary>The latest, newest first.</summary>
    ValueTask<EventsReply> Events(CancellationToken cancel);
}

/// <summary>Tells which locks there are. A lock service with only one does not have this port.</summary>
public interface ILockList
{
    /// <summary>All of them, by name.</summary>
    ValueTask<ListReply> List(CancellationToken cancel);
}

/// <summary>The answer to a change of the slots.</summary>
public abstract record SlotsReply
{
    /// <summary>It stands as asked for. <paramref name="Old"/>: how many there were.</summary>
    public sealed record Set(int Old, IReadOnlyList<LockHolder> Holders) : SlotsReply;

    /// <summary>The service does not want this. <paramref name="Why"/> says what to fix.</summary>
    public sealed record Refused(string Why) : SlotsReply;

    /// <summary>No usable answer; it may or may not have happened.</summary>
    public sealed record Unreachable(string Why) : SlotsReply;
}

/// <summary>Something that happened to a lock.</summary>
/// <param name="When">When; null if the service did not say.</param>
/// <param name="What">What, in the service's own word: <c>acquire</c>, <c>release</c>, <c>disable</c>, …</param>
/// <param name="Who">Whom it names; null if nobody.</param>
public sealed record LockEvent(DateTimeOffset? When, string What, string? Who);

/// <summary>The answer to a question for events.</summary>
public abstract record EventsReply
{
    /// <summary>Newest first. <paramref name="Total"/>: how many the service has.</summary>
    public sealed record Told(IReadOnlyList<LockEvent> Events, int Total) : EventsReply;

    /// <summary>The service does not want this. <paramref name="Why"/> says what to fix.</summary>
    public sealed record Refused(string Why) : EventsReply;

    /// <summary>No usable answer.</summary>
    public sealed record Unreachable(string Why) : EventsReply;
}

/// <summary>The answer to a question for all locks.</summary>
public abstract record ListReply
{
    /// <summary>Sorted by name.</summary>
    public sealed record Told(IReadOnlyList<LockView> Locks) : ListReply;

    /// <summary>The service does not want this. <paramref name="Why"/> says what to fix.</summary>
    public sealed record Refused(string Why) : ListReply;

    /// <summary>No usable answer.</summary>
    public sealed record Unreachable(string Why) : ListReply;
}
