using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>The two shapes of <c>plan</c>. The JSON field names are a contract.</summary>
internal static class PlanReport
{
    internal static ShownText Text(PlanFacts facts)
    {
        var text = new ShownText();
        void Line(string label, string value) => text.Append($"{label,-8}  {value}\n");

        Line("next", facts.Next);
        Line("run", facts.Open is { } open ? $"{open.RunId}, open in phase {open.Phase.Name()} since {LockReport.Time(open.PhaseSince)}" : "none is open");
        Line("lock", facts.Lock is { } identity ? $"{identity.Name} at {identity.Service} as {identity.Holder}: {Lock(facts.Shown)}" : Lock(facts.Shown));
        Line("strategy", Strategy(facts.Strategy));
        Line("schedule", Schedule(facts));
        foreach (PlannedStage stage in facts.Stages)
        {
            // What few hosts have is not worth two lines on the others.
            if (stage.Set is not { Absent: true, Stage: ScriptStage.ExtNotify or ScriptStage.PhaseHooks }) Append(text, facts, stage);
        }

        return text;
    }

    internal static void WriteJson(Utf8JsonWriter json, PlanFacts facts)
    {
        json.WriteString("next", facts.Next);
        json.WriteNumber("exit_code", facts.Stop.Ending.Code());
        json.WriteString("phase", facts.Begin?.Name());
        json.WriteString("run_id", facts.Open?.RunId);
        json.WriteString("strategy", StrategyName(facts.Strategy));
        json.WriteStartObject("schedule");
        json.WriteBoolean("open", facts.Admission is Admission.Open);
        if (facts.Admission is Admission.Open { Until: { } until }) json.WriteTime("until"u8, until);
        else json.WriteNull("until");
        json.WriteString("date_constraint", facts.DateConstraint);
        json.WriteString("window", facts.Window);
        json.WriteString("why", Closed(facts.Admission));
        json.WriteNumber("stable_delay_seconds", Math.Round(facts.StableDelay.TotalSeconds));
        json.WriteNumber("random_delay_seconds", facts.RandomDelay.TotalSeconds);
        json.WriteEndObject();
        json.WriteStartObject("lock");
        if (facts is { Lock: { } identity, Shown: ShowReply.Shown { View: var view } }) LockReport.Write(json, identity, view);
        else json.WriteString("error", Lock(facts.Shown));
        json.WriteEndObject();
        json.WriteStartArray("reboot_command");
        foreach (string word in facts.RebootCommand) json.WriteStringValue(word);
        json.WriteEndArray();
        json.WriteStartArray("stages");
        foreach (PlannedStage stage in facts.Stages) Write(json, facts, stage);
        json.WriteEndArray();
    }

    private static void Append(ShownText text, PlanFacts facts, PlannedStage stage)
    {
        ScriptSet set = stage.Set;
        text.Append($"\n{set.Stage.DirectoryName()}  {set.Directory}{Remark(facts.Standing(set.Stage), set.Stage)}\n");
        if (set.Unusable is { } unusable) text.Append($"  MISSING  {unusable}\n");
        int width = stage.Scripts.Count == 0 ? 0 : Math.Min(40, stage.Scripts.Max(s => s.Script.Name.Length));
        bool over = facts.Standing(set.Stage) == StageStanding.Over;
        foreach (PlannedScript planned in stage.Scripts)
        {
            string mark = over ? "past" : planned.Finished is not null ? "done" : planned.DoneForEver ? "once" : "run";
            text.Append($"  {mark,-7}  {planned.Script.Name.PadRight(width)}  {Describe(planned)}\n");
        }

        if (stage.Scripts.Count == 0 && set is { Unusable: null, Refused.Count: 0 }) text.Append($"  -        {Empty(facts, set)}\n");
        foreach (Refusal refusal in set.Refused) text.Append($"  REFUSED  {refusal.Path}: {string.Join("; ", refusal.Reasons)}\n");
        foreach (string warning in set.Warnings) text.Append($"  WARNING  {warning}\n");
        foreach (string skipped in set.Skipped) text.Append($"  skipped  {skipped}\n");
    }

    private static string Describe(PlannedScript planned)
    {
        Script script = planned.Script;
        var parts = new List<string> { script.Timeout is { } limit ? $"at most {Duration.Format(limit)}" : "no timeout" };
        if (script.User is { } user) parts.Add($"as {user}");
        if (planned.Finished is { } finished) parts.Add($"recorded with exit code {finished.ExitCode}, not repeated");
        else if (planned.DoneForEver) parts.Add("run=once, done for ever");
        else if (script.Header.RunOnce) parts.Add("run=once, not done yet");
        string about = script.Header.Description ?? script.Header.Name ?? "";
        return string.Join(", ", parts) + (about.Length == 0 ? "" : $" - {about}");
    }

    private static string Empty(PlanFacts facts, ScriptSet set) => set.Stage switch
    {
        ScriptStage.NeedsUpdate => "no script: no update is ever due",
        ScriptStage.NeedsReboot => "no script: every update reboots",
        ScriptStage.Reboot => $"{(set.Absent ? "does not exist, and need not" : "no script")}: the command is {string.Join(' ', facts.RebootCommand)}",
        _ when set.Absent => "does not exist, and need not",
        _ => "no script",
    };

    private static string Remark(StageStanding standing, ScriptStage stage) => (standing, stage) switch
    {
        (StageStanding.Over, _) => "  (over in this run)",
        (StageStanding.Next, _) => "  (next)",
        (_, ScriptStage.OnFailure) => "  (only if the run stops)",
        (_, ScriptStage.ExtNotify) => "  (after every script)",
        (_, ScriptStage.PhaseHooks) => "  (before and after pre_update and post_update)",
        _ => "",
    };

    private static void Write(Utf8JsonWriter json, PlanFacts facts, PlannedStage stage)
    {
        ScriptSet set = stage.Set;
        json.WriteStartObject();
        json.WriteString("stage", set.Stage.Name());
        json.WriteString("directory", set.Directory);
        json.WriteString("standing", facts.Standing(set.Stage) switch
        {
            StageStanding.Over => "over",
            StageStanding.Next => "next",
            StageStanding.Beside => set.Stage == ScriptStage.OnFailure ? "on_failure" : "beside",
            _ => "ahead",
        });
        json.WriteBoolean("exists", !set.Absent && set.Unusable is null);
        json.WriteString("unusable", set.Unusable);
        json.WriteStartArray("scripts");
        foreach (PlannedScript planned in stage.Scripts)
        {
            Script script = planned.Script;
            json.WriteStartObject();
            json.WriteString("name", script.Name);
            json.WriteString("path", script.Path);
            if (script.Timeout is { } limit) json.WriteNumber("timeout_seconds", limit.TotalSeconds);
            else json.WriteNull("timeout_seconds");
            json.WriteString("user", script.User);
            json.WriteString("run", script.Header.RunOnce ? "once" : "always");
            json.WriteBoolean("done_for_ever", planned.DoneForEver);
            if (planned.Finished is { } finished) json.WriteNumber("finished_exit", finished.ExitCode);
            else json.WriteNull("finished_exit");
            json.WriteBoolean("will_run", planned.IsToRun && facts.Standing(set.Stage) is StageStanding.Next or StageStanding.Ahead && facts.Begin is not null);
            json.WriteString("description", script.Header.Description);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("refused");
        foreach (Refusal refusal in set.Refused)
        {
            json.WriteStartObject();
            json.WriteString("path", refusal.Path);
            Strings(json, "reasons", refusal.Reasons);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Strings(json, "skipped", set.Skipped);
        Strings(json, "warnings", set.Warnings);
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static string Lock(ShowReply shown) => shown switch
    {
        ShowReply.Shown { View: var view } => LockReport.Standing(view),
        ShowReply.CannotTell => "this service cannot show who holds it",
        ShowReply.Refused refused => $"refused: {refused.Why}",
        ShowReply.Unreachable away => away.Why,
        _ => "",
    };

    private static string Strategy(RebootStrategy strategy) => StrategyName(strategy) + strategy switch
    {
        RebootStrategy.Lock => ": nothing is touched without the lock",
        RebootStrategy.BestEffort => ": the lock, or none while its service stays unreachable",
        RebootStrategy.Reboot => ": no lock is taken",
        _ => ": no new run starts, an open one is finished",
    };

    private static string StrategyName(RebootStrategy strategy) => strategy switch
    {
        RebootStrategy.Lock => "lock",
        RebootStrategy.BestEffort => "best-effort",
        RebootStrategy.Reboot => "reboot",
        _ => "off",
    };

    private static string Schedule(PlanFacts facts)
    {
        string why = Closed(facts.Admission) ?? Rules(facts);
        string schedule = facts.Admission is Admission.Open open ? $"open{(open.Until is { } until ? $" until {LockReport.Time(until)}" : "")}: {why}" : $"closed: {why}";
        return facts.IsNew || facts.Admission is Admission.Open ? schedule : schedule + "; an open run goes on all the same";
    }

    private static string Rules(PlanFacts facts) =>
        (facts.DateConstraint is { } days ? $"today meets the date constraint {days}" : "no date constraint") + (facts.Window is { } window ? $", window {window}" : "");

    private static string? Closed(Admission admission) => admission switch
    {
        Admission.NotToday not => not.Why,
        Admission.Closed closed => closed.Why,
        _ => null,
    };
}
