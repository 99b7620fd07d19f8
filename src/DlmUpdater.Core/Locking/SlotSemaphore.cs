using System.Collections.Immutable;

namespace DlmUpdater.Core.Locking;

/// <summary>Somebody in a slot.</summary>
/// <param name="Id">Who; what holders are told apart by.</param>
/// <param name="Name">A name for people; null where there is none.</param>
/// <param name="Since">Since when; null where it is not known.</param>
public sealed record SlotHolder(string Id, string? Name, DateTimeOffset? Since);

/// <summary>What an acquire or a release came to.</summary>
public enum SlotOutcome
{
    /// <summary>A free slot was taken.</summary>
    Taken,

    /// <summary>The asker holds a slot already; nothing changed.</summary>
    AlreadyHeld,

    /// <summary>Others hold every slot.</summary>
    Full,

    /// <summary>The semaphore is switched off and gives no new slot.</summary>
    Disabled,

    /// <summary>The asker's slot was given back.</summary>
    Released,

    /// <summary>The asker holds no slot, and there is a free one; nothing changed.</summary>
    NotHeld,
}

/// <summary>An outcome and the semaphore after it: the same one if nothing changed.</summary>
/// <param name="Outcome">What it came to.</param>
/// <param name="Next">The semaphore from now on.</param>
public readonly record struct SlotStep(SlotOutcome Outcome, SlotSemaphore Next);

/// <summary>A semaphore with named holders: at most <see cref="Slots"/> get in. A value: every step makes a new one. Switching it off
/// stops new holders only, so that a host in the middle of an update can finish and give back.</summary>
public sealed class SlotSemaphore : IEquatable<SlotSemaphore>
{
    private SlotSemaphore(int slots, bool enabled, ImmutableArray<SlotHolder> holders)
    {
        Slots = slots;
        Enabled = enabled;
        Holders = holders;
    }

    /// <summary>How many may hold it at once; 1 or more.</summary>
    public int Slots { get; }

    /// <summary>False if it gives no new slots.</summary>
    public bool Enabled { get; }

    /// <summary>Who holds it, in the byte order of their ids. More than <see cref="Slots"/> after the slots were lowered: nobody is
    /// thrown out, but nobody gets in until enough have left.</summary>
    public ImmutableArray<SlotHolder> Holders { get; }

    /// <summary>How many slots are free, never below zero.</summary>
    public int Free => Math.Max(0, Slots - Holders.Length);

    /// <summary>A free one.</summary>
    public static SlotSemaphore Empty(int slots) => Of(slots, true, []) ?? throw new ArgumentOutOfRangeException(nameof(slots));

    /// <summary>One that was stored. Null if it is none: fewer than one slot, an empty id, or the same id twice.</summary>
    public static SlotSemaphore? Of(int slots, bool enabled, IEnumerable<SlotHolder> holders)
    {
        ImmutableArray<SlotHolder> sorted = [.. holders.OrderBy(h => h.Id, StringComparer.Ordinal)];
        for (int i = 0; i < sorted.Length; i++)
        {
            if (sorted[i].Id.Length == 0 || (i > 0 && sorted[i].Id == sorted[i - 1].Id))
                return null;
        }
        return slots < 1 ? null : new SlotSemaphore(slots, enabled, sorted);
    }

    /// <summary>The holder of that id, or null.</summary>
    public SlotHolder? Find(string id) => Holders.FirstOrDefault(h => h.Id == id);

    /// <summary>Takes a slot. A holder is granted again, also while disabled or over-full: it keeps what it has, and since when.</summary>
    public SlotStep TryAcquire(SlotHolder asker)
    {
        if (Find(asker.Id) is not null)
            return new(SlotOutcome.AlreadyHeld, this);
        if (!Enabled)
            return new(SlotOutcome.Disabled, this);
        if (Holders.Length >= Slots)
            return new(SlotOutcome.Full, this);
        int place = 0;
        while (place < Holders.Length && string.CompareOrdinal(Holders[place].Id, asker.Id) < 0)
            place++;
        return new(SlotOutcome.Taken, new SlotSemaphore(Slots, Enabled, Holders.Insert(place, asker)));
    }

    /// <summary>Gives that holder's slot back, and nobody else's.</summary>
    public SlotStep Release(string id) => Find(id) is { } holder
        ? new(SlotOutcome.Released, new SlotSemaphore(Slots, Enabled, Holders.Remove(holder)))
        : new(Free > 0 ? SlotOutcome.NotHeld : SlotOutcome.Full, this);

    /// <summary>With another number of slots, which may be lower than the number of holders.</summary>
    public SlotSemaphore WithSlots(int slots) =>
        slots == Slots ? this : Of(slots, Enabled, Holders) ?? throw new ArgumentOutOfRangeException(nameof(slots));

    /// <summary>Switched on or off.</summary>
    public SlotSemaphore WithEnabled(bool enabled) => enabled == Enabled ? this : new SlotSemaphore(Slots, enabled, Holders);

    /// <inheritdoc/>
    public bool Equals(SlotSemaphore? other) =>
        other is not null && Slots == other.Slots && Enabled == other.Enabled && Holders.SequenceEqual(other.Holders);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SlotSemaphore);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Slots, Enabled, Holders.Length);
}
