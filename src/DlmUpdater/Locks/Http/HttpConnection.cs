using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace DlmUpdater.Locks.Http;

/// <summary>How far a connection got before it failed.</summary>
internal enum ConnectStep
{
    /// <summary>The name was asked for.</summary>
    Name,

    /// <summary>Server or proxy was called.</summary>
    Connect,

    /// <summary>The proxy was asked for a way to the server.</summary>
    Proxy,

    /// <summary>TLS was being agreed upon.</summary>
    Tls,
}

/// <summary>No connection. Nothing of a request was sent.</summary>
internal sealed class ConnectException(ConnectStep step, Exception inner) : Exception(inner.Message, inner)
{
    /// <summary>How far it got.</summary>
    internal ConnectStep Step => step;
}

/// <summary>One connection to one server, with TLS or without, straight or through a proxy. One request at a time.</summary>
internal sealed class HttpConnection : IDisposable
{
    private static readonly TimeSpan ShareOfOneAddress = TimeSpan.FromSeconds(3);

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly HttpReader _reader;

    private HttpConnection(Socket socket, Stream stream)
    {
        (_socket, _stream) = (socket, stream);
        _reader = new HttpReader(stream);
    }

    /// <summary>True from the moment on when bytes of the request in hand may have left: only that decides whether a lost reply may be the
    /// reply to something that happened.</summary>
    internal bool Sent { get; private set; }

    /// <summary>True once any byte of the answer in hand has come.</summary>
    internal bool Answered { get; private set; }

    /// <summary>When the last answer was read to its end.</summary>
    internal long IdleSince { get; set; }

    /// <summary>True if another request may be sent: the last answer was read to its end, and the server has not hung up since.</summary>
    internal bool CanGoOn
    {
        get
        {
            // Readable between two requests means closed, or bytes that nobody asked for.
            if (!_reader.CanGoOn || _reader.HasMore) return false;
            try
            {
                return !_socket.Poll(0, SelectMode.SelectRead);
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    /// <summary>Makes one.</summary>
    /// <param name="server">Scheme, host and port.</param>
    /// <param name="proxy">Null = none.</param>
    /// <param name="tls">For https only.</param>
    /// <param name="resolve">Asks for the addresses of a name. The base library's own cannot be cancelled once it has begun, so it is left
    /// behind.</param>
    /// <param name="onStep">Is told how far it is.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ConnectException">Why not.</exception>
    /// <exception cref="OperationCanceledException">Only if <paramref name="cancel"/> asks for it.</exception>
    internal static async ValueTask<HttpConnection> Open(
        Uri server, Uri? proxy, SslClientAuthenticationOptions? tls, Func<string, Task<IPAddress[]>> resolve, Action<ConnectStep> onStep, CancellationToken cancel)
    {
        ConnectStep step = ConnectStep.Name;
        void Step(ConnectStep next) => onStep(step = next);
        Socket? socket = null;
        try
        {
            Uri first = proxy ?? server;
            Step(ConnectStep.Name);
            IPAddress[] addresses = IPAddress.TryParse(first.IdnHost, out IPAddress? literal) ? [literal] : await resolve(first.IdnHost).WaitAsync(cancel);
            Step(ConnectStep.Connect);
            socket = await Connect(addresses, first.Port, cancel);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (tls is not null)
            {
                Step(ConnectStep.Proxy);
                if (proxy is not null) await Tunnel(stream, server, proxy, cancel);
                Step(ConnectStep.Tls);
                var encrypted = new SslStream(stream);
                tls.TargetHost = server.IdnHost;
                await encrypted.AuthenticateAsClientAsync(tls, cancel);
                stream = encrypted;
            }

            return new HttpConnection(socket, stream);
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException or InvalidDataException or ObjectDisposedException or OperationCanceledException)
        {
            socket?.Dispose();
            // Cancelling tears the connection down, and which of the exceptions wins is a matter of luck.
            cancel.ThrowIfCancellationRequested();
            throw new ConnectException(step, e);
        }
        catch (TypeInitializationException e)
        {
            // The base library makes its event queue and a thread at the first connection, and cannot even close a socket without them.
            throw new ConnectException(step, new IOException("the kernel gave this process no event queue or no thread (limits of file descriptors, threads, memory)", e));
        }
    }

    /// <summary>Sends a request and reads the head of the answer; null if the server hung up before its first byte.</summary>
    internal async ValueTask<HttpHead?> Ask(ReadOnlyMemory<byte> request, CancellationToken cancel)
    {
        (Sent, Answered) = (true, false);
        await _stream.WriteAsync(request, cancel);
        HttpHead? head = await _reader.Head(cancel);
        Answered = head is not null;
        return head;
    }

    /// <summary>The next piece of the answer's body, good until the next call; empty at its end.</summary>
    internal ValueTask<ReadOnlyMemory<byte>> Piece(CancellationToken cancel) => _reader.Piece(cancel);

    /// <summary>The bytes of a request.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="server">Whom it is for.</param>
    /// <param name="target">What stands in the request line.</param>
    /// <param name="proxy">The proxy that reads the request itself; null = none does.</param>
    internal static byte[] Bytes(HttpAsk ask, Uri server, string target, Uri? proxy)
    {
        var head = new StringBuilder();
        head.Append(ask.Method).Append(' ').Append(target).Append(" HTTP/1.1\r\nHost: ").Append(Authority(server))
            .Append("\r\nAccept: application/json\r\nUser-Agent: dlm-updater/").Append(ThisAssembly.Version).Append("\r\n");
        if (proxy is not null) AddProxyLogin(head, proxy);
        foreach ((string name, string value) in ask.Headers) head.Append(name).Append(": ").Append(value).Append("\r\n");
        ReadOnlyMemory<byte> body = ask.Body ?? default;
        if (ask.Body is not null) head.Append("Content-Type: ").Append(ask.ContentType).Append("\r\nContent-Length: ").Append(body.Length).Append("\r\n");
        byte[] bytes = new byte[head.Length + 2 + body.Length];
        Encoding.Latin1.GetBytes(head.Append("\r\n").ToString(), bytes);
        body.Span.CopyTo(bytes.AsSpan(head.Length));
        return bytes;
    }

    /// <summary>Host and port as a Host header wants them.</summary>
    internal static string Authority(Uri server)
    {
        string host = server.HostNameType == UriHostNameType.IPv6 ? $"[{server.IdnHost}]" : server.IdnHost;
        return server.IsDefaultPort ? host : $"{host}:{server.Port}";
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>One address after the other; each gets its share of what is left, so that a dead one leaves time for the next.</summary>
    private static async ValueTask<Socket> Connect(IPAddress[] addresses, int port, CancellationToken cancel)
    {
        for (int i = 0; ; i++)
        {
            if (i == addresses.Length) throw new SocketException((int)SocketError.HostNotFound);
            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            KeepAlive(socket);
            try
            {
                using var share = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                if (i < addresses.Length - 1) share.CancelAfter(ShareOfOneAddress);
                await socket.ConnectAsync(addresses[i], port, share.Token);
                return socket;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                cancel.ThrowIfCancellationRequested();
                if (i == addresses.Length - 1) throw;
            }
        }
    }

    /// <summary>Who only listens never learns by itself that the peer lost power: the kernel asks, and gives up after about a
    /// minute.</summary>
    private static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    }

    private static async ValueTask Tunnel(Stream stream, Uri server, Uri proxy, CancellationToken cancel)
    {
        string to = $"{(server.HostNameType == UriHostNameType.IPv6 ? $"[{server.IdnHost}]" : server.IdnHost)}:{server.Port}";
        var head = new StringBuilder($"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
        AddProxyLogin(head, proxy);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), cancel);
        var reader = new HttpReader(stream);
        HttpHead answer = await reader.Head(cancel) ?? throw new EndOfStreamException("it closed the connection");
        if (answer.Status != 200) throw new InvalidDataException($"it answers {answer.Status}");
        // A server speaks TLS only after the client; what comes earlier is the proxy's own.
        if (reader.HasMore) throw new InvalidDataException("it says more than that there is a way");
    }

    private static void AddProxyLogin(StringBuilder head, Uri proxy)
    {
        if (proxy.UserInfo.Length == 0) return;
        string login = Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(proxy.UserInfo)));
        head.Append("Proxy-Authorization: Basic ").Append(login).Append("\r\n");
    }
}
