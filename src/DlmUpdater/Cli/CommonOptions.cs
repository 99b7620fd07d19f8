using System.CommandLine;

namespace DlmUpdater.Cli;

/// <summary>The shape of a report on stdout.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>For programs: the field names are a contract.</summary>
    Json,
}

/// <summary>Options that several verbs share.</summary>
internal static class CommonOptions
{
    /// <summary>Where the configuration is unless told.</summary>
    internal const string DefaultConfig = "/etc/dlm-updater/config.ini";

    /// <summary><c>--config FILE</c>; <c>--cfg</c> is what the tools before this one called it.</summary>
    internal static Option<string> Config() => new("--config", "--cfg")
    {
        Description = "The configuration file. For another file than the default, drop-ins are read from config.d beside it only",
        HelpName = "FILE",
        DefaultValueFactory = _ => DefaultConfig,
    };

    /// <summary><c>--output text|json</c></summary>
    internal static Option<OutputFormat> Output()
    {
        var option = new Option<OutputFormat>("--output") { Description = "How to report", HelpName = "text|json" };
        option.CustomParser = result => result.Tokens[0].Value switch
        {
            "text" => OutputFormat.Text,
            "json" => OutputFormat.Json,
            var other => Unknown(result, other),
        };
        return option;
    }

    private static OutputFormat Unknown(System.CommandLine.Parsing.ArgumentResult result, string value)
    {
        result.AddError($"--output is text or json, not '{value}'");
        return OutputFormat.Text;
    }
}
