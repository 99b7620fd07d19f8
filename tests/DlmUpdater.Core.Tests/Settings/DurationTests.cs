using CsCheck;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Tests.Settings;

public class DurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("90", 90)]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("4h", 14400)]
    [InlineData("2d", 172800)]
    [InlineData("1h30m", 5400)]
    [InlineData("1d1h1m1s", 90061)]
    [InlineData("007s", 7)]
    [InlineData("3650d", 315360000)]
    public void It_is_read(string text, long seconds)
    {
        Assert.True(Duration.TryParse(text, out TimeSpan value, out string? error), error);
        Assert.Equal(TimeSpan.FromSeconds(seconds), value);
        Assert.Null(error);
    }

    [Theory]
    [InlineData("", "is not a duration")]
    [InlineData("m", "is not a duration")]
    [InlineData("1.5h", "is not a duration")]
    [InlineData("15M", "is not a duration")]
    [InlineData("1h 30m", "is not a duration")]
    [InlineData("+5", "is not a duration")]
    [InlineData("١m", "is not a duration")]
    [InlineData("1h30", "the last number has no unit")]
    [InlineData("30m1h", "order d, h, m, s")]
    [InlineData("1h1h", "order d, h, m, s")]
    [InlineData("-5", "negative")]
    [InlineData("-5m", "negative")]
    [InlineData("3651d", "too long: at most 3650d")]
    [InlineData("3650d1s", "too long")]
    [InlineData("99999999999999999999999999999999d", "too long")]
    [InlineData("9223372036854775807", "too long")]
    public void It_is_refused_with_the_reason(string text, string reason)
    {
        Assert.False(Duration.TryParse(text, out TimeSpan value, out string? error));
        Assert.Equal(TimeSpan.Zero, value);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(90, "1m30s")]
    [InlineData(172800, "2d")]
    [InlineData(-60, "-1m")]
    public void It_is_written_with_the_largest_units(long seconds, string text) =>
        Assert.Equal(text, Duration.Format(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void What_is_written_is_read_back() =>
        Gen.Long[0, 315360000].Sample(s =>
            Duration.TryParse(Duration.Format(TimeSpan.FromSeconds(s)), out TimeSpan back, out _) && back == TimeSpan.FromSeconds(s));

    [Fact]
    public void The_extremes_of_a_TimeSpan_can_be_written()
    {
        Assert.StartsWith("10675199d", Duration.Format(TimeSpan.MaxValue), StringComparison.Ordinal);
        Assert.StartsWith("-10675199d", Duration.Format(TimeSpan.MinValue), StringComparison.Ordinal);
    }
}
