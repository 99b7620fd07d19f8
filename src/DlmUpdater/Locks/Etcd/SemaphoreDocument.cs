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

    private SemaphoreDocument(EtcdLayout layout, int slots, int free, SlotSemaphore semaphore, bool isNull, string others)
    {
        (_layout, Slots, StoredFree, _isNull, _others) = (layout, slots, free, isNull, others);
        bool isOff = slots < 1 || (layout == EtcdLayout.Locksmith && free < 1 && semaphore.Holders.Length < slots);
        Semaphore = semaphore.WithSlots(Math.Max(1, slots)).WithEnabled(!isOff);
    }

    /// <summary>How many may hold it at once, as stored; zero or fewer lets nobody in, which their tools allow.</summary>
    internal int Slots { get; }

    /// <summary>locksmith's own count of the free slots; below zero after the slots were lowered.</summary>
    internal int StoredFree { get; }

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

    /// <summary>With another number of slots, 1 or more.</summary>
    internal SemaphoreDocument WithSlots(int slots) => slots == Slots
        ? this
        : new(_layout, slots, (int)Math.Clamp(StoredFree + ((long)slots - Slots), int.MinValue, int.MaxValue), Semaphore, _isNull, _others);

    /// <summary>The bytes to store.</summary>
    internal byte[] Write()
    {
        var text = new GoJson();
        if (_layout == EtcdLayout.Airlock) text.Raw("{\"total_slots\":").Number(Slots);
        else text.Raw("{\"semaphore\":").Number(StoredFree).Raw(",\"max\":").Number(Slots);
        text.Raw(",\"holders\":");
        if (_isNull) text.Raw("null");
        else text.Strings(Semaphore.Holders.Select(h => h.Id));
        return text.Raw(_others).Raw("}").ToBytes();
    }

    private static SemaphoreDocument? Read(EtcdLayout layout, JsonFields fields, JsonElement root)
    {
        bool isAirlock = layout == EtcdLayout.Airlock;
        int slots = (int)fields.Number(root, isAirlock ? "total_slots" : "max", isAirlock ? 0 : int.MinValue, int.MaxValue);
        ImmutableArray<SlotHolder>? holders = Holders(fields, root);
        int free = isAirlock ? slots : (int)fields.Number(root, "semaphore", int.MinValue, int.MaxValue);
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
