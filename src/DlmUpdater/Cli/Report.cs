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
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        StandardStreams.WriteOut(buffer.WrittenSpan);
        return 0;
    }
}
