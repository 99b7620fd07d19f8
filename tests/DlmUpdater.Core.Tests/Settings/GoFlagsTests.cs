using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Tests.Settings;

/// <summary>The grammar of Go's <c>flag</c> package, as the Go documentation and its source state it.</summary>
public sealed class GoFlagsTests
{
    private static readonly string[] Texts = ["group", "endpoint"], Switches = ["debug", "version"];

    [Theory]
    [InlineData("-group a status", "group=a", "status")]
    [InlineData("--group a status", "group=a", "status")]
    [InlineData("-group=a status", "group=a", "status")]
    [InlineData("--group=a status", "group=a", "status")]
    [InlineData("-group= status", "group=", "status")]
    [InlineData("-group=a=b status", "group=a=b", "status")]
    [InlineData("-group -debug status", "group=-debug", "status")]
    [InlineData("-group -- status", "group=--", "status")]
    [InlineData("-group a -group b lock", "group=a group=b", "lock")]
    [InlineData("-debug status", "debug=true", "status")]
    [InlineData("-debug=false status", "debug=false", "status")]
    [InlineData("-debug=T -version=0 status", "debug=T version=0", "status")]
    [InlineData("-debug false status", "debug=true", "false status")]
    [InlineData("-debug -- -group a", "debug=true", "-group a")]
    [InlineData("-- -h", "", "-h")]
    [InlineData("status -group a", "", "status -group a")]
    [InlineData("- -group a", "", "- -group a")]
    [InlineData("lock -- -h", "", "lock -- -h")]
    [InlineData("", "", "")]
    public void Flags_end_at_the_first_other_word(string line, string values, string words)
    {
        GoFlags flags = GoFlags.Parse(Split(line), Texts, Switches);
        Assert.Null(flags.Error);
        Assert.Equal(Split(values), Texts.Concat(Switches).SelectMany(name => flags.All(name).Select(value => $"{name}={value}")));
        Assert.Equal(Split(words), flags.Words);
    }

    [Theory]
    [InlineData("-h", "flag: help requested")]
    [InlineData("--h", "flag: help requested")]
    [InlineData("-help", "flag: help requested")]
    [InlineData("--help", "flag: help requested")]
    [InlineData("-help=no", "flag: help requested")]
    [InlineData("-debug -h -bogus", "flag: help requested")]
    [InlineData("-bogus -h", "flag provided but not defined: -bogus")]
    [InlineData("--bogus=1", "flag provided but not defined: -bogus")]
    [InlineData("-1", "flag provided but not defined: -1")]
    [InlineData("-Group a", "flag provided but not defined: -Group")]
    [InlineData("-groupa", "flag provided but not defined: -groupa")]
    [InlineData("---group a", "bad flag syntax: ---group")]
    [InlineData("-=a", "bad flag syntax: -=a")]
    [InlineData("--=a", "bad flag syntax: --=a")]
    [InlineData("-group", "flag needs an argument: -group")]
    [InlineData("-debug --endpoint", "flag needs an argument: -endpoint")]
    [InlineData("-debug=maybe", "invalid boolean value \"maybe\" for -debug: parse error")]
    [InlineData("-version=", "invalid boolean value \"\" for -version: parse error")]
    [InlineData("-debug=tRUE", "invalid boolean value \"tRUE\" for -debug: parse error")]
    public void What_is_wrong_is_said_in_Gos_words(string line, string error) => Assert.Equal(error, GoFlags.Parse(Split(line), Texts, Switches).Error);

    [Fact]
    public void The_last_value_of_a_switch_counts()
    {
        Assert.True(GoFlags.Parse(["-debug=0", "-debug"], Texts, Switches).IsOn("debug"));
        Assert.False(GoFlags.Parse(["-debug", "-debug=F"], Texts, Switches).IsOn("debug"));
    }

    [Theory]
    [InlineData("nope", "\"nope\"")]
    [InlineData("a\"b\\c", "\"a\\\"b\\\\c\"")]
    [InlineData("\u001b[31m\n\t\u0001", "\"\\x1b[31m\\n\\t\\x01\"")]
    [InlineData("ü\u202e", "\"ü\\u202e\"")]
    public void A_quoted_word_reaches_no_terminal_raw(string text, string quoted) => Assert.Equal(quoted, GoText.Quote(text));

    private static string[] Split(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
