using System.CommandLine;
using System.CommandLine.Help;
using System.Text;
using DlmUpdater.Cli;

namespace DlmUpdater.Tests.Cli;

/// <summary>Writes the completions of each shell from the command model. They are kept as files, so that the program carries none of it, and
/// <see cref="CompletionTests"/> compares them.</summary>
internal static class Completions
{
    /// <summary>One thing that can be called: <c>lock show</c>.</summary>
    private sealed record Node(string Path, Command Command)
    {
        internal string[] Words =>
        [
            .. Command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name),
            .. Options.SelectMany(o => (string[])[o.Name, .. o.Aliases]).Where(w => w.StartsWith('-')),
        ];

        internal Option[] Options => [.. Command.Options.Where(o => !o.Hidden && o is not HelpOption), .. Command.Parents.OfType<Command>().SelectMany(p => p.Options).Where(o => o.Recursive)];
    }

    private static Node[] Nodes => [.. CommandLine.Verbs.SelectMany(v => All(v.Name, v.Build()))];

    internal static string Bash()
    {
        var text = new StringBuilder("# bash completion for dlm-updater; made from the command model, checked by a test.\n_dlm_updater() {\n");
        text.Append("    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= words i\n");
        text.Append("    for ((i = 1; i < COMP_CWORD; i++)); do\n        case \"$path ${COMP_WORDS[i]}\" in\n");
        text.Append($"            {string.Join(" | ", Nodes.Select(n => $"\" {n.Path}\""))}) path+=\" ${{COMP_WORDS[i]}}\" ;;\n        esac\n    done\n");
        text.Append("    case $prev in\n");
        foreach (var (values, spellings) in Values()) text.Append($"        {string.Join(" | ", spellings)}) {Bash(values)}; return ;;\n");
        text.Append("    esac\n    case $path in\n");
        text.Append($"        '') words=\"{string.Join(' ', CommandLine.Verbs.Select(v => v.Name))} --help --version\" ;;\n");
        foreach (Node node in Nodes) text.Append($"        ' {node.Path}') words=\"{string.Join(' ', [.. node.Words, "--help"])}{Extra(node.Path)}\" ;;\n");
        return text.Append("    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -F _dlm_updater dlm-updater\n").ToString();
    }

    internal static string Zsh()
    {
        var text = new StringBuilder("#compdef dlm-updater\n# made from the command model, checked by a test.\nlocal at= word\nlocal -a items\n");
        text.Append("for word in ${words[2,CURRENT-1]}; do\n    case \"$at $word\" in\n");
        text.Append($"        {string.Join("|", Nodes.Select(n => $"(' {n.Path}')"))}) at+=\" $word\" ;;\n    esac\ndone\n");
        text.Append("case ${words[CURRENT-1]} in\n");
        foreach (var (values, spellings) in Values()) text.Append($"    {string.Join('|', spellings)}) {Zsh(values)}; return ;;\n");
        text.Append("esac\ncase $at in\n    '')\n        items=(\n");
        foreach (var (name, build) in CommandLine.Verbs) text.Append($"            {Quoted(name, build().Description)}\n");
        text.Append("        ) ;;\n");
        foreach (Node node in Nodes)
        {
            text.Append($"    ' {node.Path}')\n        items=(\n");
            foreach (Command part in node.Command.Subcommands) text.Append($"            {Quoted(part.Name, part.Description)}\n");
            foreach (Option option in node.Options)
            {
                foreach (string spelling in ((string[])[option.Name, .. option.Aliases]).Where(w => w.StartsWith('-'))) text.Append($"            {Quoted(spelling, option.Description)}\n");
            }

            text.Append($"        ){(Extra(node.Path) is { Length: > 0 } extra ? "; items+=(" + extra.Trim() + ")" : "")} ;;\n");
        }

        return text.Append("esac\n_describe dlm-updater items\n").ToString();
    }

    internal static string Fish()
    {
        var text = new StringBuilder("# fish completion for dlm-updater; made from the command model, checked by a test.\ncomplete -c dlm-updater -f\n");
        text.Append("function __dlm_updater_at\n    set -l words (commandline -opc)\n    set -l path\n    for word in $words[2..]\n        switch \"$path $word\"\n");
        text.Append($"            case {string.Join(' ', Nodes.Select(n => $"' {n.Path}'"))}\n                set path \"$path $word\"\n        end\n    end\n    test \"$path\" = \"$argv[1]\"\nend\n");
        foreach (var (name, build) in CommandLine.Verbs) text.Append($"complete -c dlm-updater -n \"__dlm_updater_at ''\" -a {name} -d {Fish(build().Description)}\n");
        foreach (Node node in Nodes)
        {
            string at = $"complete -c dlm-updater -n \"__dlm_updater_at ' {node.Path}'\"";
            foreach (Command part in node.Command.Subcommands) text.Append($"{at} -a {part.Name} -d {Fish(part.Description)}\n");
            if (Extra(node.Path) is { Length: > 0 } extra) text.Append($"{at} -a '({extra.Trim()[2..^1].Replace("2>/dev/null", "2>/dev/null", StringComparison.Ordinal)})'\n");
            foreach (Option option in node.Options)
            {
                string spellings = string.Concat(((string[])[option.Name, .. option.Aliases]).Where(w => w.StartsWith('-')).Select(w => w.StartsWith("--", StringComparison.Ordinal) ? $" -l {w[2..]}" : $" -s {w[1..]}"));
                string values = !TakesValue(option) ? "" : option.HelpName is "FILE" ? " -r -F" : option.HelpName is { } help && help.Contains('|') ? $" -x -a '{help.Replace('|', ' ')}'" : " -x";
                text.Append($"{at}{spellings}{values} -d {Fish(option.Description)}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>What is completed beside words of the model: the names of hooks.</summary>
    private static string Extra(string path) => path is "hooks show" or "hooks enable" or "hooks disable" ? " $(ls /usr/share/dlm-updater/hooks 2>/dev/null)" : "";

    private static IEnumerable<Node> All(string path, Command command) => [new Node(path, command), .. command.Subcommands.SelectMany(c => All($"{path} {c.Name}", c))];

    /// <summary>What options take, and the spellings of those that take it.</summary>
    private static IEnumerable<(string Values, string[] Spellings)> Values() =>
        Nodes.SelectMany(n => n.Options).Where(TakesValue)
            .Select(o => (Values: o.HelpName is { } help && (help == "FILE" || help.Contains('|')) ? help : "", Spellings: ((string[])[o.Name, .. o.Aliases]).Where(w => w.StartsWith('-')).ToArray()))
            .GroupBy(v => v.Values).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => (g.Key, g.SelectMany(v => v.Spellings).Distinct().Order(StringComparer.Ordinal).ToArray()));

    private static bool TakesValue(Option option) => option.ValueType != typeof(bool);

    private static string Bash(string values) => values switch
    {
        "FILE" => "COMPREPLY=($(compgen -f -- \"$cur\"))",
        "" => "COMPREPLY=()",
        _ => $"COMPREPLY=($(compgen -W \"{values.Replace('|', ' ')}\" -- \"$cur\"))",
    };

    private static string Zsh(string values) => values switch
    {
        "FILE" => "_files",
        "" => "_message value",
        _ => $"compadd {values.Replace('|', ' ')}",
    };

    private static string Quoted(string word, string? description) => "'" + $"{word}:{description}".Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static string Fish(string? description) => "'" + (description ?? "").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'";
}
