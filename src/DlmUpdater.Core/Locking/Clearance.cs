using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Locking;

/// <summary>The proof that a phase may touch the host. Only <see cref="LockKeeper"/> makes one.</summary>
public abstract record Clearance
{
    private protected Clearance()
    {
    }
}

/// <summary>The lock is ours: granted, and confirmed just now.</summary>
public sealed record HeldLock : Clearance
{
    internal HeldLock(LockClaim claim) => Claim = claim;

    /// <summary>What is held.</summary>
    public LockClaim Claim { get; }
}

/// <summary>A configured strategy lets this run go on without the lock. Stored, logged and shown; never silent.</summary>
public sealed record Waiver : Clearance
{
    internal Waiver(WaiverNote note) => Note = note;

    /// <summary>Why, and since when.</summary>
    public WaiverNote Note { get; }
}
