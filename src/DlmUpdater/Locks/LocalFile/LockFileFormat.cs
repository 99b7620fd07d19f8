using System.Buffers;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Host;

namespace DlmUpdater.Locks.LocalFile;

/// <summary>What a lock file says.</summary>
/// <param name="Semaphore">Slots, holders, enabled.</param>
/// <param name="Revision">Counts the changes, from 1.</param>
internal sealed record LockFileContent(SlotSemaphore Semaphore, long Revision);

/// <summary>The bytes of a lock file: version 1, one JSON object, indented for the admin who looks at it at night.</summary>
internal static class LockFileFormat
{
    private const int Version = 1;

    /// <summary>The file's content.</summary>
    internal static byte[] Write(string name, LockFileContent content)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("version"u8, Version);
            json.WriteString("name"u8, name);
            json.WriteNumber("slots"u8, content.Semaphore.Slots);
            json.WriteBoolean("enabled"u8, content.Semaphore.Enabled);
            json.WriteStartArray("holders"u8);
            foreach (SlotHolder holder in content.Semaphore.Holders)
            {
                json.WriteStartObject();
                json.WriteString("id"u8, holder.Id);
                if (holder.Name is not null)
                    json.WriteString("name"u8, holder.Name);
                if (holder.Since is { } since)
                    json.WriteString("since"u8, since);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteNumber("revision"u8, content.Revision);
            json.WriteEndObject();
        }
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Reads it back; null and a sentence part on what is wrong if it is not whole.</summary>
    internal static LockFileContent? Read(ReadOnlyMemory<byte> bytes, out string why)
    {
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(bytes);
        LockFileContent? content = document is null ? null : ReadFields(fields, document.RootElement);
        why = fields.Complaint ?? "";
        return fields.Complaint is null ? content : null;
    }

    private static LockFileContent? ReadFields(JsonFields fields, JsonElement root)
    {
        long version = fields.Number(root, "version", 1, long.MaxValue);
        if (fields.Complaint is null && version != Version)
            fields.Complain($"has version {version}, and this program knows only version {Version}");
        int slots = (int)fields.Number(root, "slots", 1, int.MaxValue);
        bool enabled = fields.Flag(root, "enabled");
        List<SlotHolder> holders = [.. fields.Objects(root, "holders").Select(h => new SlotHolder(
            fields.Text(h, "id"), fields.OptionalText(h, "name"), fields.OptionalTime(h, "since")))];
        long revision = fields.Number(root, "revision", 0, long.MaxValue - 1);
        if (fields.Complaint is not null)
            return null;
        if (SlotSemaphore.Of(slots, enabled, holders) is { } semaphore)
            return new LockFileContent(semaphore, revision);
        fields.Complain("names a holder twice");
        return null;
    }
}
