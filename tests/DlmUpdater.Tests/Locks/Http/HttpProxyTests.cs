using System.Net;
using System.Net.Sockets;
using System.Text;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.Http;

public sealed class HttpProxyTests : IDisposable
{
    private readonly TestDirectory scratch = new();
    private readonly Authority authority = new();

    public HttpProxyTests() => File.WriteAllText(scratch.At("ca.pem"), authority.Pem);

    public void Dispose()
    {
        authority.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public async Task TLS_goes_through_a_tunnel_and_the_server_is_still_proved()
    {
        using var server = new TestServer(_ => TestServer.Reply(200, "whole"), authority.Issue("s"), wantsClient: false);
        using var proxy = new Tunnel();
        using HttpTransport http = Transport(server.Url, $"http://localhost:{proxy.Port}");
        var answer = Assert.IsType<HttpReply.Answer>(await http.Send(new HttpAsk("GET", "/x"), default));
        Assert.Equal("whole", Encoding.UTF8.GetString(answer.Body.Span));
        Assert.StartsWith($"CONNECT localhost:{server.Port} HTTP/1.1\r\n", proxy.Head);
        Assert.DoesNotContain("Proxy-Authorization", server.Requests[0].Head);

        File.WriteAllText(scratch.At("ca.pem"), new Authority("Stranger").Pem);
        using HttpTransport stranger = Transport(server.Url, $"http://localhost:{proxy.Port}");
        Assert.Contains("does not lead to", Assert.IsType<HttpReply.NoAnswer>(await stranger.Send(new HttpAsk("GET", "/x"), default)).Why);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_login_in_the_proxys_url_goes_to_the_proxy_alone()
    {
        using var server = new TestServer(_ => TestServer.Reply(200, ""), authority.Issue("s"), wantsClient: false);
        using var proxy = new Tunnel();
        using HttpTransport http = Transport(server.Url, $"http://us%40er:pass@localhost:{proxy.Port}");
        Assert.IsType<HttpReply.Answer>(await http.Send(new HttpAsk("GET", "/x"), default));
        Assert.Contains("Proxy-Authorization: Basic " + Convert.ToBase64String("us@er:pass"u8), proxy.Head);
        Assert.DoesNotContain("Authorization", server.Requests[0].Head);
    }

    [Fact]
    public async Task Plain_HTTP_asks_the_proxy_for_the_whole_address()
    {
        using var proxy = new TestServer(_ => TestServer.Reply(200, "{}"));
        using HttpTransport http = Transport("http://service.invalid:8080/base", proxy.Url);
        Assert.IsType<HttpReply.Answer>(await http.Send(new HttpAsk("GET", "/x?y=1"), default));
        Assert.Equal("http://service.invalid:8080/base/x?y=1", proxy.Requests[0].Path);
        Assert.Contains("Host: service.invalid:8080", proxy.Requests[0].Head);
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "it answers 403")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nand more", "says more than")]
    [InlineData("SSH-2.0\r\n", "SSH-2.0")]
    [InlineData("", "")]
    public async Task A_proxy_that_does_not_lead_there_is_named(string answer, string expected)
    {
        using var proxy = new Tunnel(answer);
        using HttpTransport http = Transport("https://localhost:1", $"http://user:pass@localhost:{proxy.Port}");
        var none = Assert.IsType<HttpReply.NoAnswer>(await http.Send(new HttpAsk("PUT", "/x"), default));
        Assert.Contains($"the proxy localhost:{proxy.Port} does not lead to localhost:1", none.Why);
        Assert.Contains(expected, none.Why);
        Assert.DoesNotContain("pass", none.Why);
        Assert.False(none.MayHaveHappened);
    }

    [Fact]
    public async Task A_proxy_that_is_away_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using HttpTransport http = Transport("https://localhost:1", $"http://localhost:{port}");
        Assert.Contains($"the proxy localhost:{port}", Assert.IsType<HttpReply.NoAnswer>(await http.Send(new HttpAsk("PUT", "/x"), default)).Why);
    }

    private HttpTransport Transport(string url, string proxy) => new(new HttpTarget(url, proxy, new TlsFiles(null, scratch.At("ca.pem"), "foreman")), TimeProvider.System);

    /// <summary>A proxy for CONNECT that serves one connection after the other: leads on to where it is asked, or says what it is told to.</summary>
    private sealed class Tunnel : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly string? _answer;

        public Tunnel(string? answer = null)
        {
            _answer = answer;
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _ = Task.Run(Serve);
        }

        public int Port { get; }

        public string Head { get; private set; } = "";

        public void Dispose() => _listener.Stop();

        private async Task Serve()
        {
            try
            {
                while (true)
                {
                    TcpClient client = await _listener.AcceptTcpClientAsync();
                    _ = Task.Run(() => Lead(client));
                }
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                // The test is over.
            }
        }

        private async Task Lead(TcpClient client)
        {
            try
            {
                using (client)
                {
                    NetworkStream near = client.GetStream();
                    byte[] buffer = new byte[4096];
                    int length = 0;
                    while (!Encoding.ASCII.GetString(buffer, 0, length).EndsWith("\r\n\r\n", StringComparison.Ordinal)) length += await near.ReadAsync(buffer.AsMemory(length));
                    Head = Encoding.ASCII.GetString(buffer, 0, length);
                    await near.WriteAsync(Encoding.ASCII.GetBytes(_answer ?? "HTTP/1.1 200 Connection established\r\n\r\n"));
                    if (_answer is not null) return;
                    using var far = new TcpClient();
                    await far.ConnectAsync(IPAddress.Loopback, int.Parse(Head.Split(' ')[1].Split(':')[1]));
                    await Task.WhenAny(near.CopyToAsync(far.GetStream()), far.GetStream().CopyToAsync(near));
                }
            }
            catch (IOException)
            {
                // The client went.
            }
        }
    }
}
