using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Etcd;

/// <summary>Makes the service from the configuration.</summary>
internal static class EtcdSetup
{
    /// <summary>etcd's own limit of a request, and so of a semaphore, and a third more for base64, in bytes.</summary>
    private const int LongestAnswer = 4 << 20;

    /// <summary>Null, and one line that says what to fix, if something on this host is missing. Nothing is sent.</summary>
    internal static EtcdLockService? Make(EtcdSettings etcd, LockSettings settings, TimeProvider time, Func<double> dice, out string why) =>
        Make(etcd, settings, MachineId.Read(), time, dice, out why);

    /// <summary>The same, with everything it depends on.</summary>
    internal static EtcdLockService? Make(
        EtcdSettings etcd, LockSettings settings, MachineIdReading machine, TimeProvider time, Func<double> dice, out string why)
    {
        if (Holder(settings.Holder, machine, out why) is not { } holder || Store(etcd, time, out why) is not { } store) return null;
        return new EtcdLockService(store, etcd.Layout, etcd.Slots, Identity(etcd, holder), time, dice)
        {
            Members = () => [.. etcd.Endpoints.Select(url => (HttpConnection.Authority(new Uri(url)), Store(etcd with { Endpoints = [url] }, time, out _)!))],
        };
    }

    /// <summary>The semaphore as <c>locksmithctl</c> changes it; null, and why not. Nothing is sent.</summary>
    internal static LocksmithCommands? MakeCommands(EtcdSettings etcd, TimeProvider time, Func<double> dice, out string why) =>
        Store(etcd, time, out why) is { } store ? new LocksmithCommands(store, etcd.Layout, etcd.Slots, time, dice) : null;

    /// <summary>Which lock this is for a holder.</summary>
    internal static LockIdentity Identity(EtcdSettings etcd, string holder) => new("etcd", Name(etcd.Layout, etcd.Group), holder);

    private static ISemaphoreStore? Store(EtcdSettings etcd, TimeProvider time, out string why)
    {
        why = "";
        if (etcd.Endpoints.Any(e => e.StartsWith("https://", StringComparison.OrdinalIgnoreCase)) && TlsLibrary.Missing() is { } missing)
        {
            why = missing;
            return null;
        }

        var tls = new TlsFiles(etcd.Certificate, etcd.Ca, "etcd");
        var members = new EtcdMembers([.. etcd.Endpoints.Select(url => new HttpTransport(new HttpTarget(url, null, tls), time)
        {
            // etcd gives up after seven seconds itself; with several members one that is silent must not eat the time of the others.
            ConnectTimeout = TimeSpan.FromSeconds(5),
            CallTimeout = TimeSpan.FromSeconds(15),
            BodyLimit = LongestAnswer,
        })]);
        string key = Key(etcd.Layout, etcd.Group);
        return etcd.Layout == EtcdLayout.Airlock ? new GatewayStore(members, key, etcd.Login) : new KeysStore(members, key, etcd.Login);
    }

    /// <summary>Where airlock and locksmith keep the semaphore of a group.</summary>
    internal static string Key(EtcdLayout layout, string? group) => (layout, group) switch
    {
        (EtcdLayout.Airlock, _) => $"com.coreos.airlock/groups/{GoEscape.Form(group ?? "default")}/v1/semaphore",
        (_, null) => "coreos.com/updateengine/rebootlock/semaphore",
        _ => $"coreos.com/updateengine/rebootlock/groups/{GoEscape.Form(group)}/semaphore",
    };

    /// <summary>The lock's name: no two semaphores have the same, so that a run that is resumed notices a changed configuration.</summary>
    private static string Name(EtcdLayout layout, string? group) => layout == EtcdLayout.Airlock
        ? "airlock/" + (group ?? "default")
        : group is null ? "locksmith" : "locksmith/" + group;

    private static string? Holder(string? configured, MachineIdReading machine, out string why)
    {
        HolderName name = configured is not null || machine.Id is not null
            ? HolderName.ForFileService(configured, machine, "")
            : new(null, $"this host has no machine id to hold a lock with ({machine.Why}): "
                + "run systemd-machine-id-setup, or set [lock] holder");
        why = name.Why;
        return name.Name;
    }
}
