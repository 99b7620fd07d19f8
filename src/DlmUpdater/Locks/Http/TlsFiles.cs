using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Locks.Http;

/// <summary>The bytes of the certificate files as they were at one moment.</summary>
internal sealed record TlsBytes(byte[]? Certificate, byte[]? Key, byte[]? Ca)
{
    /// <summary>True if nothing has changed since.</summary>
    internal bool Same(TlsBytes other) => Same(Certificate, other.Certificate) && Same(Key, other.Key) && Same(Ca, other.Ca);

    private static bool Same(byte[]? a, byte[]? b) => a is null ? b is null : b is not null && a.AsSpan().SequenceEqual(b);
}

/// <summary>The files that tell who this host is and whom it trusts, read anew for every try.</summary>
/// <param name="Identity">Certificate and key; null = none.</param>
/// <param name="Ca">The CAs; null = the system's.</param>
/// <param name="Section">The section of the configuration that names them, such as <c>foreman</c>.</param>
internal sealed record TlsFiles(ClientCertificate.Files? Identity, string? Ca, string Section)
{
    private const int LongestFile = 1 << 20;

    /// <summary>Reads all of them; null, and one line that says what to fix.</summary>
    internal TlsBytes? Read(out string why)
    {
        why = "";
        byte[]? certificate = null, key = null, ca = null;
        if (Identity is not null && (certificate = Read("client certificate", Identity.Certificate, "client_crt", out why)) is null) return null;
        if (Identity is not null && (key = Read("client key", Identity.Key, "client_key", out why)) is null) return null;
        if (Ca is not null && (ca = Read("CA file", Ca, "ca", out why)) is null) return null;
        return new TlsBytes(certificate, key, ca);
    }

    /// <summary>The name in the certificate's subject by which a server knows this host (CN); null, and why there is none.</summary>
    internal string? CommonName(out string why)
    {
        why = $"[{Section}] client_crt is not set";
        if (Identity is null || Read("client certificate", Identity.Certificate, "client_crt", out why) is not { } bytes) return null;
        X509Certificate2Collection all = PemFile.Certificates(bytes, out string problem);
        if (all.Count == 0)
        {
            why = NoCertificate(problem);
            return null;
        }

        // Who may read the certificate may not always read the key.
        PemKey? key = Read("client key", Identity.Key, "client_key", out _) is { } keyBytes ? PemFile.Key(keyBytes, out _) : null;
        using X509Certificate2? withKey = key is null ? null : WithKey(all, key, out _)?.Leaf;
        X509Certificate2 leaf = withKey ?? all.FirstOrDefault(c => !IsCa(c)) ?? all[0];
        string name = leaf.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        why = name.Length == 0
            ? $"the client certificate {Identity.Certificate} names no host in its subject (CN): have it issued for this host"
            : "";
        foreach (X509Certificate2 one in all) one.Dispose();
        return name.Length == 0 ? null : name;
    }

    /// <summary>The certificates that go to the server with every handshake, or null and why not.</summary>
    internal (X509Certificate2 Leaf, X509Certificate2Collection Others)? Load(TlsBytes bytes, DateTimeOffset now, out string why)
    {
        X509Certificate2Collection all = PemFile.Certificates(bytes.Certificate!, out string problem);
        if (all.Count == 0)
        {
            why = NoCertificate(problem);
            return null;
        }

        if (PemFile.Key(bytes.Key!, out problem) is not { } key)
        {
            why = $"the client key {Identity!.Key} {problem}: correct [{Section}] client_key";
            return null;
        }

        if (WithKey(all, key, out problem) is not var (leaf, at))
        {
            why = problem;
            return null;
        }

        why = Untimely(leaf, now) ?? "";
        if (why.Length > 0)
        {
            leaf.Dispose();
            return null;
        }

        all[at].Dispose();
        all.RemoveAt(at);
        return (leaf, all);
    }

    /// <summary>The CAs to trust, or null and why not.</summary>
    internal X509Certificate2Collection? LoadCa(byte[] bytes, out string why)
    {
        X509Certificate2Collection roots = PemFile.Certificates(bytes, out string problem);
        why = roots.Count > 0 ? "" : $"the CA file {Ca} {problem}: correct [{Section}] ca";
        return roots.Count > 0 ? roots : null;
    }

    private static bool IsCa(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(e => e.CertificateAuthority);

    private string? Untimely(X509Certificate2 leaf, DateTimeOffset now) =>
        leaf.NotAfter.ToUniversalTime() < now.UtcDateTime
            ? $"the client certificate {Identity!.Certificate} expired on {leaf.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC: have a new one issued"
        : leaf.NotBefore.ToUniversalTime() > now.UtcDateTime
            ? $"the client certificate {Identity!.Certificate} is not valid before {leaf.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} UTC: "
                + $"check this host's clock, which says {now.UtcDateTime:yyyy-MM-dd HH:mm}"
        : null;

    /// <summary>The certificate that the key belongs to, wherever in the file it stands, with its key and its place; null, and one line
    /// that says what to fix.</summary>
    private (X509Certificate2 Leaf, int At)? WithKey(X509Certificate2Collection all, PemKey key, out string why)
    {
        X509Certificate2 first = all.FirstOrDefault(c => !IsCa(c)) ?? all[0];
        string algorithm = key.Algorithm, wanted = first.GetKeyAlgorithm();
        // The base library has no key of another kind that it could show in a handshake.
        foreach ((string oid, string what) in (ReadOnlySpan<(string, string)>)
        [
            (wanted, $"the client certificate {Identity!.Certificate} is for"), (algorithm, $"the client key {Identity.Key} is"),
        ])
        {
            if (oid is KeyAlgorithm.Rsa or KeyAlgorithm.Ec or "") continue;
            why = $"{what} {KeyAlgorithm.Name(oid)}, which this program cannot use for TLS: have a certificate issued for an ECDSA (P-256) or RSA key";
            return null;
        }

        string problem = "";
        for (int i = 0; i < all.Count; i++)
        {
            if (all[i].GetKeyAlgorithm() != algorithm) continue;
            if (Parse(() => WithKey(all[i], key), out problem) is not { } pair) continue;
            why = "";
            return (pair, i);
        }

        using Opened? opened = Parse(() => new Opened(key), out string broken);
        string reason = opened is null ? $"it is damaged ({(algorithm.Length == 0 ? "its algorithm cannot be read" : broken)})"
            : algorithm != wanted ? $"it is {KeyAlgorithm.Name(algorithm)}, and the certificate is for {KeyAlgorithm.Name(wanted)}"
            : problem;
        why = $"the client key {Identity!.Key} does not match the certificate {Identity.Certificate}: {reason}: "
            + $"set [{Section}] client_key to the key of that certificate";
        return null;
    }

    /// <summary>Not by the base library's own call for both files: that brings every algorithm that a key could have, and a fiftieth of the
    /// executable.</summary>
    private static X509Certificate2 WithKey(X509Certificate2 certificate, PemKey key)
    {
        using var opened = new Opened(key);
        return opened.Rsa is { } rsa ? certificate.CopyWithPrivateKey(rsa) : certificate.CopyWithPrivateKey(opened.Ec!);
    }

    private string NoCertificate(string problem) =>
        $"the client certificate {Identity!.Certificate} {problem}: correct [{Section}] client_crt";

    private static T? Parse<T>(Func<T> make, out string problem)
        where T : class
    {
        problem = "";
        try
        {
            return make();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or FormatException)
        {
            problem = OneLine.Of(e.Message.TrimEnd('.'));
            return null;
        }
    }

    /// <summary>A key that could be read.</summary>
    private sealed class Opened : IDisposable
    {
        internal Opened(PemKey key)
        {
            if (key.Algorithm == KeyAlgorithm.Rsa)
            {
                Rsa = RSA.Create();
                if (key.Label == "PRIVATE KEY") Rsa.ImportPkcs8PrivateKey(key.Der, out _);
                else Rsa.ImportRSAPrivateKey(key.Der, out _);
            }
            else
            {
                Ec = ECDsa.Create();
                if (key.Label == "PRIVATE KEY") Ec.ImportPkcs8PrivateKey(key.Der, out _);
                else Ec.ImportECPrivateKey(key.Der, out _);
            }
        }

        internal RSA? Rsa { get; }

        internal ECDsa? Ec { get; }

        public void Dispose()
        {
            Rsa?.Dispose();
            Ec?.Dispose();
        }
    }

    private byte[]? Read(string what, string path, string key, out string why)
    {
        FileReading reading = RegularFile.Read(path, LongestFile);
        why = reading switch
        {
            FileReading.Content => "",
            FileReading.Missing => $"the {what} {path} does not exist: correct [{Section}] {key}, or put it there",
            FileReading.NotAFile not => $"the {what} {path} {not.What}: correct [{Section}] {key}",
            FileReading.Failed failed => FileErrors.Describe($"read the {what}", path, failed.Errno, $"[{Section}] {key}"),
            _ => throw new InvalidOperationException("unknown reading"),
        };
        return (reading as FileReading.Content)?.Bytes;
    }
}
