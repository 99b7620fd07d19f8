using System.CommandLine;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Logging;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater history</c>: what the past starts did.</summary>
internal static class HistoryVerb
{
    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        Option<OutputFormat> output = CommonOptions.Output();
        var last = new Option<int>("--last") { Description = "How many starts to show, the newest last", HelpName = "N", DefaultValueFactory = _ => 20 };
        last.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out int number) || number < 1)) result.AddError("--last wants a number from 1");
        });
        var command = new Command("history", "Show what the past starts did; those with nothing to do are not kept") { config, output, last };
        command.SetAction(parsed => Show(parsed.GetValue(config)!, parsed.GetValue(output), parsed.GetValue(last)));
        return command;
    }

    private static int Show(string config, OutputFormat output, int last)
    {
        if (Setup.Load(config, SecretUse.None, Unsound.Show) is not { Settings: { } settings }) return Ending.Misconfigured.Code();
        HistoryReading reading = new History(History.PathIn(settings.Paths.StateDirectory)).Read(last);
        if (reading.Why is { } why) return Setup.Fail(Ending.NotWritable, why);
        if (reading.Skipped > 0) StandardStreams.WriteError($"dlm-updater: {reading.Skipped} line(s) of the history could not be read and are left out");

        if (output == OutputFormat.Json)
        {
            return Report.Json(json =>
            {
                json.WriteNumber("skipped", reading.Skipped);
                json.WriteStartArray("starts");
                foreach (HistoryRecord record in reading.Records) record.WriteTo(json);
                json.WriteEndArray();
            });
        }

        return Report.Text(reading.Records.Count == 0 ? $"no start has done anything yet\n" : Table(reading.Records));
    }

    /// <summary>One line for each start.</summary>
    internal static ShownText Table(IReadOnlyList<HistoryRecord> records)
    {
        ShownText text = $"{"ENDED",-20}  {"TOOK",8}  {"RUN",-8}  {"START",5}  {"PHASE",-12}  {"EXIT",4}  MESSAGE\n";
        foreach (HistoryRecord r in records)
        {
            text.Append($"{r.Ended.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}  {Human.Duration(r.Ended - r.Started),8}  {Short(r.RunId),-8}  {r.Attempt,5}  ")
                .Append($"{r.Phase?.Name() ?? "-",-12}  {r.ExitCode,4}  {r.Message}\n");
        }

        return text;
    }

    private static string Short(string? runId) => runId is null ? "-" : runId.Length > 8 ? runId[..8] : runId;
}
