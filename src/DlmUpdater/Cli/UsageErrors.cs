using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Globalization;

namespace DlmUpdater.Cli;

/// <summary>What is wrong with a command line, in words: the parser's own text names types of its language where a value cannot be read.</summary>
internal static class UsageErrors
{
    /// <summary>A line for each error, and the last one names the help; empty: there is none.</summary>
    /// <param name="parsed">What was parsed.</param>
    /// <param name="args">Of what.</param>
    /// <param name="called">The verb, if there is one.</param>
    internal static string[] Of(ParseResult parsed, string[] args, string? called)
    {
        string[] lines = [.. Switches(parsed, args)];
        if (lines.Length == 0) lines = [.. parsed.Errors.Select(Line).Distinct()];
        if (parsed.Action is not HelpAction && StrayOption(parsed, args) is { } stray)
            lines = [.. lines, $"unknown option '{stray}'; an argument that begins with a hyphen goes after --"];
        if (lines.Length == 0 && parsed.Action is null) lines = ["nothing was asked for"];
        if (lines.Length > 0) lines[^1] += $": see 'dlm-updater {(called is null ? "" : called + " ")}--help'";
        return lines;
    }

    /// <summary>A switch that was given a value, as in <c>--yes=no</c>. The parser takes such a value for an argument of its own: for the holder to unlock, or
    /// for the command to run.</summary>
    private static IEnumerable<string> Switches(ParseResult parsed, string[] args)
    {
        if (!args.Any(a => a.StartsWith('-') && a.Contains('='))) yield break;
        IEnumerable<Command> commands = [parsed.CommandResult.Command, .. parsed.CommandResult.Command.Parents.OfType<Command>()];
        string[] switches = [.. commands.SelectMany(c => c.Options).Where(o => o.ValueType == typeof(bool)).SelectMany(o => (string[])[o.Name, .. o.Aliases])];
        foreach (string arg in args.TakeWhile(a => a != "--"))
        {
            int equals = arg.IndexOf('=', StringComparison.Ordinal);
            if (arg.StartsWith('-') && equals > 0 && switches.Contains(arg[..equals]) && !bool.TryParse(arg[(equals + 1)..], out _))
                yield return $"{arg[..equals]} is given without a value, or with true or false, not with '{arg[(equals + 1)..]}'";
        }
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

    private static string Line(ParseError error) => (Unreadable(error.SymbolResult) ?? error.Message).ReplaceLineEndings(" ").TrimEnd('.', ' ');

    /// <summary>The text for a value that is none of its option's kind; null: something else is wrong.</summary>
    private static string? Unreadable(SymbolResult? at)
    {
        (string name, Type type) = at switch
        {
            OptionResult option => (option.IdentifierToken?.Value ?? option.Option.Name, option.Option.ValueType),
            ArgumentResult { Parent: OptionResult option } => (option.IdentifierToken?.Value ?? option.Option.Name, option.Option.ValueType),
            ArgumentResult argument => (argument.Argument.Name, argument.Argument.ValueType),
            _ => ("", typeof(string)),
        };
        foreach (Token token in at?.Tokens ?? [])
        {
            if ((type == typeof(int) || type == typeof(int?)) && !int.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                return $"{name} takes a whole number, not '{token.Value}'";
        }

        return null;
    }
}
