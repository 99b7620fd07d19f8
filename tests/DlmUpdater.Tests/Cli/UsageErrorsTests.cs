using System.CommandLine;
using DlmUpdater.Cli;

namespace DlmUpdater.Tests.Cli;

/// <summary>Every option of every verb with a value that it cannot take: one line in our words, and exit code 2.</summary>
public sealed class UsageErrorsTests
{
    /// <summary>The call, and what the line must name.</summary>
    public static TheoryData<string, string> BadCalls()
    {
        var data = new TheoryData<string, string>();
        foreach (var (verb, build) in CommandLine.Verbs)
        {
            foreach (var (path, command) in Parts(verb, build()))
            {
                Option[] options = [.. command.Options, .. command.Parents.OfType<Command>().SelectMany(c => c.Options).Where(o => o.Recursive)];
                foreach (Option option in options)
                {
                    foreach (string spelling in (string[])[option.Name, .. option.Aliases])
                    {
                        if (option.ValueType == typeof(bool)) data.Add($"{path} {spelling}=perhaps", spelling);
                        else if (option.ValueType == typeof(string) || option.ValueType == typeof(string[])) data.Add($"{path} {spelling}", spelling);
                        else foreach (string bad in (string[])["x", "", "99999999999", "1.5"]) data.Add($"{path} {spelling}={bad}", spelling);
                    }
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(BadCalls))]
    public void A_bad_value_is_one_line_that_names_the_option_and_no_type(string call, string option)
    {
        string[] words = call.Split(' ');
        Command root = CommandLine.Root(words[0]);

        // What the call needs besides is there, so that only the option is wrong.
        Command command = words.TakeWhile(w => !w.StartsWith('-')).Aggregate(root, (at, word) => at.Subcommands.Single(c => c.Name == word));
        string[] more = [.. command.Arguments.Where(a => a.Arity.MinimumNumberOfValues > 0).Select(_ => "word"), .. command.Options.Where(o => o.Required).SelectMany(o => (string[])[o.Name, "word"])];
        int verbs = words.TakeWhile(w => !w.StartsWith('-')).Count();
        string[] args = [.. words[..verbs], .. more.TakeWhile(m => !words[^1].StartsWith(m + "=", StringComparison.Ordinal)), .. words[verbs..]];

        string line = Assert.Single(UsageErrors.Of(root.Parse(args), args, words[0]));
        Assert.Contains(option, line, StringComparison.Ordinal);
        Assert.EndsWith($": see 'dlm-updater {words[0]} --help'", line, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", line, StringComparison.Ordinal);
        Assert.DoesNotContain("DlmUpdater.", line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
    }

    [Theory]
    [InlineData("upgrade --from x", "--from takes a whole number, not 'x'")]
    [InlineData("upgrade -y=maybe", "-y is given without a value, or with true or false, not with 'maybe'")]
    [InlineData("shield --wait=no true", "--wait is given without a value, or with true or false, not with 'no'")]
    [InlineData("lock unlock --yes=host-1 --reason gone", "--yes is given without a value")]
    [InlineData("status --output xml", "--output is text or json, not 'xml'")]
    [InlineData("history --last 0", "--last")]
    [InlineData("run surplus", "surplus")]
    [InlineData("frobnicate", "frobnicate")]
    public void What_is_wrong_is_said(string call, string said)
    {
        string[] words = call.Split(' ');
        string? verb = CommandLine.Verbs.Any(v => v.Name == words[0]) ? words[0] : null;
        string[] lines = UsageErrors.Of(CommandLine.Root(verb).Parse(words), words, verb);
        Assert.Contains(lines, l => l.Contains(said, StringComparison.Ordinal));
        Assert.All(lines, l => Assert.DoesNotContain("System.", l, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("run --after-reboot=true")]
    [InlineData("shield --wait -- env --yes=no")]
    [InlineData("run --config=/etc/x=y.ini")]
    [InlineData("--help")]
    public void What_is_right_is_no_error(string call)
    {
        string[] words = call.Split(' ');
        string? verb = CommandLine.Verbs.Any(v => v.Name == words[0]) ? words[0] : null;
        Assert.Equal([], UsageErrors.Of(CommandLine.Root(verb).Parse(words), words, verb));
    }

    /// <summary>A type that is not here would be described in the parser's own words.</summary>
    [Fact]
    public void Every_option_and_argument_is_of_a_kind_that_is_put_into_words()
    {
        Type[] known = [typeof(string), typeof(string[]), typeof(bool), typeof(int), typeof(int?), typeof(OutputFormat)];
        foreach (var (verb, build) in CommandLine.Verbs)
        {
            foreach (var (path, command) in Parts(verb, build()))
            {
                foreach (Type type in command.Options.Select(o => o.ValueType).Concat(command.Arguments.Select(a => a.ValueType)))
                    Assert.True(known.Contains(type), $"'{path}' takes a {type.Name}: describe a bad one in UsageErrors");
            }
        }
    }

    private static IEnumerable<(string Path, Command Command)> Parts(string path, Command command) =>
        [.. command.Action is null ? [] : new[] { (path, command) }, .. command.Subcommands.SelectMany(c => Parts($"{path} {c.Name}", c))];
}
