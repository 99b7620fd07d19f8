using System.CommandLine;
using System.Text;
using DlmUpdater.Configuration;
using DlmUpdater.Configuration.Adopted;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater import FILE</c>: an older tool's configuration in this program's own words, each value with the place that it came from. Loses
/// nothing silently: what cannot be taken over is in the text too.</summary>
internal static class ImportVerb
{
    internal static Command Build()
    {
        var file = new Argument<string>("FILE")
        {
            Description = "config.ini of foreman_dlm_updater, .env or config.ini of DLMEngineUpdater, update.conf of locksmithd, or the script updatelock",
        };
        var write = new Option<string?>("--write") { Description = "Write it to this file, which must not exist, with mode 0600; else it is printed, without secrets", HelpName = "FILE" };
        var command = new Command("import", "Translate the configuration of the tool that was here before") { file, write };
        command.SetAction(parsed => Import(parsed.GetValue(file)!, parsed.GetValue(write)));
        return command;
    }

    private static int Import(string file, string? write)
    {
        if (WorkingDirectory.For(file, out string noDirectory) is not { } directory) return Setup.Fail(Ending.Misconfigured, noDirectory);
        TranslatedConfiguration translated = ConfigurationLoader.Translate(file, directory);
        string text = Text(translated, file, withSecrets: write is not null);
        foreach (Complaint complaint in translated.Complaints) StandardStreams.WriteError("dlm-updater: " + complaint.Text);
        if (translated.Values.IsEmpty) return Setup.Fail(Ending.Misconfigured, $"{file} holds nothing that could be taken over");
        bool complete = !translated.Complaints.Any(c => c.Severity == Severity.Error);
        if (write is null) return Report.Text(ShownText.OfLines(text)) is var code && complete ? code : Incomplete(file);

        if (WorkingDirectory.Absolute(write, out string noPath) is not { } path) return Setup.Fail(Ending.Misconfigured, noPath);
        if (Path.Exists(path)) return Setup.Fail(Ending.NotWritable, $"{path} exists and is left alone: name another file, or move it away");
        if (DurableFile.Replace(path, Encoding.UTF8.GetBytes(text), "--write") is { } no) return Setup.Fail(Ending.NotWritable, no.Why);
        StandardStreams.WriteError($"dlm-updater: written to {path}: look it through, then 'dlm-updater check --config {path}'");
        return complete ? 0 : Incomplete(file);
    }

    private static int Incomplete(string file) =>
        Setup.Fail(Ending.Misconfigured, $"not everything in {file} could be taken over: the lines above, and in the text, say what and why");

    private static string Text(TranslatedConfiguration translated, string file, bool withSecrets)
    {
        var text = new StringBuilder($"# Translated by 'dlm-updater import' from {Display.Plain(file)} of {translated.Tool.Name()}.\n");
        foreach (Complaint complaint in translated.Complaints) text.Append($"# {(complaint.Severity == Severity.Error ? "NOT TAKEN OVER" : "NOTE")}: {complaint.Text}\n");
        string section = "";
        foreach ((SettingKey key, ConfiguredValue value) in translated.Values.All())
        {
            if (key.Section != section) text.Append($"\n[{section = key.Section}]\n");
            text.Append($"# {Source(value)}\n");
            if (key.IsSecret && !withSecrets)
                text.Append($"# It is not shown here. Put it into a file with mode 0600, or let --write take it over.\n{key.Key}_file = /etc/dlm-updater/{section}.secret\n");
            else
                text.Append($"{key.Key} = {value.Text}\n");
        }

        return text.ToString();
    }

    private static string Source(ConfiguredValue value) => value.Place switch
    {
        { IsImplied: true, Origin: { } origin } => origin,
        { Origin: { } name } place => $"{name} ({place})",
        var place => $"[{value.Written.Section}] {value.Written.Key} ({place})",
    };
}
