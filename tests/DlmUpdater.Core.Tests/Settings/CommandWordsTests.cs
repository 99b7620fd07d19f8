using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Tests.Settings;

public class CommandWordsTests
{
    [Theory]
    [InlineData("/usr/sbin/reboot", "/usr/sbin/reboot")]
    [InlineData("  shutdown\t-r   now ", "shutdown|-r|now")]
    [InlineData("sh -c 'a \"b\" $c; d'", "sh|-c|a \"b\" $c; d")]
    [InlineData("a \"b c\" d", "a|b c|d")]
    [InlineData("a \"b\\\"c\\\\d\\$e\\n\"", "a|b\"c\\d$e\\n")]
    [InlineData("a b\\ c", "a|b c")]
    [InlineData("a ''", "a|")]
    [InlineData("a'b'\"c\"d", "abcd")]
    [InlineData("a b#c", "a|b#c")]
    [InlineData("a '#'", "a|#")]
    public void Words_are_split_as_a_shell_would(string text, string words)
    {
        Assert.True(CommandWords.TrySplit(text, out var found, out string? error), error);
        Assert.Equal(words.Split('|'), found);
    }

    [Theory]
    [InlineData("a 'b", "opening '")]
    [InlineData("a \"b", "opening \"")]
    [InlineData("a \"b\\\"", "opening \"")]
    [InlineData("a b\\", "backslash")]
    [InlineData("", "names no command")]
    [InlineData("   ", "names no command")]
    [InlineData("'' a", "names no command")]
    [InlineData("a && b", "unquoted &")]
    [InlineData("a | b", "unquoted |")]
    [InlineData("a; b", "unquoted ;")]
    [InlineData("a > /dev/null", "unquoted >")]
    [InlineData("a $HOME", "unquoted $")]
    [InlineData("a \"$HOME\"", "unquoted $")]
    [InlineData("a `b`", "unquoted `")]
    [InlineData("reboot # tonight", "unquoted #")]
    public void What_only_a_shell_could_do_is_refused(string text, string reason)
    {
        Assert.False(CommandWords.TrySplit(text, out var found, out string? error));
        Assert.Empty(found);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }
}
