using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>The JSON of the live file.</summary>
internal static class ProgressJson
{
    private static ReadOnlySpan<byte> Check => ",\"check\":\""u8;

    /// <summary>Writes one object and a newline. By hand: the serializer would cost a run that has nothing to do a third of its start. The last field
    /// is the checksum of all before it: a reader may look in the middle of a write.</summary>
    internal static void Write(ArrayBufferWriter<byte> to, ProgressSnapshot snapshot)
    {
        int start = to.WrittenCount;
        using (var json = new Utf8JsonWriter(to, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("pid"u8, snapshot.Pid);
            json.WriteNumber("pid_started"u8, snapshot.PidStarted);
            json.WriteString("run_id"u8, snapshot.RunId);
            json.WriteString("phase"u8, snapshot.Phase);
            json.WriteTime("phase_since"u8, snapshot.PhaseSince);
            json.WriteString("script"u8, snapshot.Script);
            json.WriteTime("script_started"u8, snapshot.ScriptStarted);
            json.WriteNumber("index"u8, snapshot.Index);
            json.WriteNumber("count"u8, snapshot.Count);
            json.WriteString("waiting_for"u8, snapshot.WaitingFor);
            json.WriteTime("updated"u8, snapshot.Updated);
        }

        uint sum = Crc32.Of(to.WrittenSpan[start..]);
        to.Write(Check);
        _ = Utf8Formatter.TryFormat(sum, to.GetSpan(8), out int digits, new StandardFormat('x', 8));
        to.Advance(digits);
        to.Write("\"}\n"u8);
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null for anything else.</summary>
    internal static ProgressSnapshot? Read(ReadOnlySpan<byte> text)
    {
        int check = text.LastIndexOf(Check);
        if (check < 0 || !Utf8Parser.TryParse(text[(check + Check.Length)..], out uint sum, out int digits, 'x') || digits != 8 || Crc32.Of(text[..check]) != sum)
            return null;
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(text.ToArray());
        if (document is null) return null;
        JsonElement root = document.RootElement;
        var read = new ProgressSnapshot
        {
            Pid = (int)fields.Number(root, "pid", 0, int.MaxValue),
            PidStarted = fields.Number(root, "pid_started", 0, long.MaxValue),
            RunId = fields.OptionalText(root, "run_id"),
            Phase = fields.OptionalText(root, "phase"),
            PhaseSince = fields.OptionalTime(root, "phase_since"),
            Script = fields.OptionalText(root, "script"),
            ScriptStarted = fields.OptionalTime(root, "script_started"),
            Index = (int)fields.Number(root, "index", 0, int.MaxValue),
            Count = (int)fields.Number(root, "count", 0, int.MaxValue),
            WaitingFor = fields.OptionalText(root, "waiting_for"),
            Updated = fields.Time(root, "updated"),
        };
        return fields.Complaint is null ? read : null;
    }
}
