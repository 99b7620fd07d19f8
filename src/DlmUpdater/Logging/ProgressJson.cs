using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace DlmUpdater.Logging;

/// <summary>The JSON of the live file.</summary>
internal static class ProgressJson
{
    /// <summary>Writes one object and a newline. By hand: the serializer would cost a run that has nothing to do a third of its start.</summary>
    internal static void Write(IBufferWriter<byte> to, ProgressSnapshot snapshot)
    {
        using (var json = new Utf8JsonWriter(to, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("pid"u8, snapshot.Pid);
            json.WriteNumber("pid_started"u8, snapshot.PidStarted);
            json.WriteString("run_id"u8, snapshot.RunId);
            json.WriteString("phase"u8, snapshot.Phase);
            Time(json, "phase_since"u8, snapshot.PhaseSince);
            json.WriteString("script"u8, snapshot.Script);
            Time(json, "script_started"u8, snapshot.ScriptStarted);
            json.WriteNumber("index"u8, snapshot.Index);
            json.WriteNumber("count"u8, snapshot.Count);
            json.WriteString("waiting_for"u8, snapshot.WaitingFor);
            Time(json, "updated"u8, snapshot.Updated);
            json.WriteEndObject();
        }

        to.Write("\n"u8);
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null for anything else.</summary>
    internal static ProgressSnapshot? Read(ReadOnlySpan<byte> text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, ProgressJsonContext.Default.ProgressSnapshot);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void Time(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } t) json.WriteString(name, t.UtcDateTime);
        else json.WriteNull(name);
    }
}

/// <summary>Generated at build time: no reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProgressSnapshot))]
internal sealed partial class ProgressJsonContext : JsonSerializerContext;
