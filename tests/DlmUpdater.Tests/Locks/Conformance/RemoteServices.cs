using System.Net;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.DlmEngine;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Locks.FleetLock;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Locks.Foreman;

namespace DlmUpdater.Tests.Locks.Conformance;

/// <summary>Every lock service over HTTP, as a client of whatever listens at a port of the loopback.</summary>
internal static class RemoteServices
{
    internal static readonly string[] All = ["foreman", "dlmengine v1", "dlmengine v2", "etcd v3", "etcd v2", "etcd of three", "fleetlock"];

    internal static ILockService Make(string kind, int port, TimeProvider time, Func<string, Task<IPAddress[]>>? resolve = null)
    {
        HttpTransport To(string section) => Transport(port, time, section, resolve);
        switch (kind)
        {
            case "foreman":
                return FakeForeman.Service(To("foreman"), "a.example", TimeSpan.FromSeconds(2), time);
            case "dlmengine v1" or "dlmengine v2":
                return new DlmEngineLockService(
                    To("dlmengine"), new EngineApi(kind[^1] - '0'), new LockIdentity("dlmengine", "web", "a.example"), new EngineCredential("id", new SecretText("secret")), time);
            case "fleetlock":
                return new FleetLockService(new FleetLockWays(To("fleetlock"), To("fleetlock")), new LockIdentity("fleetlock", "default", "a.example"), time);
            case "etcd v3" or "etcd v2" or "etcd of three":
                EtcdLayout layout = kind == "etcd v2" ? EtcdLayout.Locksmith : EtcdLayout.Airlock;
                var members = new EtcdMembers([.. Enumerable.Range(0, kind == "etcd of three" ? 3 : 1).Select(_ => To("etcd"))]);
                ISemaphoreStore store = layout == EtcdLayout.Airlock ? new GatewayStore(members, "k", null) : new KeysStore(members, "k", null);
                return new EtcdLockService(store, layout, 1, new LockIdentity("etcd", "k", "a.example"), time, () => 0.5);
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
    }

    internal static HttpTransport Transport(int port, TimeProvider time, string section, Func<string, Task<IPAddress[]>>? resolve = null) =>
        new(new HttpTarget($"http://lock.example:{port}", null, new TlsFiles(null, null, section)), time)
        {
            Resolve = resolve ?? (_ => Task.FromResult<IPAddress[]>([IPAddress.Loopback])),
        };
}
