using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Locks.Http;
using DlmUpdater.Locks.LocalFile;
using DlmUpdater.Tests.Host;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Locks.Conformance;

/// <summary>Every lock service at a server that does not answer: a call ends with the wait that it belongs to. The clock of client and wait
/// is a fake one, so that
/// no limit of the client's own can end a call; the real one only keeps a failing test from hanging.</summary>
public sealed class SilenceConformance
{
    private static readonly TimeSpan Guard = TimeSpan.FromMinutes(2);

    public static TheoryData<string, Mute> Cases()
    {
        var cases = new TheoryData<string, Mute>();
        foreach (string service in RemoteServices.All)
        {
            foreach (Mute how in Enum.GetValues<Mute>()) cases.Add(service, how);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Waiting_for_a_server_that_does_not_answer_ends_with_wait_max(string kind, Mute how)
    {
        using var server = new MuteServer(how);
        var time = new FakeTimeProvider();
        ILockService service = RemoteServices.Make(kind, server.Port, time, server.Resolve);
        var keeper = new LockKeeper(
            service, new LockSettings { WaitMax = TimeSpan.FromSeconds(2) }, RebootStrategy.Lock, time, () => 0.5, new Unheard());

        Task<LockOutcome> take = keeper.Take(null, mayBeOurs: false, default).AsTask();
        await server.Asked.WaitAsync(Guard);
        time.Advance(TimeSpan.FromSeconds(2));
        var no = Assert.IsType<LockOutcome.NotCleared>(await take.WaitAsync(Guard));

        Assert.Equal(Verdict.LockUnreachable, no.Verdict);
        Assert.Contains("took longer than the 2 s left of [lock] wait_max", no.Why, StringComparison.Ordinal);
        // Where nothing was sent, nothing is to be given back.
        Assert.Equal(server.CanBeAsked, no.MayBeOurs);
        (service as IDisposable)?.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Every_single_call_ends_when_it_is_cancelled(string kind, Mute how)
    {
        using var server = new MuteServer(how);
        ILockService service = RemoteServices.Make(kind, server.Port, new FakeTimeProvider(), server.Resolve);
        foreach (Func<CancellationToken, Task> call in (Func<CancellationToken, Task>[])
            [c => service.Acquire(c).AsTask(), c => service.Release(c).AsTask(), c => service.Show(c).AsTask()])
        {
            using var cancel = new CancellationTokenSource();
            Task asked = call(cancel.Token);
            await server.Asked.WaitAsync(Guard);
            await cancel.CancelAsync();
            try
            {
                await asked.WaitAsync(Guard);
                // FleetLock's show is no call.
                Assert.Equal("fleetlock", kind);
            }
            catch (OperationCanceledException e)
            {
                Assert.IsType<CutOffException>(e);
            }
        }

        (service as IDisposable)?.Dispose();
    }

    [Fact]
    public async Task Waiting_for_a_guard_that_another_process_keeps_ends_with_wait_max_and_takes_nothing()
    {
        using var scratch = new TestDirectory();
        var identity = new LockIdentity("file", "web", "a.example");
        using LockGuard? kept = LockGuard.Take(scratch.At("web.guard"), TimeSpan.Zero, TimeProvider.System, default, out string why, out _);
        Assert.True(kept is not null, why);
        var time = new FakeTimeProvider();
        var service = new FileLockService(scratch.Root, identity, null, 1, time);
        var keeper = new LockKeeper(service, new LockSettings { WaitMax = TimeSpan.FromSeconds(2) }, RebootStrategy.Lock, time, () => 0.5, new Unheard());
        Task<LockOutcome> take = Task.Run(async () => await keeper.Take(null, mayBeOurs: false, default));
        while (!take.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(take, Task.Delay(20));
        }

        var no = Assert.IsType<LockOutcome.NotCleared>(await take);
        Assert.Equal((Verdict.LockUnreachable, false), (no.Verdict, no.MayBeOurs));
        Assert.Contains("web.guard", no.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_server_that_does_not_answer_is_named_as_the_reason()
    {
        using var server = new MuteServer(Mute.HasNoName);
        var time = new FakeTimeProvider();
        using HttpTransport http = RemoteServices.Transport(1, time, "x", server.Resolve);
        Task<HttpReply> reply = http.Send(new HttpAsk("GET", "/"), default).AsTask();
        time.Advance(TimeSpan.FromSeconds(10));
        var none = Assert.IsType<HttpReply.NoAnswer>(await reply.WaitAsync(Guard));
        Assert.False(none.MayHaveHappened);
        Assert.Contains("the name lock.example cannot be resolved", none.Why, StringComparison.Ordinal);
    }

    private sealed class Unheard : IRunEvents
    {
        public void On(RunEvent happened)
        {
        }
    }
}
