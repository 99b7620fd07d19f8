using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.State;

/// <summary>A script that ran, as the history keeps it.</summary>
/// <param name="Phase">The phase it ran in.</param>
/// <param name="Name">Its name in its stage.</param>
/// <param name="ExitCode">What a shell would show: 124 for a timeout, 128 + signal.</param>
/// <param name="Duration">How long it ran.</param>
internal sealed record HistoryScript(string Phase, string Name, int ExitCode, TimeSpan Duration);

/// <summary>One start of the agent that did something, for <c>history</c>. One line of JSON; its field names are a contract.</summary>
internal sealed record HistoryRecord
{
    /// <summary>The run's id; null if the start ended before there was a run.</summary>
    internal string? RunId { get; init; }

    /// <summary>Which start of the run; 0 without a run.</summary>
    internal int Attempt { get; init; }

    /// <summary>When this start began.</summary>
    internal required DateTimeOffset Started { get; init; }

    /// <summary>When it ended.</summary>
    internal required DateTimeOffset Ended { get; init; }

    /// <summary>The kind of end.</summary>
    internal required Ending Ending { get; init; }

    /// <summary>The exit code.</summary>
    internal required int ExitCode { get; init; }

    /// <summary>The phase it ended in; null if it ended before any.</summary>
    internal Phase? Phase { get; init; }

    /// <summary>What was said at the end.</summary>
    internal string Message { get; init; } = "";

    /// <summary>True if the run stayed open.</summary>
    internal bool StateKept { get; init; }

    /// <summary>The lock; null without one.</summary>
    internal LockIdentity? Lock { get; init; }

    /// <summary>How long this start waited for the lock.</summary>
    internal TimeSpan Waited { get; init; }

    /// <summary>Why the run went without a lock; null if it had one.</summary>
    internal string? Waiver { get; init; }

    /// <summary>The scripts that this start ran, in order.</summary>
    internal ImmutableArray<HistoryScript> Scripts { get; init; } = [];

    /// <summary>The line, with its end.</summary>
    internal byte[] ToLine()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
            WriteTo(json);
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Writes it as one JSON object, for the file and for <c>history --output json</c>.</summary>
    internal void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("run_id"u8, RunId);
        json.WriteNumber("attempt"u8, Attempt);
        json.WriteTime("started"u8, Started);
        json.WriteTime("ended"u8, Ended);
        json.WriteString("ending"u8, EndingNames.Name(Ending));
        json.WriteNumber("exit_code"u8, ExitCode);
        json.WriteString("phase"u8, Phase?.Name());
        json.WriteString("message"u8, Message);
        json.WriteBoolean("state_kept"u8, StateKept);
        if (Lock is { } identity)
        {
            json.WriteStartObject("lock"u8);
            json.WriteString("service"u8, identity.Service);
            json.WriteString("name"u8, identity.Name);
            json.WriteString("holder"u8, identity.Holder);
            json.WriteEndObject();
        }
        json.WriteNumber("waited_seconds"u8, JsonFields.ToSeconds(Waited));
        json.WriteString("waiver"u8, Waiver);
        json.WriteStartArray("scripts"u8);
        foreach (HistoryScript script in Scripts)
        {
            json.WriteStartObject();
            json.WriteString("phase"u8, script.Phase);
            json.WriteString("name"u8, script.Name);
            json.WriteNumber("exit"u8, script.ExitCode);
            json.WriteNumber("seconds"u8, JsonFields.ToSeconds(script.Duration));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Reads a line; null if it is torn or not ours.</summary>
    internal static HistoryRecord? FromLine(ReadOnlyMemory<byte> line)
    {
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(line);
        if (document is null)
            return null;
        JsonElement root = document.RootElement;
        Phase phase = default;
        string? phaseName = fields.OptionalText(root, "phase");
        if (phaseName is not null && !PhaseNames.TryParse(phaseName, out phase))
            return null;
        if (!EndingNames.TryParse(fields.Text(root, "ending"), out Ending ending))
            return null;
        var record = new HistoryRecord
        {
            RunId = fields.OptionalText(root, "run_id"),
            Attempt = (int)fields.Number(root, "attempt", 0, int.MaxValue),
            Started = fields.Time(root, "started"),
            Ended = fields.Time(root, "ended"),
            Ending = ending,
            ExitCode = (int)fields.Number(root, "exit_code", 0, 255),
            Phase = phaseName is null ? null : phase,
            Message = fields.OptionalText(root, "message") ?? "",
            StateKept = fields.Flag(root, "state_kept"),
            Lock = fields.OptionalObject(root, "lock") is { } held
                ? new LockIdentity(fields.Text(held, "service"), fields.OptionalText(held, "name") ?? "", fields.Text(held, "holder"))
                : null,
            Waited = fields.Seconds(root, "waited_seconds"),
            Waiver = fields.OptionalText(root, "waiver"),
            Scripts = [.. fields.Objects(root, "scripts").Select(s => new HistoryScript(
                fields.Text(s, "phase"), fields.Text(s, "name"),
                (int)fields.Number(s, "exit", int.MinValue, int.MaxValue), fields.Seconds(s, "seconds")))],
        };
        return fields.Complaint is null ? record : null;
    }
}
