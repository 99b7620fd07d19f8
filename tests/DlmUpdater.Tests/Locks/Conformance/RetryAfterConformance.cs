using DlmUpdater.Core.Locking;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.Tests.Locks.Conformance;

/// <summary>Every lock service over HTTP passes on how long its server asks not to be asked again.</summary>
public sealed class RetryAfterConformance
{
    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (string service in RemoteServices.All)
        {
            foreach (int status in (int[])[429, 503]) cases.Add(service, status);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_pause_for_which_a_server_asks_is_in_every_reply(string kind, int status)
    {
        int asked = 7;
        using var server = new TestServer(_ => TestServer.Reply(status, "{}", $"Retry-After: {asked}\r\n"));
        ILockService service = RemoteServices.Make(kind, server.Port, TimeProvider.System);
        TimeSpan? Seconds() => TimeSpan.FromSeconds(asked);
        Assert.Equal(Seconds(), Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default)).RetryAfter);
        Assert.Equal(Seconds(), Assert.IsType<ReleaseReply.Unreachable>(await service.Release(default)).RetryAfter);
        asked = 9;
        switch (await service.Show(default))
        {
            case ShowReply.Unreachable away: Assert.Equal(Seconds(), away.RetryAfter); break;
            case var none: Assert.IsType<ShowReply.CannotTell>(none); break;
        }

        (service as IDisposable)?.Dispose();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_server_that_asks_for_no_pause_leaves_the_retry_to_us(string kind, int status)
    {
        bool first = true;
        using var server = new TestServer(_ =>
        {
            byte[] reply = TestServer.Reply(status, "{}", first ? "Retry-After: 7\r\n" : "");
            return reply;
        });
        ILockService service = RemoteServices.Make(kind, server.Port, TimeProvider.System);
        Assert.NotNull(Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default)).RetryAfter);
        first = false;
        // What an earlier answer asked for is over with the next one.
        Assert.Null(Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default)).RetryAfter);
        Assert.Null(Assert.IsType<ReleaseReply.Unreachable>(await service.Release(default)).RetryAfter);
        (service as IDisposable)?.Dispose();
    }
}
