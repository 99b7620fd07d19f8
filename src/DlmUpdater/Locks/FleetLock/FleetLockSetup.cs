using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.FleetLock;

/// <summary>Makes the service from the configuration.</summary>
internal static class FleetLockSetup
{
    /// <summary>How long a server may think about a request for a slot. The protocol lets it keep the request open for up to 30 minutes
    /// until a slot is free; five let it do so without leaving us for too long at a server that died in between.</summary>
    private static readonly TimeSpan AcquireTimeout = TimeSpan.FromMinutes(5);

    /// <summary>How long a release may take: a server on Kubernetes has the node to open again first.</summary>
    private static readonly TimeSpan ReleaseTimeout = TimeSpan.FromMinutes(1);

    /// <summary>Null, and one line that says what to fix, if something on this host is missing. Nothing is sent.</summary>
    internal static FleetLockService? Make(FleetLockSettings fleet, LockSettings settings, TimeProvider time, out string why)
    {
        bool isTls = fleet.Url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        HolderName holder = HolderName.ForFleetLock(fleet.Id, settings.Holder);
        why = (isTls ? TlsLibrary.Missing() : null) ?? GroupProblem(fleet.Group) ?? holder.Why;
        if (why.Length > 0) return null;

        var target = new HttpTarget(fleet.Url, fleet.Proxy, new TlsFiles(null, fleet.Ca, "fleetlock"));
        var ways = new FleetLockWays(
            new HttpTransport(target, time) { CallTimeout = AcquireTimeout },
            new HttpTransport(target, time) { CallTimeout = ReleaseTimeout });
        return new FleetLockService(ways, new LockIdentity("fleetlock", fleet.Group, holder.Name!), time);
    }

    private static string? GroupProblem(string group)
    {
        foreach (char c in group)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-'))
                return $"[fleetlock] group = {OneLine.Of(group)}: only letters, digits, dots and hyphens: correct it";
        }

        return group.Length == 0 ? "[fleetlock] group is empty: set it, or leave it out for the group default" : null;
    }
}
