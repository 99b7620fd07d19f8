using System.Buffers;
using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Scripts;

/// <summary>One line of the record of scripts that run once.</summary>
/// <param name="Stage">Where the script is: a stage's name, or <c>upgrade</c>; null: a plain list, as katello-upgrade kept it, does not say.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Sha256">Of what was run; null: it does not say.</param>
/// <param name="Time">When.</param>
/// <param name="RunId">By which run or upgrade; null: by hand.</param>
/// <param name="IsForgotten">True: from here on it counts as not done.</param>
/// <param name="LeftOut">By what an admin left it out; the line says nothing else.</param>
internal sealed record RunOnceLine(
    string? Stage, string Name, string? Sha256, DateTimeOffset? Time, string? RunId, bool IsForgotten = false, string? LeftOut = null);

/// <summary>The scripts that said <c>run=once</c> and are done: <c>upgrade-history</c> in the state directory, one JSON object a line,
/// only ever appended to.</summary>
/// <param name="path">Absolute path of the file.</param>
internal sealed class RunOnceRecord(string path) : IDisposable
{
    /// <summary>The stage of an upgrade's scripts, in the record.</summary>
    public const string Upgrade = "upgrade";

    private const string Setting = "[main] state_dir";

    /// <summary>A line is about 200 bytes.</summary>
    private const int Limit = 1 << 26;

    private readonly DurableLines _lines = new(path, Setting);

    /// <summary>The file in a state directory.</summary>
    public static string PathIn(string stateDirectory) => stateDirectory.TrimEnd('/') + "/upgrade-history";

    /// <summary>Every line that says something, in their order; null, and why, if the file cannot be read. A line that a crash tore says nothing.</summary>
    public List<RunOnceLine>? Read(out string? why)
    {
        why = null;
        var found = new List<RunOnceLine>();
        FileReading reading = OwnFile.Read(path, Limit);
        if (reading is FileReading.Missing)
            return found;
        if (reading is not FileReading.Content { Bytes: var bytes })
        {
            why = reading.Why(path, Setting);
            return null;
        }

        ReadOnlySpan<byte> rest = bytes;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = (end < 0 ? rest : rest[..end]).Trim(" \t\r"u8);
            rest = end < 0 ? [] : rest[(end + 1)..];
            if (line.IsEmpty || line[0] == '#')
                continue;
            RunOnceLine? said = line[0] == '{' ? Parse(line) : new RunOnceLine(null, Encoding.UTF8.GetString(line), null, null, null);
            if (said is not null)
                found.Add(said);
        }

        return found;
    }

    /// <summary>The sha256 under which a stage's script is recorded as done, or null. <paramref name="why"/>: the record cannot be read.</summary>
    public string? Find(ScriptStage stage, string name, out string? why) =>
        Read(out why)?.LastOrDefault(l => l.Stage == stage.Name() && l.Name == name && (l.Sha256 is not null || l.IsForgotten))?.Sha256;

    /// <summary>Appends, durable when it returns. Null, or why that failed.</summary>
    public string? Add(RunOnceLine line) => _lines.Append(Format(line));

    /// <summary>The sha256 of a file's content; null if it cannot be read.</summary>
    public static string? HashOf(string path)
    {
        using SafeFileHandle file = RegularFile.Open(path, out _);
        if (file.IsInvalid)
            return null;
        var hash = new Sha256();
        byte[] buffer = new byte[32 * 1024];
        while (true)
        {
            int got = RegularFile.ReadSome(file, buffer);
            if (got < 0)
                return null;
            if (got == 0)
                return hash.FinishHex();
            hash.Append(buffer.AsSpan(0, got));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private static byte[] Format(RunOnceLine line)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("stage"u8, line.Stage);
            json.WriteString("name"u8, line.Name);
            if (line.Sha256 is not null)
                json.WriteString("sha256"u8, line.Sha256);
            if (line.Time is { } time)
                json.WriteString("time"u8, time.UtcDateTime);
            if (line.RunId is not null)
                json.WriteString("run_id"u8, line.RunId);
            if (line.LeftOut is not null)
                json.WriteString("left_out"u8, line.LeftOut);
            if (line.IsForgotten)
                json.WriteBoolean("forgotten"u8, true);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static RunOnceLine? Parse(ReadOnlySpan<byte> line)
    {
        string? stage = null, name = null, hash = null, run = null, left = null;
        DateTimeOffset? time = null;
        bool forgotten = false;
        try
        {
            var json = new Utf8JsonReader(line);
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName)
                    continue;
                string key = json.GetString()!;
                json.Read();
                if (key == "stage")
                    stage = json.GetString();
                else if (key == "name")
                    name = json.GetString();
                else if (key == "sha256")
                    hash = json.GetString();
                else if (key == "run_id")
                    run = json.GetString();
                else if (key == "left_out")
                    left = json.GetString();
                else if (key == "time" && json.TryGetDateTimeOffset(out DateTimeOffset at))
                    time = at;
                else if (key == "forgotten")
                    forgotten = json.TokenType == JsonTokenType.True;
                else
                    json.Skip();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }

        return name is null || stage is null ? null : new(stage, name, hash, time, run, forgotten, left);
    }
}
