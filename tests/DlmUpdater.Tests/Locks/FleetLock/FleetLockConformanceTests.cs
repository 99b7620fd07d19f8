using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.FleetLock;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Locks.Conformance;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.Tests.Locks.FleetLock;

public sealed class AirlockConformanceTests : LockConformance
{
    protected override Task<LockBed> Make() => Task.FromResult<LockBed>(new FleetBed(Dialect.Airlock, 2));
}

public sealed class PoseidonConformanceTests : LockConformance
{
    protected override Task<LockBed> Make() => Task.FromResult<LockBed>(new FleetBed(Dialect.Poseidon, 1));
}

/// <summary>The fake behind a real socket.</summary>
internal sealed class FleetBed : LockBed
{
    private readonly FakeFleet fleet;
    private readonly int slots;
    private TestServer server;
    private bool isReplyLost;

    public FleetBed(Dialect dialect, int slots)
    {
        this.slots = slots;
        fleet = new FakeFleet(dialect, slots);
        server = new TestServer(Answer);
    }

    public override IReadOnlyList<string> Hosts => ["host-a", "host-b", "host-c"];

    public override int Slots => slots;

    public override bool TellsHolders => false;

    public override ILockService For(string host)
    {
        var target = new HttpTarget(server.Url, null, new TlsFiles(null, null, "fleetlock"));
        var ways = new FleetLockWays(new HttpTransport(target, Clock), new HttpTransport(target, Clock));
        return new FleetLockService(ways, new LockIdentity("fleetlock", FakeFleet.Group, host), Clock);
    }

    public override Task<IReadOnlyList<string>> Holders() => Task.FromResult<IReadOnlyList<string>>([.. fleet.Holders]);

    public override Task TakeAway(string host)
    {
        fleet.Holders.Remove(host);
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
        Assert.Contains("\r\nContent-Type: application/json\r\n", seen.Head + "\r\n");
        string? header = seen.Head.Split("\r\n").FirstOrDefault(l => l.StartsWith("fleet-lock-protocol: ", StringComparison.Ordinal))?["fleet-lock-protocol: ".Length..];
        (int status, string body) = fleet.Handle(seen.Method, seen.Path, header, seen.Body);
        if (!isReplyLost) return TestServer.Reply(status, body, "Content-Type: text/plain; charset=utf-8\r\n");
        isReplyLost = false;
        return null;
    }
}
