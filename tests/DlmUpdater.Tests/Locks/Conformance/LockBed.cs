using DlmUpdater.Core.Locking;

namespace DlmUpdater.Tests.Locks.Conformance;

/// <summary>A clock that can be wrong: the wall time jumps, elapsed time and timers go on as ever, as on a host whose clock is
/// set.</summary>
internal sealed class JumpingClock : TimeProvider
{
    /// <summary>How far it is off.</summary>
    internal TimeSpan Off { get; set; }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Off;
}

/// <summary>A lock service that is running, as the conformance suite sees it: real where the real one can run, else a fake made from what
/// is known of its wire. One bed serves one test.</summary>
public abstract class LockBed : IAsyncDisposable
{
    /// <summary>Ids of three hosts, such as the service wants them.</summary>
    public abstract IReadOnlyList<string> Hosts { get; }

    /// <summary>How many may hold the lock at once.</summary>
    public virtual int Slots => 1;

    /// <summary>False for a service that cannot say who holds the lock (FleetLock).</summary>
    public virtual bool TellsHolders => true;

    /// <summary>False for a service that is no server: what is wrong with it is wrong on this host, and waiting does not mend it.</summary>
    public virtual bool IsRemote => true;

    /// <summary>The clock of the hosts, which a test may put forward and back.</summary>
    internal JumpingClock Clock { get; } = new();

    /// <summary>A client as a new start of the agent on that host makes it. The caller disposes it if it can be.</summary>
    public abstract ILockService For(string host);

    /// <summary>Who holds the lock, asked of the server itself and not by way of the client that is tested.</summary>
    public abstract Task<IReadOnlyList<string>> Holders();

    /// <summary>Frees the lock of that host as an admin would, with the service's own tools.</summary>
    public abstract Task TakeAway(string host);

    /// <summary>The next request that changes the lock is carried out, and its reply gets lost on the way.</summary>
    public abstract void LoseNextReply();

    /// <summary>Stops the server; what it has stored stays.</summary>
    public abstract Task Stop();

    /// <summary>Starts it again, at the same address.</summary>
    public abstract Task Start();

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
