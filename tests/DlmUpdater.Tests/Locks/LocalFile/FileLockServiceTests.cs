using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.LocalFile;
using DlmUpdater.Tests.Host;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Locks.LocalFile;

public sealed class FileLockServiceTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 14, 1, 59, 26, TimeSpan.Zero);

    private readonly TestDirectory scratch = new();
    private readonly FakeTimeProvider time = new(Now);

    private string Locks => scratch.At("locks");

    private string LockPath => Path.Combine(Locks, "l.json");

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void The_first_gets_the_lock_and_others_are_told_of_him()
    {
        Assert.Equal(new AcquireReply.Granted(Now), Service("a", "web1").Acquire(default).Now());
        time.Advance(TimeSpan.FromMinutes(5));
        var busy = Assert.IsType<AcquireReply.Busy>(Service("b").Acquire(default).Now());
        Assert.Equal([new LockHolder("a", "web1", Now, false)], busy.Holders);
        Assert.Equal(View(Service("b")).Revision, busy.Revision);
    }

    [Fact]
    public void The_holder_is_granted_again_with_his_first_time_and_nothing_is_written()
    {
        FileLockService a = Service("a");
        a.Acquire(default).Now();
        string? revision = View(a).Revision;
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(new AcquireReply.Granted(Now), a.Acquire(default).Now());
        Assert.Equal(revision, View(a).Revision);
        Assert.True(View(a).HeldByUs);
    }

    [Fact]
    public void Release_frees_only_what_is_ours()
    {
        FileLockService a = Service("a"), b = Service("b");
        Assert.IsType<ReleaseReply.Refused>(a.Release(default).Now());
        a.Acquire(default).Now();
        Assert.Equal(new ReleaseReply.HeldByOther(new LockHolder("a", null, Now, false)), b.Release(default).Now());
        Assert.IsType<ReleaseReply.Released>(a.Release(default).Now());
        Assert.IsType<ReleaseReply.NotHeld>(a.Release(default).Now());
        Assert.IsType<AcquireReply.Granted>(b.Acquire(default).Now());
    }

    [Fact]
    public void With_a_free_slot_a_release_of_nothing_is_not_held()
    {
        Service("a", slots: 2).Acquire(default).Now();
        Assert.IsType<ReleaseReply.NotHeld>(Service("b", slots: 2).Release(default).Now());
    }

    [Fact]
    public void Looking_changes_nothing()
    {
        LockView view = View(Service("a", slots: 3));
        Assert.Equal((3, 0, true), (view.Slots, view.Holders.Count, view.Enabled));
        Assert.False(Directory.Exists(Locks));
    }

    [Fact]
    public void A_disabled_lock_lets_nobody_in_and_its_holders_finish()
    {
        FileLockService a = Service("a"), b = Service("b", slots: 1);
        a.Acquire(default).Now();
        Assert.IsType<SwitchReply.Switched>(b.Switch(false, default).Now());
        Assert.IsType<AcquireReply.Granted>(a.Acquire(default).Now());
        Assert.IsType<ReleaseReply.Released>(a.Release(default).Now());
        Assert.IsType<AcquireReply.Disabled>(b.Acquire(default).Now());
        Assert.IsType<SwitchReply.Switched>(b.Switch(true, default).Now());
        Assert.IsType<AcquireReply.Granted>(b.Acquire(default).Now());
    }

    [Fact]
    public void A_changed_number_of_slots_takes_effect_when_nobody_holds_the_lock()
    {
        FileLockService a = Service("a", slots: 1), b = Service("b", slots: 2), c = Service("c", slots: 2);
        Assert.IsType<AcquireReply.Granted>(a.Acquire(default).Now());
        Assert.IsType<AcquireReply.Busy>(b.Acquire(default).Now());
        Assert.IsType<ReleaseReply.Released>(a.Release(default).Now());
        Assert.IsType<AcquireReply.Granted>(b.Acquire(default).Now());
        Assert.IsType<AcquireReply.Granted>(c.Acquire(default).Now());
        Assert.IsType<AcquireReply.Busy>(a.Acquire(default).Now());
    }

    [Fact]
    public void The_locks_own_slots_count_and_a_difference_is_told()
    {
        Service("a", slots: 1).Acquire(default).Now();
        FileLockService b = Service("b", slots: 2);
        Assert.IsType<AcquireReply.Busy>(b.Acquire(default).Now());
        Assert.Contains("has 1 slots and [file] slots says 2", b.Notice);
        Service("a", slots: 1).Release(default).Now();
        Assert.IsType<AcquireReply.Granted>(b.Acquire(default).Now());
        Assert.Null(b.Notice);
    }

    [Fact]
    public void An_admin_can_free_the_slot_of_a_dead_holder()
    {
        Service("dead").Acquire(default).Now();
        FileLockService b = Service("b");
        Assert.IsType<ReleaseReply.HeldByOther>(b.Unlock("alive", default).Now());
        Assert.IsType<ReleaseReply.Released>(b.Unlock("dead", default).Now());
        Assert.IsType<AcquireReply.Granted>(b.Acquire(default).Now());
    }

    [Fact]
    public void All_locks_of_the_directory_are_listed()
    {
        FileLockService a = Service("a");
        Assert.IsType<ListReply.Refused>(a.List(default).Now());
        a.Acquire(default).Now();
        File.WriteAllText(Path.Combine(Locks, ".hidden.json"), "");
        LockView one = Assert.Single(Assert.IsType<ListReply.Told>(a.List(default).Now()).Locks);
        Assert.Equal("a", Assert.Single(one.Holders).Id);
        File.WriteAllText(Path.Combine(Locks, "torn.json"), "{");
        Assert.Contains("torn.json", Assert.IsType<ListReply.Refused>(a.List(default).Now()).Why);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("{", "JSON")]
    [InlineData("""{"version":2}""", "version 2")]
    [InlineData("""{"version":1,"name":"l","slots":1,"enabled":true,"holders":[{"id":"x"},{"id":"x"}],"revision":1}""", "twice")]
    [InlineData("""{"version":1,"name":"l","slots":0,"enabled":true,"holders":[],"revision":1}""", "\"slots\"")]
    [InlineData("""{"version":1,"name":"l","slots":1,"enabled":true,"revision":1}""", "\"holders\"")]
    public void A_damaged_file_is_refused_and_kept(string content, string named)
    {
        Directory.CreateDirectory(Locks);
        File.WriteAllText(LockPath, content);
        FileLockService a = Service("a");
        string why = Assert.IsType<AcquireReply.Refused>(a.Acquire(default).Now()).Why;
        Assert.Contains(named, why);
        Assert.Contains(LockPath, why);
        Assert.IsType<ReleaseReply.Refused>(a.Release(default).Now());
        Assert.IsType<ShowReply.Refused>(a.Show(default).Now());
        Assert.IsType<SwitchReply.Refused>(a.Switch(false, default).Now());
        Assert.Equal(content, File.ReadAllText(LockPath));
    }

    [Fact]
    public void The_directory_is_made_but_not_its_parents()
    {
        Assert.IsType<AcquireReply.Granted>(Service("a").Acquire(default).Now());
        var far = new FileLockService(scratch.At("no/locks"), new LockIdentity("file", "l", "a"), null, 1, time);
        Assert.Contains("does not exist, nor does", Assert.IsType<AcquireReply.Refused>(far.Acquire(default).Now()).Why);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../l")]
    [InlineData(".l")]
    [InlineData("a/b")]
    [InlineData("a\nb")]
    public void A_name_that_is_no_file_name_is_refused(string name)
    {
        Directory.CreateDirectory(Locks);
        var service = new FileLockService(Locks, new LockIdentity("file", name, "a"), null, 1, time);
        Assert.Contains("[lock] name", Assert.IsType<AcquireReply.Refused>(service.Acquire(default).Now()).Why);
        Assert.IsType<ShowReply.Refused>(service.Show(default).Now());
        Assert.Empty(Directory.GetFileSystemEntries(Locks));
    }

    [Fact]
    public void A_guard_that_is_held_too_long_is_told_and_nothing_happened()
    {
        Service("a").Acquire(default).Now();
        using LockGuard? guard = LockGuard.Take(Path.Combine(Locks, "l.guard"), TimeSpan.Zero, TimeProvider.System, default, out _, out _);
        Assert.NotNull(guard);
        var b = new FileLockService(Locks, new LockIdentity("file", "l", "b"), null, 1, TimeProvider.System) { GuardWait = TimeSpan.FromMilliseconds(40) };
        var reply = Assert.IsType<AcquireReply.Unreachable>(b.Acquire(default).Now());
        Assert.Contains("fuser", reply.Why);
        Assert.False(reply.MayHaveHappened);
        Assert.IsType<ShowReply.Shown>(b.Show(default).Now());
    }

    [Fact]
    public void A_wait_for_the_guard_can_be_cancelled()
    {
        Service("a").Acquire(default).Now();
        using LockGuard? guard = LockGuard.Take(Path.Combine(Locks, "l.guard"), TimeSpan.Zero, TimeProvider.System, default, out _, out _);
        using var cancel = new CancellationTokenSource(30);
        Assert.True(Assert.Throws<CutOffException>(() => Service("b").Acquire(cancel.Token).Now()).NothingSent);
    }

    [Fact]
    public void A_full_disk_grants_nothing_and_keeps_the_lock()
    {
        string disk = scratch.MountTmpfs("disk", "16k");
        var a = new FileLockService(disk, new LockIdentity("file", "l", "a"), null, 1, time);
        a.Acquire(default).Now();
        TestDirectory.Fill(disk + "/filler");
        var b = new FileLockService(disk, new LockIdentity("file", "other", "b"), null, 1, time);
        var reply = Assert.IsType<AcquireReply.Unreachable>(b.Acquire(default).Now());
        Assert.Contains("No space left on device", reply.Why);
        Assert.False(reply.MayHaveHappened);
        Assert.IsType<ReleaseReply.Unreachable>(a.Release(default).Now());
        Assert.True(View(a).HeldByUs);
    }

    [Fact]
    public void A_read_only_directory_is_refused()
    {
        string disk = scratch.MountTmpfs("disk", "64k");
        TestDirectory.Run("mount", "-o", "remount,ro", disk);
        var a = new FileLockService(disk, new LockIdentity("file", "l", "a"), null, 1, time);
        Assert.Contains("Read-only file system: set [file] directory", Assert.IsType<AcquireReply.Refused>(a.Acquire(default).Now()).Why);
    }

    private FileLockService Service(string holder, string? name = null, int slots = 1) =>
        new(Locks, new LockIdentity("file", "l", holder), name, slots, time);

    private static LockView View(FileLockService service) => Assert.IsType<ShowReply.Shown>(service.Show(default).Now()).View;
}
