using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Tests.Scheduling;

public sealed class StartDelayTests
{
    [Fact]
    public void Nothing_configured_is_no_delay() => Assert.Equal(TimeSpan.Zero, StartDelay.Of(new ScheduleSettings(), "host", 0.99));

    [Fact]
    public void The_random_part_follows_the_dice() =>
        Assert.Equal(TimeSpan.FromMinutes(3), StartDelay.Of(new ScheduleSettings { RandomDelay = TimeSpan.FromMinutes(12) }, "host", 0.25));

    [Fact]
    public void The_stable_part_follows_the_host_and_not_the_dice()
    {
        var settings = new ScheduleSettings { StableDelay = TimeSpan.FromHours(1) };
        TimeSpan one = StartDelay.Of(settings, "one", 0.1);
        Assert.Equal(one, StartDelay.Of(settings, "one", 0.9));
        Assert.NotEqual(one, StartDelay.Of(settings, "two", 0.1));
        Assert.InRange(one, TimeSpan.Zero, TimeSpan.FromHours(1));
    }
}
