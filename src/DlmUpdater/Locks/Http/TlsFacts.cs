using System.Security.Cryptography.X509Certificates;
using DlmUpdater.Host;

namespace DlmUpdater.Locks.Http;

/// <summary>What the certificate files say, for who looks at them by day.</summary>
/// <param name="Name">The subject's name (CN) of the host's certificate; null = none is configured.</param>
/// <param name="Ends">When the host's certificate ends.</param>
/// <param name="KeyIsOpen">True if others than its owner can read the key.</param>
/// <param name="LeadsToCa">False if the host's certificate was not issued, directly or by way of the intermediates in its file, by a CA of
/// the CA file.</param>
/// <param name="CaEnds">When the first of the CAs ends; null = the system's are used.</param>
internal sealed record TlsFacts(string? Name, DateTimeOffset Ends, bool KeyIsOpen, bool LeadsToCa, DateTimeOffset? CaEnds)
{
    /// <summary>Reads the files as a request would; null, and one line that says what to fix, where a request could not be sent.</summary>
    internal static TlsFacts? Read(TlsFiles files, DateTimeOffset now, out string why)
    {
        if (files.Read(out why) is not { } bytes) return null;
        X509Certificate2Collection? roots = null;
        if (bytes.Ca is not null && (roots = files.LoadCa(bytes.Ca, out why)) is null) return null;
        DateTimeOffset? caEnds = roots?.Min(root => Utc(root.NotAfter));
        if (files.Identity is null) return new TlsFacts(null, default, false, true, caEnds);
        if (files.Load(bytes, now, out why) is not var (leaf, others)) return null;
        using (leaf)
        {
            bool isOpen = FileFacts.Read(files.Identity.Key, true, out _) is { } facts && (facts.Mode & 0b000_100_100) != 0;
            return new TlsFacts(leaf.GetNameInfo(X509NameType.SimpleName, false), Utc(leaf.NotAfter), isOpen, roots is null || LeadsTo(leaf, others, roots, now), caEnds);
        }
    }

    private static bool LeadsTo(X509Certificate2 leaf, X509Certificate2Collection others, X509Certificate2Collection roots, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.ExtraStore.AddRange(others);
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        return chain.Build(leaf);
    }

    private static DateTimeOffset Utc(DateTime time) => new(time.ToUniversalTime());
}
