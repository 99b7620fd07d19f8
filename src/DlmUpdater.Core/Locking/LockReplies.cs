namespace DlmUpdater.Core.Locking;

/// <summary>Which lock, where, and as whom.</summary>
/// <param name="Service">The kind of service, as in the configuration: <c>file</c>, <c>foreman</c>, …</param>
/// <param name="Name">The lock's name.</param>
/// <param name="Holder">This host's name at the service.</param>
public sealed record LockIdentity(string Service, string Name, string Holder);

/// <summary>Somebody who holds a lock.</summary>
/// <param name="Id">Its id at the service.</param>
/// <param name="Name">A name for people, where the service knows one.</param>
/// <param name="Since">Since when, where the service knows.</param>
/// <param name="IsUs">True if it is this host.</param>
public sealed record LockHolder(string Id, string? Name, DateTimeOffset? Since, bool IsUs)
{
    /// <summary>Name and id: machine ids alone tell a person nothing.</summary>
    public override string ToString() => Name is null || Name == Id ? Id : $"{Name} ({Id})";
}

/// <summary>A lock as the service shows it.</summary>
/// <param name="Name">The lock's name.</param>
/// <param name="Slots">How many may hold it at once.</param>
/// <param name="Holders">Who holds it.</param>
/// <param name="Enabled">False if an admin has switched it off.</param>
/// <param name="Revision">Changes with every change of the lock; what <see cref="ILockService.WaitForChange"/> compares. Null if the
/// service has none.</param>
public sealed record LockView(string Name, int Slots, IReadOnlyList<LockHolder> Holders, bool Enabled, string? Revision)
{
    /// <summary>False if the service has no such lock yet: it is made when it is first taken.</summary>
    public bool Exists { get; init; } = true;

    /// <summary>Why no host gets the lock, where it is not enabled and the service says more than that.</summary>
    public string? Stop { get; init; }

    /// <summary>The command by which an admin lets hosts acquire it again.</summary>
    public string Undo { get; init; } = AcquireReply.Disabled.Enable;

    /// <summary>True if this host is among the holders.</summary>
    public bool HeldByUs => Holders.Any(h => h.IsUs);
}

/// <summary>The answer to an acquire.</summary>
public abstract record AcquireReply
{
    /// <summary>Ours, and confirmed by whatever the service needs for that, not merely told.</summary>
    public sealed record Granted(DateTimeOffset? Since) : AcquireReply;

    /// <summary>Others hold every slot. <paramref name="Revision"/> as in <see cref="LockView"/>.</summary>
    public sealed record Busy(IReadOnlyList<LockHolder> Holders, string? Revision) : AcquireReply;

    /// <summary>An admin switched the lock off, or stopped it by its number of slots; waited for like a busy one.</summary>
    public sealed record Disabled : AcquireReply
    {
        /// <summary>The undo of most services.</summary>
        public const string Enable = "'dlm-updater lock enable'";

        /// <summary>Why no host gets it, as half a sentence.</summary>
        public string Why { get; init; } = "it is disabled";

        /// <summary>The command by which an admin lets hosts acquire it again.</summary>
        public string Undo { get; init; } = Enable;
    }

    /// <summary>The service does not want this host: waiting will not help. <paramref name="Why"/> says what to fix.</summary>
    public sealed record Refused(string Why) : AcquireReply;

    /// <summary>No usable answer. <paramref name="MayHaveHappened"/>: the request may have reached the service, so the lock may be
    /// ours.</summary>
    public sealed record Unreachable(string Why, bool MayHaveHappened) : AcquireReply
    {
        /// <summary>How long the service asks not to be asked again (Retry-After); null = it does not say.</summary>
        public TimeSpan? RetryAfter { get; init; }

        /// <summary>True: something responds, and its certificate is not accepted. No strategy excuses that.</summary>
        public bool IsDistrusted { get; init; }
    }
}

/// <summary>The answer to a release.</summary>
public abstract record ReleaseReply
{
    /// <summary>It is not ours now. <paramref name="WasHeld"/>: it was ours before; false = the service does not say whether it
    /// was.</summary>
    public sealed record Released(bool WasHeld = true) : ReleaseReply;

    /// <summary>It was not held by us, and it is by nobody else who took our place as far as the service tells.</summary>
    public sealed record NotHeld : ReleaseReply;

    /// <summary>Somebody else holds it; it was left alone.</summary>
    public sealed record HeldByOther(LockHolder Holder) : ReleaseReply
    {
        /// <summary>True if an unanswered request of this call may have released the lock first.</summary>
        public bool MayBeReleased { get; init; }
    }

    /// <summary>The lock is switched off and the service refuses every change until an admin enables it.</summary>
    public sealed record Disabled : ReleaseReply;

    /// <summary>The service does not want this host. <paramref name="Why"/> says what to fix.</summary>
    public sealed record Refused(string Why) : ReleaseReply;

    /// <summary>No usable answer; the release may or may not have happened.</summary>
    public sealed record Unreachable(string Why) : ReleaseReply
    {
        /// <inheritdoc cref="AcquireReply.Unreachable.RetryAfter"/>
        public TimeSpan? RetryAfter { get; init; }
    }
}

/// <summary>The answer to a show.</summary>
public abstract record ShowReply
{
    /// <summary>The lock as it stands.</summary>
    public sealed record Shown(LockView View) : ShowReply;

    /// <summary>This service has no such question (FleetLock).</summary>
    public sealed record CannotTell : ShowReply;

    /// <summary>The service does not want this host. <paramref name="Why"/> says what to fix.</summary>
    public sealed record Refused(string Why) : ShowReply;

    /// <summary>No usable answer.</summary>
    public sealed record Unreachable(string Why) : ShowReply
    {
        /// <inheritdoc cref="AcquireReply.Unreachable.RetryAfter"/>
        public TimeSpan? RetryAfter { get; init; }
    }
}
