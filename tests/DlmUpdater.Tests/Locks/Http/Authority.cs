using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DlmUpdater.Tests.Locks.Http;

/// <summary>A CA for one test, which issues whatever is asked.</summary>
internal sealed class Authority : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 root;

    public Authority(string name = "Test CA")
    {
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-5), DateTimeOffset.UtcNow.AddYears(5));
    }

    public string Pem => root.ExportCertificatePem();

    /// <summary>Certificate and key as PEM. Days count from now.</summary>
    public (string Certificate, string Key) Issue(string name, double fromDays = -1, double toDays = 30, string? dns = "localhost")
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, own, HashAlgorithmName.SHA256);
        if (dns is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(dns);
            request.CertificateExtensions.Add(names.Build());
        }

        using X509Certificate2 issued = request.Create(
            root, DateTimeOffset.UtcNow.AddDays(fromDays), DateTimeOffset.UtcNow.AddDays(toDays), Guid.NewGuid().ToByteArray());
        return (issued.ExportCertificatePem(), own.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose()
    {
        key.Dispose();
        root.Dispose();
    }
}
