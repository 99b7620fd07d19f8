using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.FleetLock;
using DlmUpdater.Tests.Locks.Http;
using Microsoft.Extensions.Time.Testing;

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

    [Fact]
    public async Task What_is_configured_is_what_is_sent()
    {
        using var server = new TestServer(_ => TestServer.Reply(200, ""));
        using FleetLockService service = Make(server, TimeProvider.System);
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        Assert.IsType<ReleaseReply.Released>(await service.Release(default));
        Assert.Equal(["/base/v1/pre-reboot", "/base/v1/pre-reboot", "/base/v1/steady-state"], server.Requests.Select(r => r.Path));
        Assert.All(server.Requests, r =>
        {
            Assert.Equal("POST", r.Method);
            Assert.Contains("\r\nfleet-lock-protocol: true\r\n", r.Head + "\r\n");
            Assert.Contains("\r\nContent-Type: application/json\r\n", r.Head + "\r\n");
            Assert.Equal("""{"client_params":{"id":"host-a","group":"web.eu-1"}}""", r.Body);
        });
    }

    [Fact]
    public async Task A_server_may_keep_a_request_for_a_slot_open_for_longer_than_a_release()
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using var server = new TestServer(_ =>
        {
            reached.SetResult();
            return "HTTP/1.1 200 X\r\n"u8.ToArray();
        });
        var time = new FakeTimeProvider();
        using FleetLockService service = Make(server, time);
        Task<AcquireReply> acquire = service.Acquire(default).AsTask();
        await reached.Task;
        time.Advance(TimeSpan.FromSeconds(299));
        Assert.False(acquire.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        var away = Assert.IsType<AcquireReply.Unreachable>(await acquire);
        Assert.True(away.MayHaveHappened);
        Assert.Contains("300 s", away.Why);

        reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<ReleaseReply> release = service.Release(default).AsTask();
        await reached.Task;
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Contains("60 s", Assert.IsType<ReleaseReply.Unreachable>(await release).Why);
    }

    private static FleetLockService Make(TestServer server, TimeProvider time) =>
        FleetLockSetup.Make(Fleet with { Url = server.Url + "/base" }, new LockSettings(), time, out _)!;
}
