using System.Collections.Immutable;
using System.CommandLine;
using DlmUpdater.Core.Upgrades;

namespace DlmUpdater.Cli;

/// <summary>What one call of <c>dlm-updater upgrade</c> asks for.</summary>
internal sealed record UpgradeCall
{
    /// <summary>The configuration file.</summary>
    public required string Config { get; init; }

    /// <summary>Which scripts.</summary>
    public required UpgradeChoice Choice { get; init; }

    /// <summary>Every question is answered with yes, also for the scripts.</summary>
    public bool AssumeYes { get; init; }

    /// <summary>Running services are stopped without a question.</summary>
    public bool AutoStop { get; init; }

    /// <summary>Only problems and the summary are shown on the terminal.</summary>
    public bool Quiet { get; init; }

    /// <summary>Shell scripts show each command before they run it.</summary>
    public bool Trace { get; init; }

    /// <summary>Services are not waited for.</summary>
    public bool NoServiceCheck { get; init; }

    /// <summary>What would run, and nothing else.</summary>
    public bool DryRun { get; init; }
}

/// <summary><c>dlm-updater upgrade</c>: numbered scripts in bands, once or every time, with the services down or up as the band says.</summary>
internal static class UpgradeVerb
{
    internal static Command Build()
    {
        // For the parts too, before and after their word: an ignored --config would act on another host's files.
        Option<string> config = CommonOptions.Config();
        config.Recursive = true;
        Option<OutputFormat> output = CommonOptions.Output();
        Option<bool> describe = Flag("Show every script: number, name, band, whether it is done, what it does; runs nothing", "--describe");
        Option<bool> dryRun = Flag("Show what would run, in order, with the services in between; runs nothing", "--dry-run", "-n", "--dryrun");
        Option<bool> yes = Flag("Answer every question with yes; scripts are told by DLM_UPDATER_ASSUMEYES=1", "--assumeyes", "-y");
        Option<bool> stop = Flag("Stop running services without a question", "--autostop", "-a");
        Option<bool> quiet = Flag("Show only problems and the summary", "--quiet", "-q");
        Option<bool> trace = Flag("Shell scripts show each command before they run it", "--trace");
        Option<bool> noCheck = Flag("Stop and start services without looking whether they are down or ready", "--noservicecheck");
        var from = new Option<int?>("--from") { Description = "Leave out scripts with a lower number", HelpName = "N" };
        Option<string[]> only = Names("Run this script and no other; may be repeated", "--only");
        Option<string[]> skip = Names("Leave this script out of this upgrade; may be repeated", "--skip");
        Option<string[]> rerun = Names("Run this script although it is recorded as done; may be repeated", "--rerun");
        var deployment = new Option<string?>("--deployment") { Description = "Which deployment this host is, for scripts that say #apply:", HelpName = "NAME" };
        var command = new Command("upgrade", "Run numbered upgrade scripts, services down and up between them, once or every time")
        {
            config, output, describe, dryRun, yes, stop, quiet, trace, noCheck, from, only, skip, rerun, deployment,
        };
        command.SetAction(parsed =>
        {
            var call = new UpgradeCall
            {
                Config = parsed.GetValue(config)!,
                Choice = new UpgradeChoice
                {
                    From = parsed.GetValue(from),
                    Only = [.. parsed.GetValue(only) ?? []],
                    Skip = [.. parsed.GetValue(skip) ?? []],
                    Rerun = [.. parsed.GetValue(rerun) ?? []],
                    Deployment = parsed.GetValue(deployment),
                },
                AssumeYes = parsed.GetValue(yes),
                AutoStop = parsed.GetValue(stop),
                Quiet = parsed.GetValue(quiet),
                Trace = parsed.GetValue(trace),
                NoServiceCheck = parsed.GetValue(noCheck),
                DryRun = parsed.GetValue(dryRun),
            };
            return parsed.GetValue(describe) ? UpgradeReports.Describe(call, parsed.GetValue(output)) : call.DryRun ? UpgradeReports.DryRun(call) : UpgradeStart.Run(call);
        });

        command.Subcommands.Add(Pending(config));
        command.Subcommands.Add(History(config));
        command.Subcommands.Add(OfNames(config, "rerun", "Count a script that runs once as not done: the next upgrade runs it again", UpgradeRecords.Rerun));
        command.Subcommands.Add(OfNames(config, "mark", "Count a script that runs once as done, without running it", UpgradeRecords.Mark));
        command.Subcommands.Add(New(config));
        return command;
    }

    private static Command Pending(Option<string> config)
    {
        var command = new Command("pending", "Say whether an upgrade is due, as a check of needs_update.d: exit status 0 no, 1 yes, 126 no answer");
        command.SetAction(parsed => UpgradeReports.Pending(parsed.GetValue(config)!));
        return command;
    }

    private static Command History(Option<string> config)
    {
        Option<OutputFormat> output = CommonOptions.Output();
        var command = new Command("history", "Show the scripts that run once and are done") { output };
        command.SetAction(parsed => UpgradeReports.History(parsed.GetValue(config)!, parsed.GetValue(output)));
        return command;
    }

    private static Command OfNames(Option<string> config, string name, string description, Func<string, ImmutableArray<string>, int> act)
    {
        var names = new Argument<string[]>("NAME") { Description = "The script's file name", Arity = ArgumentArity.OneOrMore };
        var command = new Command(name, description) { names };
        command.SetAction(parsed => act(parsed.GetValue(config)!, [.. parsed.GetValue(names)!]));
        return command;
    }

    private static Command New(Option<string> config)
    {
        var band = new Option<string?>("--band") { Description = "The band in which it is to run; without this the first one", HelpName = "NAME" };
        Option<bool> every = Flag("It runs every time, not once", "--every-time");
        var name = new Argument<string>("NAME") { Description = "What it is about, such as add_foreman_user" };
        var command = new Command("new", "Make a script with a header and the next free multiple of ten, and say where") { band, every, name };
        command.SetAction(parsed => UpgradeRecords.New(parsed.GetValue(config)!, parsed.GetValue(band), parsed.GetValue(every), parsed.GetValue(name)!));
        return command;
    }

    private static Option<bool> Flag(string description, string name, params string[] aliases) => new(name, aliases) { Description = description };

    private static Option<string[]> Names(string description, string name) => new(name) { Description = description, HelpName = "NAME" };
}
