using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DlmUpdater.Tests.Locks.Http;

/// <summary>A CA for one test, which issues whatever is asked.</summary>
internal sealed class Authority : IDisposable
{
    private readonly ECDsa key;
    private readonly X509Certificate2 root;

    public Authority(string name = "Test CA")
    {
        key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-5), DateTimeOffset.UtcNow.AddYears(5));
    }

    private Authority(ECDsa key, X509Certificate2 root) => (this.key, this.root) = (key, root);

    public string Pem => root.ExportCertificatePem();

    /// <summary>Certificate and key as PEM. Days count from now. <paramref name="fetchIssuer"/>: where the certificate says that its issuer can be fetched.</summary>
    public (string Certificate, string Key) Issue(string name, double fromDays = -1, double toDays = 30, string? dns = "localhost", string? fetchIssuer = null)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, own, HashAlgorithmName.SHA256);
        if (dns is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(dns);
            request.CertificateExtensions.Add(names.Build());
        }

        if (fetchIssuer is not null) request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [fetchIssuer]));
        using X509Certificate2 issued = request.Create(
            root, DateTimeOffset.UtcNow.AddDays(fromDays), DateTimeOffset.UtcNow.AddDays(toDays), Guid.NewGuid().ToByteArray());
        return (issued.ExportCertificatePem(), own.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A certificate for an RSA key as PEM, and the key.</summary>
    public (string Certificate, RSA Key) IssueRsa(string name)
    {
        RSA own = RSA.Create(2048);
        var request = new CertificateRequest("CN=" + name, own, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 issued = request.Create(
            root.SubjectName, X509SignatureGenerator.CreateForECDsa(key), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30), Guid.NewGuid().ToByteArray());
        return (issued.ExportCertificatePem(), own);
    }

    /// <summary>An authority that this one has issued.</summary>
    public Authority Below(string name)
    {
        var below = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, below, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using X509Certificate2 issued = request.Create(root, DateTimeOffset.UtcNow.AddYears(-1), DateTimeOffset.UtcNow.AddYears(1), Guid.NewGuid().ToByteArray());
        return new Authority(below, issued.CopyWithPrivateKey(below));
    }

    public void Dispose()
    {
        key.Dispose();
        root.Dispose();
    }
}
