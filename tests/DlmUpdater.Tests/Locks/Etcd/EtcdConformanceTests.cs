using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Tests.Locks.Conformance;

namespace DlmUpdater.Tests.Locks.Etcd;

public sealed class AirlockConformanceTests(SharedEtcd etcd) : LockConformance, IClassFixture<SharedEtcd>
{
    protected override async Task<LockBed> Make() => await EtcdBed.Make(etcd.Server, EtcdLayout.Airlock, 1);
}

public sealed class AirlockWithTwoSlotsConformanceTests(SharedEtcd etcd) : LockConformance, IClassFixture<SharedEtcd>
{
    protected override async Task<LockBed> Make() => await EtcdBed.Make(etcd.Server, EtcdLayout.Airlock, 2);
}

public sealed class LocksmithConformanceTests(SharedEtcd etcd) : LockConformance, IClassFixture<SharedEtcd>
{
    protected override async Task<LockBed> Make() => await EtcdBed.Make(etcd.Server, EtcdLayout.Locksmith, 1);
}

public sealed class LocksmithWithTwoSlotsConformanceTests(SharedEtcd etcd) : LockConformance, IClassFixture<SharedEtcd>
{
    protected override async Task<LockBed> Make() => await EtcdBed.Make(etcd.Server, EtcdLayout.Locksmith, 2);
}

/// <summary>A semaphore of its own in a real etcd, reached by way of a relay.</summary>
internal sealed class EtcdBed : LockBed
{
    private readonly EtcdServer server;
    private readonly EtcdLayout layout;
    private readonly Relay relay;
    private readonly string group = "bed/" + Guid.NewGuid().ToString("N");

    private EtcdBed(EtcdServer server, EtcdLayout layout, int slots)
    {
        (this.server, this.layout, Slots) = (server, layout, slots);
        relay = new Relay(server.Port);
    }

    public override IReadOnlyList<string> Hosts =>
        ["0a5d1f2e3c4b5a69788796a5b4c3d2e1", "1b5d1f2e3c4b5a69788796a5b4c3d2e1", "2c5d1f2e3c4b5a69788796a5b4c3d2e1"];

    public override int Slots { get; }

    public static async Task<EtcdBed> Make(EtcdServer server, EtcdLayout layout, int slots)
    {
        var bed = new EtcdBed(server, layout, slots);
        // As the other tool made it. What this one makes itself is looked at elsewhere.
        await bed.Put(layout == EtcdLayout.Airlock ? $$"""{"total_slots":{{slots}},"holders":[]}""" : $$"""{"semaphore":{{slots}},"max":{{slots}},"holders":null}""");
        return bed;
    }

    public override ILockService For(string host) => Etcd.Service([relay.Url], layout, host, group, Slots, time: Clock);

    public override async Task<IReadOnlyList<string>> Holders()
    {
        string value = (layout == EtcdLayout.Airlock ? await server.Get(Key) : await server.Get2(Wire))!;
        string list = value[(value.IndexOf("\"holders\":", StringComparison.Ordinal) + 10)..^1].Trim('[', ']');
        return list is "" or "null" ? [] : [.. list.Split(',').Select(h => h.Trim('"'))];
    }

    public override async Task TakeAway(string host)
    {
        string[] left = [.. (await Holders()).Where(h => h != host).Select(h => $"\"{h}\"")];
        await Put(layout == EtcdLayout.Airlock
            ? $$"""{"total_slots":{{Slots}},"holders":[{{string.Join(',', left)}}]}"""
            : $$"""{"semaphore":{{Slots - left.Length}},"max":{{Slots}},"holders":[{{string.Join(',', left)}}]}""");
    }

    public override void LoseNextReply() => relay.LoseReplyTo(layout == EtcdLayout.Airlock ? "/kv/txn" : "PUT /v2/keys/");

    public override async Task Stop()
    {
        relay.Down();
        await server.Stop();
    }

    public override async Task Start()
    {
        await server.Start();
        relay.Up();
    }

    public override ValueTask DisposeAsync()
    {
        relay.Dispose();
        return default;
    }

    private string Key => EtcdSetup.Key(layout, group);

    private string Wire => Key.Replace("%", "%25");

    private Task Put(string value) => layout == EtcdLayout.Airlock ? server.Put(Key, value) : server.Put2(Wire, value);
}
