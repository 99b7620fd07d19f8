using DlmUpdater.Core.Settings;

namespace DlmUpdater.Locks.Etcd;

/// <summary>What came of a change to the semaphore.</summary>
internal abstract record Change
{
    /// <summary>It stands so in etcd, whether it had to be written or stood so already.</summary>
    internal sealed record Made(SemaphoreDocument Document, long Revision) : Change;

    /// <summary>There is no semaphore yet, and none was made.</summary>
    internal sealed record Absent : Change;

    /// <summary>Waiting will not help; one line that says what to fix.</summary>
    internal sealed record Refused(string Why) : Change
    {
        /// <summary>True if etcd answered, and the value of the key is not a semaphore.</summary>
        internal bool IsDamaged { get; init; }
    }

    /// <summary>Try again later.</summary>
    internal sealed record Failed(string Why, bool MayHaveHappened) : Change;
}

/// <summary>Changes the semaphore: look, change, write if nobody has in between; again, with what is there by then, where somebody has. A
/// write that was not answered is settled by another look. It can still come true later only while the revision that it replaces is
/// the present one; then the same write is sent again, of which etcd carries out one at most.</summary>
/// <param name="store">The key.</param>
/// <param name="layout">Whose semaphore it is.</param>
/// <param name="slots">The slots of a new one.</param>
/// <param name="time">The clock.</param>
/// <param name="dice">From 0 up to 1.</param>
internal sealed class SemaphoreWriter(ISemaphoreStore store, EtcdLayout layout, int slots, TimeProvider time, Func<double> dice)
{
    private const int Rounds = 16, UnansweredTries = 2;

    /// <summary>Applies a change, which is a pure function and may be asked several times.</summary>
    /// <param name="step">Gives the same document back if nothing is to be written.</param>
    /// <param name="create">Makes the semaphore first if there is none.</param>
    /// <param name="cancel">Ends it.</param>
    internal async ValueTask<Change> Apply(Func<SemaphoreDocument, SemaphoreDocument> step, bool create, CancellationToken cancel)
    {
        Kept kept = await store.Read(cancel);
        long? open = null;
        int unanswered = 0;
        for (int round = 1; round <= Rounds; round++)
        {
            switch (kept)
            {
                case Kept.No no:
                    return open is null ? new Change.Refused(no.Why) : new Change.Failed(no.Why, true);
                case Kept.Away away:
                    return new Change.Failed(away.Why, open is not null);
                case Kept.Missing when !create:
                    return new Change.Absent();
                case Kept.Missing:
                    // Made without a holder, as its own tools do: a creation that is carried out late takes no slot.
                    open = null;
                    byte[] initial = SemaphoreDocument.Initial(layout, slots).Write();
                    kept = await store.Create(initial, cancel);
                    if (kept is Kept.Written made) kept = new Kept.Found(initial, made.Revision, made.Revision);
                    if (kept is Kept.Away { MayHaveHappened: true } && ++unanswered < UnansweredTries) kept = await store.Read(cancel);
                    continue;
                case Kept.Found found:
                    if (open != found.Revision) open = null;
                    if (SemaphoreDocument.Read(layout, found.Value, out string why) is not { } document)
                        return open is null ? new Change.Refused(Damaged(why)) { IsDamaged = true } : new Change.Failed(Damaged(why), true);
                    SemaphoreDocument next = step(document);
                    if (ReferenceEquals(next, document)) return new Change.Made(document, found.Revision);
                    kept = await store.Swap(found.Revision, next.Write(), cancel);
                    switch (kept)
                    {
                        case Kept.Written written:
                            return new Change.Made(next, written.Revision);
                        case Kept.Away { MayHaveHappened: true } lost:
                            open = found.Revision;
                            if (++unanswered >= UnansweredTries) return new Change.Failed(lost.Why, true);
                            kept = await store.Read(cancel) is var look && look is Kept.Away ? new Kept.Away(lost.Why, true) : look;
                            break;
                        case Kept.Found or Kept.Missing:
                            await Pause(round, cancel);
                            break;
                    }

                    continue;
                default:
                    throw new InvalidOperationException("unknown answer");
            }
        }

        return new Change.Failed($"{Rounds} times another host changed the semaphore {store.Key} just before this one: "
            + "nothing is wrong but the crowd, and it is asked again", open is not null);
    }

    /// <summary>The sentence for a value that is no semaphore.</summary>
    internal string Damaged(string why) =>
        $"the value of the key {store.Key} in etcd is not a semaphore of {(layout == EtcdLayout.Airlock ? "airlock" : "locksmith")} "
        + $"({why}): correct it, or delete the key while no host updates";

    private async ValueTask Pause(int round, CancellationToken cancel)
    {
        // The first two races are repeated at once: mostly they were lost to one other.
        if (round > 2) await Task.Delay(TimeSpan.FromMilliseconds(dice() * Math.Min(10 << round, 500)), time, cancel);
    }
}
