using System.Buffers;
using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>The shapes of a log line. Each writes UTF-8 and ends with the only newline of the line.</summary>
internal static class LogLine
{
    private static readonly string[] Names = ["debug", "info", "warning", "error"];
    private static readonly string[] Padded = ["debug   ", "info    ", "warning ", "error   "];
    private static readonly string[] Colours = ["\e[2m", "", "\e[33m", "\e[1;31m"];

    /// <summary><c>2026-11-22T20:30:50Z info    pre_update/10-drain: message</c></summary>
    internal static void Stamped(IBufferWriter<byte> to, in LogRecord record)
    {
        Span<byte> stamp = to.GetSpan(32);
        record.Time.UtcDateTime.TryFormat(stamp, out int length, "yyyy-MM-dd'T'HH:mm:ss'Z '");
        to.Advance(length);
        Put(to, Padded[(int)record.Level]);
        Body(to, record);
        Put(to, "\n");
    }

    /// <summary><c>2026-11-22 20:30:50,123UTC - INFO - MainThread - message</c>, as Python's logging wrote it; what a script printed stands there alone.</summary>
    internal static void Python(IBufferWriter<byte> to, in LogRecord record)
    {
        Span<byte> stamp = to.GetSpan(32);
        record.Time.UtcDateTime.TryFormat(stamp, out int length, "yyyy-MM-dd HH:mm:ss,fff'UTC - '");
        to.Advance(length);
        Put(to, Names[(int)record.Level].ToUpperInvariant() + " - MainThread - ");
        if (record.IsOutput) Put(to, PlainText.Line(record.Message));
        else Body(to, record);
        Put(to, "\n");
    }

    /// <summary>The prefix from which journald takes the level.</summary>
    internal static ReadOnlySpan<byte> Priority(LogLevel level) => level switch
    {
        LogLevel.Debug => "<7>"u8,
        LogLevel.Info => "<6>"u8,
        LogLevel.Warning => "<4>"u8,
        _ => "<3>"u8,
    };

    /// <summary><c>&lt;6&gt;pre_update/10-drain: message</c>: journald has the time already.</summary>
    internal static void Journal(IBufferWriter<byte> to, in LogRecord record)
    {
        to.Write(Priority(record.Level));
        Body(to, record);
        Put(to, "\n");
    }

    /// <summary><c>pre_update/10-drain: message</c>, the level in front where it matters.</summary>
    internal static void Short(IBufferWriter<byte> to, in LogRecord record, bool colour)
    {
        string on = colour ? Colours[(int)record.Level] : "";
        Put(to, on);
        if (record.Level >= LogLevel.Warning) Put(to, Names[(int)record.Level] + ": ");
        Body(to, record);
        Put(to, on.Length > 0 ? "\e[0m\n" : "\n");
    }

    /// <summary>One JSON object.</summary>
    internal static void Json(IBufferWriter<byte> to, in LogRecord record)
    {
        using (var json = new Utf8JsonWriter(to, new JsonWriterOptions { Encoder = PlainJson.Encoder, SkipValidation = true }))
        {
            json.WriteStartObject();
            Fields(json, record);
            json.WriteEndObject();
        }

        Put(to, "\n");
    }

    /// <summary>The fields of a line as JSON: a contract.</summary>
    internal static void Fields(Utf8JsonWriter json, in LogRecord record)
    {
        json.WriteTime("time"u8, record.Time);
        json.WriteString("level"u8, Names[(int)record.Level]);
        json.WriteString("message"u8, record.Message);
        if (record.Phase is { } phase) json.WriteString("phase"u8, phase);
        if (record.Script is { } script) json.WriteString("script"u8, script);
        if (record.RunId is { } run) json.WriteString("run_id"u8, run);
        if (record.IsOutput) json.WriteBoolean("output"u8, true);
    }

    /// <summary>A colon before what this program says, <c>&gt;</c> before what a script printed: a script cannot pass its output off as
    /// this program's word on it.</summary>
    private static void Body(IBufferWriter<byte> to, in LogRecord record)
    {
        if (record.Phase is { } phase) Put(to, PlainText.Line(phase));
        if (record.Script is { } script) Put(to, "/" + PlainText.Line(script));
        if (record.Phase is not null || record.Script is not null) Put(to, record.IsOutput ? "> " : ": ");
        Put(to, PlainText.Line(record.Message));
    }

    private static void Put(IBufferWriter<byte> to, string text) => Encoding.UTF8.GetBytes(text, to);
}
