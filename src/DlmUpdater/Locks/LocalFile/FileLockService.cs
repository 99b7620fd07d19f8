using DlmUpdater.Core.Locking;
using DlmUpdater.Host;

namespace DlmUpdater.Locks.LocalFile;

/// <summary>Locks in files of one directory, for all who share it under one kernel: containers of a host with a common volume, jobs of one
/// host. Every change is made under an flock and replaces the file whole and durable. Not for network file systems.</summary>
/// <param name="directory">Where the lock files are, absolute.</param>
/// <param name="identity">Which lock, and as whom.</param>
/// <param name="displayName">A name for people beside the holder's id, such as the host name; null = none.</param>
/// <param name="slots">The slots of a lock that this host is the first to use. The file's own number wins from then on: hosts that are
/// configured differently must not each keep a bound of their own (<see cref="Notice"/> tells of the difference).</param>
/// <param name="time">The clock.</param>
internal sealed class FileLockService(string directory, LockIdentity identity, string? displayName, int slots, TimeProvider time) : ILockService, ILockSwitch, ILockUnlock, ILockList
{
    private readonly LockFile file = new(directory, identity.Name);

    /// <inheritdoc/>
    public LockIdentity Identity => identity;

    /// <inheritdoc/>
    public string? HolderFallback { get; init; }

    /// <summary>Something an admin should know of this lock since the last call, one line; null if there is nothing.</summary>
    public string? Notice { get; private set; }

    /// <summary>How long a change waits for the guard.</summary>
    internal TimeSpan GuardWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a wait trusts the kernel to tell of changes before it looks for itself.</summary>
    internal TimeSpan WatchedPoll { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a wait looks where the kernel cannot tell of changes.</summary>
    internal TimeSpan UnwatchedPoll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Begins to watch the directory, or null where that cannot be done.</summary>
    internal Func<string, string, DirectoryWatch?> Watch { get; init; } = DirectoryWatch.Start;

    /// <inheritdoc/>
    public ValueTask<AcquireReply> Acquire(CancellationToken cancel)
    {
        var asker = new SlotHolder(identity.Holder, displayName == identity.Holder ? null : displayName, time.GetUtcNow());
        SlotOutcome outcome = default;
        Change change = Apply(semaphore =>
        {
            // A changed [file] slots takes effect when nobody holds the lock: never under a holder who was admitted by another number.
            SlotStep step = (semaphore.Holders.IsEmpty ? semaphore.WithSlots(slots) : semaphore).TryAcquire(asker);
            outcome = step.Outcome;
            return step.Next;
        }, cancel);
        return new(change switch
        {
            Change.Refused refused => new AcquireReply.Refused(refused.Why),
            Change.Failed failed => new AcquireReply.Unreachable(failed.Why, failed.MayHaveHappened),
            Change.Made made => outcome switch
            {
                SlotOutcome.Taken or SlotOutcome.AlreadyHeld => new AcquireReply.Granted(made.Semaphore.Find(identity.Holder)?.Since),
                SlotOutcome.Disabled => new AcquireReply.Disabled(),
                _ => new AcquireReply.Busy(View(made.Semaphore), made.Stamp),
            },
            _ => throw new InvalidOperationException("unknown change"),
        });
    }

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Release(CancellationToken cancel) => new(ReleaseSlot(identity.Holder, cancel));

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Unlock(string holder, CancellationToken cancel) => new(ReleaseSlot(holder, cancel));

    /// <inheritdoc/>
    public async ValueTask<ListReply> List(CancellationToken cancel)
    {
        if (LockFile.NamesIn(directory, out string why) is not { } names)
            return new ListReply.Refused(why);
        var locks = new List<LockView>();
        foreach (string name in names)
        {
            var one = new FileLockService(directory, identity with { Name = name }, displayName, slots, time);
            switch (await one.Show(cancel))
            {
                case ShowReply.Shown shown:
                    locks.Add(shown.View);
                    break;
                case ShowReply.Refused refused:
                    return new ListReply.Refused(refused.Why);
                case ShowReply.Unreachable away:
                    return new ListReply.Unreachable(away.Why);
            }
        }

        return new ListReply.Told(locks);
    }

    /// <inheritdoc/>
    public ValueTask<SwitchReply> Switch(bool enabled, CancellationToken cancel)
    {
        bool changed = false;
        Change change = Apply(semaphore =>
        {
            changed = semaphore.Enabled != enabled;
            return semaphore.WithEnabled(enabled);
        }, cancel, create: !enabled);
        return new(change switch
        {
            Change.Refused refused => new SwitchReply.Refused(refused.Why),
            Change.Failed failed => new SwitchReply.Unreachable(failed.Why),
            Change.Made made => new SwitchReply.Switched(changed, View(made.Semaphore)),
            _ => throw new InvalidOperationException("unknown change"),
        });
    }

    /// <inheritdoc/>
    public ValueTask<ShowReply> Show(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (LockFile.Forbids(identity.Name) is { } forbidden)
            return new(new ShowReply.Refused(forbidden));
        return new(file.Read() switch
        {
            LockFileReading.Missing when CannotBeMade() is { } why => new ShowReply.Refused(why),
            LockFileReading.Missing => new ShowReply.Shown(new LockView(identity.Name, slots, [], true, LockFile.NoStamp) { Exists = false }),
            LockFileReading.Found found => new ShowReply.Shown(new LockView(
                identity.Name, found.Content.Semaphore.Slots, View(Noticed(found.Content.Semaphore)), found.Content.Semaphore.Enabled, found.Stamp)),
            LockFileReading.Damaged damaged => new ShowReply.Refused(damaged.Why),
            LockFileReading.Failed failed when IsForGood(failed.Errno) => new ShowReply.Refused(failed.Why),
            LockFileReading.Failed failed => new ShowReply.Unreachable(failed.Why),
            _ => throw new InvalidOperationException("unknown reading"),
        });
    }

    /// <inheritdoc/>
    public ValueTask WaitForChange(string? revision, TimeSpan atMost, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        long start = time.GetTimestamp();
        // Watch first, compare then: a change between the two is seen by one of them.
        using DirectoryWatch? watch = Watch(directory, LockFile.FileName(identity.Name));
        string? seen = revision ?? file.Stamp();
        while (file.Stamp() is { } stamp && stamp == seen)
        {
            TimeSpan left = atMost - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
                return default;
            if (watch is not null)
                _ = watch.Wait(left < WatchedPoll ? left : WatchedPoll, cancel);
            else
                _ = cancel.WaitHandle.WaitOne(left < UnwatchedPoll ? left : UnwatchedPoll);
            cancel.ThrowIfCancellationRequested();
        }
        return default;
    }

    private static bool IsForGood(int errno) => errno is Native.EACCES or Native.EPERM or Native.EROFS or Native.ENOENT or Native.ENOTDIR or Native.ELOOP;

    private ReleaseReply ReleaseSlot(string holderId, CancellationToken cancel)
    {
        SlotOutcome outcome = default;
        Change change = Apply(semaphore =>
        {
            SlotStep step = semaphore.Release(holderId);
            outcome = step.Outcome;
            return step.Next;
        }, cancel, create: false);
        return change switch
        {
            Change.Refused refused => new ReleaseReply.Refused(refused.Why),
            Change.Failed failed => new ReleaseReply.Unreachable(failed.Why),
            Change.Made made => outcome switch
            {
                SlotOutcome.Released => new ReleaseReply.Released(),
                SlotOutcome.Full => new ReleaseReply.HeldByOther(View(made.Semaphore)[0]),
                _ => new ReleaseReply.NotHeld(),
            },
            _ => throw new InvalidOperationException("unknown change"),
        };
    }

    /// <summary>Reads, changes and replaces the file under the guard.</summary>
    /// <param name="step">The change; the same semaphore again writes nothing.</param>
    /// <param name="cancel">Ends the wait for the guard.</param>
    /// <param name="create">False if neither lock nor directory need be made for this: a release into a volume that is not mounted
    /// must not pass for one.</param>
    private Change Apply(Func<SlotSemaphore, SlotSemaphore> step, CancellationToken cancel, bool create = true)
    {
        if (cancel.IsCancellationRequested) throw new CutOffException($"the guard {file.GuardPath}", cancel) { NothingSent = true };
        if (LockFile.Forbids(identity.Name) is { } forbidden)
            return new Change.Refused(forbidden);
        if (EnsureDirectory(create) is { } unusable)
            return unusable;
        using LockGuard? guard = LockGuard.Take(file.GuardPath, GuardWait, time, cancel, out string why, out int errno);
        if (guard is null)
            return IsForGood(errno) ? new Change.Refused(why) : new Change.Failed(why, false);
        DurableFile.Sweep(file.Path);
        LockFileContent before;
        string stamp;
        switch (file.Read())
        {
            case LockFileReading.Found found:
                (before, stamp) = (found.Content, found.Stamp);
                break;
            case LockFileReading.Missing:
                (before, stamp) = (new LockFileContent(SlotSemaphore.Empty(slots), 0), LockFile.NoStamp);
                break;
            case LockFileReading.Damaged damaged:
                return new Change.Refused(damaged.Why);
            case LockFileReading.Failed failed:
                return IsForGood(failed.Errno) ? new Change.Refused(failed.Why) : new Change.Failed(failed.Why, false);
            default:
                throw new InvalidOperationException("unknown reading");
        }
        SlotSemaphore after = Noticed(step(before.Semaphore));
        if (ReferenceEquals(after, before.Semaphore) && (before.Revision > 0 || !create))
            return new Change.Made(after, stamp);
        if (file.Write(new LockFileContent(after, before.Revision + 1)) is not { } failure)
            return new Change.Made(after, file.Stamp() ?? stamp);
        return !failure.MayHaveHappened && IsForGood(failure.Errno)
            ? new Change.Refused(failure.Why)
            : new Change.Failed(failure.Why, failure.MayHaveHappened);
    }

    /// <summary>Makes the directory if only it is missing. More than that would hide a volume that is not mounted.</summary>
    private Change.Refused? EnsureDirectory(bool create)
    {
        if (!FileFacts.IsMissing(directory))
            return null;
        if (!create)
            return new Change.Refused($"the directory {directory} does not exist: mount it or make it again, or set {LockFile.Setting}");
        if (CannotBeMade() is { } why)
            return new Change.Refused(why);
        int errno = DurableFile.MakeDirectories(directory.TrimEnd('/'), OwnFile.PrivateDirectory);
        return errno == 0 ? null : new Change.Refused(FileErrors.Describe("make", directory, errno, LockFile.Setting));
    }

    /// <summary>Why the first host to use the lock could not make the directory: more than itself is missing. Null if it is there, or can be made.</summary>
    private string? CannotBeMade()
    {
        if (!FileFacts.IsMissing(directory))
            return null;
        string parent = Path.GetDirectoryName(directory.TrimEnd('/')) ?? "/";
        return FileFacts.IsMissing(parent) ? $"the directory {directory} does not exist, nor does {parent}: make it (or mount it), or set {LockFile.Setting}" : null;
    }

    private SlotSemaphore Noticed(SlotSemaphore semaphore)
    {
        Notice = semaphore.Slots == slots
            ? null
            : $"the lock {identity.Name} has {semaphore.Slots} slots and [file] slots says {slots}: the lock's own number counts while "
                + "somebody holds it, then the next host's; let [file] slots say the same on every host that shares the lock";
        return semaphore;
    }

    private List<LockHolder> View(SlotSemaphore semaphore) =>
        [.. semaphore.Holders.Select(h => new LockHolder(h.Id, h.Name, h.Since, h.Id == identity.Holder))];

    /// <summary>What came of a change.</summary>
    private abstract record Change
    {
        internal sealed record Made(SlotSemaphore Semaphore, string Stamp) : Change;

        internal sealed record Refused(string Why) : Change;

        internal sealed record Failed(string Why, bool MayHaveHappened) : Change;
    }
}
