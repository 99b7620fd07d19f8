using System.Buffers;
using System.Text;
using System.Text.Json;
using DlmUpdater.Cli;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Logging;
using DlmUpdater.State;
using DlmUpdater.Tests.Logging;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Cli;

/// <summary>Every report and every shape of the log, fed with text that somebody else has chosen: holders at a lock service, its words, names and headers of
/// scripts, what they print, state, history, configuration.</summary>
public sealed class HostileReportsTests
{
    private static string Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = PlainJson.Encoder }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        string text = Encoding.UTF8.GetString(buffer.WrittenSpan);
        JsonDocument.Parse(text).Dispose();
        return text;
    }

    [Fact]
    public void Status_shows_no_raw_control()
    {
        foreach (StatusFacts facts in Hostile.Every<StatusFacts>())
        {
            Hostile.AssertPlain(StatusReport.Text(facts).ToString(), facts.Shown);
            Hostile.AssertPlain(Json(json => StatusReport.WriteJson(json, facts)), facts.Shown);
        }
    }

    [Fact]
    public void Plan_shows_no_raw_control()
    {
        foreach (PlanFacts facts in Hostile.Every<PlanFacts>())
        {
            Hostile.AssertPlain(PlanReport.Text(facts).ToString(), facts.Plan);
            Hostile.AssertPlain(Json(json => PlanReport.WriteJson(json, facts)), facts.Plan);
        }
    }

    [Fact]
    public void Check_history_and_lock_show_no_raw_control()
    {
        foreach (Finding finding in Hostile.Every<Finding>())
        {
            Hostile.AssertPlain(CheckReport.Text([finding]).ToString(), "check");
            Hostile.AssertPlain(Json(json => CheckReport.WriteJson(json, [finding])), "check");
        }

        foreach (HistoryRecord record in Hostile.Every<HistoryRecord>()) Hostile.AssertPlain(HistoryVerb.Table([record]).ToString(), "history");
        LockIdentity identity = Hostile.Every<LockIdentity>().First();
        foreach (LockView view in Hostile.Every<LockView>())
        {
            Hostile.AssertPlain(LockReport.Text(identity, view).ToString(), "lock show");
            Hostile.AssertPlain(LockReport.Table([view], "x").ToString(), "lock list");
            Hostile.AssertPlain(Json(json => LockReport.Write(json, identity, view)), "lock show");
        }

        foreach (EventsReply.Told told in Hostile.Every<EventsReply.Told>()) Hostile.AssertPlain(LockReport.Table(told).ToString(), "lock events");
    }

    [Theory]
    [InlineData(LogFormat.Text, false)]
    [InlineData(LogFormat.Text, true)]
    [InlineData(LogFormat.Json, false)]
    [InlineData(LogFormat.Json, true)]
    [InlineData(LogFormat.Python, false)]
    public void Every_event_of_a_run_and_of_an_upgrade_is_logged_without_raw_controls(LogFormat format, bool toJournal)
    {
        RunEvent[] events = [.. Hostile.Every<RunEvent>()];
        Assert.True(events.Select(e => e.GetType()).Distinct().Count() > 10);
        foreach (RunEvent happened in events)
        {
            Hostile.AssertPlain(Log(format, toJournal, log =>
            {
                log.RunId = Hostile.Text;
                new RunLog(log, CheckRule.Answers, new FakeTimeProvider()).On(happened);
                log.Script(Hostile.Text, Hostile.Text, Hostile.Text);
                log.Final(LogLevel.Error, Hostile.Text, Hostile.Text);
            }), happened.GetType());
        }

        foreach (UpgradeEvent happened in Hostile.Every<UpgradeEvent>())
        {
            Hostile.AssertPlain(Log(format, toJournal, log =>
            {
                using var progress = new Progress(null, null, null, Redactor.None, new FakeTimeProvider());
                new UpgradeLog(log, progress, new FakeTimeProvider()).On(happened);
            }), happened.GetType());
        }
    }

    private static string Log(LogFormat format, bool toJournal, Action<Log> say)
    {
        using var pipe = new Captured();
        using (var log = new Log(new LogSettings { Format = format, Level = LogLevel.Debug }, Redactor.None,
            new StandardError(pipe.Fd, toJournal ? ErrorReader.Journal : ErrorReader.Pipe), new FakeTimeProvider())) say(log);
        return pipe.End();
    }
}
