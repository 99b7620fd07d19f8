using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.DlmEngine;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Locks.Conformance;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.Tests.Locks.DlmEngine;

public sealed class DlmEngineConformanceTests : LockConformance
{
    protected override Task<LockBed> Make() => Task.FromResult<LockBed>(new EngineBed(2));
}

public sealed class DlmEngineOldApiConformanceTests : LockConformance
{
    protected override Task<LockBed> Make() => Task.FromResult<LockBed>(new EngineBed(1));
}

/// <summary>The fake behind a real socket.</summary>
internal sealed class EngineBed : LockBed
{
    private readonly FakeEngine engine = new();
    private readonly int api;
    private TestServer server;
    private bool isReplyLost;

    public EngineBed(int api)
    {
        this.api = api;
        server = new TestServer(Answer);
    }

    public override IReadOnlyList<string> Hosts => ["a.example", "b.example", "c.example"];

    public override ILockService For(string host) => new DlmEngineLockService(
        new HttpTransport(new HttpTarget(server.Url, null, new TlsFiles(null, null, "dlmengine")), Clock), new EngineApi(api),
        new LockIdentity("dlmengine", "web front", host), new EngineCredential(FakeEngine.SecretId, new SecretText(FakeEngine.Secret)), Clock);

    public override Task<IReadOnlyList<string>> Holders() => Task.FromResult<IReadOnlyList<string>>([.. engine.Locks.Values]);

    public override Task TakeAway(string host)
    {
        engine.Locks.Remove("web front");
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
        string? Header(string name) => seen.Head.Split("\r\n").FirstOrDefault(l => l.StartsWith(name + ": ", StringComparison.Ordinal))?[(name.Length + 2)..];
        (int status, string body) = engine.Handle(seen.Method, seen.Path, Header("x-secret-id"), Header("x-secret"), seen.Body);
        bool isLost = isReplyLost && seen.Method != "GET";
        if (isLost) isReplyLost = false;
        return isLost ? null : TestServer.Reply(status, body);
    }
}
