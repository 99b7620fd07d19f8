using System.Globalization;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Etcd;

/// <summary>The semaphore of airlock or locksmith, shared with hosts that run these: look, change, and write only if nobody has written
/// in between. Where the two take a lost race or a lost reply for an error, this looks again. etcd tells of changes; those that
/// leave the lock full wake nobody.</summary>
/// <param name="store">The key.</param>
/// <param name="layout">Whose semaphore it is.</param>
/// <param name="slots">How many may hold the lock at once, where this host is the first to make the semaphore; its own number counts from
/// then on.</param>
/// <param name="identity">Which lock, and as whom.</param>
/// <param name="time">The clock.</param>
/// <param name="dice">From 0 up to 1.</param>
internal sealed class EtcdLockService(
    ISemaphoreStore store, EtcdLayout layout, int slots, LockIdentity identity, TimeProvider time, Func<double> dice)
    : ILockService, ILockUnlock, ILockSlots, ILockProbe, IDisposable
{
    /// <summary>Nothing switches this lock; its number of slots stops it.</summary>
    private const string Undo = "'dlm-updater lock set-max N' (or 'locksmithctl set-max N')";

    private readonly SemaphoreWriter _writer = new(store, layout, slots, time, dice);

    /// <inheritdoc/>
    public LockIdentity Identity => identity;

    /// <summary>Over how long the hosts that wait spread their questions once the lock is free: who draws late mostly learns, without a
    /// question, that another was faster.</summary>
    internal TimeSpan Spread { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public ValueTask<AcquireReply> Acquire(CancellationToken cancel) => ServiceEdge.Acquire(store.Traffic, () => Take(cancel));

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Release(CancellationToken cancel) => ServiceEdge.Release(store.Traffic, () => Free(identity.Holder, isUnlock: false, cancel));

    /// <inheritdoc/>
    public ValueTask<ShowReply> Show(CancellationToken cancel) => ServiceEdge.Show(store.Traffic, () => See(cancel));

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Unlock(string holder, CancellationToken cancel) => Free(holder, isUnlock: true, cancel);

    /// <inheritdoc/>
    public async ValueTask<SlotsReply> SetSlots(int slots, CancellationToken cancel)
    {
        if (slots < 1) return new SlotsReply.Refused("a lock has 1 slot or more");
        int? old = null;
        Change change = await _writer.Apply(document =>
        {
            // After a lost reply the number may be the new one already.
            old ??= document.Slots;
            return document.WithSlots(slots);
        }, create: true, cancel);
        return change switch
        {
            Change.Refused refused => new SlotsReply.Refused(refused.Why),
            Change.Failed failed => new SlotsReply.Unreachable(failed.Why),
            Change.Made made => new SlotsReply.Set(old!.Value, View(made.Document)),
            _ => throw new InvalidOperationException("unknown change"),
        };
    }

    /// <inheritdoc/>
    public async ValueTask WaitForChange(string? revision, TimeSpan atMost, CancellationToken cancel)
    {
        if (atMost <= TimeSpan.Zero) return;
        if (!long.TryParse(revision, NumberStyles.None, CultureInfo.InvariantCulture, out long seen))
        {
            await Task.Delay(atMost, time, cancel);
            return;
        }

        await new SemaphoreWait(store, layout, Spread, time, dice).Run(seen, atMost, cancel);
    }

    /// <summary>Each member by itself, for a probe; the caller disposes them.</summary>
    internal Func<IReadOnlyList<(string Server, ISemaphoreStore Store)>> Members { get; init; } = () => [];

    /// <summary>Sends each member a change that is bound to a revision which no key ever has: it needs the permission to write, and writes
    /// nothing.</summary>
    public async ValueTask<IReadOnlyList<ProbeAnswer>> Probe(CancellationToken cancel)
    {
        var answers = new List<ProbeAnswer>();
        foreach ((string server, ISemaphoreStore member) in Members())
        {
            using ISemaphoreStore asked = member;
            string what = $"etcd member {server}";
            answers.Add(await asked.Swap(long.MaxValue, SemaphoreDocument.Initial(layout, slots).Write(), cancel) switch
            {
                Kept.Found or Kept.Missing => new ProbeAnswer.Good(what, "answers, and this host may write the semaphore"),
                Kept.No no => new ProbeAnswer.Bad(what, no.Why),
                Kept.Away away => new ProbeAnswer.Degraded(what, away.Why),
                _ => new ProbeAnswer.Bad(what, "it says that it wrote what cannot be written: check [etcd] endpoints and the proxies on the way"),
            });
        }

        return answers;
    }

    /// <inheritdoc/>
    public void Dispose() => store.Dispose();

    private async ValueTask<AcquireReply> Take(CancellationToken cancel)
    {
        SlotOutcome outcome = default;
        string? stop = null;
        Change change = await _writer.Apply(document =>
        {
            stop = document.Stop;
            SlotStep step = document.Semaphore.TryAcquire(new SlotHolder(identity.Holder, null, null));
            outcome = step.Outcome;
            return document.With(step.Next);
        }, create: true, cancel);
        return change switch
        {
            Change.Refused refused => new AcquireReply.Refused(refused.Why),
            Change.Failed failed => new AcquireReply.Unreachable(failed.Why, failed.MayHaveHappened),
            Change.Made made => outcome switch
            {
                SlotOutcome.Taken or SlotOutcome.AlreadyHeld => new AcquireReply.Granted(null),
                SlotOutcome.Disabled => new AcquireReply.Disabled { Why = stop!, Undo = Undo },
                _ => new AcquireReply.Busy(View(made.Document), Text(made.Revision)),
            },
            _ => throw new InvalidOperationException("unknown change"),
        };
    }

    private async ValueTask<ShowReply> See(CancellationToken cancel) => await store.Read(cancel) switch
    {
        Kept.Missing missing => new ShowReply.Shown(new LockView(identity.Name, slots, [], true, Text(missing.AsOf)) { Exists = false }),
        Kept.Found found => SemaphoreDocument.Read(layout, found.Value, out string why) is { } document
            ? new ShowReply.Shown(new LockView(
                identity.Name, Math.Max(0, document.Slots), View(document), document.Semaphore.Enabled, Text(found.Revision))
            { Stop = document.Stop, Undo = Undo })
            : new ShowReply.Refused(_writer.Damaged(why)),
        Kept.No no => new ShowReply.Refused(no.Why),
        Kept.Away away => new ShowReply.Unreachable(away.Why),
        _ => throw new InvalidOperationException("unknown answer"),
    };

    private async ValueTask<ReleaseReply> Free(string holder, bool isUnlock, CancellationToken cancel)
    {
        SlotOutcome first = default, last = default;
        bool isFirst = true;
        Change change = await _writer.Apply(document =>
        {
            SlotStep step = document.Semaphore.Release(holder);
            last = step.Outcome;
            if (isFirst) (first, isFirst) = (last, false);
            return document.With(step.Next);
        }, create: false, cancel);
        return change switch
        {
            Change.Refused refused => new ReleaseReply.Refused(refused.Why),
            Change.Failed failed => new ReleaseReply.Unreachable(failed.Why),
            Change.Absent => new ReleaseReply.NotHeld(),
            // Listed at first and gone later: the write whose reply was lost, or an admin; either way it is free of us.
            Change.Made when first == SlotOutcome.Released => new ReleaseReply.Released(),
            Change.Made made when last == SlotOutcome.Full && !isUnlock && !made.Document.Semaphore.Holders.IsEmpty =>
                new ReleaseReply.HeldByOther(View(made.Document)[0]),
            Change.Made => new ReleaseReply.NotHeld(),
            _ => throw new InvalidOperationException("unknown change"),
        };
    }

    private List<LockHolder> View(SemaphoreDocument document) =>
        [.. document.Semaphore.Holders.Select(h => new LockHolder(h.Id, null, null, h.Id == identity.Holder))];

    private static string Text(long revision) => revision.ToString(CultureInfo.InvariantCulture);
}
