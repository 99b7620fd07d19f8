using System.Buffers;
using System.Text.Json;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.State;

/// <summary>How the last start of this program ended, starts with nothing to do included. For <c>status</c>; lives as long as a boot.</summary>
/// <param name="When">When it ended.</param>
/// <param name="Ending">The kind of end.</param>
/// <param name="ExitCode">The exit code.</param>
/// <param name="Message">What it said.</param>
internal sealed record LastStart(DateTimeOffset When, Ending Ending, int ExitCode, string Message)
{
    private const string Setting = "[main] run_dir";

    /// <summary>Its file in <paramref name="runDirectory"/>.</summary>
    internal static string PathIn(string runDirectory) => Path.Combine(runDirectory, "last");

    /// <summary>Writes it: atomic, but not flushed. Null, or why not.</summary>
    internal string? Write(string runDirectory)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteTime("when"u8, When);
            json.WriteString("ending"u8, EndingNames.Name(Ending));
            json.WriteNumber("exit_code"u8, ExitCode);
            json.WriteString("message"u8, Message);
            json.WriteEndObject();
        }
        byte[] line = [.. buffer.WrittenSpan, (byte)'\n'];
        return DurableFile.Replace(PathIn(runDirectory), line, Setting, OwnFile.Readable, durable: false)?.Why;
    }

    /// <summary>Reads it; null if there was no start on this boot, or its note cannot be read: nothing depends on it.</summary>
    internal static LastStart? Read(string runDirectory)
    {
        if (OwnFile.Read(PathIn(runDirectory), 1 << 16, OwnFile.Readable) is not FileReading.Content content)
            return null;
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(content.Bytes);
        if (document is null)
            return null;
        JsonElement root = document.RootElement;
        if (!EndingNames.TryParse(fields.Text(root, "ending"), out Ending ending))
            return null;
        var last = new LastStart(
            fields.Time(root, "when"), ending, (int)fields.Number(root, "exit_code", 0, 255), fields.OptionalText(root, "message") ?? "");
        return fields.Complaint is null ? last : null;
    }
}
