using System.Collections.Immutable;
using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Logging;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Logging;

/// <summary>The lines that [notify] command reads are a contract.</summary>
public sealed class NotifyEventsTests
{
    private static readonly LockIdentity Lock = new("file", "web", "host-1");
    private static readonly Script Script = new(ScriptStage.Update, "10-x", "/s/update.d/10-x", ScriptHeader.None, null, null);

    private readonly StringBuilder _sent = new();
    private readonly NotifyEvents _events;

    public NotifyEventsTests() => _events = new NotifyEvents(
        new Redactor(ImmutableArray.Create("hunter2")), bytes => _sent.Append(Encoding.UTF8.GetString(bytes)), new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 2, 3, 4, 567, TimeSpan.Zero)));

    [Fact]
    public void Every_event_has_its_line()
    {
        _events.On(new RunEvent.Started("r1", 1, false, Phase.NeedsUpdate));
        _events.On(new RunEvent.PhaseEntered("r1", Phase.Update, default));
        _events.On(new RunEvent.ScriptSkipped(Phase.Update, Script, "done before"));
        _events.On(new RunEvent.ScriptStarting(Phase.Update, Script, 1, 2));
        _events.On(new RunEvent.ScriptEnded(Phase.Update, Script, new ScriptResult.Exited(7, TimeSpan.FromSeconds(1.25))));
        _events.On(new RunEvent.LockHeld(Lock, TimeSpan.Zero, false));
        _events.On(new RunEvent.LockWaiting(Lock, "held by x", [], TimeSpan.Zero));
        _events.On(new RunEvent.LockReleased(Lock, "released"));
        _events.On(new RunEvent.Waived("[reboot] strategy = reboot"));
        _events.On(new RunEvent.Ended(new RunReport(Ending.ScriptFailed, "x failed with hunter2", "r1", 1, Phase.Update, true)));
        _events.On(new RunEvent.Note("a line of the log, too"));
        _events.On(new RunEvent.Started("r1", 2, true, Phase.Update));

        const string T = "\"time\":\"2026-11-23T02:03:04.567Z\"";
        Assert.Equal(
            [
                $$"""{"event":"started",{{T}},"phase":"needs_update","run_id":"r1","attempt":1}""",
                $$"""{"event":"phase_entered",{{T}},"phase":"update","run_id":"r1"}""",
                $$"""{"event":"script_skipped",{{T}},"phase":"update","run_id":"r1","stage":"update","script":"/s/update.d/10-x","message":"done before"}""",
                $$"""{"event":"script_starting",{{T}},"phase":"update","run_id":"r1","stage":"update","script":"/s/update.d/10-x","index":1,"count":2}""",
                $$"""{"event":"script_ended",{{T}},"phase":"update","run_id":"r1","stage":"update","script":"/s/update.d/10-x","message":"exit code 7","exit_code":7,"seconds":1.25}""",
                $$"""{"event":"lock_held",{{T}},"run_id":"r1","lock":"web","service":"file","holder":"host-1"}""",
                $$"""{"event":"lock_waiting",{{T}},"run_id":"r1","lock":"web","service":"file","holder":"host-1","message":"held by x"}""",
                $$"""{"event":"lock_released",{{T}},"run_id":"r1","lock":"web","service":"file","holder":"host-1","message":"released"}""",
                $$"""{"event":"waived",{{T}},"run_id":"r1","message":"[reboot] strategy = reboot"}""",
                $$"""{"event":"ended",{{T}},"phase":"update","run_id":"r1","message":"x failed with ***","exit_code":1,"run_open":true}""",
                $$"""{"event":"resumed",{{T}},"phase":"update","run_id":"r1","attempt":2}""",
            ],
            _sent.ToString().TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void A_line_of_the_log_is_one_line_whatever_it_holds()
    {
        _events.OnLog(new LogRecord(new DateTimeOffset(2026, 11, 23, 2, 3, 4, TimeSpan.Zero), LogLevel.Warning, "two\nlines \"q\"", "update", "10-x", "r1", true));
        Assert.Equal("""{"event":"log","time":"2026-11-23T02:03:04.000Z","level":"warning","message":"two\nlines \"q\"","phase":"update","script":"10-x","run_id":"r1","output":true}""" + "\n", _sent.ToString());
    }
}
