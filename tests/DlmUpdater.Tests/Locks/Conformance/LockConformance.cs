using DlmUpdater.Core.Locking;

namespace DlmUpdater.Tests.Locks.Conformance;

/// <summary>The same facts, asked of every lock service. A service's own test class derives from this one and makes its bed.</summary>
public abstract class LockConformance
{
    protected abstract Task<LockBed> Make();

    [Fact]
    public async Task A_free_lock_is_granted_and_given_back()
    {
        await using LockBed bed = await Make();
        await Granted(bed, bed.Hosts[0]);
        Assert.Equal([bed.Hosts[0]], await bed.Holders());
        Assert.IsType<ReleaseReply.Released>(await Release(bed, bed.Hosts[0]));
        Assert.Empty(await bed.Holders());
    }

    [Fact]
    public async Task A_holder_that_asks_again_is_granted_the_same_slot()
    {
        await using LockBed bed = await Make();
        await Granted(bed, bed.Hosts[0]);
        await Granted(bed, bed.Hosts[0]);
        Assert.Equal([bed.Hosts[0]], await bed.Holders());
    }

    [Fact]
    public async Task A_full_lock_is_busy_and_says_who_holds_it()
    {
        await using LockBed bed = await Make();
        await Fill(bed);
        var busy = Assert.IsType<AcquireReply.Busy>(await Acquire(bed, bed.Hosts[^1]));
        if (bed.TellsHolders) Assert.Equal(bed.Hosts.Take(bed.Slots), busy.Holders.Select(h => h.Id).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(bed.Hosts[^1], await bed.Holders());
    }

    [Fact]
    public async Task Nobody_frees_the_lock_of_another()
    {
        await using LockBed bed = await Make();
        await Fill(bed);
        ReleaseReply reply = await Release(bed, bed.Hosts[^1]);
        Assert.True(reply is ReleaseReply.HeldByOther or ReleaseReply.NotHeld || (reply is ReleaseReply.Released && !bed.TellsHolders), reply.ToString());
        Assert.Equal(bed.Hosts.Take(bed.Slots), (await bed.Holders()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_release_of_a_free_lock_does_no_harm()
    {
        await using LockBed bed = await Make();
        Assert.True(await Release(bed, bed.Hosts[0]) is ReleaseReply.Released or ReleaseReply.NotHeld);
        Assert.Empty(await bed.Holders());
        await Granted(bed, bed.Hosts[1]);
    }

    [Fact]
    public async Task A_lost_reply_to_an_acquire_is_no_grant_but_may_be_one_and_the_next_try_settles_it()
    {
        await using LockBed bed = await Make();
        bed.LoseNextReply();
        switch (await Acquire(bed, bed.Hosts[0]))
        {
            // A service may settle it within the one call, by asking who holds the lock.
            case AcquireReply.Granted: break;
            case AcquireReply.Unreachable lost: Assert.True(lost.MayHaveHappened, lost.Why); break;
            case var other: Assert.Fail(other.ToString()); break;
        }

        Assert.Equal([bed.Hosts[0]], await bed.Holders());
        await Granted(bed, bed.Hosts[0]);
        Assert.Equal([bed.Hosts[0]], await bed.Holders());
        Assert.IsType<ReleaseReply.Released>(await Release(bed, bed.Hosts[0]));
    }

    [Fact]
    public async Task A_lost_reply_to_a_release_frees_the_lock_once_and_the_next_try_settles_it()
    {
        await using LockBed bed = await Make();
        await Granted(bed, bed.Hosts[0]);
        bed.LoseNextReply();
        ReleaseReply lost = await Release(bed, bed.Hosts[0]);
        Assert.True(lost is ReleaseReply.Unreachable or ReleaseReply.Released or ReleaseReply.NotHeld, lost.ToString());
        await Granted(bed, bed.Hosts[1]);
        ReleaseReply again = await Release(bed, bed.Hosts[0]);
        Assert.True(again is ReleaseReply.NotHeld or ReleaseReply.HeldByOther or ReleaseReply.Released, again.ToString());
        Assert.Equal([bed.Hosts[1]], await bed.Holders());
    }

    [Fact]
    public async Task What_an_admin_takes_away_is_not_ours_any_more()
    {
        await using LockBed bed = await Make();
        await Granted(bed, bed.Hosts[0]);
        await bed.TakeAway(bed.Hosts[0]);
        if (bed.TellsHolders) Assert.False(Assert.IsType<ShowReply.Shown>(await Show(bed, bed.Hosts[0])).View.HeldByUs);
        await Granted(bed, bed.Hosts[1]);
        ReleaseReply reply = await Release(bed, bed.Hosts[0]);
        Assert.True(reply is ReleaseReply.HeldByOther or ReleaseReply.NotHeld || (reply is ReleaseReply.Released && !bed.TellsHolders), reply.ToString());
        Assert.Equal([bed.Hosts[1]], await bed.Holders());
    }

    [Fact]
    public async Task The_lock_of_a_dead_host_stays_until_an_admin_frees_it()
    {
        await using LockBed bed = await Make();
        await Fill(bed);
        Assert.IsType<AcquireReply.Busy>(await Acquire(bed, bed.Hosts[^1]));
        await bed.TakeAway(bed.Hosts[0]);
        await Granted(bed, bed.Hosts[^1]);
    }

    [Fact]
    public async Task A_server_that_is_away_grants_nothing_and_forgets_nothing()
    {
        await using LockBed bed = await Make();
        await Granted(bed, bed.Hosts[0]);
        await bed.Stop();
        AcquireReply acquire = await Acquire(bed, bed.Hosts[1]);
        Assert.True(acquire is AcquireReply.Unreachable { MayHaveHappened: false } || (!bed.IsRemote && acquire is AcquireReply.Refused), acquire.ToString());
        ReleaseReply release = await Release(bed, bed.Hosts[0]);
        Assert.True(release is ReleaseReply.Unreachable || (!bed.IsRemote && release is ReleaseReply.Refused), release.ToString());
        ShowReply show = await Show(bed, bed.Hosts[0]);
        Assert.True(show is ShowReply.Unreachable or ShowReply.CannotTell || (!bed.IsRemote && show is ShowReply.Refused), show.ToString());
        await bed.Start();
        Assert.Equal([bed.Hosts[0]], await bed.Holders());
        await Granted(bed, bed.Hosts[0]);
    }

    [Fact]
    public async Task One_client_survives_a_restart_of_the_server_between_two_calls()
    {
        await using LockBed bed = await Make();
        ILockService client = bed.For(bed.Hosts[0]);
        Assert.IsType<AcquireReply.Granted>(await client.Acquire(default));
        await bed.Stop();
        await bed.Start();
        Assert.IsType<AcquireReply.Granted>(await client.Acquire(default));
        Assert.IsType<ReleaseReply.Released>(await client.Release(default));
        (client as IDisposable)?.Dispose();
    }

    [Theory]
    [InlineData(400)]
    [InlineData(-400)]
    public async Task A_clock_that_jumps_by_a_year_neither_loses_a_lock_nor_frees_one(int days)
    {
        await using LockBed bed = await Make();
        await Fill(bed);
        bed.Clock.Off = TimeSpan.FromDays(days);
        await Granted(bed, bed.Hosts[0]);
        if (bed.TellsHolders) Assert.True(Assert.IsType<ShowReply.Shown>(await Show(bed, bed.Hosts[0])).View.HeldByUs);
        Assert.IsType<AcquireReply.Busy>(await Acquire(bed, bed.Hosts[^1]));
        Assert.Equal(bed.Hosts.Take(bed.Slots), (await bed.Holders()).Order(StringComparer.Ordinal));
        bed.Clock.Off = -bed.Clock.Off;
        Assert.IsType<ReleaseReply.Released>(await Release(bed, bed.Hosts[0]));
        await Granted(bed, bed.Hosts[^1]);
    }

    [Fact]
    public async Task One_client_that_waits_while_the_clock_jumps_waits_no_longer()
    {
        await using LockBed bed = await Make();
        await Fill(bed);
        ILockService client = bed.For(bed.Hosts[^1]);
        var busy = Assert.IsType<AcquireReply.Busy>(await client.Acquire(default));
        Task wait = Task.Run(async () => await client.WaitForChange(busy.Revision, TimeSpan.FromMilliseconds(200), default));
        bed.Clock.Off = TimeSpan.FromDays(-400);
        await wait.WaitAsync(TimeSpan.FromSeconds(20));
        (client as IDisposable)?.Dispose();
    }

    [Fact]
    public async Task A_wait_ends_when_its_time_is_over()
    {
        await using LockBed bed = await Make();
        await Fill(bed);
        ILockService client = bed.For(bed.Hosts[^1]);
        var busy = Assert.IsType<AcquireReply.Busy>(await client.Acquire(default));
        await client.WaitForChange(busy.Revision, TimeSpan.FromMilliseconds(50), default);
        (client as IDisposable)?.Dispose();
    }

    [Fact]
    public async Task Whoever_asks_at_once_never_more_than_the_slots_are_granted()
    {
        await using LockBed bed = await Make();
        AcquireReply[] replies = await Task.WhenAll(bed.Hosts.Select(host => Task.Run(() => Acquire(bed, host))));
        Assert.True(replies.Count(r => r is AcquireReply.Granted) <= bed.Slots, string.Join(" | ", replies.AsEnumerable()));
        Assert.True((await bed.Holders()).Count <= bed.Slots);
    }

    private static async Task Fill(LockBed bed)
    {
        foreach (string host in bed.Hosts.Take(bed.Slots)) await Granted(bed, host);
    }

    private static async Task Granted(LockBed bed, string host) => Assert.IsType<AcquireReply.Granted>(await Acquire(bed, host));

    private static Task<AcquireReply> Acquire(LockBed bed, string host) => As(bed, host, s => s.Acquire(default));

    private static Task<ReleaseReply> Release(LockBed bed, string host) => As(bed, host, s => s.Release(default));

    private static Task<ShowReply> Show(LockBed bed, string host) => As(bed, host, s => s.Show(default));

    private static async Task<T> As<T>(LockBed bed, string host, Func<ILockService, ValueTask<T>> call)
    {
        ILockService client = bed.For(host);
        try
        {
            return await call(client);
        }
        finally
        {
            (client as IDisposable)?.Dispose();
        }
    }
}
