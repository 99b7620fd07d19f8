using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace DlmUpdater.Tests.Locks.Http;

/// <summary>One request as the server saw it.</summary>
internal sealed record Seen(string Method, string Path, string Head, string? ClientName)
{
    /// <summary>What Content-Length said would follow.</summary>
    public string Body { get; init; } = "";
}

/// <summary>A small HTTP server on a port of the loopback, plain or with TLS, that says exactly the bytes it is told to.</summary>
internal sealed class TestServer : IDisposable
{
    private readonly TcpListener listener;
    private readonly Func<Seen, byte[]?> answer;
    private readonly Func<Seen, Task<byte[]?>>? later;
    private readonly X509Certificate2? clientRoot;
    private readonly X509Certificate2? certificate;
    private readonly SslStreamCertificateContext? identity;
    private readonly SslProtocols protocols;
    private readonly bool wantsClient;
    private readonly CancellationTokenSource stop = new();
    private readonly Task _accepting;
    private readonly Func<X509Certificate?, bool> _accepts;

    /// <param name="answer">The bytes to say; null closes the connection unsaid.</param>
    /// <param name="tls">Certificate and key; null = plain.</param>
    /// <param name="protocols">Which versions of TLS.</param>
    /// <param name="wantsClient">Asks for a client certificate.</param>
    /// <param name="port">0 = any that is free.</param>
    /// <param name="accepts">Whether a client's certificate is accepted; null = any is.</param>
    /// <param name="clientCa">Only a certificate of this CA tells a name, as with a web server that verifies it; null = any does.</param>
    /// <param name="later">Answers instead of <paramref name="answer"/>, when it likes, and several at once.</param>
    public TestServer(Func<Seen, byte[]?> answer, (string Certificate, string Key)? tls = null, SslProtocols protocols = SslProtocols.None,
        bool wantsClient = true, int port = 0, Func<X509Certificate?, bool>? accepts = null, string? clientCa = null,
        Func<Seen, Task<byte[]?>>? later = null)
    {
        listener = new TcpListener(IPAddress.Loopback, port);
        _accepts = accepts ?? (_ => true);
        this.later = later;
        if (clientCa is not null) clientRoot = X509Certificate2.CreateFromPem(clientCa);
        (this.answer, this.protocols, this.wantsClient) = (answer, protocols, wantsClient);
        if (tls is { } pair)
        {
            certificate = X509Certificate2.CreateFromPem(pair.Certificate, pair.Key);
            identity = SslStreamCertificateContext.Create(certificate, null, offline: true);
        }

        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _accepting = Task.Run(Accept);
    }

    public int Port { get; }

    public string Url => $"{(certificate is null ? "http" : "https")}://localhost:{Port}";

    public List<Seen> Requests { get; } = [];

    public int Connections { get; private set; }

    /// <summary>Bytes that came behind TLS, whoever sent them.</summary>
    public int BytesRead { get; private set; }

    public static byte[] Reply(int status, string body, string headers = "Content-Type: application/json\r\n") =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 {status} X\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    /// <summary>Takes no further connection.</summary>
    public void RefuseMore() => listener.Stop();

    public void Dispose()
    {
        stop.Cancel();
        listener.Stop();
        // The port is closed only when nobody waits at it any more.
        _accepting.Wait(CancellationToken.None);
        certificate?.Dispose();
        clientRoot?.Dispose();
    }

    private static int ContentLength(string head)
    {
        const string Name = "\r\nContent-Length:";
        int at = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? 0 : int.Parse(head[(at + Name.Length)..].Split('\r')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync(stop.Token);
                // Else the 40 ms for which the other side may keep its acknowledgement back are what a bench would measure.
                client.NoDelay = true;
                Connections++;
                _ = Task.Run(() => Serve(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private async Task Serve(TcpClient client)
    {
        try
        {
            using (client)
            {
                using Stream stream = certificate is null ? client.GetStream() : new SslStream(client.GetStream());
                string? name = null;
                if (stream is SslStream tls)
                {
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                    {
                        ServerCertificateContext = identity,
                        // An empty one: nothing of this machine is read for it.
                        CertificateChainPolicy = new X509ChainPolicy
                        {
                            RevocationMode = X509RevocationMode.NoCheck,
                            TrustMode = X509ChainTrustMode.CustomRootTrust,
                            DisableCertificateDownloads = true,
                        },
                        EnabledSslProtocols = protocols,
                        ClientCertificateRequired = wantsClient,
                        // Whose certificate it is, is for the answers to judge.
                        RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null == wantsClient && _accepts(shown),
                    }, stop.Token);
                    if (tls.RemoteCertificate is X509Certificate2 shown && IsVouchedFor(shown)) name = shown.GetNameInfo(X509NameType.SimpleName, false);
                }

                byte[] buffer = new byte[65536];
                int length = 0;
                while (true)
                {
                    int got = await stream.ReadAsync(buffer.AsMemory(length), stop.Token);
                    if (got == 0) return;
                    BytesRead += got;
                    length += got;
                    string text = Encoding.ASCII.GetString(buffer, 0, length);
                    int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                    if (end < 0) continue;
                    int whole = end + 4 + ContentLength(text[..end]);
                    if (length < whole) continue;
                    string[] first = text[..text.IndexOf('\r')].Split(' ');
                    length = 0;
                    var seen = new Seen(first[0], first[1], text[..end], name) { Body = Encoding.UTF8.GetString(buffer, end + 4, whole - end - 4) };
                    byte[]? said;
                    lock (Requests)
                    {
                        Requests.Add(seen);
                        said = later is null ? answer(seen) : null;
                    }

                    if (later is not null) said = await later(seen);

                    if (said is null) return;
                    await stream.WriteAsync(said, stop.Token);
                    if (Encoding.ASCII.GetString(said).Contains("Connection: close", StringComparison.Ordinal)) return;
                }
            }
        }
        catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client went, or the test is over.
        }
    }

    private bool IsVouchedFor(X509Certificate2 shown)
    {
        if (clientRoot is null) return true;
        using var chain = new X509Chain { ChainPolicy = { RevocationMode = X509RevocationMode.NoCheck, TrustMode = X509ChainTrustMode.CustomRootTrust } };
        chain.ChainPolicy.CustomTrustStore.Add(clientRoot);
        return chain.Build(shown);
    }
}
