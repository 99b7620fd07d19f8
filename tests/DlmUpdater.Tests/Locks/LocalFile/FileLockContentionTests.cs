using System.Diagnostics;
using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.LocalFile;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.LocalFile;

public sealed class FileLockContentionTests : IDisposable
{
    private readonly TestDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Eight_hosts_are_never_over_the_slots_and_all_get_in(int slots)
    {
        const int Hosts = 8, Rounds = 6;
        int inside = 0, most = 0, granted = 0;
        var strange = new System.Collections.Concurrent.ConcurrentQueue<string>();
        Thread[] threads = [.. Enumerable.Range(0, Hosts).Select(host => new Thread(() =>
        {
            var service = new FileLockService(scratch.Root, new LockIdentity("file", "l", $"host-{host}"), null, slots, TimeProvider.System)
            {
                GuardWait = TimeSpan.FromMinutes(2),
            };
            for (int round = 0; round < Rounds;)
            {
                switch (service.Acquire(default).Now())
                {
                    case AcquireReply.Granted:
                        int now = Interlocked.Increment(ref inside);
                        for (int seen = most; now > seen; seen = most)
                            Interlocked.CompareExchange(ref most, now, seen);
                        Thread.Sleep(1);
                        Interlocked.Decrement(ref inside);
                        Interlocked.Increment(ref granted);
                        round++;
                        if (service.Release(default).Now() is not ReleaseReply.Released)
                            strange.Enqueue("not released");
                        break;
                    case AcquireReply.Busy busy:
                        service.WaitForChange(busy.Revision, TimeSpan.FromSeconds(20), default).Now();
                        break;
                    case { } other:
                        strange.Enqueue(other.ToString()!);
                        return;
                }
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.Empty(strange);
        Assert.InRange(most, 1, slots);
        Assert.Equal(Hosts * Rounds, granted);
    }

    [Fact]
    public void Separate_processes_are_never_inside_together()
    {
        Process[] children = [.. Enumerable.Range(0, 4).Select(i => ChildProcess.Start("hammer-lock", scratch.Root, $"child-{i}", "8"))];
        foreach (Process child in children)
        {
            child.WaitForExit();
            Assert.Equal(0, child.ExitCode);
            child.Dispose();
        }
        Assert.Equal(["l.guard", "l.json"], Directory.GetFiles(scratch.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }
}
