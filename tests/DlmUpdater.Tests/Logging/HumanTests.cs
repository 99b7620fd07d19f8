using DlmUpdater.Logging;

namespace DlmUpdater.Tests.Logging;

public class HumanTests
{
    [Theory]
    [InlineData(-5.0, "0.0s")]
    [InlineData(0, "0.0s")]
    [InlineData(0.399, "0.3s")]
    [InlineData(9.99, "9.9s")]
    [InlineData(10, "10s")]
    [InlineData(59.999, "59s")]
    [InlineData(60, "1m 00s")]
    [InlineData(92, "1m 32s")]
    [InlineData(3599.9, "59m 59s")]
    [InlineData(3720, "1h 02m")]
    [InlineData(86399, "23h 59m")]
    [InlineData(86400 * 2 + 3 * 3600, "2d 03h")]
    public void Durations_are_rounded_down(double seconds, string shown) =>
        Assert.Equal(shown, Human.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0.9, "just now")]
    [InlineData(-0.9, "just now")]
    [InlineData(1, "1s ago")]
    [InlineData(92, "1m 32s ago")]
    [InlineData(-300, "in 5m 00s")]
    public void Ages_say_which_way(double seconds, string shown)
    {
        DateTimeOffset now = new(2026, 11, 22, 20, 30, 50, TimeSpan.Zero);
        Assert.Equal(shown, Human.Age(now - TimeSpan.FromSeconds(seconds), now));
    }
}
