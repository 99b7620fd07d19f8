using System.Buffers;
using System.Text.Json;
using DlmUpdater.Host;

namespace DlmUpdater.Locks.Etcd;

/// <summary>Reads the stream of a watch: one JSON object per line, in pieces that end anywhere.</summary>
/// <param name="key">The key that is watched.</param>
/// <param name="onChange">Is told every change.</param>
internal sealed class GatewayWatch(byte[] key, Action<Kept> onChange)
{
    private const int LongestLine = 4 << 20;

    private readonly ArrayBufferWriter<byte> _line = new(1024);

    /// <summary>True once the server has told that it forgot what was to be told.</summary>
    internal bool IsGap { get; private set; }

    /// <summary>Why the server told nothing more; null if it did not say so.</summary>
    internal string? Cancelled { get; private set; }

    /// <summary>Takes a piece; false once nothing more can come of this stream, which the server leaves open even then.</summary>
    internal bool Take(ReadOnlyMemory<byte> piece)
    {
        while (!piece.IsEmpty)
        {
            int end = piece.Span.IndexOf((byte)'\n');
            ReadOnlyMemory<byte> part = end < 0 ? piece : piece[..end];
            if (_line.WrittenCount + part.Length > LongestLine) return false;
            _line.Write(part.Span);
            if (end < 0) return true;
            piece = piece[(end + 1)..];
            bool goesOn = Line(_line.WrittenMemory);
            _line.ResetWrittenCount();
            if (!goesOn) return false;
        }

        return true;
    }

    private bool Line(ReadOnlyMemory<byte> line)
    {
        if (line.Span.Trim(" \r\t"u8).IsEmpty) return true;
        using JsonDocument? json = new JsonFields().Parse(line);
        if (json is null) return false;
        JsonElement result = GatewayJson.Child(json.RootElement, "result");
        // Else it is {"error":{…}}: the stream as a whole has failed.
        if (result.ValueKind != JsonValueKind.Object) return false;
        IsGap = GatewayJson.Number(result, "compact_revision") > 0;
        if (IsGap) return false;
        if (GatewayJson.Flag(result, "canceled"))
        {
            Cancelled = GatewayJson.Text(GatewayJson.Child(result, "cancel_reason")) ?? "";
            return false;
        }

        JsonElement events = GatewayJson.Child(result, "events");
        if (events.ValueKind == JsonValueKind.Undefined) return true;
        if (events.ValueKind != JsonValueKind.Array) return false;
        foreach (JsonElement one in events.EnumerateArray())
        {
            JsonElement kv = GatewayJson.Child(one, "kv");
            // An event of a deletion has no value, which reads as an empty one.
            if (GatewayReply.KeyValue(kv, key, long.MaxValue) is not { } found) return false;
            bool isGone = GatewayJson.Text(GatewayJson.Child(one, "type")) == "DELETE";
            onChange(isGone ? new Kept.Missing(found.Revision) : found with { AsOf = found.Revision });
        }

        return true;
    }
}
