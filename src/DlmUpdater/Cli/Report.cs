using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>Writes what a verb was asked for to stdout: stdout is data, stderr is talk.</summary>
internal static class Report
{
    /// <summary>True if something that this process was asked for could not be written.</summary>
    internal static bool IsCut { get; private set; }

    /// <summary>Writes text; returns the exit code.</summary>
    internal static int Text(ShownText text) => Code(StandardStreams.WriteOut(Encoding.UTF8.GetBytes(text.ToString())));

    /// <summary>Writes one JSON object, indented; returns the exit code.</summary>
    internal static int Json(Action<Utf8JsonWriter> fields) => Code(StandardStreams.WriteOut(Bytes(fields, indented: true)));

    /// <summary>Writes one JSON object on one line; false if it cannot be written, or nothing reads any more.</summary>
    internal static bool JsonLine(Action<Utf8JsonWriter> fields) => StandardStreams.WriteOut(Bytes(fields, indented: false)) == 0;

    /// <summary>Writes one line; false if it cannot be written, or nothing reads any more.</summary>
    internal static bool Line(ShownText text) => StandardStreams.WriteOut(Encoding.UTF8.GetBytes(text + "\n")) == 0;

    /// <summary>A reader that is gone is no error, and neither is a signal: what the verb did stands. A full disk is.</summary>
    private static int Code(int error)
    {
        if (error is 0 or Native.EPIPE or Native.EINTR) return 0;
        if (!IsCut) StandardStreams.WriteError($"dlm-updater: standard output cannot be written: {Marshal.GetPInvokeErrorMessage(error)}");
        IsCut = true;
        return Ending.NotWritable.Code();
    }

    private static ReadOnlySpan<byte> Bytes(Action<Utf8JsonWriter> fields, bool indented)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented, Encoder = PlainJson.Encoder }))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan;
    }
}
