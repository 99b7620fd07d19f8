using System.Buffers;
using System.Text.Json;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts.Upgrades;

/// <summary>What of an earlier start was found.</summary>
internal abstract record StoredUpgrade
{
    /// <summary>Nothing is open.</summary>
    internal sealed record None : StoredUpgrade;

    /// <summary>An upgrade is open.</summary>
    internal sealed record Open(UpgradeProgress Progress) : StoredUpgrade;

    /// <summary>The file is there and cannot be understood, or not be read.</summary>
    internal sealed record Unreadable(string Why) : StoredUpgrade;
}

/// <summary>What an upgrade remembers: <c>upgrade-open</c>, one line a step, as long as it is not done; and the record of the scripts that run once.</summary>
internal sealed class UpgradeStore : IUpgradeStore, IDisposable
{
    private const string Setting = "[main] state_dir";
    private const int Limit = 1 << 24;

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly DurableLines _open;
    private readonly RunOnceRecord _once;
    private string _id = "";

    /// <summary>Opens nothing yet.</summary>
    /// <param name="stateDirectory">Holds the open upgrade.</param>
    /// <param name="history">The file with the scripts that run once.</param>
    /// <param name="time">The clock.</param>
    public UpgradeStore(string stateDirectory, string history, TimeProvider time)
    {
        (_path, _time) = (PathIn(stateDirectory), time);
        (_open, _once) = (new(_path, Setting), new(history));
    }

    /// <summary>The file of the open upgrade.</summary>
    public static string PathIn(string stateDirectory) => stateDirectory.TrimEnd('/') + "/upgrade-open";

    /// <summary>The once-scripts of upgrades that are done; null, and why, if they cannot be read.</summary>
    public Dictionary<string, DoneOnce>? History(out string? why)
    {
        if (_once.Read(out why) is not { } lines)
            return null;
        var done = new Dictionary<string, DoneOnce>();
        foreach (RunOnceLine line in lines)
        {
            if (line.Stage is not (null or RunOnceRecord.Upgrade) || line.LeftOut is not null)
                continue;
            if (line.IsForgotten)
                done.Remove(line.Name);
            else
                done[line.Name] = new(line.Sha256, line.Time, line.RunId);
        }

        return done;
    }

    /// <summary>The open upgrade.</summary>
    public StoredUpgrade Load()
    {
        FileReading reading = OwnFile.Read(_path, Limit);
        if (reading is FileReading.Missing)
            return new StoredUpgrade.None();
        if (reading is not FileReading.Content { Bytes: var bytes })
            return new StoredUpgrade.Unreadable(reading.Why(_path, Setting));
        string[] lines = System.Text.Encoding.UTF8.GetString(bytes).Split('\n');
        if (lines[^1].Length == 0)
            lines = lines[..^1];

        var reader = new OpenUpgrade();
        for (int i = 0; i < lines.Length; i++)
        {
            if (reader.Take(lines[i]) is not { } wrong)
                continue;

            // A crash tears the last line only, and what it was to say was not acted upon yet.
            if (i == lines.Length - 1 && !DurableLines.IsJson(System.Text.Encoding.UTF8.GetBytes(lines[i])))
                break;
            return new StoredUpgrade.Unreadable($"{_path}:{i + 1}: {wrong}: find out what the last upgrade did, then remove the file");
        }

        return reader.Progress() is { } progress ? new StoredUpgrade.Open(progress) : new StoredUpgrade.None();
    }

    /// <summary>Counts a once-script as not done. Null, or why that cannot be written.</summary>
    public string? Forget(string name) => _once.Add(new(RunOnceRecord.Upgrade, name, null, _time.GetUtcNow(), null, IsForgotten: true));

    /// <summary>Counts a once-script as done without running it. Null, or why that cannot be written.</summary>
    public string? Mark(UpgradeScript script) => _once.Add(new(RunOnceRecord.Upgrade, script.Name, script.Sha256, _time.GetUtcNow(), null));

    /// <summary>Keeps that an admin left a script out. Null, or why that cannot be written.</summary>
    public string? LeftOut(string name, string why, string upgrade) => _once.Add(new(RunOnceRecord.Upgrade, name, null, _time.GetUtcNow(), upgrade, LeftOut: why));

    /// <summary>A start of an upgrade begins: a new one, or one more of the open one. Null, or why that cannot be written.</summary>
    public string? Begin(UpgradeProgress progress)
    {
        _id = progress.Id;
        return Line(json =>
        {
            json.WriteString("upgrade"u8, progress.Id);
            json.WriteString("begun"u8, progress.Begun.UtcDateTime);
            if (progress.ByRun is not null)
                json.WriteString("by_run"u8, progress.ByRun);
            json.WriteNumber("attempt"u8, progress.Attempt);
            json.WriteStartObject("left_out"u8);
            foreach ((string name, string why) in progress.Skipped)
                json.WriteString(name, why);
            json.WriteEndObject();
        });
    }

    /// <inheritdoc/>
    public ValueTask<string?> Enter(Band band) => new(Line(json => json.WriteString("enter"u8, band.Name)));

    /// <inheritdoc/>
    public ValueTask<string?> Finish(string name) => new(Line(json => json.WriteString("done"u8, name)));

    /// <inheritdoc/>
    public ValueTask<string?> FinishOnce(UpgradeScript script) => new(_once.Add(new(RunOnceRecord.Upgrade, script.Name, script.Sha256, _time.GetUtcNow(), _id)));

    /// <inheritdoc/>
    public ValueTask<string?> Leave(Band band) => new(Line(json => json.WriteString("leave"u8, band.Name)));

    /// <inheritdoc/>
    public void Dispose()
    {
        _open.Dispose();
        _once.Dispose();
    }

    /// <summary>Nothing is open any more. Null, or why that cannot be written: then the next start goes on with nothing to do, and closes.</summary>
    public string? Close()
    {
        _open.Dispose();
        return DurableFile.Remove(_path, Setting)?.Why;
    }

    private string? Line(Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        return _open.Append(buffer.WrittenSpan);
    }

    /// <summary>Puts the lines of an open upgrade together.</summary>
    private sealed class OpenUpgrade
    {
        private readonly HashSet<string> _finished = [], _entered = [], _left = [];
        private readonly Dictionary<string, string> _skipped = [];
        private string? _id, _byRun;
        private DateTimeOffset _begun;
        private int _attempt;

        /// <summary>Null, or what is wrong with the line.</summary>
        internal string? Take(string line)
        {
            var fields = new JsonFields();
            using JsonDocument? document = fields.Parse(System.Text.Encoding.UTF8.GetBytes(line));
            if (document is null)
                return fields.Complaint;
            JsonElement root = document.RootElement;
            if (root.TryGetProperty("upgrade", out _))
                return Begin(root, fields);
            if (_id is null)
                return "the first line does not say which upgrade it is";
            foreach ((string name, HashSet<string> set) in (ReadOnlySpan<(string, HashSet<string>)>)[("enter", _entered), ("done", _finished), ("leave", _left)])
            {
                if (!root.TryGetProperty(name, out _))
                    continue;
                set.Add(fields.Text(root, name));
                return fields.Complaint;
            }

            return "says nothing that is known";
        }

        internal UpgradeProgress? Progress() => _id is null ? null : new(_id, _begun, _byRun, _attempt, _finished, _skipped, _entered, _left);

        private string? Begin(JsonElement root, JsonFields fields)
        {
            _id = fields.Text(root, "upgrade");
            _byRun = fields.OptionalText(root, "by_run");
            if (!root.TryGetProperty("begun", out JsonElement begun) || begun.ValueKind != JsonValueKind.String || !begun.TryGetDateTimeOffset(out _begun)
                || !root.TryGetProperty("attempt", out JsonElement attempt) || attempt.ValueKind != JsonValueKind.Number || !attempt.TryGetInt32(out _attempt)
                || !root.TryGetProperty("left_out", out JsonElement skipped) || skipped.ValueKind != JsonValueKind.Object)
            {
                return "does not say when the upgrade was begun, which start it is and what is left out";
            }

            foreach (JsonProperty one in skipped.EnumerateObject())
                _skipped[one.Name] = one.Value.ValueKind == JsonValueKind.String ? one.Value.GetString()! : "";
            return fields.Complaint;
        }
    }
}
