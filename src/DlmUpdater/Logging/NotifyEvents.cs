using System.Buffers;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>What <c>[notify] command</c> reads: one JSON object a line, for each line of the log (<c>"event":"log"</c>) and for each event of the run. The field
/// names are a contract. Secrets are removed.</summary>
/// <param name="redactor">Removes secrets from what events say.</param>
/// <param name="send">Gets each line, its newline included; must not block and must not log.</param>
/// <param name="clock">The time of an event.</param>
internal sealed class NotifyEvents(Redactor redactor, Action<byte[]> send, TimeProvider clock) : IRunEvents
{
    private static readonly JsonWriterOptions Options = new() { Encoder = PlainJson.Encoder, SkipValidation = true };

    private string? _runId;

    /// <summary>A line of the log.</summary>
    internal void OnLog(LogRecord record) => Write("log", json => LogLine.Fields(json, record));

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.Started e:
                _runId = e.RunId;
                Event(e.Resumed ? "resumed" : "started", e.Phase, json => json.WriteNumber("attempt"u8, e.Attempt));
                break;
            case RunEvent.PhaseEntered e:
                _runId = e.RunId;
                Event("phase_entered", e.Phase, null);
                break;
            case RunEvent.ScriptSkipped e:
                Event("script_skipped", e.Phase, json => Script(json, e.Script, e.Why));
                break;
            case RunEvent.ScriptStarting e:
                Event("script_starting", e.Phase, json =>
                {
                    Script(json, e.Script, null);
                    json.WriteNumber("index"u8, e.Index);
                    json.WriteNumber("count"u8, e.Count);
                });
                break;
            case RunEvent.ScriptEnded e:
                Event("script_ended", e.Phase, json =>
                {
                    Script(json, e.Script, e.Result.Describe());
                    json.WriteNumber("exit_code"u8, e.Result.ShellCode);
                    json.WriteNumber("seconds"u8, Math.Round(e.Result.Duration.TotalSeconds, 3));
                });
                break;
            case RunEvent.LockHeld e:
                Event("lock_held", null, json => Lock(json, e.Lock, null));
                break;
            case RunEvent.LockWaiting e:
                Event("lock_waiting", null, json => Lock(json, e.Lock, e.Why));
                break;
            case RunEvent.BootWaiting e:
                Event("boot_waiting", null, json => Text(json, e.Why));
                break;
            case RunEvent.LockReleased e:
                Event("lock_released", null, json => Lock(json, e.Lock, e.How));
                break;
            case RunEvent.Waived e:
                Event("waived", null, json => Text(json, e.Reason));
                break;
            case RunEvent.Ended e:
                Event("ended", e.Report.Phase, json =>
                {
                    Text(json, e.Report.Message);
                    json.WriteNumber("exit_code"u8, e.Report.Ending.Code());
                    json.WriteBoolean("run_open"u8, e.Report.StateKept);
                });
                break;
        }
    }

    private void Event(string name, Phase? phase, Action<Utf8JsonWriter>? fields) => Write(name, json =>
    {
        json.WriteTime("time"u8, clock.GetUtcNow());
        if (phase is { } where) json.WriteString("phase"u8, where.Name());
        if (_runId is { } run) json.WriteString("run_id"u8, run);
        fields?.Invoke(json);
    });

    private void Script(Utf8JsonWriter json, Script script, string? message)
    {
        json.WriteString("stage"u8, script.Stage.Name());
        json.WriteString("script"u8, script.Path);
        Text(json, message);
    }

    private void Lock(Utf8JsonWriter json, LockIdentity identity, string? message)
    {
        json.WriteString("lock"u8, identity.Name);
        json.WriteString("service"u8, identity.Service);
        json.WriteString("holder"u8, identity.Holder);
        Text(json, message);
    }

    private void Text(Utf8JsonWriter json, string? message)
    {
        if (message is not null) json.WriteString("message"u8, redactor.Redact(LogText.Plain(message)));
    }

    private void Write(string name, Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("event"u8, name);
            fields(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        send(buffer.WrittenSpan.ToArray());
    }
}
