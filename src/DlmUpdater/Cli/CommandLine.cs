using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
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

        // Not a RootCommand: that one takes its name from how the program was called, and as "updatelock" or "run" it would be its own verb twice.
        var root = new Command(
            "dlm-updater",
            "Carries this host through an update under the fleet's lock: finds out whether one is due, takes the lock, runs the host's own scripts, " +
            "reboots if need be, proves health, gives the lock back.")
        {
            Options = { new HelpOption(), new VersionOption() },
        };
        string? called = args.Length > 0 && Verbs.Any(verb => verb.Name == args[0]) ? args[0] : null;
        foreach (var (name, build) in Verbs)
        {
            if (called is null || called == name) root.Subcommands.Add(build());
        }

        // A bare call shows the help and runs nothing: an update is never started by accident.
        ParseResult parsed = root.Parse(args.Length == 0 ? ["--help"] : args);

        // Straight to the action: the library's pipeline costs a millisecond, and its handler would turn a bug into exit code 1, which
        // means that a script failed.
        bool isHelp = parsed.Action is HelpAction;
        string? stray = isHelp ? null : StrayOption(parsed, args);
        if (parsed.Errors.Count == 0 && stray is null && parsed.Action is SynchronousCommandLineAction action) return action.Invoke(parsed);

        foreach (var error in parsed.Errors) StandardStreams.WriteError("dlm-updater: " + error.Message);
        if (stray is not null) StandardStreams.WriteError($"dlm-updater: unknown option '{stray}'; an argument that begins with a hyphen goes after --");
        StandardStreams.WriteError($"dlm-updater: see 'dlm-updater {(called is null ? "" : called + " ")}--help'");
        return ExitCodes.Usage;
    }

    /// <summary>An option that is not known and that the parser took for an argument, such as the holder whose slot is freed. Null: there is none. After
    /// <c>--</c> there are no options, and what follows shield's command belongs to that command. Updatelock refuses unknown words itself, with its own
    /// exit code.</summary>
    private static string? StrayOption(ParseResult parsed, string[] args)
    {
        int end = Array.IndexOf(args, "--");
        string[] before = end < 0 ? args : args[..end];
        string[] words = [.. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value)];
        string verb = parsed.CommandResult.Command.Name;
        if (verb == "updatelock") return null;
        return Array.Find(verb == "shield" ? words[..Math.Min(1, words.Length)] : words, word => word is ['-', _, ..] && before.Contains(word));
    }
}
