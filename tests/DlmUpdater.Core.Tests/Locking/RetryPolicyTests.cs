using DlmUpdater.Core.Locking;

namespace DlmUpdater.Core.Tests.Locking;

public class RetryPolicyTests
{
    [Theory]
    [InlineData(0.0, 30)]
    [InlineData(0.5, 60)]
    [InlineData(0.999999, 90)]
    public void A_poll_is_spread_by_half_to_both_sides(double dice, double seconds) =>
        Assert.Equal(seconds, RetryPolicy.BusyPause(TimeSpan.FromSeconds(60), dice).TotalSeconds, 3);

    [Theory]
    [InlineData(60, 1, 5)]
    [InlineData(60, 2, 10)]
    [InlineData(60, 4, 40)]
    [InlineData(60, 7, 300)]
    [InlineData(60, 1_000_000, 300)]
    [InlineData(2, 1, 2)]
    [InlineData(0, 9, 0.05)]
    public void An_unreachable_service_is_backed_off_from_to_five_minutes(double interval, int failures, double seconds) =>
        Assert.Equal(seconds, RetryPolicy.UnreachablePause(TimeSpan.FromSeconds(interval), failures, 0.5).TotalSeconds, 3);
}
