using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>The command model. Only the verb that is called is built, so that a verb more costs the others nothing.</summary>
internal static class CommandLine
{
    /// <summary>Every verb, and what builds it.</summary>
    internal static readonly (string Name, Func<Command> Build)[] Verbs =
    [
        ("run", RunVerb.Build),
        ("status", StatusVerb.Build),
        ("plan", PlanVerb.Build),
        ("check", CheckVerb.Build),
        ("lock", LockVerb.Build),
        ("shield", ShieldVerb.Build),
        ("upgrade", UpgradeVerb.Build),
        ("hooks", HooksVerb.Build),
        ("history", HistoryVerb.Build),
        ("reset", ResetVerb.Build),
        ("updatelock", Updatelock.Build),
        ("import", ImportVerb.Build),
        ("version", VersionVerb.Build),
    ];

    /// <summary>The flags by which foreman_dlm_updater and DLMEngineUpdater were called, without a verb.</summary>
    private static readonly string[] OldFlags = ["--cfg", "--after_reboot", "--date_constraint", "--random_sleep"];

    /// <summary>Parses and runs. Returns the exit code.</summary>
    internal static int Invoke(string[] args)
    {
        if (args.Length > 0 && OldFlags.Any(flag => args[0] == flag || args[0].StartsWith(flag + "=", StringComparison.Ordinal))) args = ["run", .. args];

        string? called = args.Length > 0 && Verbs.Any(verb => verb.Name == args[0]) ? args[0] : null;

        // A bare call shows the help and runs nothing: an update is never started by accident.
        ParseResult parsed = Root(called).Parse(args.Length == 0 ? ["--help"] : args);

        // A run handles the signals that came since the start; all else ends by them.
        bool catches = parsed.Errors.Count == 0 && parsed.CommandResult.Command is { Name: "run" or "shield" } verb && parsed.Action == verb.Action;
        if (!catches) Signals.LetThrough();

        // Straight to the action: the library's pipeline costs a millisecond, and its handler would turn a bug into exit code 1, which
        // means that a script failed.
        string[] errors = UsageErrors.Of(parsed, args, called);
        if (errors.Length == 0 && parsed.Action is SynchronousCommandLineAction action) return action.Invoke(parsed);

        foreach (string line in errors) StandardStreams.WriteError("dlm-updater: " + line);
        return ExitCodes.Usage;
    }

    /// <summary>The command line with the verb <paramref name="called"/> alone; null: with all of them.</summary>
    internal static Command Root(string? called)
    {
        // Not a RootCommand: that one takes its name from how the program was called, and as "updatelock" or "run" it would be its own verb twice.
        var root = new Command(
            "dlm-updater",
            "Carries this host through an update under the fleet's lock: finds out whether one is due, takes the lock, runs the host's own scripts, " +
            "reboots if need be, proves health, gives the lock back.")
        {
            Options = { new HelpOption(), new VersionOption() },
        };
        foreach (var (name, build) in Verbs)
        {
            if (called is null || called == name) root.Subcommands.Add(build());
        }

        return root;
    }
}
