using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Locks.Conformance;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.Tests.Locks.Foreman;

public sealed class ForemanConformanceTests : LockConformance
{
    protected override Task<LockBed> Make() => Task.FromResult<LockBed>(new Bed());

    private sealed class Bed : LockBed
    {
        private readonly FakeForeman foreman = new();
        private TestServer server;
        private bool isReplyLost;

        public Bed()
        {
            foreman.Known.Add("c.example");
            server = new TestServer(Answer);
        }

        public override IReadOnlyList<string> Hosts => ["a.example", "b.example", "c.example"];

        // Who asks is for Foreman's web server to see in the certificate; here the path tells, so that plain HTTP will do.
        public override ILockService For(string host) => FakeForeman.Service(
            new HttpTransport(new HttpTarget($"{server.Url}/{host}", null, new TlsFiles(null, null, "foreman")), Clock), host, TimeSpan.FromMilliseconds(20), Clock);

        public override Task<IReadOnlyList<string>> Holders() => Task.FromResult<IReadOnlyList<string>>(foreman.Holder is { } holder ? [holder] : []);

        public override Task TakeAway(string host)
        {
            foreman.Holder = null;
            return Task.CompletedTask;
        }

        public override void LoseNextReply() => isReplyLost = true;

        public override Task Stop()
        {
            server.Dispose();
            return Task.CompletedTask;
        }

        public override Task Start()
        {
            server = new TestServer(Answer, port: server.Port);
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync()
        {
            server.Dispose();
            return default;
        }

        private byte[]? Answer(Seen seen)
        {
            (int status, string body) = foreman.Handle(seen.Method, seen.Path.Split('/')[1]);
            // A kept connection is tried twice, a request that changes nothing does not count.
            bool isLost = isReplyLost && seen.Method != "GET";
            if (isLost) isReplyLost = false;
            return isLost ? null : TestServer.Reply(status, body);
        }
    }
}
