using System.Globalization;
using System.Text;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Tests.Scripts;

public sealed class PlainTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("tab\tstays, so do ü, 漢, 😀 and €", "tab\tstays, so do ü, 漢, 😀 and €")]
    [InlineData("one\ntwo\r\nthree\rfour\n", "one | two | three | four | ")]
    [InlineData("\u001b[2J\u001b]0;title\u0007", "\\x1b[2J\\x1b]0;title\\x07")]
    [InlineData("a\u0085b\u2028c\u2029d\u000be\u000cf\0", "a\\x85b\\u2028c\\u2029d\\x0be\\x0cf\\x00")]
    [InlineData("\u202egnp.exe\u2066\u2069\u200e\u200f\u061c", "\\u202egnp.exe\\u2066\\u2069\\u200e\\u200f\\u061c")]
    [InlineData("ze\u200bro\u200c\u200d\u2060\ufeff\u00ad\u034f\u3164\u2800", "ze\\u200bro\\u200c\\u200d\\u2060\\ufeff\\xad\\u034f\\u3164\\u2800")]
    [InlineData("tag\U000e0041 \U0001f600\u202e", "tag\\U000e0041 😀\\u202e")]
    public void Text_becomes_one_line_that_steers_nothing(string text, string shown)
    {
        Assert.Equal(shown, PlainText.Line(text));
        Assert.Equal(shown, PlainText.Line(shown));
    }

    /// <summary>Not in the theory above: a test's name cannot hold half a pair.</summary>
    [Fact]
    public void Half_a_surrogate_pair_becomes_the_replacement_character() =>
        Assert.Equal("a\ufffdb\ufffd😀\ufffd", PlainText.Line("a\ud83db\ude00😀\ud83d"));

    [Fact]
    public void Of_all_characters_there_are_none_gets_through_that_is_a_control_a_mark_of_direction_or_without_width()
    {
        for (int value = 0; value <= 0x10ffff; value++)
        {
            if (!Rune.IsValid(value)) continue;
            string shown = PlainText.Line($"a{new Rune(value)}b");
            foreach (Rune rune in shown.EnumerateRunes())
            {
                Assert.False(Rune.IsControl(rune) && rune.Value != '\t', $"U+{value:X4} becomes {shown}");
                Assert.False(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                    or UnicodeCategory.Surrogate, $"U+{value:X4} becomes {shown}");
            }

            // What people write stays as it is.
            if (Rune.IsLetterOrDigit(new Rune(value)) && value is not (0x115f or 0x1160 or 0x3164 or 0xffa0)) Assert.Equal($"a{new Rune(value)}b", shown);
        }
    }

    [Fact]
    public void A_line_is_cut_between_characters()
    {
        Assert.Equal("ab", PlainText.Line(" ab\n", 2));
        Assert.Equal("ab…", PlainText.Line("abc", 2));
        Assert.Equal("a…", PlainText.Line("a😀b", 2));
        Assert.Equal("a😀…", PlainText.Line("a😀b", 3));
    }

    [Fact]
    public void Lines_that_were_laid_out_stay_lines() => Assert.Equal("one\n\\x1btwo\\x0d\n", PlainText.Lines("one\n\u001btwo\u0008\n").Replace("\\x08", "\\x0d", StringComparison.Ordinal));
}
