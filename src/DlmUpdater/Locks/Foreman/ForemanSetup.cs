using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Foreman;

/// <summary>Makes the service from the configuration.</summary>
internal static class ForemanSetup
{
    /// <summary>Descriptions of hosts carry all their parameters, in bytes.</summary>
    private const int LongestHost = 1 << 20;

    /// <summary>Null, and one line that says what to fix, if something on this host is missing. Nothing is sent.</summary>
    internal static ForemanLockService? Make(ForemanSettings foreman, LockSettings settings, TimeProvider time, out string why)
    {
        bool isTls = foreman.Url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        if (isTls && TlsLibrary.Missing() is { } missing)
        {
            why = missing;
            return null;
        }

        if (Files(foreman, out why) is not { } tls) return null;
        string certificate = "a request without a client certificate (set [foreman] client_crt)", holder = settings.Holder ?? MachineId.HostName();
        if (isTls && tls.Identity is { } files)
        {
            TlsLibrary.TrustOnly(foreman.Ca);
            if (tls.CommonName(out why) is not { } name) return null;
            (certificate, holder) = ($"the certificate of {name} ({files.Certificate})", name);
        }

        var transport = new HttpTransport(new HttpTarget(foreman.Url, foreman.Proxy, tls), time) { KeepFor = settings.ConfirmAfter + TimeSpan.FromSeconds(20) };
        var identity = new LockIdentity("foreman", settings.Name, holder);
        var words = new ForemanWords(transport.Server, certificate, settings.Name);
        var admin = new ForemanAdmin(new HttpTransport(new HttpTarget(foreman.Url, foreman.Proxy, tls with { Identity = null }), time) { BodyLimit = LongestHost }, identity, words, foreman.Admin);
        return new ForemanLockService(transport, identity, words, settings.ConfirmAfter, time, admin);
    }
    /// <summary>The certificate files of this host; null, and one line with all that was tried.</summary>
    internal static TlsFiles? Files(ForemanSettings foreman, out string why)
    {
        why = "";
        if (foreman.Certificate is null) return new TlsFiles(null, foreman.Ca, "foreman");
        ClientCertificate.Files? found = new HostCertificates("", MachineId.HostName()).Find(foreman.Certificate, out why);
        return found is null ? null : new TlsFiles(found, foreman.Ca, "foreman");
    }
}
