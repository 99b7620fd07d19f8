using System.Buffers;
using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Tests.Host;

public sealed class ShownTextTests
{
    [Fact]
    public void What_stands_in_the_program_is_taken_as_it_is_and_every_value_is_cleaned()
    {
        string evil = "x\n\e[31my";
        ShownText inner = $"<{evil}>\n";
        ShownText text = $"a\n{evil}\e[0m {evil,-20}|{new Named(evil)}|{new Named(evil),20}|{1.5:0.00}|{inner}";

        Assert.Equal("a\nx | \\x1b[31my\e[0m x | \\x1b[31my       |x | \\x1b[31my|       x | \\x1b[31my|1.50|<x | \\x1b[31my>\n", text.ToString());
        Assert.Equal("<x | \\x1b[31my>\nmore", inner.Append($"more").ToString());
    }

    [Fact]
    public void Nothing_is_nothing()
    {
        string? none = null;
        ShownText text = $"{none}{none,0}{(object?)null}";

        Assert.True(text.IsEmpty);
        Assert.True(new ShownText().IsEmpty);
    }

    [Fact]
    public void Json_shows_no_character_that_steers_and_says_the_same()
    {
        var all = new StringBuilder();
        for (int value = 0; value <= 0x10ffff; value++)
        {
            if (Rune.IsValid(value) && (value < 0x10000 || PlainText.IsUnfit(new Rune(value)) || value % 997 == 0)) all.Append(new Rune(value));
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = PlainJson.Encoder }))
        {
            json.WriteStartObject();
            json.WriteString("text", all.ToString());
            json.WriteString("readable", "ü 漢 <&'+\"");
            json.WriteEndObject();
        }

        string written = Encoding.UTF8.GetString(buffer.WrittenSpan);
        Assert.DoesNotContain(written.EnumerateRunes(), PlainText.IsUnfit);
        Assert.DoesNotContain('\t', written);
        Assert.EndsWith("\"readable\":\"ü 漢 <&'+\\\"\"}", written, StringComparison.Ordinal);
        Assert.Equal(all.ToString(), JsonDocument.Parse(written).RootElement.GetProperty("text").GetString());
    }

    private sealed record Named(string Text)
    {
        public override string ToString() => Text;
    }
}
