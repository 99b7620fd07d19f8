using System.Runtime.InteropServices;
using DlmUpdater.Host;

namespace DlmUpdater.Locks.Http;

/// <summary>Prepares the host's OpenSSL before its first use in this process.</summary>
internal static class TlsLibrary
{
    /// <summary>Where distributions keep the list of the CAs that they trust.</summary>
    private static readonly string[] Bundles =
    [
        "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Gentoo, Alpine, Flatcar
        "/etc/pki/tls/certs/ca-bundle.crt", // Red Hat and its kin
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, where the link above is gone
        "/etc/ssl/ca-bundle.pem", // SUSE
        "/var/lib/ca-certificates/ca-bundle.pem", // SUSE with a read-only /etc
        "/etc/ssl/cert.pem", // OpenWrt, Alpine
    ];

    private static bool _trustIsSet;

    /// <summary>Null if OpenSSL is there, else one line that says what to install. Must be asked before the first certificate is read: the
    /// base library ends the process, uncatchably, when it finds no OpenSSL.</summary>
    internal static string? Missing()
    {
        if (!StaticBuild.Is && !NativeLibrary.TryLoad("libssl.so.3", out _) && !NativeLibrary.TryLoad("libssl.so.1.1", out _))
        {
            return "this host has no OpenSSL (neither libssl.so.3 nor libssl.so.1.1), which https needs: "
                + "install it (libssl3 on Debian, openssl-libs on Red Hat)";
        }

        return null;
    }

    /// <summary>Says which CAs are the system's: <paramref name="ca"/>, else the first known bundle. Without this the base library reads
    /// every
    /// file of the system's CA directory, which takes longer than all else. The first call counts; hosts without a known bundle, and those
    /// whose
    /// environment names one as OpenSSL reads it, keep their own rule.</summary>
    internal static void TrustOnly(string? ca)
    {
        if (_trustIsSet) return;
        _trustIsSet = true;
        HaveHome();
        if (ca is null && Environment.GetEnvironmentVariable("SSL_CERT_FILE") is { Length: > 0 }) return;
        if ((ca ?? Array.Find(Bundles, File.Exists)) is not { } bundle) return;
        // Below a device there can be no directory, so nobody can fill it.
        _ = Native.NativeEnvironment.Set("SSL_CERT_DIR", "/dev/null/none") && Native.NativeEnvironment.Set("SSL_CERT_FILE", bundle);
    }

    /// <summary>The base library looks for certificate stores in the user's home, which it asks the user database for when the environment
    /// does
    /// not say: in a container with neither, that is an exception in the middle of a handshake.</summary>
    private static void HaveHome()
    {
        if (Environment.GetEnvironmentVariable("HOME") is null) Environment.SetEnvironmentVariable("HOME", "/");
    }
}
