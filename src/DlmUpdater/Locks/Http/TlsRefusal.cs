namespace DlmUpdater.Locks.Http;

/// <summary>Puts into words why the TLS libraries of server and host do not come together. What OpenSSL says decides: an alert is the
/// server's word, all else this
/// host's.</summary>
/// <param name="Why">One line that says what to fix.</param>
/// <param name="IsOfThisHost">True: the server refused this host's certificate, or that it shows none. It has not read the request then,
/// and waiting will not
/// help.</param>
internal sealed record TlsRefusal(string Why, bool IsOfThisHost = false)
{
    private static readonly string[] Version =
    [
        "unsupported protocol", "alert protocol version", "wrong ssl version", "unknown ssl version", "version too low",
        "no protocols available", "inappropriate fallback",
    ];

    private static readonly string[] NothingInCommon =
    [
        "alert handshake failure", "no shared cipher", "alert insufficient security", "no ciphers available",
        "wrong cipher returned", "unknown cipher returned",
        "no suitable signature algorithm", "no suitable key share", "no shared groups",
    ];

    private static readonly string[] TooWeak =
    [
        "key too small", "md too weak", "legacy sigalg disallowed", "unsafe legacy renegotiation disabled",
        "wrong signature type", "wrong curve", "unsupported elliptic curve",
    ];

    private static readonly string[] NoTls =
    [
        "wrong version number", "packet length too long", "http request", "https proxy request", "frame size",
    ];

    /// <summary>Reads what was said; null if it says nothing of the kind.</summary>
    /// <param name="server">Host and port.</param>
    /// <param name="text">What the library said, one line.</param>
    /// <param name="files">This host's certificate.</param>
    internal static TlsRefusal? Read(string server, string text, TlsFiles files)
    {
        bool Says(string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);
        if (Array.Exists(Version, Says))
            return new TlsRefusal($"{server} speaks no TLS version that this host accepts ({text}): "
                + "update the server's TLS to version 1.2 or newer");
        if (Array.Exists(NothingInCommon, Says))
        {
            string orCertificate = files.Identity is null ? ", or requires a client certificate, and this host has none" : "";
            return new TlsRefusal($"{server} and this host have no TLS version or no cipher in common ({text}): "
                + $"the server speaks only versions before 1.2 or old ciphers{orCertificate}; update its TLS settings");
        }

        if (Array.Exists(TooWeak, Says))
            return new TlsRefusal($"the security level of this host's OpenSSL does not accept the TLS of {server} ({text}): "
                + "update the server's certificate or TLS settings");
        if (Says("alert")) return Alert(server, text, files, Says);
        return Array.Exists(NoTls, Says)
            ? new TlsRefusal($"what answers at {server} does not speak TLS ({text}): check the URL's scheme and port")
            : null;
    }

    private static TlsRefusal Alert(string server, string text, TlsFiles files, Func<string, bool> says)
    {
        bool isOfCertificate = says("certificate") || says("unknown ca") || says("access denied");
        if (isOfCertificate && files.Identity is null)
            return new TlsRefusal($"{server} requires a client certificate, and this host has none ({text}): "
                + $"set client_crt and client_key, where [{files.Section}] has them", true);
        string ours = $"the client certificate {files.Identity?.Certificate}";
        if (says("unknown ca"))
            return new TlsRefusal($"{server} does not know the CA that issued {ours} ({text}): "
                + "add that CA to those that the server accepts for clients", true);
        if (says("certificate expired"))
            return new TlsRefusal($"{server} says that {ours} has expired ({text}): check it, and the clock of the server", true);
        if (says("certificate revoked")) return new TlsRefusal($"{server} says that {ours} is revoked ({text}): have a new one issued", true);
        if (isOfCertificate) return new TlsRefusal($"{server} refused {ours} ({text}): look into its log", true);
        return says("unrecognized name")
            ? new TlsRefusal($"{server} has no site of that name ({text}): correct the URL")
            : new TlsRefusal($"{server} ended TLS with an alert ({text}): look into its log");
    }
}
