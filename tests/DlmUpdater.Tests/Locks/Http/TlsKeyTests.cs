using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Locks.Foreman;

namespace DlmUpdater.Tests.Locks.Http;

/// <summary>Certificate and key files as openssl and editors write them, and servers whose TLS does not fit.</summary>
public sealed class TlsKeyTests : IDisposable
{
    private readonly OpenSsl _openssl = new();

    public void Dispose() => _openssl.Dispose();

    public static TheoryData<string> Forms =>
    [
        "plain", "ca first", "ca last", "text before", "crlf", "bom", "utf-16", "trusted", "old label", "key in it too",
    ];

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_certificate_file_is_read_however_it_was_written_and_the_certificate_of_the_key_is_shown(string form)
    {
        _openssl.Issue("a.example", "rsa:2048");
        Write("crt.pem", form, _openssl.Text("a.example.pem"), "a.example");
        Assert.Equal("a.example", Files("crt.pem", "a.example.key").CommonName(out string why));
        Assert.Equal("", why);
        await Shows("a.example", "crt.pem", "a.example.key", "ca.pem");
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_CA_file_is_read_however_it_was_written(string form)
    {
        _openssl.Issue("a.example", "rsa:2048");
        Write("cas.pem", form, _openssl.Text("ca.pem"), "ca");
        await Shows("a.example", "a.example.pem", "a.example.key", "cas.pem");
    }

    [Theory]
    [InlineData("rsa:2048", null, "pkcs8")]
    [InlineData("rsa:2048", null, "old")]
    [InlineData("ec", "ec_paramgen_curve:P-256", "pkcs8")]
    [InlineData("ec", "ec_paramgen_curve:P-384", "old")]
    [InlineData("ec", "ec_paramgen_curve:P-521", "with parameters")]
    [InlineData("rsa:2048", null, "bom")]
    public async Task A_key_is_read_in_each_of_its_forms(string kind, string? option, string form)
    {
        _openssl.Issue("a.example", kind, option);
        string key = _openssl.Text("a.example.key");
        if (form is "old" or "with parameters") key = OpenSsl.Run([kind == "ec" ? "ec" : "rsa", "-in", _openssl.At("a.example.key"), .. kind == "ec" ? (string[])[] : ["-traditional"]]);
        if (form == "with parameters") key = "-----BEGIN EC PARAMETERS-----\nBgUrgQQAIw==\n-----END EC PARAMETERS-----\n" + key;
        File.WriteAllText(_openssl.At("own.key"), form == "bom" ? "\ufeff" + key : key);
        await Shows("a.example", "a.example.pem", "own.key", "ca.pem");
    }

    [Theory]
    [InlineData("ed25519", null, "Ed25519")]
    [InlineData("ed448", null, "Ed448")]
    [InlineData("rsa-pss", null, "RSA-PSS")]
    public async Task A_key_of_a_kind_that_cannot_be_shown_is_named_with_what_to_do(string kind, string? option, string name)
    {
        _openssl.Issue("a.example", kind, option);
        string why = await Refused("a.example.pem", "a.example.key");
        Assert.Contains($"is for an {name} key, which this program cannot use for TLS: have a certificate issued for an ECDSA (P-256) or RSA key", why, StringComparison.Ordinal);
        Assert.DoesNotContain("match", why, StringComparison.Ordinal);

        // The same key beside a certificate of another.
        _openssl.Issue("b.example", "rsa:2048");
        Assert.Contains($"a.example.key is an {name} key", await Refused("b.example.pem", "a.example.key"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_another_kind_than_the_certificate_says_both_kinds()
    {
        _openssl.Issue("a.example", "rsa:2048");
        Assert.Contains("does not match the certificate", await Refused("a.example.pem", "server.key"), StringComparison.Ordinal);
        Assert.Contains("it is an EC key, and the certificate is for an RSA key", await Refused("a.example.pem", "server.key"), StringComparison.Ordinal);
        _openssl.Issue("b.example", "rsa:2048");
        Assert.Contains("does not match the certificate", await Refused("a.example.pem", "b.example.key"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pkcs8")]
    [InlineData("old")]
    public async Task An_encrypted_key_is_named_as_such(string form)
    {
        _openssl.Issue("a.example", "rsa:2048");
        string[] old = form == "old" ? ["-traditional"] : [];
        File.WriteAllText(_openssl.At("own.key"), OpenSsl.Run(["rsa", "-in", _openssl.At("a.example.key"), "-aes128", "-passout", "pass:secret", .. old]));
        Assert.Contains("own.key is encrypted with a passphrase; unattended runs need an unencrypted key (mode 0600)", await Refused("a.example.pem", "own.key"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("der certificate", "looks like DER")]
    [InlineData("der key", "looks like DER")]
    [InlineData("cut certificate", "holds no PEM certificate that is whole")]
    [InlineData("cut key", "holds no PEM private key that is whole")]
    [InlineData("flipped key", "is damaged")]
    [InlineData("empty certificate", "(it is empty)")]
    public async Task What_is_no_usable_file_is_named_with_the_reason(string wrong, string reason)
    {
        _openssl.Issue("a.example", "rsa:2048");
        string certificate = _openssl.Text("a.example.pem"), key = _openssl.Text("a.example.key");
        File.WriteAllText(_openssl.At("crt.pem"), wrong switch { "cut certificate" => certificate[..400], "empty certificate" => "", _ => certificate });
        File.WriteAllText(_openssl.At("own.key"), wrong switch { "cut key" => key[..400], "flipped key" => string.Join('\n', key.Split('\n').Where((_, i) => i != 7)), _ => key });
        if (wrong == "der certificate") OpenSsl.Run("x509", "-in", _openssl.At("a.example.pem"), "-outform", "der", "-out", _openssl.At("crt.pem"));
        if (wrong == "der key") OpenSsl.Run("rsa", "-in", _openssl.At("a.example.key"), "-outform", "der", "-out", _openssl.At("own.key"));
        Assert.Contains(reason, await Refused("crt.pem", "own.key"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa-pss")]
    public async Task A_server_may_have_a_certificate_for_any_key(string kind)
    {
        _openssl.Issue("s", kind);
        using OpenSsl.Server server = _openssl.Serve("s");
        using HttpTransport http = Transport(server.Url, new TlsFiles(null, _openssl.At("ca.pem"), "etcd"));
        Assert.Equal(200, Assert.IsType<HttpReply.Answer>(await http.Send(new HttpAsk("GET", "/"), default)).Status);
    }

    [Theory]
    [InlineData("-tls1", true)]
    [InlineData("-tls1_1", true)]
    [InlineData("-tls1", false)]
    public async Task A_server_that_speaks_only_old_TLS_is_no_problem_of_certificates(string version, bool withCertificate)
    {
        _openssl.Issue("a.example", "rsa:2048");
        using OpenSsl.Server server = _openssl.Serve("server", version, "-cipher", "ALL:@SECLEVEL=0");
        using HttpTransport http = Transport(server.Url, withCertificate ? Files("a.example.pem", "a.example.key") : new TlsFiles(null, _openssl.At("ca.pem"), "etcd"));
        var none = Assert.IsType<HttpReply.NoAnswer>(await http.Send(new HttpAsk("PUT", "/"), default));
        Assert.False(none.MayHaveHappened);
        Assert.Contains("TLS version", none.Why, StringComparison.Ordinal);
        Assert.Contains("1.2", none.Why, StringComparison.Ordinal);
        Assert.Equal(!withCertificate, none.Why.Contains("certificate", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("-tls1_2", "stranger", "does not know the CA that issued the client certificate")]
    [InlineData("-tls1_3", "stranger", "does not know the CA that issued the client certificate")]
    [InlineData("-tls1_3", "none", "requires a client certificate")]
    public async Task A_server_that_refuses_this_host_refuses_it_and_nothing_has_happened(string version, string who, string reason)
    {
        using var stranger = new OpenSsl();
        stranger.Issue("a.example", "rsa:2048");
        using OpenSsl.Server server = _openssl.Serve("server", version, "-Verify", "2", "-verify_return_error", "-CAfile", _openssl.At("ca.pem"));
        ClientCertificate.Files? identity = who == "none" ? null : new ClientCertificate.Files(stranger.At("a.example.pem"), stranger.At("a.example.key"));
        using HttpTransport http = Transport(server.Url, new TlsFiles(identity, _openssl.At("ca.pem"), "foreman"));
        var service = FakeForeman.Service(http, "a.example", TimeSpan.Zero);
        Assert.Contains(reason, Assert.IsType<AcquireReply.Refused>(await service.Acquire(default)).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_whose_certificate_is_not_accepted_is_none_that_does_not_respond()
    {
        using var stranger = new OpenSsl();
        using OpenSsl.Server server = stranger.Serve("server");
        using HttpTransport http = Transport(server.Url, new TlsFiles(null, _openssl.At("ca.pem"), "foreman"));
        var service = FakeForeman.Service(http, "a.example", TimeSpan.Zero);
        var away = Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default));
        Assert.Equal((true, false), (away.IsDistrusted, away.MayHaveHappened));
        server.Dispose();
        Assert.False(Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default)).IsDistrusted);
    }

    [Theory]
    [InlineData("error:0A000102:SSL routines::unsupported protocol", "speaks no TLS version", false)]
    [InlineData("error:0A00042E:SSL routines::tlsv1 alert protocol version", "speaks no TLS version", false)]
    [InlineData("error:0A000410:SSL routines::sslv3 alert handshake failure", "no TLS version or no cipher in common", false)]
    [InlineData("error:0A00045C:SSL routines::tlsv13 alert certificate required", "refused the client certificate /c", true)]
    [InlineData("error:0A000412:SSL routines::sslv3 alert bad certificate", "refused the client certificate /c", true)]
    [InlineData("error:0A000413:SSL routines::sslv3 alert unsupported certificate", "refused the client certificate /c", true)]
    [InlineData("error:0A000414:SSL routines::sslv3 alert certificate revoked", "is revoked", true)]
    [InlineData("error:0A000415:SSL routines::sslv3 alert certificate expired", "has expired", true)]
    [InlineData("error:0A000416:SSL routines::sslv3 alert certificate unknown", "refused the client certificate /c", true)]
    [InlineData("error:0A000418:SSL routines::tlsv1 alert unknown ca", "does not know the CA", true)]
    [InlineData("error:0A000419:SSL routines::tlsv1 alert access denied", "refused the client certificate /c", true)]
    [InlineData("error:0A000458:SSL routines::tlsv1 unrecognized name alert", "no site of that name", false)]
    [InlineData("error:0A000438:SSL routines::tlsv1 alert internal error", "ended TLS with an alert", false)]
    [InlineData("error:0A00018A:SSL routines::dh key too small", "security level", false)]
    [InlineData("error:0A000152:SSL routines::unsafe legacy renegotiation disabled", "security level", false)]
    [InlineData("error:0A00010B:SSL routines::wrong version number", "does not speak TLS", false)]
    [InlineData("Cannot determine the frame size or a corrupted frame was received", "does not speak TLS", false)]
    [InlineData("Connection reset by peer", null, false)]
    public void Each_word_of_OpenSSL_has_its_meaning(string said, string? meaning, bool isOfThisHost)
    {
        TlsRefusal? read = TlsRefusal.Read("s:1", said, new TlsFiles(new ClientCertificate.Files("/c", "/k"), null, "foreman"));
        Assert.Equal((meaning is null, isOfThisHost), (read is null, read?.IsOfThisHost ?? false));
        if (meaning is not null) Assert.Contains(meaning, read!.Why, StringComparison.Ordinal);
    }

    private TlsFiles Files(string certificate, string key, string ca = "ca.pem") =>
        new(new ClientCertificate.Files(_openssl.At(certificate), _openssl.At(key)), _openssl.At(ca), "foreman");

    private static HttpTransport Transport(string url, TlsFiles files) => new(new HttpTarget(url, null, files), TimeProvider.System);

    private void Write(string name, string form, string pem, string of)
    {
        string text = form switch
        {
            "ca first" => _openssl.Text("ca.pem") + pem,
            "ca last" => pem + _openssl.Text("ca.pem"),
            "text before" => OpenSsl.Run("x509", "-in", _openssl.At(of + ".pem"), "-text"),
            "crlf" => pem.ReplaceLineEndings("\r\n"),
            "trusted" => OpenSsl.Run("x509", "-in", _openssl.At(of + ".pem"), "-trustout", "-addtrust", "clientAuth", "-setalias", "ours"),
            "old label" => pem.Replace("CERTIFICATE", "X509 CERTIFICATE", StringComparison.Ordinal),
            "key in it too" => _openssl.Text(of + ".key") + pem,
            _ => pem,
        };
        if (form == "trusted") Assert.Contains("BEGIN TRUSTED CERTIFICATE", text, StringComparison.Ordinal);
        Encoding encoding = form switch { "bom" => new UTF8Encoding(true), "utf-16" => Encoding.Unicode, _ => new UTF8Encoding(false) };
        File.WriteAllText(_openssl.At(name), text, encoding);
    }

    /// <summary>A real handshake, after which the server knows the client by that name.</summary>
    private async Task Shows(string name, string certificate, string key, string ca)
    {
        using var server = new TestServer(
            _ => TestServer.Reply(200, "{}"), (_openssl.Text("server.pem"), _openssl.Text("server.key")), clientCa: _openssl.Text("ca.pem"));
        using HttpTransport http = Transport(server.Url, Files(certificate, key, ca));
        HttpReply reply = await http.Send(new HttpAsk("GET", "/"), default);
        Assert.True(reply is HttpReply.Answer { Status: 200 }, reply.ToString());
        Assert.Equal(name, Assert.Single(server.Requests).ClientName);
    }

    private async Task<string> Refused(string certificate, string key)
    {
        using HttpTransport http = Transport("https://localhost:1", Files(certificate, key));
        return Assert.IsType<HttpReply.CannotAsk>(await http.Send(new HttpAsk("GET", "/"), default)).Why;
    }
}
