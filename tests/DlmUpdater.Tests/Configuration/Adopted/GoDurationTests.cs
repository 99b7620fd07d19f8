using DlmUpdater.Configuration.Adopted;

namespace DlmUpdater.Tests.Configuration.Adopted;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("1h30m", 5400)]
    [InlineData("90m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("0", 0)]
    [InlineData("+2h", 7200)]
    [InlineData("1h0m30.5s", 3630.5)]
    [InlineData("500ms", 0.5)]
    [InlineData(".5m", 30)]
    [InlineData("1m1m", 120)]
    public void What_Go_writes_is_read(string text, double seconds)
    {
        Assert.True(GoDuration.TryParse(text, out TimeSpan value));
        Assert.Equal(seconds, value.TotalSeconds, 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("90")]
    [InlineData("1d")]
    [InlineData("-1h")]
    [InlineData("h")]
    [InlineData("1 h")]
    [InlineData("1.h.")]
    [InlineData("++1h")]
    [InlineData("1h30")]
    [InlineData("9999999999h")]
    public void What_Go_refuses_is_refused(string text) => Assert.False(GoDuration.TryParse(text, out _));
}
