using System.Text;
using CsCheck;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Tests.Scripts;

public class OutputLinesTests
{
    private static List<string> Lines(params byte[][] parts)
    {
        var lines = new List<string>();
        var output = new OutputLines(lines.Add);
        foreach (byte[] part in parts)
            output.Take(part);
        output.End();
        return lines;
    }

    private static List<string> Lines(string text) => Lines(Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData("", new string[0])]
    [InlineData("a\nb\n", new[] { "a", "b" })]
    [InlineData("a\nb", new[] { "a", "b" })]
    [InlineData("a\r\nb\r\n", new[] { "a", "b" })]
    [InlineData("\n\na\n", new[] { "", "", "a" })]
    [InlineData("a\r", new[] { "a" })]
    [InlineData("\r", new[] { "" })]
    public void Lines_end_with_lf_or_cr_lf_or_the_end(string text, string[] lines) => Assert.Equal(lines, Lines(text));

    [Theory]
    [InlineData("10%\r50%\r100%\ndone\n", "100%")]
    [InlineData("error: no space\r\u001b[K\ndone\n", "error: no space")]
    [InlineData("a\r\rb\ndone\n", "b")]
    [InlineData("a\r   \ndone\n", "a")]
    [InlineData("a\rb\r\ndone\n", "b")]
    public void Of_a_line_that_is_drawn_anew_the_last_text_stays(string text, string first) =>
        Assert.Equal([first, "done"], Lines(text));

    [Fact]
    public void Any_cutting_of_the_stream_gives_the_same_lines()
    {
        byte[] alphabet = [(byte)'a', (byte)'\n', (byte)'\r', 0x1B, (byte)'[', (byte)'m', 0xC3, 0xA9, 0xF0, (byte)' '];
        Gen<byte[]> bytes = Gen.Int[0, alphabet.Length - 1].Select(i => alphabet[i]).Array[0, 40];

        Gen.Select(bytes, Gen.Int[0, 40], Gen.Int[0, 40]).Sample((all, x, y) =>
        {
            int first = Math.Min(Math.Min(x, y), all.Length), second = Math.Min(Math.Max(x, y), all.Length);
            return Lines(all).SequenceEqual(Lines(all[..first], all[first..second], all[second..]));
        });
    }

    [Fact]
    public void A_long_line_is_cut_with_a_mark_and_the_next_is_whole()
    {
        List<string> lines = Lines(new string('x', OutputLines.MostBytes + 1) + "\nnext\n");

        Assert.Equal([new string('x', OutputLines.MostBytes) + " […]", "next"], lines);
        Assert.Equal(new string('x', OutputLines.MostBytes), Assert.Single(Lines(new string('x', OutputLines.MostBytes) + "\n")));
    }

    [Theory]
    [InlineData("é")]
    [InlineData("€")]
    [InlineData("😀")]
    public void The_cut_never_splits_a_character(string character)
    {
        for (int shift = 0; shift < 4; shift++)
        {
            string line = Assert.Single(Lines(new string('x', shift) + string.Concat(Enumerable.Repeat(character, OutputLines.MostBytes))));

            Assert.EndsWith(character + " […]", line, StringComparison.Ordinal);
            Assert.DoesNotContain('\uFFFD', line);
        }
    }

    [Theory]
    [InlineData("\u001b[31mred\u001b[0m", "red")]
    [InlineData("\u001b]0;title\u0007text", "text")]
    [InlineData("\u001b]0;title\u001b\\text", "text")]
    [InlineData("\u001b(Btext", "text")]
    [InlineData("a\u001b", "a\\x1b")]
    [InlineData("a\u001b[31", "a\\x1b[31")]
    [InlineData("a\u001b]never closed", "a\\x1b]never closed")]
    [InlineData("tab\there", "tab\there")]
    [InlineData("nul\0bell\u0007back\b", "nul\\x00bell\\x07back\\x08")]
    [InlineData("\u009b31mred", "\\x9b31mred")]
    [InlineData("line\u2028forged\u202egnp", "line\\u2028forged\\u202egnp")]
    [InlineData("Grüße, 世界 😀", "Grüße, 世界 😀")]
    public void Nothing_in_a_line_can_forge_another(string written, string logged) =>
        Assert.Equal(logged, Assert.Single(Lines(written + "\n")));

    [Fact]
    public void Invalid_utf8_is_replaced() =>
        Assert.Equal(["a\uFFFDb\uFFFD"], Lines([(byte)'a', 0xFF, (byte)'b', 0xC3, (byte)'\n']));

    [Fact]
    public void No_bytes_whatever_give_a_control_character() =>
        Gen.Byte.Array[0, 200].Sample(bytes => Lines(bytes).All(l => l.All(c => c == '\t' || !char.IsControl(c))));
}
