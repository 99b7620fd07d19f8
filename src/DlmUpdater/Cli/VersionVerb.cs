using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using DlmUpdater.Host;

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
        command.SetAction(parsed => Report.Text(parsed.GetValue(output) == OutputFormat.Json
            ? ShownText.OfLines(JsonSerializer.Serialize(new VersionReport(Version), VersionJson.Default.VersionReport) + "\n")
            : $"dlm-updater {Version}\n"));
        return command;
    }
}

/// <summary>The fields of <c>version --output json</c>.</summary>
internal sealed record VersionReport(string Version);

/// <summary>Generated at build time: no reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(VersionReport))]
internal sealed partial class VersionJson : JsonSerializerContext;
