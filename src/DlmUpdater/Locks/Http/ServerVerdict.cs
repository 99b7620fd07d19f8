using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace DlmUpdater.Locks.Http;

/// <summary>Puts into words why a server's certificate is not accepted. It never accepts one itself.</summary>
internal static class ServerVerdict
{
    /// <summary>One line, or null if there is nothing to complain of.</summary>
    /// <param name="host">The host that was asked.</param>
    /// <param name="certificate">What it showed.</param>
    /// <param name="chain">How far that could be followed.</param>
    /// <param name="errors">What TLS found.</param>
    /// <param name="trust">Where the trusted CAs come from, such as a file's path.</param>
    /// <param name="now">This host's clock.</param>
    internal static string? Explain(string host, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, string trust, DateTimeOffset now)
    {
        if (errors == SslPolicyErrors.None) return null;
        if (certificate is not X509Certificate2 leaf || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return $"{host} showed no certificate: check that the URL's port speaks TLS";

        X509ChainStatusFlags flags = X509ChainStatusFlags.NoError;
        foreach (X509ChainStatus status in chain?.ChainStatus ?? []) flags |= status.Status;
        if (flags.HasFlag(X509ChainStatusFlags.NotTimeValid) && Untimely(chain!, now) is { } untimely) return $"the certificate of {host}{untimely}";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"the certificate that {host} showed is for another name ({Names(leaf)}): use that name in the URL, or have one issued for {host}";
        if ((flags & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
        {
            return $"the certificate of {host} was issued by '{OneLine.Of(leaf.Issuer)}', which {trust} does not lead to: "
                + "set ca to the file of the CA that issued it (and let the server send its intermediate certificates)";
        }

        return $"the certificate of {host} is not acceptable ({flags}): have a proper one issued";
    }

    private static string? Untimely(X509Chain chain, DateTimeOffset now)
    {
        for (int i = 0; i < chain.ChainElements.Count; i++)
        {
            X509Certificate2 one = chain.ChainElements[i].Certificate;
            string which = i == 0 ? "" : $" depends on that of '{OneLine.Of(one.Subject)}', which";
            if (one.NotAfter.ToUniversalTime() < now.UtcDateTime)
                return $"{which} expired on {one.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC: renew it there (this host's clock says {now.UtcDateTime:yyyy-MM-dd HH:mm})";
            if (one.NotBefore.ToUniversalTime() > now.UtcDateTime)
                return $"{which} is not valid before {one.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} UTC: check this host's clock, which says {now.UtcDateTime:yyyy-MM-dd HH:mm}";
        }

        return null;
    }

    private static string Names(X509Certificate2 leaf)
    {
        foreach (X509Extension extension in leaf.Extensions)
        {
            if (extension is X509SubjectAlternativeNameExtension names)
                return OneLine.Of(string.Join(", ", [.. names.EnumerateDnsNames(), .. names.EnumerateIPAddresses().Select(a => a.ToString())]));
        }

        return OneLine.Of(leaf.Subject) + ", without a list of names";
    }
}
