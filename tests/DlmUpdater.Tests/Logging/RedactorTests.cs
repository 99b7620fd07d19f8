using DlmUpdater.Logging;

namespace DlmUpdater.Tests.Logging;

public class RedactorTests
{
    [Theory]
    [InlineData("hunter2", "a hunter2 b hunter2", "a *** b ***")]
    [InlineData("abc", "abc is too short to hide", "abc is too short to hide")]
    [InlineData("p@ss/w rd", "GET /?p=p%40ss%2Fw%20rd and p@ss/w rd", "GET /?p=*** and ***")]
    [InlineData("say \"hi\"\\", """{"a":"say \"hi\"\\"}""", """{"a":"***"}""")]
    [InlineData("pa<ss>wörd", """{"a":"pa\u003Css\u003Ew\u00F6rd"}""", """{"a":"***"}""")]
    [InlineData("first line\nsecond line", "first line, then second line", "***, then ***")]
    [InlineData("  padded  ", "x padded y", "x *** y")]
    [InlineData("aaaa", "aaaaaa", "***")]
    public void A_secret_is_hidden_as_it_may_be_written(string secret, string text, string shown) =>
        Assert.Equal(shown, new Redactor([secret]).Redact(text));

    [Fact]
    public void Of_secrets_that_overlap_nothing_is_left() =>
        Assert.Equal("x***y", new Redactor(["abcd", "cdef", "abcdefgh"]).Redact("xabcdefy"));

    [Fact]
    public void Text_without_a_secret_is_not_copied()
    {
        string text = new('x', 20);
        Assert.Same(text, new Redactor(["hunter2"]).Redact(text));
    }

    [Fact]
    public void An_empty_secret_hides_nothing() => Assert.Equal("text", new Redactor(["", "   ", "\n\n\n\n\n"]).Redact("text"));
}
