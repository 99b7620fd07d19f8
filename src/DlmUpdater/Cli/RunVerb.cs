using System.CommandLine;

using DlmUpdater.Configuration;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater run</c>: the main job.</summary>
internal static class RunVerb
{
    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        var afterReboot = new Option<bool>("--after-reboot", "--after_reboot") { Description = "Only go on with an open run; start no new one" };
        var dateConstraint = new Option<string?>("--date-constraint", "--date_constraint")
        {
            Description = "Start a new run only on these days of the month, such as 2:Tue,4:Fri",
            HelpName = "N:DAY,…",
        };
        var randomDelay = new Option<string?>("--random-delay", "--random_sleep")
        {
            Description = "Start a new run after a random part of this time, such as 15m; a bare number is seconds",
            HelpName = "TIME",
        };
        var command = new Command("run", "Start a run if an update is due, or go on with the open one") { config, afterReboot, dateConstraint, randomDelay };
        command.SetAction(parsed => RunOnce.Start(
            parsed.GetValue(config)!,
            parsed.GetValue(afterReboot),
            [
                .. Flag("schedule", "date_constraint", parsed.GetValue(dateConstraint), "--date-constraint"),
                .. Flag("schedule", "random_delay", parsed.GetValue(randomDelay), "--random-delay"),
            ]));
        return command;
    }

    private static IEnumerable<ConfigurationOverride> Flag(string section, string key, string? value, string flag) =>
        value is null ? [] : [new ConfigurationOverride(section, key, value, flag)];
}
