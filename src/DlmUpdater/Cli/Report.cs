using System.Buffers;
using System.Text;
using System.Text.Json;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>Writes what a verb was asked for to stdout: stdout is data, stderr is talk.</summary>
internal static class Report
{
    /// <summary>Writes text; returns exit code 0.</summary>
    internal static int Text(string text)
    {
        StandardStreams.WriteOut(Encoding.UTF8.GetBytes(text));
        return 0;
    }

    /// <summary>Writes one JSON object, indented; returns exit code 0.</summary>
    internal static int Json(Action<Utf8JsonWriter> fields)
    {
        StandardStreams.WriteOut(Bytes(fields, indented: true));
        return 0;
    }

    /// <summary>Writes one JSON object on one line; false if nobody reads any more.</summary>
    internal static bool JsonLine(Action<Utf8JsonWriter> fields) => StandardStreams.TryWriteOut(Bytes(fields, indented: false));

    /// <summary>Writes one line; false if nobody reads any more.</summary>
    internal static bool Line(string text) => StandardStreams.TryWriteOut(Encoding.UTF8.GetBytes(text + "\n"));

    private static ReadOnlySpan<byte> Bytes(Action<Utf8JsonWriter> fields, bool indented)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan;
    }
}
