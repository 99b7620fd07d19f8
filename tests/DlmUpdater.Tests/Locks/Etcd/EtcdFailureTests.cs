using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Etcd;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>A real etcd behind a bad way, and beside dead members.</summary>
public sealed class EtcdFailureTests(SharedEtcd etcd) : IClassFixture<SharedEtcd>
{
    private readonly string group = Guid.NewGuid().ToString("N");

    public static TheoryData<EtcdLayout, string> Writes => new() { { EtcdLayout.Airlock, "/kv/txn" }, { EtcdLayout.Locksmith, "prevIndex=" } };

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task A_lost_reply_to_the_write_is_settled_in_the_same_call(EtcdLayout layout, string write)
    {
        using var relay = new Relay(etcd.Server.Port);
        using EtcdLockService setup = Etcd.Service([etcd.Server.Url], layout, "x", group), service = Etcd.Service([relay.Url], layout, "a", group);
        await setup.SetSlots(2, default);
        relay.LoseReplyTo(write);
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        Assert.Equal(1, relay.Lost);
        relay.LoseReplyTo(write);
        Assert.IsType<ReleaseReply.Released>(await service.Release(default));
        Assert.Equal(2, relay.Lost);
        relay.LoseReplyTo(write);
        Assert.Equal(2, Assert.IsType<SlotsReply.Set>(await service.SetSlots(3, default)).Old);
        Assert.Equal(3, relay.Lost);
        var view = Assert.IsType<ShowReply.Shown>(await setup.Show(default)).View;
        Assert.Equal((3, 0), (view.Slots, view.Holders.Count));
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task Dead_members_are_passed_over_and_the_good_one_is_asked_first_from_then_on(EtcdLayout layout)
    {
        using var dead = new Relay(EtcdServer.FreePort());
        using EtcdLockService service = Etcd.Service([$"http://127.0.0.1:{EtcdServer.FreePort()}", dead.Url, etcd.Server.Url], layout, "a", group);
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        int asked = dead.Connections;
        Assert.InRange(asked, 1, 2);
        Assert.IsType<ReleaseReply.Released>(await service.Release(default));
        Assert.Equal(asked, dead.Connections);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_wait_listens_to_the_member_that_is_alive(EtcdLayout layout)
    {
        using EtcdLockService a = Etcd.Service([etcd.Server.Url], layout, "a", group);
        await a.Acquire(default);
        string? revision = Assert.IsType<ShowReply.Shown>(await a.Show(default)).View.Revision;
        using EtcdLockService b = Etcd.Service([$"http://127.0.0.1:{EtcdServer.FreePort()}", etcd.Server.Url], layout, "b", group);
        Task wait = b.WaitForChange(revision, Etcd.Hour, default).AsTask();
        await a.Release(default);
        await wait.WaitAsync(Etcd.Patience);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task If_no_member_is_there_nothing_happened_and_each_is_named(EtcdLayout layout)
    {
        int first = EtcdServer.FreePort(), second = EtcdServer.FreePort();
        using EtcdLockService service = Etcd.Service([$"http://127.0.0.1:{first}", $"http://127.0.0.1:{second}"], layout, "a", group);
        var away = Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default));
        Assert.False(away.MayHaveHappened);
        Assert.Contains($":{first}", away.Why);
        Assert.Contains($":{second}", away.Why);
        Assert.IsType<ReleaseReply.Unreachable>(await service.Release(default));
    }

    [Fact]
    public async Task Without_API_v2_the_message_says_how_to_switch_it_on()
    {
        await using EtcdServer server = await EtcdServer.Start("--enable-v2=false");
        using EtcdLockService service = Etcd.Service([server.Url], EtcdLayout.Locksmith, "a", null);
        Assert.Contains("--enable-v2", Assert.IsType<AcquireReply.Refused>(await service.Acquire(default)).Why);
        Assert.Contains("api = v3", Assert.IsType<ShowReply.Refused>(await service.Show(default)).Why);
    }

    [Fact]
    public async Task Without_the_gateway_the_message_says_how_to_switch_it_on()
    {
        await using EtcdServer server = await EtcdServer.Start("--enable-grpc-gateway=false");
        using EtcdLockService service = Etcd.Service([server.Url], EtcdLayout.Airlock, "a", null);
        Assert.Contains("--enable-grpc-gateway", Assert.IsType<AcquireReply.Refused>(await service.Acquire(default)).Why);
    }

    [Fact]
    public async Task A_directory_in_the_way_is_told_by_name()
    {
        await etcd.Server.Put2($"coreos.com/updateengine/rebootlock/groups/{group}/semaphore/sub", "x");
        using EtcdLockService service = Etcd.Service([etcd.Server.Url], EtcdLayout.Locksmith, "a", group);
        Assert.Contains("directory", Assert.IsType<AcquireReply.Refused>(await service.Acquire(default)).Why);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_cancelled_call_throws(EtcdLayout layout)
    {
        using EtcdLockService service = Etcd.Service([etcd.Server.Url], layout, "a", group);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.Acquire(new CancellationToken(true)).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.Release(new CancellationToken(true)).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.Show(new CancellationToken(true)).AsTask());
    }
}
