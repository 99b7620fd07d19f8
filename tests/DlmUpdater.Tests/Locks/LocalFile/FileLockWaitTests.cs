using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.LocalFile;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.LocalFile;

/// <summary>Waits of an hour that must end at once: a missed wake-up fails the join, not a stopwatch.</summary>
public sealed class FileLockWaitTests : IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly TestDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void A_release_wakes_the_waiter()
    {
        FileLockService a = Service("a");
        a.Acquire(default).Now();
        using var watching = new ManualResetEventSlim();
        FileLockService b = Service("b", (directory, file) =>
        {
            DirectoryWatch? watch = DirectoryWatch.Start(directory, file);
            watching.Set();
            return watch;
        });
        var busy = (AcquireReply.Busy)b.Acquire(default).Now();
        Thread waiter = Start(() => b.WaitForChange(busy.Revision, Hour, default).Now());
        watching.Wait();
        Assert.False(waiter.Join(50));
        a.Release(default).Now();
        Assert.True(waiter.Join(TimeSpan.FromSeconds(20)), "the waiter was not woken");
        Assert.IsType<AcquireReply.Granted>(b.Acquire(default).Now());
    }

    [Fact]
    public void A_release_between_the_watch_and_the_look_is_not_lost()
    {
        FileLockService a = Service("a");
        a.Acquire(default).Now();
        FileLockService b = Service("b", (directory, file) =>
        {
            a.Release(default).Now();
            DirectoryWatch? watch = DirectoryWatch.Start(directory, file);
            return watch;
        });
        var busy = (AcquireReply.Busy)b.Acquire(default).Now();
        Thread waiter = Start(() => b.WaitForChange(busy.Revision, Hour, default).Now());
        Assert.True(waiter.Join(TimeSpan.FromSeconds(20)), "the change was lost");
    }

    [Fact]
    public void A_change_before_the_wait_ends_it_at_once()
    {
        FileLockService a = Service("a");
        a.Acquire(default).Now();
        string? revision = ((ShowReply.Shown)a.Show(default).Now()).View.Revision;
        a.Release(default).Now();
        Thread waiter = Start(() => a.WaitForChange(revision, Hour, default).Now());
        Assert.True(waiter.Join(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void Other_locks_of_the_directory_wake_nobody_and_an_edit_by_hand_does()
    {
        FileLockService a = Service("a");
        a.Acquire(default).Now();
        string? revision = ((ShowReply.Shown)a.Show(default).Now()).View.Revision;
        Thread waiter = Start(() => a.WaitForChange(revision, Hour, default).Now());
        var other = new FileLockService(scratch.Root, new LockIdentity("file", "other", "x"), null, 1, TimeProvider.System);
        other.Acquire(default).Now();
        a.Acquire(default).Now();
        Assert.False(waiter.Join(80));
        File.WriteAllText(scratch.At("l.json"), File.ReadAllText(scratch.At("l.json")).Replace("\"a\"", "\"b\""));
        Assert.True(waiter.Join(TimeSpan.FromSeconds(20)), "the edit was not seen");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cancelled_wait_ends_at_once(bool watched)
    {
        FileLockService a = Service("a", watched ? DirectoryWatch.Start : (_, _) => null);
        a.Acquire(default).Now();
        using var cancel = new CancellationTokenSource();
        Exception? thrown = null;
        Thread waiter = Start(() => thrown = Record.Exception(() => a.WaitForChange(null, Hour, cancel.Token).Now()));
        Assert.False(waiter.Join(30));
        cancel.Cancel();
        Assert.True(waiter.Join(TimeSpan.FromSeconds(20)), "the wait went on");
        Assert.IsType<OperationCanceledException>(thrown, exactMatch: false);
    }

    [Fact]
    public void Where_the_kernel_cannot_tell_it_looks_for_itself()
    {
        FileLockService a = Service("a", (_, _) => null);
        a.Acquire(default).Now();
        Thread waiter = Start(() => a.WaitForChange(null, Hour, default).Now());
        Assert.False(waiter.Join(50));
        a.Release(default).Now();
        Assert.True(waiter.Join(TimeSpan.FromSeconds(20)), "the change was not seen");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_wait_ends_after_its_time(bool watched)
    {
        FileLockService a = Service("a", watched ? DirectoryWatch.Start : (_, _) => null);
        a.Acquire(default).Now();
        long start = TimeProvider.System.GetTimestamp();
        a.WaitForChange(null, TimeSpan.FromMilliseconds(60), default).Now();
        Assert.True(TimeProvider.System.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(60));
    }

    [Fact]
    public void A_directory_that_vanishes_ends_the_wait()
    {
        var a = new FileLockService(scratch.At("locks"), new LockIdentity("file", "l", "a"), null, 1, TimeProvider.System) { WatchedPoll = Hour };
        a.Acquire(default).Now();
        Thread waiter = Start(() => a.WaitForChange(null, Hour, default).Now());
        Assert.False(waiter.Join(30));
        Directory.Delete(scratch.At("locks"), recursive: true);
        Assert.True(waiter.Join(TimeSpan.FromSeconds(20)));
    }

    private static Thread Start(Action action)
    {
        var thread = new Thread(() => action()) { IsBackground = true };
        thread.Start();
        return thread;
    }

    private FileLockService Service(string holder, Func<string, string, DirectoryWatch?>? watch = null) =>
        new(scratch.Root, new LockIdentity("file", "l", holder), null, 1, TimeProvider.System)
        {
            WatchedPoll = Hour,
            UnwatchedPoll = TimeSpan.FromMilliseconds(20),
            Watch = watch ?? DirectoryWatch.Start,
        };
}
