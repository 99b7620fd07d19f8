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
        var write = new Option<string?>("--write") { Description = "Write it to this file, which must not exist or set nothing, with mode 0600; else it is printed, without secrets", HelpName = "FILE" };
        var command = new Command("import", "Translate the configuration of the tool that was here before") { file, write };
        command.SetAction(parsed => Import(parsed.GetValue(file)!, parsed.GetValue(write)));
        return command;
    }

    private static int Import(string file, string? write)
    {
        if (WorkingDirectory.For(file, out string noDirectory) is not { } directory) return Setup.Fail(Ending.Misconfigured, noDirectory);
        TranslatedConfiguration translated = ConfigurationLoader.Translate(file, directory);
        foreach (Complaint complaint in translated.Complaints) StandardStreams.WriteError("dlm-updater: " + complaint.Text);
        if (translated.Values.IsEmpty) return Setup.Fail(Ending.Misconfigured, $"{file} holds nothing that could be taken over");
        string? path = null;
        if (write is not null && (path = WorkingDirectory.Absolute(write, out string noPath)) is null) return Setup.Fail(Ending.Misconfigured, noPath);

        // A file that sets nothing, such as the one that the package brings, has nothing to lose.
        if (path is not null && Path.Exists(path) && !ConfigurationLoader.SetsNothing(path))
            return Setup.Fail(Ending.NotWritable, $"{path} exists and is left alone: name another file, or move it away");

        bool isComplete = !translated.Complaints.Any(IsWrong);
        byte[] text = Encoding.UTF8.GetBytes(Text(translated, file, withSecrets: true));
        if (isComplete && ConfigurationLoader.ReadBack(text, path ?? "the translation", translated) is { Count: > 0 } wrong)
        {
            foreach (string line in wrong) StandardStreams.WriteError("dlm-updater: " + line);
            return Setup.Fail(Ending.Misconfigured, $"what {file} says cannot be said here: nothing is written");
        }

        int code = path is null ? Report.Text(ShownText.OfLines(Text(translated, file, withSecrets: false))) : Write(path, text, isComplete);
        return isComplete || code != 0 ? code
            : Setup.Fail(Ending.Misconfigured, $"not everything in {file} could be taken over: the lines above say what and why; what is written is refused until they are corrected there");
    }

    private static int Write(string path, byte[] text, bool isComplete)
    {
        if (DurableFile.Replace(path, text, "--write") is { } no) return Setup.Fail(Ending.NotWritable, no.Why);
        StandardStreams.WriteError($"dlm-updater: written to {path}: {(isComplete ? "look it through" : "correct it")}, then 'dlm-updater check --config {path}'");
        return 0;
    }

    private static bool IsWrong(Complaint complaint) => complaint.Severity != Severity.Warning;

    internal static string Text(TranslatedConfiguration translated, string file, bool withSecrets)
    {
        var text = new StringBuilder($"# Translated by 'dlm-updater import' from {Display.Plain(file)} of {translated.Tool.Name()}.\n");

        // Without its number sign a line makes the file unusable: a window that could not be taken over must not become none.
        foreach (Complaint complaint in translated.Complaints)
            text.Append(IsWrong(complaint) ? $"NOT TAKEN OVER, correct it below and remove this line: {complaint.Text}\n" : $"# NOTE: {complaint.Text}\n");
        string section = "";
        foreach ((SettingKey key, ConfiguredValue value) in translated.Values.All())
        {
            if (key.Section != section) text.Append($"\n[{section = key.Section}]\n");
            text.Append($"# {Source(value)}\n");
            if (key.IsSecret && !withSecrets)
                text.Append($"# It is not shown here. Put it into a file with mode 0600, or let --write take it over.\n{key.Key}_file = /etc/dlm-updater/{section}.secret\n");
            else
                text.Append($"{key.Key} = {key.Today(value.Text)}\n");
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
