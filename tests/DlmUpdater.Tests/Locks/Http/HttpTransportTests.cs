using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Foreman;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;
using DlmUpdater.Tests.Locks.Foreman;

namespace DlmUpdater.Tests.Locks.Http;

public sealed class HttpTransportTests : IDisposable
{
    private readonly TestDirectory scratch = new();
    private readonly Authority authority = new();

    public HttpTransportTests()
    {
        File.WriteAllText(scratch.At("ca.pem"), authority.Pem);
        Use(authority.Issue("a.example"));
    }

    public void Dispose()
    {
        authority.Dispose();
        scratch.Dispose();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_lock_is_taken_and_given_back_over_one_connection(SslProtocols protocol)
    {
        var foreman = new FakeForeman();
        using TestServer server = Serve(foreman, protocol);
        using ForemanLockService service = Foreman(server);
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        Assert.Equal("a.example", foreman.Holder);
        Assert.IsType<ReleaseReply.Released>(await service.Release(default));
        Assert.Equal(["PUT", "GET", "GET", "DELETE"], server.Requests.Select(r => r.Method));
        Assert.All(server.Requests, r => Assert.Equal("/api/dlmlocks/web/lock", r.Path));
        Assert.Contains("Content-Type: application/json", server.Requests[0].Head);
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_changed_certificate_is_used_from_the_next_try_on()
    {
        using TestServer server = Serve(new FakeForeman(), SslProtocols.None);
        using ForemanLockService service = Foreman(server);
        await service.Show(default);
        Use(authority.Issue("b.example"));
        await service.Show(default);
        Assert.Equal(["a.example", "b.example"], server.Requests.Select(r => r.ClientName));
    }

    [Theory]
    [InlineData("expired", "expired on")]
    [InlineData("early", "clock")]
    [InlineData("name", "other.example")]
    [InlineData("no names", "without a list of names")]
    [InlineData("issuer", "ca.pem does not lead to")]
    public async Task A_server_that_is_not_proved_gets_no_byte_and_the_message_says_why(string wrong, string expected)
    {
        using var stranger = new Authority("Stranger");
        (string Certificate, string Key) tls = wrong switch
        {
            "expired" => authority.Issue("s", -9, -2),
            "early" => authority.Issue("s", 2),
            "name" => authority.Issue("s", dns: "other.example"),
            "no names" => authority.Issue("other.example", dns: null),
            _ => stranger.Issue("s"),
        };
        using var server = new TestServer(_ => TestServer.Reply(200, ""), tls);
        using HttpTransport http = Transport(server.Url);
        var none = Assert.IsType<HttpReply.NoAnswer>(await http.Send(Ask("PUT", "/x"), default));
        Assert.Contains(expected, none.Why);
        Assert.Contains("localhost", none.Why);
        Assert.False(none.MayHaveHappened);
        Assert.Equal(0, server.BytesRead);
    }

    [Theory]
    [InlineData("expired", "expired on")]
    [InlineData("early", "clock")]
    [InlineData("other key", "does not match")]
    [InlineData("garbage key", "holds no PEM private key")]
    [InlineData("garbage certificate", "holds a certificate that cannot be read")]
    [InlineData("no key", "does not exist")]
    [InlineData("directory", "is a directory")]
    [InlineData("no ca", "holds no PEM certificate")]
    public async Task What_is_wrong_with_our_own_files_is_said_before_anything_is_sent(string wrong, string expected)
    {
        if (wrong == "expired") Use(authority.Issue("a", -9, -2));
        if (wrong == "early") Use(authority.Issue("a", 2));
        if (wrong == "other key") File.WriteAllText(scratch.At("key.pem"), authority.Issue("b").Key);
        if (wrong == "garbage key") File.WriteAllText(scratch.At("key.pem"), "garbage");
        if (wrong == "garbage certificate") File.WriteAllText(scratch.At("crt.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        if (wrong is "no key" or "directory") File.Delete(scratch.At("key.pem"));
        if (wrong == "directory") Directory.CreateDirectory(scratch.At("key.pem"));
        if (wrong == "no ca") File.WriteAllText(scratch.At("ca.pem"), "");
        using var server = new TestServer(_ => TestServer.Reply(200, ""), authority.Issue("s"));
        using HttpTransport http = Transport(server.Url);
        string why = Assert.IsType<HttpReply.CannotAsk>(await http.Send(Ask("PUT", "/x"), default)).Why;
        Assert.Contains(expected, why);
        Assert.Contains(wrong == "no ca" ? "ca.pem" : wrong is "expired" or "early" or "garbage certificate" ? "crt.pem" : "key.pem", why);
        Assert.Equal(0, server.Connections);
    }

    [Fact]
    public async Task An_encrypted_key_is_told_from_a_wrong_one()
    {
        using var key = System.Security.Cryptography.ECDsa.Create();
        File.WriteAllText(scratch.At("key.pem"), key.ExportEncryptedPkcs8PrivateKeyPem("secret",
            new System.Security.Cryptography.PbeParameters(System.Security.Cryptography.PbeEncryptionAlgorithm.Aes128Cbc, System.Security.Cryptography.HashAlgorithmName.SHA256, 1000)));
        using HttpTransport http = Transport("https://localhost:1");
        Assert.Contains("is encrypted with a passphrase", Assert.IsType<HttpReply.CannotAsk>(await http.Send(Ask("GET", "/x"), default)).Why);
    }

    [Fact]
    public async Task A_rotation_that_is_half_way_is_not_sent_and_the_next_try_uses_the_whole()
    {
        using TestServer server = Serve(new FakeForeman(), SslProtocols.None);
        using ForemanLockService service = Foreman(server);
        Assert.IsType<ShowReply.Shown>(await service.Show(default));
        (string certificate, string key) = authority.Issue("b.example");
        File.WriteAllText(scratch.At("crt.pem"), certificate);
        Assert.Contains("does not match", Assert.IsType<ShowReply.Refused>(await service.Show(default)).Why);
        File.WriteAllText(scratch.At("key.pem"), key);
        Assert.IsType<ShowReply.Shown>(await service.Show(default));
        Assert.Equal(["a.example", "b.example"], server.Requests.Select(r => r.ClientName));
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_server_that_refuses_our_certificate_is_named_with_the_certificate(SslProtocols protocol)
    {
        using var server = new TestServer(_ => TestServer.Reply(200, ""), authority.Issue("s"), protocol, accepts: _ => false);
        using HttpTransport http = Transport(server.Url);
        // Some servers say so with an alert, some hang up without a word.
        string why = await http.Send(Ask("PUT", "/x"), default) switch
        {
            HttpReply.CannotAsk cannot => cannot.Why,
            HttpReply.NoAnswer none => none.Why,
            var other => other.ToString(),
        };
        Assert.Contains("crt.pem", why);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_key_that_cannot_be_read_is_named_with_its_setting()
    {
        File.Delete(scratch.At("key.pem"));
        File.CreateSymbolicLink(scratch.At("key.pem"), scratch.At("key.pem"));
        using HttpTransport http = Transport("https://localhost:1");
        string why = Assert.IsType<HttpReply.CannotAsk>(await http.Send(Ask("GET", "/x"), default)).Why;
        Assert.Contains("key.pem", why);
        Assert.Contains("[foreman] client_key", why);
    }

    [Fact]
    public async Task A_server_that_does_not_take_the_connection_is_given_up()
    {
        // A backlog of one that is full: the kernel drops what comes after, as a firewall would.
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var waiting = new List<Socket>();
        for (int i = 0; i < 4; i++)
        {
            var one = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            waiting.Add(one);
            try
            {
                one.Connect(full.LocalEndPoint!);
            }
            catch (SocketException)
            {
                // In progress.
            }
        }

        using var http = new HttpTransport(new HttpTarget($"http://127.0.0.1:{((IPEndPoint)full.LocalEndPoint!).Port}", null, new TlsFiles(null, null, "foreman")), TimeProvider.System)
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(200),
        };
        var none = Assert.IsType<HttpReply.NoAnswer>(await http.Send(Ask("PUT", "/x"), default));
        Assert.Contains("cannot connect to 127.0.0.1", none.Why);
        Assert.Contains("firewall", none.Why);
        Assert.False(none.MayHaveHappened);
        waiting.ForEach(s => s.Dispose());
    }

    [Fact]
    public async Task A_server_that_wants_no_certificate_is_talked_to_all_the_same()
    {
        using var server = new TestServer(_ => TestServer.Reply(401, ""), authority.Issue("s"), wantsClient: false);
        using HttpTransport http = Transport(server.Url);
        Assert.Equal(401, Assert.IsType<HttpReply.Answer>(await http.Send(Ask("GET", "/x"), default)).Status);
    }

    [Fact]
    public async Task A_closed_port_and_an_unknown_name_never_happened()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        foreach (string url in (string[])[$"https://localhost:{port}", "https://nowhere.invalid"])
        {
            using HttpTransport http = Transport(url);
            var none = Assert.IsType<HttpReply.NoAnswer>(await http.Send(Ask("PUT", "/x"), default));
            Assert.False(none.MayHaveHappened);
            Assert.Contains(new Uri(url).Host, none.Why);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200")]
    [InlineData("SSH-2.0-OpenSSH_9\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")]
    public async Task A_reply_that_is_lost_or_no_reply_may_have_happened(string raw)
    {
        using var server = new TestServer(_ => raw.Length == 0 ? null : Encoding.ASCII.GetBytes(raw + "Connection: close"));
        using HttpTransport http = Transport(server.Url, TimeSpan.FromSeconds(5));
        HttpReply reply = await http.Send(Ask("PUT", "/x"), default);
        Assert.True(reply is HttpReply.NoAnswer { MayHaveHappened: true } or HttpReply.Answer, reply.ToString());
        if (raw.Length == 0) Assert.IsType<HttpReply.NoAnswer>(reply);
    }

    [Fact]
    public async Task A_connection_that_was_lost_before_and_cannot_be_made_again_may_have_happened()
    {
        TestServer? server = null;
        using TestServer running = server = new TestServer(seen =>
        {
            if (seen.Method == "GET") return TestServer.Reply(200, "{}");
            server!.RefuseMore();
            return null;
        });
        using HttpTransport http = Transport(running.Url, TimeSpan.FromSeconds(5));
        Assert.IsType<HttpReply.Answer>(await http.Send(Ask("GET", "/x"), default));
        Assert.True(Assert.IsType<HttpReply.NoAnswer>(await http.Send(Ask("PUT", "/x"), default)).MayHaveHappened);
    }

    [Fact]
    public async Task Long_and_cut_bodies_keep_their_status_and_say_so()
    {
        byte[][] replies =
        [
            TestServer.Reply(200, new string('x', HttpTransport.LongestBody)),
            TestServer.Reply(200, new string('x', HttpTransport.LongestBody + 1)),
            Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{"),
        ];
        int next = 0;
        using var server = new TestServer(_ => replies[next++]);
        using HttpTransport http = Transport(server.Url);
        string?[] problems = [null, "is longer than 64 KiB", "was cut off"];
        foreach (string? problem in problems)
        {
            var answer = Assert.IsType<HttpReply.Answer>(await http.Send(Ask("GET", "/x"), default));
            Assert.Equal((200, problem), (answer.Status, answer.BodyProblem));
        }
    }

    [Fact]
    public async Task A_redirect_is_named_and_not_followed()
    {
        using var server = new TestServer(_ => TestServer.Reply(302, "", "Location: https://login.example/sso?x\r\n"));
        using ForemanLockService service = Foreman(server);
        Assert.Contains("login.example", Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default)).Why);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_slow_server_ends_the_call_and_a_cancelled_call_throws()
    {
        using var server = new TestServer(_ => Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"));
        using HttpTransport http = Transport(server.Url, TimeSpan.FromMilliseconds(100));
        var none = Assert.IsType<HttpReply.NoAnswer>(await http.Send(Ask("PUT", "/x"), default));
        Assert.Contains("no whole answer", none.Why);
        Assert.True(none.MayHaveHappened);
        using var cancel = new CancellationTokenSource(50);
        using HttpTransport patient = Transport(server.Url);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await patient.Send(Ask("PUT", "/x"), cancel.Token));
    }

    [Fact]
    public async Task Another_holder_behind_a_release_that_was_sent_twice_may_have_been_let_in_by_the_first()
    {
        var foreman = new FakeForeman { Holder = "b.example" };
        int asked = 0;
        using var server = new TestServer(seen => ++asked switch
        {
            // A kept connection; the release that ends it without an answer; the release again.
            2 => null,
            _ when seen.Method == "DELETE" => TestServer.Reply(412, foreman.Body("b.example", self: false)),
            _ => TestServer.Reply(200, foreman.Body("b.example", self: false)),
        });
        using HttpTransport http = Transport(server.Url);
        using ForemanLockService service = FakeForeman.Service(http, "a.example", TimeSpan.Zero);
        await service.Show(default);

        Assert.True(Assert.IsType<ReleaseReply.HeldByOther>(await service.Release(default)).MayBeReleased);
        Assert.Equal(["GET", "DELETE", "DELETE", "GET"], server.Requests.Select(r => r.Method));
        Assert.False(Assert.IsType<ReleaseReply.HeldByOther>(await service.Release(default)).MayBeReleased);
    }

    [Fact]
    public async Task A_lock_named_with_dots_and_slashes_stays_one_segment()
    {
        using var server = new TestServer(_ => TestServer.Reply(404, ""));
        using HttpTransport http = Transport(server.Url);
        await http.Send(Ask("GET", "/api/dlmlocks/../lock"), default);
        await http.Send(Ask("GET", "/api/dlmlocks/a%2Fb/lock"), default);
        Assert.Equal(["/api/dlmlocks/../lock", "/api/dlmlocks/a%2Fb/lock"], server.Requests.Select(r => r.Path));
    }

    private TestServer Serve(FakeForeman foreman, SslProtocols protocol) => new(seen =>
    {
        (int status, string body) = foreman.Handle(seen.Method, seen.ClientName ?? "");
        bool isWrong = seen.Method == "PUT" && !seen.Head.Contains("application/json", StringComparison.Ordinal);
        return isWrong ? TestServer.Reply(415, "") : TestServer.Reply(status, body);
    }, authority.Issue("s"), protocol);

    private ForemanLockService Foreman(TestServer server) => FakeForeman.Service(Transport(server.Url), "a.example", TimeSpan.FromMilliseconds(20));

    private static HttpAsk Ask(string method, string path) => new(method, path) { Body = method == "PUT" ? ReadOnlyMemory<byte>.Empty : null };

    private HttpTransport Transport(string url, TimeSpan? timeout = null) => new(
        new HttpTarget(url, null, new TlsFiles(new ClientCertificate.Files(scratch.At("crt.pem"), scratch.At("key.pem")), scratch.At("ca.pem"), "foreman")), TimeProvider.System)
    {
        CallTimeout = timeout ?? TimeSpan.FromSeconds(30),
    };

    private void Use((string Certificate, string Key) identity)
    {
        File.WriteAllText(scratch.At("crt.pem"), identity.Certificate);
        File.WriteAllText(scratch.At("key.pem"), identity.Key);
    }
}
