using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace DlmUpdater.Locks.Http;

/// <summary>A private key as a PEM file has it.</summary>
/// <param name="Label">What stands behind BEGIN.</param>
/// <param name="Der">The bytes.</param>
internal sealed record PemKey(string Label, byte[] Der)
{
    /// <summary>The algorithm's OID; empty if it cannot be read.</summary>
    internal string Algorithm => Label switch
    {
        "RSA PRIVATE KEY" => KeyAlgorithm.Rsa,
        "EC PRIVATE KEY" => KeyAlgorithm.Ec,
        "DSA PRIVATE KEY" => KeyAlgorithm.Dsa,
        _ => Pkcs8Algorithm(),
    };

    private string Pkcs8Algorithm()
    {
        try
        {
            AsnReader info = new AsnReader(Der, AsnEncodingRules.BER).ReadSequence();
            _ = info.ReadInteger();
            return info.ReadSequence().ReadObjectIdentifier();
        }
        catch (AsnContentException)
        {
            return "";
        }
    }
}

/// <summary>The names of key algorithms.</summary>
internal static class KeyAlgorithm
{
    internal const string Rsa = "1.2.840.113549.1.1.1", Ec = "1.2.840.10045.2.1", Dsa = "1.2.840.10040.4.1";

    /// <summary>How people call it, with its article.</summary>
    internal static string Name(string oid) => oid switch
    {
        Rsa => "an RSA key",
        Ec => "an EC key",
        Dsa => "a DSA key",
        "1.2.840.113549.1.1.10" => "an RSA-PSS key",
        "1.3.101.112" => "an Ed25519 key",
        "1.3.101.113" => "an Ed448 key",
        "" => "a key that cannot be read",
        _ => $"a key of the algorithm {oid}",
    };
}

/// <summary>Reads PEM as OpenSSL does: text around the blocks, old labels, and certificates with OpenSSL's own trust settings. A byte order
/// mark in front and UTF-16,
/// which editors of other systems write, are no obstacle.</summary>
internal static class PemFile
{
    private const string Trusted = "TRUSTED CERTIFICATE";

    /// <summary>The text of a file.</summary>
    internal static string Text(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xef, 0xbb, 0xbf, .. var rest] => Encoding.Latin1.GetString(rest),
        [0xff, 0xfe, .. var rest] => Encoding.Unicode.GetString(rest),
        [0xfe, 0xff, .. var rest] => Encoding.BigEndianUnicode.GetString(rest),
        _ => Encoding.Latin1.GetString(bytes),
    };

    /// <summary>All certificates, in the order of the file; the caller disposes them. Empty with why, a sentence part, if there is none, or
    /// one that cannot be
    /// read.</summary>
    internal static X509Certificate2Collection Certificates(ReadOnlySpan<byte> bytes, out string why)
    {
        var found = new X509Certificate2Collection();
        string text = Text(bytes);
        foreach ((string label, byte[] der) in Blocks(text))
        {
            if (label is not ("CERTIFICATE" or "X509 CERTIFICATE" or Trusted)) continue;
            try
            {
                found.Add(X509CertificateLoader.LoadCertificate(label == Trusted ? WithoutTrust(der) : der));
            }
            catch (Exception e) when (e is CryptographicException or AsnContentException)
            {
                foreach (X509Certificate2 one in found) one.Dispose();
                why = $"holds a certificate that cannot be read ({OneLine.Of(e.Message.TrimEnd('.'))})";
                return [];
            }
        }

        why = found.Count > 0 ? "" : $"holds no PEM certificate{Instead(bytes, text)}";
        return found;
    }

    /// <summary>The first private key; null with why, a sentence part, if there is none that can be used.</summary>
    internal static PemKey? Key(ReadOnlySpan<byte> bytes, out string why)
    {
        string text = Text(bytes);
        if (text.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal)
            || text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
        {
            why = "is encrypted with a passphrase; unattended runs need an unencrypted key (mode 0600)";
            return null;
        }

        foreach ((string label, byte[] der) in Blocks(text))
        {
            if (label != "PRIVATE KEY" && !label.EndsWith(" PRIVATE KEY", StringComparison.Ordinal)) continue;
            why = "";
            return new PemKey(label, der);
        }

        why = $"holds no PEM private key{Instead(bytes, text)}";
        return null;
    }

    private static List<(string Label, byte[] Der)> Blocks(string text)
    {
        var blocks = new List<(string, byte[])>();
        ReadOnlySpan<char> rest = text;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            byte[] der = new byte[fields.DecodedDataLength];
            if (Convert.TryFromBase64Chars(rest[fields.Base64Data], der, out int length))
                blocks.Add((rest[fields.Label].ToString(), der[..length]));
            rest = rest[fields.Location.End..];
        }

        return blocks;
    }

    /// <summary>The certificate alone: behind it stands for what OpenSSL trusts it.</summary>
    private static byte[] WithoutTrust(byte[] der)
    {
        AsnDecoder.ReadSequence(der, AsnEncodingRules.BER, out _, out _, out int length);
        return der[..length];
    }

    private static string Instead(ReadOnlySpan<byte> bytes, string text) => bytes switch
    {
        [] => " (it is empty)",
        // A SEQUENCE: the bytes that PEM would have in base64.
        [0x30, 0x80 or 0x81 or 0x82 or 0x83, ..] => " (it looks like DER or PKCS#12: convert it with openssl)",
        _ when text.Contains("-----BEGIN ", StringComparison.Ordinal) => " that is whole",
        _ => "",
    };
}
