namespace DlmUpdater.Core.Locking;

/// <summary>A lock that an admin can switch on and off for the whole fleet. A lock service that cannot does not have this port.</summary>
public interface ILockSwitch
{
    /// <summary>Lets new holders in, or keeps them out. Present holders keep the lock in either case and give it back when they are
    /// done.</summary>
    ValueTask<SwitchReply> Switch(bool enabled, CancellationToken cancel);
}

/// <summary>The answer to a switch.</summary>
public abstract record SwitchReply
{
    /// <summary>It stands as asked for. <paramref name="Changed"/>: false if it stood so already.</summary>
    public sealed record Switched(bool Changed, IReadOnlyList<LockHolder> Holders) : SwitchReply;

    /// <summary>The service does not want this. <paramref name="Why"/> says what to fix.</summary>
    public sealed record Refused(string Why) : SwitchReply;

    /// <summary>No usable answer; it may or may not have happened.</summary>
    public sealed record Unreachable(string Why) : SwitchReply;
}
