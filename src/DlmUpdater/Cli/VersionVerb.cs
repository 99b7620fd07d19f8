using System.CommandLine;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater version</c></summary>
internal static class VersionVerb
{
    /// <summary>The version of this build.</summary>
    internal const string Version = ThisAssembly.Version;

    internal static Command Build()
    {
        Option<OutputFormat> output = CommonOptions.Output();
        var command = new Command("version", "Show the version") { output };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(output) == OutputFormat.Json)
                return Report.Json(json => json.WriteString("version", Version));
            return Report.Text($"dlm-updater {Version}\n");
        });
        return command;
    }
}
