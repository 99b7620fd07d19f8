using System.Collections.Immutable;
using System.Text.Json;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Scripts;

namespace DlmUpdater.Cli;

/// <summary>What an upgrade would do and has done; runs nothing.</summary>
internal static class UpgradeReports
{
    /// <summary>Every script: number, name, band, whether it is done, what it does.</summary>
    internal static int Describe(UpgradeCall call, OutputFormat output)
    {
        if (UpgradeFacts.Gather(call.Config, call.Choice, out int code, Unsound.Show) is not { } facts) return code;
        if (output == OutputFormat.Json)
        {
            Report.Json(json => Write(json, facts));
        }
        else
        {
            var text = new ShownText();
            foreach (UpgradeStep step in facts.Plan.Steps)
            {
                text.Append($"{step.Script.Number:0000}  {step.Script.Name}  [{step.Band.Name}]  {(step.Script.RunsOnce ? "once" : "every time")}, {State(step)}\n");
                if ((step.Script.Header.Description ?? step.Script.Header.Title) is { } what) text.Append($"      {what}\n");
            }

            Report.Text(text.IsEmpty ? $"there are no scripts\n" : text);
        }

        foreach (string warning in facts.Warnings) StandardStreams.WriteError("dlm-updater: warning: " + warning);
        return facts.Refused() ?? 0;
    }

    /// <summary>What would run, in order, with the services in between.</summary>
    internal static int DryRun(UpgradeCall call)
    {
        if (UpgradeFacts.Gather(call.Config, call.Choice, out int code, Unsound.Show) is not { } facts) return code;
        if (facts.Refused() is { } refused) return refused;
        foreach (string warning in facts.Warnings) StandardStreams.WriteError("dlm-updater: warning: " + warning);
        if (facts.Open is null && facts.Plan.Count == 0) return Report.Text($"nothing to do\n");
        var text = new ShownText();
        foreach (Band band in facts.Plan.Bands)
        {
            UpgradeStep[] steps = [.. facts.Plan.In(band)];
            if (facts.Open?.Left.Contains(band.Name) == true || (band.State == BandState.Down && steps.Length == 0 && facts.Open?.Entered.Contains(band.Name) != true)) continue;
            text.Append($"band {band.Name} ({band.From}-{band.To})\n");
            Beside(text, facts, band.BeforeDirectory);
            foreach (string service in band.Services) text.Append($"  {(band.State == BandState.Up ? "start" : "stop")} {service}\n");
            foreach (Proof proof in band.Ready) text.Append($"  wait for {(proof.Service is null ? "" : proof.Service + ": ")}{proof}\n");
            foreach (UpgradeStep step in steps) text.Append($"  run {step.Script.Name}{(step.Script.RunsOnce ? " (once)" : "")}\n");
            Beside(text, facts, band.AfterDirectory);
        }

        foreach (string skipped in facts.Found.Skipped) text.Append($"passed over {skipped}\n");
        return Report.Text(text);
    }

    /// <summary>For needs_update.d: 0 no, 1 yes, 126 no answer.</summary>
    internal static int Pending(string config)
    {
        const int No = 0, Yes = 1, NoAnswer = 126;
        if (UpgradeFacts.Gather(config, new UpgradeChoice(), out _, Unsound.Show) is not { } facts || facts.Refused() is not null) return NoAnswer;
        string[] due = [.. facts.Plan.Steps.Where(s => s is { Fate: Fate.Run, Script.RunsOnce: true }).Select(s => s.Script.Name)];
        if (facts.Open is { } open) Report.Text($"the upgrade of {LockReport.Time(open.Begun)} is open\n");
        foreach (string name in due) Report.Text($"{name}\n");
        return Report.IsCut ? NoAnswer : due.Length > 0 || facts.Open is not null ? Yes : No;
    }

    /// <summary>The record, line by line.</summary>
    internal static int History(string config, OutputFormat output)
    {
        if (Setup.LoadWithoutLock(config, Unsound.Show) is not { Settings: { } settings }) return Ending.Misconfigured.Code();
        using var record = new RunOnceRecord(UpgradeFacts.HistoryPath(settings));
        if (record.Read(out string? why) is not { } all) return Setup.Fail(Ending.NotWritable, why!);
        RunOnceLine[] lines = [.. all.Where(l => l.Stage is null or RunOnceRecord.Upgrade)];
        if (output == OutputFormat.Json)
        {
            return Report.Json(json =>
            {
                json.WriteStartArray("scripts");
                foreach (RunOnceLine line in lines) Write(json, line);
                json.WriteEndArray();
            });
        }

        var text = new ShownText();
        foreach (RunOnceLine line in lines)
            text.Append($"{(line.Time is { } at ? LockReport.Time(at) : "-"),-20}  {Said(line),-10}  {line.Name}{(line.LeftOut is { } by ? $" ({by})" : "")}\n");
        return Report.Text(text.IsEmpty ? $"no script that runs once is done yet\n" : text);
    }

    private static string Said(RunOnceLine line) =>
        line.LeftOut is not null ? "left out" : line.IsForgotten ? "run again" : line.Stage is null ? "done" : line.RunId is null ? "marked" : "done";

    private static string State(UpgradeStep step) => step.Fate switch
    {
        Fate.Run => "to run",
        Fate.DoneBefore or Fate.Finished => step.Why,
        _ => "not run: " + step.Why,
    };

    private static void Beside(ShownText text, UpgradeFacts facts, string directory)
    {
        foreach (Script script in facts.Found.Beside.GetValueOrDefault(directory) ?? [])
        {
            if (facts.Open?.Finished.Contains($"{directory}/{script.Name}") != true) text.Append($"  run {directory}/{script.Name}\n");
        }
    }

    private static void Write(Utf8JsonWriter json, UpgradeFacts facts)
    {
        json.WriteBoolean("open", facts.Open is not null);
        json.WriteBoolean("due", facts.Plan.IsDue || facts.Open is not null);
        json.WriteStartArray("scripts");
        foreach (UpgradeStep step in facts.Plan.Steps)
        {
            json.WriteStartObject();
            json.WriteNumber("number", step.Script.Number);
            json.WriteString("name", step.Script.Name);
            json.WriteString("path", step.Script.Script.Path);
            json.WriteString("band", step.Band.Name);
            json.WriteBoolean("once", step.Script.RunsOnce);
            json.WriteBoolean("runs", step.Fate == Fate.Run);
            if (step.Fate != Fate.Run) json.WriteString("why_not", step.Why);
            if (step.Script.Header.Description is { } what) json.WriteString("description", what);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Write(json, "complaints", facts.Complaints);
        Write(json, "warnings", facts.Warnings);
    }

    private static void Write(Utf8JsonWriter json, string name, ImmutableArray<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, RunOnceLine line)
    {
        json.WriteStartObject();
        json.WriteString("name", line.Name);
        json.WriteString("what", Said(line).Replace(' ', '_'));
        if (line.Time is { } at) json.WriteTime("time"u8, at);
        if (line.Sha256 is { } hash) json.WriteString("sha256", hash);
        if (line.RunId is { } id) json.WriteString("upgrade", id);
        if (line.LeftOut is { } by) json.WriteString("by", by);
        json.WriteEndObject();
    }
}
