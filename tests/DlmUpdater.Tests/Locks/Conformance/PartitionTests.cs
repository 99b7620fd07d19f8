using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Locks.DlmEngine;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Locks.FleetLock;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Locks.DlmEngine;
using DlmUpdater.Tests.Locks.Etcd;
using DlmUpdater.Tests.Locks.FleetLock;
using DlmUpdater.Tests.Locks.Foreman;

namespace DlmUpdater.Tests.Locks.Conformance;

/// <summary>The same partition at every lock service: it is away for a minute of fake time, from the end of each script on.</summary>
public sealed class PartitionTests
{
    private static readonly string[] Scripts = ["needs_update/one", "pre_update/one", "update/one", "needs_reboot/one", "post_update/one"];

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), Call = TimeSpan.FromSeconds(30);

    public static TheoryData<string, Outage, string, bool> Cases()
    {
        var cases = new TheoryData<string, Outage, string, bool>();
        foreach (string service in (string[])["foreman", "dlmengine", "etcd v3", "etcd v2", "airlock", "poseidon"])
        {
            foreach (Outage how in Enum.GetValues<Outage>())
            {
                foreach (string moment in Scripts) cases.Add(service, how, moment, false);
                cases.Add(service, how, "needs_reboot/one", true);
                cases.Add(service, how, "reboot/request", true);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Away_for_a_minute_nobody_updates_without_the_lock_everybody_recovers_and_the_log_says_it(string service, Outage how, string moment, bool reboots)
    {
        RunBed bed = Make(service, reboots);
        bed.At(moment, () => bed.Leave(how, Minute));

        RunReport report = bed.Run();
        if (reboots)
        {
            Assert.Equal(Ending.Rebooting, report.Ending);
            bed.Boot = new BootIdentity("boot-2", 7);
            report = bed.Run();
        }

        Assert.Equal(Ending.Done, report.Ending);
        Assert.Equal(Scripts, bed.Scripts.Where(s => s != "reboot/request"));
        Assert.All(bed.Acts.Where(a => a.Act.Contains('/', StringComparison.Ordinal) && a.Act != "needs_update/one"), a => Assert.True(a.Held, a.ToString()));
        Assert.Null(bed.Open);
        Assert.True(bed.IsFree);

        Assert.InRange(bed.AskedInVain, 1, 12);
        // The retry after the minute, the calls that a silent server lets run out, and the confirmation at a Foreman that was seen to be
        // that slow.
        Assert.InRange(bed.Now, TimeSpan.Zero, Minute + (Call * (service == "foreman" ? 8 : 4)));
        Assert.Contains(bed.Events, e => e is RunEvent.LockWaiting { Why: var why } && why.Contains("cannot connect", StringComparison.Ordinal));
    }

    private static RunBed Make(string service, bool reboots) => service switch
    {
        "foreman" => new ForemanRunBed { Reboots = reboots },
        "dlmengine" => new EngineRunBed { Reboots = reboots },
        "etcd v3" => new EtcdRunBed(EtcdLayout.Airlock) { Reboots = reboots },
        "etcd v2" => new EtcdRunBed(EtcdLayout.Locksmith) { Reboots = reboots },
        "airlock" => new FleetRunBed(Dialect.Airlock) { Reboots = reboots },
        "poseidon" => new FleetRunBed(Dialect.Poseidon) { Reboots = reboots },
        _ => throw new ArgumentOutOfRangeException(nameof(service)),
    };

    private static string Text(HttpAsk ask) => ask.Body is { } body ? Encoding.UTF8.GetString(body.Span) : "";

    private sealed class EngineRunBed : RunBed
    {
        private readonly FakeEngine _engine = new();

        public override bool Held => _engine.Locks.GetValueOrDefault("web") == Host;

        public override bool IsFree => _engine.Locks.Count == 0;

        protected override ILockService Client() => new DlmEngineLockService(
            this, new EngineApi(2), new LockIdentity("dlmengine", "web", Host), new EngineCredential(FakeEngine.SecretId, new SecretText(FakeEngine.Secret)), Time);

        protected override (int Status, string Body) Handle(HttpAsk ask) => _engine.Handle(ask.Method, ask.Path, FakeEngine.SecretId, FakeEngine.Secret, Text(ask));
    }

    private sealed class EtcdRunBed(EtcdLayout layout) : RunBed
    {
        private readonly FakeEtcd _etcd = new(layout, null, 1);

        public override bool Held => _etcd.Holders.Contains(Host);

        public override bool IsFree => _etcd.Holders.Length == 0;

        protected override ILockService Client()
        {
            var members = new EtcdMembers([this]);
            ISemaphoreStore store = layout == EtcdLayout.Airlock ? new GatewayStore(members, "k", null) : new KeysStore(members, "k", null);
            return new EtcdLockService(store, layout, 1, new LockIdentity("etcd", "k", Host), Time, () => 0.5);
        }

        protected override (int Status, string Body) Handle(HttpAsk ask) => _etcd.Handle(ask);
    }

    private sealed class FleetRunBed(Dialect dialect) : RunBed
    {
        private readonly FakeFleet _fleet = new(dialect);

        public override bool Held => _fleet.Holders.Contains(Host);

        public override bool IsFree => _fleet.Holders.Count == 0;

        protected override ILockService Client() => new FleetLockService(new FleetLockWays(this, this), new LockIdentity("fleetlock", FakeFleet.Group, Host), Time);

        protected override (int Status, string Body) Handle(HttpAsk ask) => _fleet.Handle(ask.Method, ask.Path, "true", Text(ask));
    }
}
