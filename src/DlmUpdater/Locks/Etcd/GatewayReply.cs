using System.Text.Json;

namespace DlmUpdater.Locks.Etcd;

/// <summary>Reads what the v3 gateway tells of a key. It leaves out every field that is zero, so much may be missing; what is not there
/// must not be taken for an answer, or a proxy's empty object would be one.</summary>
internal static class GatewayReply
{
    /// <summary>What came of a change to <paramref name="key"/> that was to replace <paramref name="replaced"/>; null if this is no
    /// answer to a txn.</summary>
    internal static Kept? Transaction(JsonElement root, byte[] key, long replaced)
    {
        long asOf = GatewayJson.Number(GatewayJson.Child(root, "header"), "revision");
        JsonElement all = GatewayJson.Child(root, "responses");
        if (asOf < 1 || all.ValueKind != JsonValueKind.Array || all.GetArrayLength() != 1) return null;
        JsonElement put = GatewayJson.Child(all[0], "response_put"), range = GatewayJson.Child(all[0], "response_range");
        bool isPut = put.ValueKind == JsonValueKind.Object, isRange = range.ValueKind == JsonValueKind.Object;
        return GatewayJson.Flag(root, "succeeded")
            ? isPut && !isRange && asOf > replaced ? new Kept.Written(asOf) : null
            : isRange && !isPut ? Range(root, range, key) : null;
    }

    /// <summary>What a range found; null if it is none.</summary>
    internal static Kept? Range(JsonElement root, JsonElement range, byte[] key)
    {
        long asOf = GatewayJson.Number(GatewayJson.Child(root, "header"), "revision");
        JsonElement all = GatewayJson.Child(range, "kvs");
        if (asOf < 1) return null;
        if (all.ValueKind == JsonValueKind.Undefined) return GatewayJson.Number(range, "count") == 0 ? new Kept.Missing(asOf) : null;
        return all.ValueKind == JsonValueKind.Array && all.GetArrayLength() == 1 ? KeyValue(all[0], key, asOf) : null;
    }

    /// <summary>The value of a key; null if it is not this one, or not whole.</summary>
    internal static Kept.Found? KeyValue(JsonElement kv, byte[] key, long asOf)
    {
        long revision = GatewayJson.Number(kv, "mod_revision");
        return revision >= 1 && revision <= asOf && GatewayJson.Bytes(kv, "key") is { } k && k.AsSpan().SequenceEqual(key)
            && GatewayJson.Bytes(kv, "value") is { } value ? new Kept.Found(value, revision, asOf) : null;
    }
}
