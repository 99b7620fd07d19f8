using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Locks.Foreman;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Cli;

/// <summary>What <c>check</c> says of the certificates with which a lock service is asked.</summary>
internal static class ChecksTls
{
    /// <summary>Time enough to have a certificate renewed.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    /// <summary>The files of the chosen lock service; empty for plain HTTP.</summary>
    internal static IEnumerable<Finding> All(UpdaterSettings settings, DateTimeOffset now) => settings switch
    {
        { Lock.Service: LockServiceKind.Foreman, Foreman: { } foreman } => Of([foreman.Url], ForemanSetup.Files(foreman, out string why), why, now),
        { Lock.Service: LockServiceKind.DlmEngine, DlmEngine: { } engine } => Of([engine.Url], new TlsFiles(null, engine.Ca, "dlmengine"), "", now),
        { Lock.Service: LockServiceKind.Etcd, Etcd: { } etcd } => Of(etcd.Endpoints, new TlsFiles(etcd.Certificate, etcd.Ca, "etcd"), "", now),
        { Lock.Service: LockServiceKind.FleetLock, FleetLock: { } fleet } => Of([fleet.Url], new TlsFiles(null, fleet.Ca, "fleetlock"), "", now),
        _ => [],
    };

    private static IEnumerable<Finding> Of(IEnumerable<string> urls, TlsFiles? files, string why, DateTimeOffset now)
    {
        if (!urls.Any(url => url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))) return [];
        if (TlsLibrary.Missing() is { } missing) return [Finding.Error("TLS", missing, "until then no run gets the lock")];
        return files is null
            ? [Finding.Error("client certificate", why, "until then no run gets the lock")]
            : [.. Certificates(files, TlsFacts.Read(files, now, out why), why, now), .. Places(files)];
    }

    /// <summary>Who could put another CA, certificate or key there. A warning only: agents of other tools own these directories on many hosts (puppet, katello).</summary>
    private static IEnumerable<Finding> Places(TlsFiles files)
    {
        var chain = new TrustChain(Native.geteuid(), readOnlyIsSafe: true);
        foreach ((string what, string? path) in ((string, string?)[])[("CA file", files.Ca), ("client certificate", files.Identity?.Certificate), ("client key", files.Identity?.Key)])
        {
            if (path is not null && chain.Check(path).Reasons is { Count: > 0 } reasons)
                yield return Finding.Warning(what, $"others can replace {path}: {string.Join("; ", reasons)}", "let only root write there, or anyone who can answers in the lock service's place");
        }
    }

    /// <summary>What the files say.</summary>
    /// <param name="files">Where they are.</param>
    /// <param name="facts">What is in them; null = they cannot be used.</param>
    /// <param name="why">Why not.</param>
    /// <param name="now">This host's clock.</param>
    internal static IEnumerable<Finding> Certificates(TlsFiles files, TlsFacts? facts, string why, DateTimeOffset now)
    {
        const string Client = "client certificate", Authority = "CA file";
        if (facts is null)
        {
            yield return Finding.Error("certificates", why, "until then no run gets the lock");
            yield break;
        }

        if (files.Identity is { } identity)
        {
            string what = $"{identity.Certificate} names {facts.Name}, until {LockReport.Time(facts.Ends)}";
            if (facts.Ends - now < Soon) yield return Finding.Warning(Client, $"{what}, {(facts.Ends - now).Days} days from now", "have it renewed; it is read anew for every try");
            else if (!facts.LeadsToCa) yield return Finding.Warning(Client, $"{what}, but no CA in {files.Ca} issued it", "nothing, if the server's web server trusts the CA that did");
            else yield return Finding.Ok(Client, what);
            if (facts.KeyIsOpen) yield return Finding.Warning("client key", $"others than its owner can read {identity.Key}", $"chmod 600 {identity.Key}");
        }

        if (facts.CaEnds is { } ends)
        {
            yield return ends - now < Soon
                ? Finding.Warning(Authority, $"a CA in {files.Ca} ends at {LockReport.Time(ends)}", "put its successor into the file beside it")
                : Finding.Ok(Authority, $"{files.Ca}, until {LockReport.Time(ends)}");
        }
    }
}
