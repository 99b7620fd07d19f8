using System.CommandLine;
using DlmUpdater.Configuration;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater run</c>: the main job.</summary>
internal static class RunVerb
{
    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        var afterReboot = new Option<bool>("--after-reboot", "--after_reboot") { Description = "Only go on with an open run; start no new one" };
        var afterKill = new Option<bool>("--after-kill")
        {
            Description = "As --after-reboot, for a start that was killed; waits for its script, and resumes only after a kill",
        };
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
        var init = new Option<bool>("--init") { Description = "As the init step of a container: never reboot nor ask whether to, and talk on stdout" };
        var command = new Command("run", "Start a run if an update is due, or go on with the open one")
        {
            config, afterReboot, afterKill, dateConstraint, randomDelay, init,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(init)) StandardStreams.TalkOnStdout();
            return RunOnce.Start(
                parsed.GetValue(config)!,
                parsed.GetValue(afterReboot) || parsed.GetValue(afterKill),
                [
                    .. Flag("schedule", "date_constraint", parsed.GetValue(dateConstraint), "--date-constraint"),
                    .. Flag("schedule", "random_delay", parsed.GetValue(randomDelay), "--random-delay"),
                ],
                isInit: parsed.GetValue(init),
                afterKill: parsed.GetValue(afterKill));
        });
        return command;
    }

    private static IEnumerable<ConfigurationOverride> Flag(string section, string key, string? value, string flag) =>
        value is null ? [] : [new ConfigurationOverride(section, key, value, flag)];
}
