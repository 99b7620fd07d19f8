using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>The JSON of the running marker. 0.1.0 wrote the same without <c>stage</c>, <c>asked</c> and <c>check</c>, and ignores
/// them.</summary>
internal static class RunNoteFormat
{
    private static ReadOnlySpan<byte> Check => ",\"check\":\""u8;

    /// <summary>Writes by hand: the serializer would cost a run that has nothing to do a third of its start. The last field is the checksum
    /// of all before it: the file is overwritten in place.</summary>
    internal static void Write(ArrayBufferWriter<byte> to, RunNote note)
    {
        int start = to.WrittenCount;
        using (var json = new Utf8JsonWriter(to, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteString("run_id"u8, note.RunId);
            json.WriteString("phase"u8, note.Phase);
            json.WriteString("script"u8, note.Script);
            json.WriteString("boot_id"u8, note.Boot.BootId);
            json.WriteNumber("init_started"u8, note.Boot.InitStarted);
            json.WriteNumber("since_ticks"u8, note.SinceTicks);
            if (note.Limit is { } limit)
                json.WriteNumber("limit_ms"u8, (long)limit.TotalMilliseconds);
            if (note.Stage is not null)
                json.WriteString("stage"u8, note.Stage);
            if (note.IsAsked)
                json.WriteBoolean("asked"u8, true);
            if (note.Pid != 0)
            {
                json.WriteNumber("pid"u8, note.Pid);
                json.WriteNumber("start_ticks"u8, note.StartTicks);
            }
        }

        uint sum = Crc32.Of(to.WrittenSpan[start..]);
        to.Write(Check);
        _ = Utf8Formatter.TryFormat(sum, to.GetSpan(8), out int digits, new StandardFormat('x', 8));
        to.Advance(digits);
        to.Write("\"}"u8);
    }

    /// <summary>Reads it; null if it is not whole, or not a marker.</summary>
    internal static RunNote? Read(ReadOnlySpan<byte> bytes)
    {
        int check = bytes.LastIndexOf(Check);
        if (check >= 0
            && (!Utf8Parser.TryParse(bytes[(check + Check.Length)..], out uint sum, out int digits, 'x') || digits != 8
                || Crc32.Of(bytes[..check]) != sum))
            return null;
        try
        {
            return Parse(bytes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static RunNote? Parse(ReadOnlySpan<byte> bytes)
    {
        string? runId = null, phase = null, script = null, boot = null, stage = null;
        long init = 0, since = 0, limit = 0, pid = 0, start = 0;
        bool asked = false;
        var json = new Utf8JsonReader(bytes);
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.PropertyName)
                continue;
            string key = json.GetString()!;
            json.Read();
            switch (key)
            {
                case "run_id": runId = json.GetString(); break;
                case "phase": phase = json.GetString(); break;
                case "script": script = json.GetString(); break;
                case "boot_id": boot = json.GetString(); break;
                case "init_started": init = json.GetInt64(); break;
                case "since_ticks": since = json.GetInt64(); break;
                case "limit_ms": limit = json.GetInt64(); break;
                case "stage": stage = json.GetString(); break;
                case "asked": asked = json.GetBoolean(); break;
                case "pid": pid = json.GetInt32(); break;
                case "start_ticks": start = json.GetInt64(); break;
                default: json.Skip(); break;
            }
        }

        if (runId is null || phase is null || script is null || boot is null || pid < 0)
            return null;
        return new(runId, phase, script, new(boot, init), since, limit > 0 ? TimeSpan.FromMilliseconds(limit) : null, (int)pid, start)
        {
            Stage = stage,
            IsAsked = asked,
        };
    }
}
