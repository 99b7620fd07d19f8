using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
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

        using X509Certificate2? leaf = Parse(() => X509Certificate2.CreateFromPem(Encoding.Latin1.GetString(bytes)), out string problem);
        if (leaf is null)
        {
            why = NoCertificate(problem);
            return null;
        }

        string name = leaf.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        why = name.Length == 0 ? $"the client certificate {Identity.Certificate} names no host in its subject (CN): have it issued for this host" : "";
        return name.Length == 0 ? null : name;
    }

    /// <summary>The certificates that go to the server with every handshake, or null and why not.</summary>
    internal (X509Certificate2 Leaf, X509Certificate2Collection Others)? Load(TlsBytes bytes, DateTimeOffset now, out string why)
    {
        why = "";
        string pem = Encoding.Latin1.GetString(bytes.Certificate!), keyPem = Encoding.Latin1.GetString(bytes.Key!);
        using X509Certificate2? alone = Parse(() => X509Certificate2.CreateFromPem(pem), out string problem);
        if (alone is null)
        {
            why = NoCertificate(problem);
            return null;
        }

        if (alone.NotAfter.ToUniversalTime() < now.UtcDateTime)
            why = $"the client certificate {Identity!.Certificate} expired on {alone.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC: have a new one issued";
        else if (alone.NotBefore.ToUniversalTime() > now.UtcDateTime)
            why = $"the client certificate {Identity!.Certificate} is not valid before {alone.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} UTC: check this host's clock, which says {now.UtcDateTime:yyyy-MM-dd HH:mm}";
        if (why.Length > 0) return null;
        if (keyPem.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal) || keyPem.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
        {
            why = $"the client key {Identity!.Key} is encrypted, and nobody is there to type its password: store it without one, mode 0600";
            return null;
        }

        if (!keyPem.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            why = $"the client key {Identity!.Key} holds no PEM private key: correct [{Section}] client_key";
            return null;
        }

        X509Certificate2? leaf = Parse(() => WithKey(alone, keyPem), out problem);
        if (leaf is null)
        {
            // The base library tells a foreign key from a broken one by the type of what it throws, and not always that.
            why = $"the client key {Identity!.Key} does not match the certificate {Identity.Certificate}, or is damaged ({problem}): "
                + $"set [{Section}] client_key to the key of that certificate";
            return null;
        }

        var others = new X509Certificate2Collection();
        others.ImportFromPem(pem);
        others[0].Dispose();
        others.RemoveAt(0);
        return (leaf, others);
    }

    /// <summary>The CAs to trust, or null and why not.</summary>
    internal X509Certificate2Collection? LoadCa(byte[] bytes, out string why)
    {
        var roots = new X509Certificate2Collection();
        _ = Parse(() =>
        {
            roots.ImportFromPem(Encoding.Latin1.GetString(bytes));
            return roots;
        }, out string problem);
        why = roots.Count > 0 && problem.Length == 0
            ? "" : $"the CA file {Ca} holds {(problem.Length == 0 ? "no PEM certificate" : $"a certificate that cannot be read ({problem})")}: correct [{Section}] ca";
        return why.Length == 0 ? roots : null;
    }

    /// <summary>Not by the base library's own call for both files: that brings every algorithm that a key could have, and a fiftieth of the executable.</summary>
    private static X509Certificate2 WithKey(X509Certificate2 certificate, string pem)
    {
        switch (certificate.GetKeyAlgorithm())
        {
            case "1.2.840.113549.1.1.1" or "1.2.840.113549.1.1.10":
                using (RSA rsa = RSA.Create())
                {
                    rsa.ImportFromPem(pem);
                    return certificate.CopyWithPrivateKey(rsa);
                }

            case "1.2.840.10045.2.1":
                using (ECDsa ec = ECDsa.Create())
                {
                    ec.ImportFromPem(pem);
                    return certificate.CopyWithPrivateKey(ec);
                }

            case var other:
                throw new CryptographicException($"the certificate's key is neither RSA nor EC, but of algorithm {other}");
        }
    }

    private string NoCertificate(string problem) =>
        $"{Identity!.Certificate} does not hold a PEM certificate ({problem}): correct [{Section}] client_crt";

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
