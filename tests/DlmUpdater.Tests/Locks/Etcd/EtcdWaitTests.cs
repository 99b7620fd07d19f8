using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Etcd;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>Waits of an hour that must end at once: a missed event fails the test, not a stopwatch.</summary>
public sealed class EtcdWaitTests(SharedEtcd etcd) : IClassFixture<SharedEtcd>
{
    private readonly string group = Guid.NewGuid().ToString("N");

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_release_wakes_the_waiter_well_within_a_second(EtcdLayout layout)
    {
        (EtcdLockService a, EtcdLockService b, Task wait) = await Waiting(layout, etcd.Server.Url);
        Assert.False(wait.IsCompleted);
        long start = TimeProvider.System.GetTimestamp();
        Assert.IsType<ReleaseReply.Released>(await a.Release(default));
        await wait.WaitAsync(Etcd.Patience);
        Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(2), "push would be slower than a poll");
        Assert.IsType<AcquireReply.Granted>(await b.Acquire(default));
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_release_before_the_wait_began_is_not_lost(EtcdLayout layout)
    {
        using EtcdLockService a = Make(layout, "a"), b = Make(layout, "b");
        await a.Acquire(default);
        var busy = Assert.IsType<AcquireReply.Busy>(await b.Acquire(default));
        await a.Release(default);
        await b.WaitForChange(busy.Revision, Etcd.Hour, default).AsTask().WaitAsync(Etcd.Patience);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_change_that_leaves_the_lock_full_wakes_nobody_and_neither_does_another_lock(EtcdLayout layout)
    {
        (_, _, Task wait) = await Waiting(layout, etcd.Server.Url);
        using EtcdLockService other = Etcd.Service([etcd.Server.Url], layout, "x", group + "-other");
        await other.Acquire(default);
        await Write(layout, "c");
        await Task.Delay(100);
        Assert.False(wait.IsCompleted);
        await Write(layout);
        await wait.WaitAsync(Etcd.Patience);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task Of_those_who_are_woken_the_late_ones_learn_that_another_was_faster_and_wait_on(EtcdLayout layout)
    {
        using EtcdLockService a = Make(layout, "a");
        await a.Acquire(default);
        string? revision = ((ShowReply.Shown)await a.Show(default)).View.Revision;
        using var late = new EtcdLockService(Store(layout), layout, 1, a.Identity, TimeProvider.System, () => 1) { Spread = Etcd.Hour };
        Task wait = late.WaitForChange(revision, TimeSpan.FromHours(2), default).AsTask();
        using var quick = new EtcdLockService(Store(layout), layout, 1, a.Identity, TimeProvider.System, () => 1) { Spread = TimeSpan.Zero };
        await Write(layout);
        await quick.WaitForChange(revision, Etcd.Hour, default).AsTask().WaitAsync(Etcd.Patience);
        Assert.False(wait.IsCompleted);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_key_that_is_deleted_wakes_the_waiter(EtcdLayout layout)
    {
        (_, _, Task wait) = await Waiting(layout, etcd.Server.Url);
        await (layout == EtcdLayout.Airlock
            ? etcd.Server.Delete(EtcdSetup.Key(layout, group))
            : etcd.Server.Send2(HttpMethod.Delete, "/v2/keys/" + EtcdSetup.Key(layout, group)));
        await wait.WaitAsync(Etcd.Patience);
    }

    [Fact]
    public async Task A_compaction_before_and_during_the_wait_loses_nothing_and_wakes_nobody()
    {
        using EtcdLockService a = Make(EtcdLayout.Airlock, "a"), b = Make(EtcdLayout.Airlock, "b");
        await a.Acquire(default);
        var busy = Assert.IsType<AcquireReply.Busy>(await b.Acquire(default));
        await etcd.Server.Compact();
        Task wait = b.WaitForChange(busy.Revision, Etcd.Hour, default).AsTask();
        await Task.Delay(100);
        await etcd.Server.Compact();
        await Task.Delay(50);
        Assert.False(wait.IsCompleted);
        await a.Release(default);
        await wait.WaitAsync(Etcd.Patience);
    }

    [Fact]
    public async Task A_release_that_was_compacted_away_ends_the_wait()
    {
        using EtcdLockService a = Make(EtcdLayout.Airlock, "a"), b = Make(EtcdLayout.Airlock, "b");
        await a.Acquire(default);
        var busy = Assert.IsType<AcquireReply.Busy>(await b.Acquire(default));
        await a.Release(default);
        await etcd.Server.Compact();
        await b.WaitForChange(busy.Revision, Etcd.Hour, default).AsTask().WaitAsync(Etcd.Patience);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task In_v2_a_thousand_events_of_other_keys_lose_nothing(bool isReleased)
    {
        using EtcdLockService a = Make(EtcdLayout.Locksmith, "a"), b = Make(EtcdLayout.Locksmith, "b");
        await a.Acquire(default);
        var busy = Assert.IsType<AcquireReply.Busy>(await b.Acquire(default));
        if (isReleased) await a.Release(default);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            for (int n = 0; n < 130; n++) await etcd.Server.Put2($"noise/{i}", "x");
        }));
        Task wait = b.WaitForChange(busy.Revision, Etcd.Hour, default).AsTask();
        if (!isReleased)
        {
            await Task.Delay(100);
            Assert.False(wait.IsCompleted);
            await a.Release(default);
        }

        await wait.WaitAsync(Etcd.Patience);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_release_while_the_way_was_cut_wakes_the_waiter_once_it_is_back(EtcdLayout layout)
    {
        using var relay = new Relay(etcd.Server.Port);
        (EtcdLockService a, _, Task wait) = await Waiting(layout, relay.Url);
        relay.Down();
        await a.Release(default);
        Assert.False(wait.IsCompleted);
        relay.Up();
        await wait.WaitAsync(Etcd.Patience);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_restart_of_the_server_during_the_wait_loses_nothing(EtcdLayout layout)
    {
        (EtcdLockService a, _, Task wait) = await Waiting(layout, etcd.Server.Url);
        await etcd.Server.Stop();
        await etcd.Server.Start();
        Assert.False(wait.IsCompleted);
        Assert.IsType<ReleaseReply.Released>(await a.Release(default));
        await wait.WaitAsync(Etcd.Patience);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_wait_ends_in_time_while_nothing_can_be_heard_and_without_a_revision(EtcdLayout layout)
    {
        using EtcdLockService nobody = Etcd.Service([$"http://127.0.0.1:{EtcdServer.FreePort()}"], layout, "a", group);
        foreach (string? revision in (string?[])["1", null, "x"])
        {
            long start = TimeProvider.System.GetTimestamp();
            await nobody.WaitForChange(revision, TimeSpan.FromMilliseconds(60), default).AsTask().WaitAsync(Etcd.Patience);
            Assert.True(TimeProvider.System.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(55), $"revision {revision}: a wait that does not wait");
        }
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_cancelled_wait_throws_at_once(EtcdLayout layout)
    {
        using var cancel = new CancellationTokenSource();
        (_, _, Task wait) = await Waiting(layout, etcd.Server.Url, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.WaitAsync(Etcd.Patience));
    }

    private async Task<(EtcdLockService A, EtcdLockService B, Task Wait)> Waiting(EtcdLayout layout, string url, CancellationToken cancel = default)
    {
        EtcdLockService a = Make(layout, "a"), b = Etcd.Service([url], layout, "b", group);
        Assert.IsType<AcquireReply.Granted>(await a.Acquire(default));
        var busy = Assert.IsType<AcquireReply.Busy>(await b.Acquire(default));
        Task wait = b.WaitForChange(busy.Revision, Etcd.Hour, cancel).AsTask();
        // Most of the tests want to find it listening; none needs it.
        await Task.Delay(80, CancellationToken.None);
        return (a, b, wait);
    }

    private EtcdLockService Make(EtcdLayout layout, string host) => Etcd.Service([etcd.Server.Url], layout, host, group);

    private ISemaphoreStore Store(EtcdLayout layout)
    {
        var members = new EtcdMembers([new DlmUpdater.Locks.Http.HttpTransport(new(etcd.Server.Url, null, new(null, null, "etcd")), TimeProvider.System)]);
        string key = EtcdSetup.Key(layout, group);
        return layout == EtcdLayout.Airlock ? new GatewayStore(members, key, null) : new KeysStore(members, key, null);
    }

    private Task Write(EtcdLayout layout, params string[] holders)
    {
        string list = string.Join(',', holders.Select(h => $"\"{h}\"")), key = EtcdSetup.Key(layout, group);
        return layout == EtcdLayout.Airlock
            ? etcd.Server.Put(key, $$"""{"total_slots":1,"holders":[{{list}}]}""")
            : etcd.Server.Put2(key, $$"""{"semaphore":{{1 - holders.Length}},"max":1,"holders":[{{list}}]}""");
    }
}
