using System.Collections.Immutable;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Locks.Etcd;

/// <summary>The semaphore as airlock or locksmith keeps it in etcd, byte for byte as they would write it. Fields that neither knows are
/// kept. A value.</summary>
internal sealed class SemaphoreDocument
{
    private readonly EtcdLayout _layout;
    private readonly bool _isNull;
    private readonly string _others;

    private SemaphoreDocument(EtcdLayout layout, long max, long free, SlotSemaphore semaphore, bool isNull, string others)
    {
        (_layout, Max, StoredFree, _isNull, _others) = (layout, max, free, isNull, others);
        bool isOff = max < 1 || (layout == EtcdLayout.Locksmith && free < 1 && semaphore.Holders.Length < max);
        Semaphore = semaphore.WithSlots(Math.Max(1, Slots)).WithEnabled(!isOff);
    }

    /// <summary>How many may hold it at once, as stored: Go's int has 64 bits. Zero or fewer admits no host, which locksmith's admins use as
    /// a stop of the whole fleet.</summary>
    internal long Max { get; }

    /// <summary><see cref="Max"/> within the range of our own numbers.</summary>
    internal int Slots => (int)Math.Clamp(Max, int.MinValue, int.MaxValue);

    /// <summary>locksmith's own count of the free slots; below zero after the slots were lowered.</summary>
    internal long StoredFree { get; }

    /// <summary>The free slots as their tools count them.</summary>
    internal long Free => _layout == EtcdLayout.Locksmith ? StoredFree : Max - Semaphore.Holders.Length;

    /// <summary>Why no host gets a slot although the holders leave one free; null if hosts get one.</summary>
    internal string? Stop => Semaphore.Enabled ? null
        : Max < 1 ? $"the maximum of its holders is {Max}"
        : $"its count of free slots is {StoredFree}, although {Semaphore.Holders.Length} of {Max} slots are taken";

    /// <summary>Who holds it. Off where the numbers let nobody in although a slot is free: an admin's edit, to be waited out.</summary>
    internal SlotSemaphore Semaphore { get; }

    /// <summary>One that nobody holds, as the first user of the key writes it: locksmith writes null where airlock writes an empty
    /// list.</summary>
    internal static SemaphoreDocument Initial(EtcdLayout layout, int slots) =>
        new(layout, slots, slots, SlotSemaphore.Empty(slots), layout == EtcdLayout.Locksmith, "");

    /// <summary>Reads one; null, and a sentence part on what is wrong.</summary>
    internal static SemaphoreDocument? Read(EtcdLayout layout, ReadOnlyMemory<byte> bytes, out string why)
    {
        var fields = new JsonFields();
        using JsonDocument? json = fields.Parse(bytes);
        SemaphoreDocument? document = json is null ? null : Read(layout, fields, json.RootElement);
        why = fields.Complaint ?? "";
        return fields.Complaint is null ? document : null;
    }

    /// <summary>With other holders; the same if they are the same.</summary>
    internal SemaphoreDocument With(SlotSemaphore next) => ReferenceEquals(next, Semaphore)
        ? this
        : new(_layout, Slots, StoredFree - (next.Holders.Length - Semaphore.Holders.Length), next, false, _others);

    /// <summary>With another maximum, as locksmith sets it: its own count of free slots changes by the difference, whatever it was.</summary>
    internal SemaphoreDocument WithMax(long max)
    {
        if (max == Max) return this;
        Int128 free = StoredFree + ((Int128)max - Max);
        return new(_layout, max, _layout == EtcdLayout.Airlock ? max : (long)Int128.Clamp(free, long.MinValue, long.MaxValue), Semaphore, _isNull, _others);
    }

    /// <summary>With that number of slots, 1 or more, and the count of free slots that follows from it: this also repairs a count that an
    /// edit by hand left wrong.</summary>
    internal SemaphoreDocument WithSlots(int slots)
    {
        long free = _layout == EtcdLayout.Airlock ? slots : slots - (long)Semaphore.Holders.Length;
        return (slots, free) == (Max, StoredFree) ? this : new(_layout, slots, free, Semaphore, _isNull, _others);
    }

    /// <summary>The bytes to store.</summary>
    internal byte[] Write()
    {
        var text = new GoJson();
        if (_layout == EtcdLayout.Airlock) text.Raw("{\"total_slots\":").Number(Max);
        else text.Raw("{\"semaphore\":").Number(StoredFree).Raw(",\"max\":").Number(Max);
        text.Raw(",\"holders\":");
        if (_isNull) text.Raw("null");
        else text.Strings(Semaphore.Holders.Select(h => h.Id));
        return text.Raw(_others).Raw("}").ToBytes();
    }

    private static SemaphoreDocument? Read(EtcdLayout layout, JsonFields fields, JsonElement root)
    {
        bool isAirlock = layout == EtcdLayout.Airlock;
        long slots = isAirlock ? fields.Number(root, "total_slots", 0, int.MaxValue) : GoInteger(fields, root, "max");
        ImmutableArray<SlotHolder>? holders = Holders(fields, root);
        long free = isAirlock ? slots : GoInteger(fields, root, "semaphore");
        if (fields.Complaint is not null) return null;
        string[] known = isAirlock ? ["total_slots", "holders"] : ["semaphore", "max", "holders"];
        var others = new System.Text.StringBuilder();
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (Array.IndexOf(known, property.Name) < 0)
                others.Append(',').Append(GoJson.Text(property.Name)).Append(':').Append(property.Value.GetRawText());
        }

        if (SlotSemaphore.Of(1, true, holders ?? []) is { } semaphore)
            return new SemaphoreDocument(layout, slots, free, semaphore, holders is null, others.ToString());
        fields.Complain("names a holder twice, or one without a name");
        return null;
    }

    /// <summary>An integer as locksmith reads it: a field that is missing or null is 0.</summary>
    private static long GoInteger(JsonFields fields, JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement field) && field.ValueKind != JsonValueKind.Null ? fields.Number(root, name, long.MinValue, long.MaxValue) : 0;

    /// <summary>Null if the list is null, or missing, which Go reads as the same.</summary>
    private static ImmutableArray<SlotHolder>? Holders(JsonFields fields, JsonElement root)
    {
        if (!root.TryGetProperty("holders", out JsonElement list) || list.ValueKind == JsonValueKind.Null) return null;
        var holders = ImmutableArray.CreateBuilder<SlotHolder>();
        if (list.ValueKind != JsonValueKind.Array) fields.Complain("has a field \"holders\" that is not a list");
        else
        {
            foreach (JsonElement one in list.EnumerateArray())
            {
                if (GatewayJson.Text(one) is not { } id) fields.Complain("has a holder that is not a text");
                else holders.Add(new SlotHolder(id, null, null));
            }
        }

        return holders.ToImmutable();
    }
}
