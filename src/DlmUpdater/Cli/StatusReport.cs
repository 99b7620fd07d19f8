using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Logging;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary>The two shapes of <c>status</c>. The JSON field names are a contract.</summary>
internal static class StatusReport
{
    internal static ShownText Text(StatusFacts facts)
    {
        var text = new ShownText();
        void Line(string label, string value) => text.Append($"{label,-8}  {value}\n");

        Line("phase", facts.PhaseName + (facts.Open is { } open ? $", since {LockReport.Time(open.PhaseSince)} ({Human.Duration(facts.Now - open.PhaseSince)})" : ""));
        if (facts.Open is { } run)
        {
            Line("run", $"{run.RunId}, start {run.Attempt}, begun {LockReport.Time(run.Started)}");
            foreach (FinishedScript done in run.Finished) Line("", $"done: {done.Name}, exit code {done.ExitCode}, {Human.Duration(done.Duration)}");
            if (run.Reboot is { } reboot) Line("reboot", $"requested {reboot.Requests} time(s), first {LockReport.Time(reboot.FirstAt)}");
            if (run.Waiver is { } waiver) Line("waiver", $"WITHOUT THE LOCK since {LockReport.Time(waiver.Since)}: {waiver.Reason}");
        }

        if (facts.Running is { } now) Line("running", $"{now.Describe()}{(now.ScriptStarted is { } since ? ", for " + Human.Duration(facts.Now - since) : "")} (pid {now.Pid})");
        if (facts.Strangers is { } strangers) Line("blocked", $"{strangers} has an flock on the instance lock's file and is not an instance: end that process");
        if (facts.Upgrade is { } upgrade)
            Line("upgrade", $"open since {LockReport.Time(upgrade.Begun)}, start {upgrade.Attempt}, {(upgrade.ByRun is null ? "begun by hand: 'dlm-updater upgrade' goes on" : "part of the run " + upgrade.ByRun)}");
        if (facts.Lock is { } identity) Line("lock", $"{identity.Name} at {identity.Service}: {Shown(facts.Shown)}");
        if (facts.Last is { } last) Line("last", $"{LockReport.Time(last.When)}, exit code {last.ExitCode}: {last.Message}");
        else if (facts.LastRecord is { } record) Line("last", $"{LockReport.Time(record.Ended)}, exit code {record.ExitCode}: {record.Message}");
        Line("next", facts.Next);
        if (facts.WhyIdle is { } why) Line("why", why);
        if (facts.Unreadable.Count > 0) Line("unread", $"only root can read {string.Join(", ", facts.Unreadable)}: run 'status' as root");
        return text;
    }

    internal static void WriteJson(Utf8JsonWriter json, StatusFacts facts)
    {
        json.WriteString("phase", facts.PhaseName);
        json.WriteTime("phase_since"u8, facts.Open?.PhaseSince);
        json.WriteString("run_id", facts.Open?.RunId);
        json.WriteNumber("attempt", facts.Open?.Attempt ?? 0);
        json.WriteTime("started"u8, facts.Open?.Started);
        json.WriteStartArray("finished");
        foreach (FinishedScript done in facts.Open?.Finished ?? [])
        {
            json.WriteStartObject();
            json.WriteString("name", done.Name);
            json.WriteNumber("exit", done.ExitCode);
            json.WriteNumber("seconds", done.Duration.TotalSeconds);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteTime("reboot_requested"u8, facts.Open?.Reboot?.FirstAt);
        json.WriteString("waiver", facts.Open?.Waiver?.Reason);
        json.WriteTime("upgrade_open_since"u8, facts.Upgrade?.Begun);
        WriteRunning(json, facts.Running);
        json.WriteString("instance_lock_held_by", facts.Strangers);
        WriteLock(json, facts.Lock, facts.Shown);
        WriteLast(json, facts);
        json.WriteString("next", facts.Next);
        json.WriteString("why", facts.WhyIdle);
        json.WriteStartArray("unreadable");
        foreach (string path in facts.Unreadable) json.WriteStringValue(path);
        json.WriteEndArray();
    }

    private static void WriteRunning(Utf8JsonWriter json, ProgressSnapshot? running)
    {
        if (running is null)
        {
            json.WriteNull("running");
            return;
        }

        json.WriteStartObject("running");
        json.WriteNumber("pid", running.Pid);
        json.WriteString("phase", running.Phase);
        json.WriteString("script", running.Script);
        json.WriteTime("script_started"u8, running.ScriptStarted);
        json.WriteNumber("index", running.Index);
        json.WriteNumber("count", running.Count);
        json.WriteString("waiting_for", running.WaitingFor);
        json.WriteEndObject();
    }

    private static void WriteLock(Utf8JsonWriter json, LockIdentity? identity, ShowReply shown)
    {
        json.WriteStartObject("lock");
        json.WriteString("service", identity?.Service);
        json.WriteString("name", identity?.Name);
        json.WriteString("holder", identity?.Holder);
        if (shown is ShowReply.Shown { View: var view })
        {
            json.WriteNumber("slots", view.Slots);
            json.WriteBoolean("enabled", view.Enabled);
            json.WriteBoolean("held_by_us", view.HeldByUs);
            LockReport.WriteHolders(json, view);
        }
        else
        {
            json.WriteString("error", Shown(shown));
        }

        json.WriteEndObject();
    }

    private static void WriteLast(Utf8JsonWriter json, StatusFacts facts)
    {
        if (facts is { Last: null, LastRecord: null })
        {
            json.WriteNull("last");
            return;
        }

        json.WriteStartObject("last");
        json.WriteTime("ended"u8, facts.Last?.When ?? facts.LastRecord!.Ended);
        json.WriteString("ending", EndingNames.Name(facts.Last?.Ending ?? facts.LastRecord!.Ending));
        json.WriteNumber("exit_code", facts.Last?.ExitCode ?? facts.LastRecord!.ExitCode);
        json.WriteString("message", facts.Last?.Message ?? facts.LastRecord!.Message);
        json.WriteEndObject();
    }

    private static string Shown(ShowReply shown) => shown switch
    {
        ShowReply.Shown { View: var view } =>
            (view.Holders.Count == 0 ? "free" : "held by " + string.Join(", ", view.Holders.Select(LockReport.Describe))) +
            (view.Slots == 1 ? "" : $", {view.Holders.Count} of {view.Slots} slots taken") + (view.Enabled ? "" : ", switched off"),
        ShowReply.CannotTell => "this service cannot show who holds it",
        ShowReply.Refused refused => $"the service refuses this host: {refused.Why}",
        ShowReply.Unreachable away => away.Why,
        _ => "",
    };
}
