using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.FleetLock;

namespace DlmUpdater.Tests.Locks.FleetLock;

public sealed class FleetLockSetupTests
{
    private static readonly FleetLockSettings Fleet = new() { Url = "http://fleet.example:9090/base", Group = "web.eu-1", Id = "host-a" };

    [Fact]
    public void The_group_is_the_lock_and_the_id_wins_over_the_holder()
    {
        using FleetLockService? service = FleetLockSetup.Make(Fleet, new LockSettings { Name = "ignored", Holder = "other" }, TimeProvider.System, out string why);
        Assert.Equal("", why);
        Assert.Equal(new("fleetlock", "web.eu-1", "host-a"), service!.Identity);
        using FleetLockService? second = FleetLockSetup.Make(Fleet with { Id = null }, new LockSettings { Holder = "other" }, TimeProvider.System, out _);
        Assert.Equal("other", second!.Identity.Holder);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a_b")]
    [InlineData("ä")]
    [InlineData("a\n")]
    public void A_group_that_the_protocol_does_not_know_is_refused(string group)
    {
        Assert.Null(FleetLockSetup.Make(Fleet with { Group = group }, new LockSettings(), TimeProvider.System, out string why));
        Assert.StartsWith("[fleetlock] group", why);
    }

    [Fact]
    public void An_id_that_is_none_is_refused()
    {
        Assert.Null(FleetLockSetup.Make(Fleet with { Id = "" }, new LockSettings(), TimeProvider.System, out string why));
        Assert.StartsWith("[fleetlock] id", why);
    }
}
