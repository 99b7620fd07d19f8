using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using DlmUpdater.Core.Locking;

namespace DlmUpdater.Locks.Http;

/// <summary>Where a lock service answers and how it is reached.</summary>
/// <param name="Url">The base URL, without a slash at the end.</param>
/// <param name="Proxy">The proxy's URL; null = none.</param>
/// <param name="Files">Certificates; read for https only.</param>
internal sealed record HttpTarget(string Url, string? Proxy, TlsFiles Files);

/// <summary>Talks to one server over one connection, which is kept between requests that follow each other. Not for concurrent use.
/// Redirects are not followed, cookies not kept, bodies not unpacked, and the environment names no proxy.</summary>
internal sealed class HttpTransport(HttpTarget target, TimeProvider time) : IHttpTransport, IDisposable
{
    /// <summary>The limit of a body where nothing else is said, in bytes.</summary>
    internal const int LongestBody = 64 * 1024;

    private readonly Uri _base = new(target.Url);
    private readonly Uri? _proxy = target.Proxy is { } proxy ? new Uri(proxy) : null;
    private HttpConnection? _connection;
    private SslClientAuthenticationOptions? _tls;
    private TlsBytes? _read;
    private X509Certificate2? _leaf;
    private string? _complaint;
    private string _waitingFor = "";

    /// <summary>How long name, connection and TLS may take together.</summary>
    internal TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a whole request may take.</summary>
    internal TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>More of a body is never read, in bytes.</summary>
    internal int BodyLimit { get; init; } = LongestBody;

    /// <summary>How long a connection waits for the next request.</summary>
    internal TimeSpan KeepFor { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Asks for the addresses of a name.</summary>
    internal Func<string, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <inheritdoc/>
    public string Server => HttpConnection.Authority(_base);

    /// <inheritdoc/>
    public long Sent { get; private set; }

    /// <inheritdoc/>
    public long Resent { get; private set; }

    /// <inheritdoc/>
    public TimeSpan? RetryAfter { get; private set; }

    /// <inheritdoc/>
    public bool IsDistrusted { get; private set; }

    private bool IsTls => _base.Scheme == Uri.UriSchemeHttps;

    /// <inheritdoc/>
    public async ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel)
    {
        Begin(cancel);
        if (Prepare() is { } wrong) return new HttpReply.CannotAsk(wrong);

        byte[] request = Bytes(ask);
        using var timer = new CancellationTokenSource(CallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timer.Token);
        bool sent = false, isFirst = _connection is null;
        try
        {
            while (true)
            {
                bool isKept = _connection is not null;
                HttpConnection connection = _connection ??= await Open(either.Token);
                _waitingFor = $"the answer of {Server}";
                try
                {
                    Sent++;
                    if (await connection.Ask(request, either.Token) is { } head) return await Whole(connection, head, either.Token);
                    throw new EndOfStreamException();
                }
                catch (Exception e) when (e is IOException or SocketException && isKept && !connection.Answered && ask.IsIdempotent)
                {
                    // A server may hang up between two requests; the second then gets lost with the connection.
                    sent = true;
                    Resent++;
                    Hang();
                }
                finally
                {
                    sent |= connection.Sent;
                }
            }
        }
        catch (Exception e) when (IsOfTheWay(e))
        {
            isFirst &= _connection?.Answered != true;
            Hang();
            // Cancelling tears the connection down, and which of the exceptions wins is a matter of luck.
            if (cancel.IsCancellationRequested) throw new CutOffException(_waitingFor, cancel);
            return timer.IsCancellationRequested ? new HttpReply.NoAnswer(TooSlow, sent) : Failed(e, sent, isFirst);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<HttpReply> Listen(HttpAsk ask, Func<ReadOnlyMemory<byte>, bool> onPiece, CancellationToken cancel)
    {
        Begin(cancel);
        if (Prepare() is { } wrong) return new HttpReply.CannotAsk(wrong);

        using var timer = new CancellationTokenSource(CallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timer.Token);
        HttpConnection? connection = null;
        try
        {
            connection = await Open(either.Token);
            _waitingFor = $"the answer of {Server}";
            Sent++;
            HttpHead head = await connection.Ask(Bytes(ask), either.Token) ?? throw new EndOfStreamException();
            if (head.Status is < 200 or > 299) return await Whole(connection, head, either.Token);
            timer.CancelAfter(Timeout.InfiniteTimeSpan);
            return new HttpReply.Answer(head.Status, default, null, await Pieces(connection, onPiece, either.Token));
        }
        catch (Exception e) when (IsOfTheWay(e))
        {
            if (cancel.IsCancellationRequested) throw new CutOffException(_waitingFor, cancel);
            bool sent = connection?.Sent == true;
            return timer.IsCancellationRequested ? new HttpReply.NoAnswer(TooSlow, sent) : Failed(e, sent, connection?.Answered != true);
        }
        finally
        {
            connection?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Hang();
        _leaf?.Dispose();
        (_leaf, _read, _tls) = (null, null, null);
    }

    private string TooSlow => $"{Server} gave no whole answer within {CallTimeout.TotalSeconds:0} s: check the server and the way to it";

    /// <summary>True for what the network, TLS or the server can do to a call; all else is a bug.</summary>
    private static bool IsOfTheWay(Exception e) => e is OperationCanceledException or ConnectException or IOException or AuthenticationException
        or SocketException or InvalidDataException or ObjectDisposedException;

    private void Begin(CancellationToken cancel)
    {
        (RetryAfter, IsDistrusted, _waitingFor) = (null, false, $"a request to {Server}");
        if (cancel.IsCancellationRequested) throw new CutOffException(_waitingFor, cancel);
    }

    private void Hang()
    {
        _connection?.Dispose();
        _connection = null;
    }

    private string? Prepare()
    {
        if (_connection is not null && (!_connection.CanGoOn || time.GetElapsedTime(_connection.IdleSince) > KeepFor)) Hang();
        if (!IsTls) return null;
        if (TlsLibrary.Missing() is { } missing) return missing;
        TlsLibrary.TrustOnly(target.Files.Ca);
        if (target.Files.Read(out string why) is not { } bytes) return why;
        // A certificate may run out while its file stays as it is.
        if (_tls is not null && bytes.Same(_read!) && !(_leaf?.NotAfter.ToUniversalTime() < time.GetUtcNow().UtcDateTime)) return null;
        Dispose();
        if ((_tls = Tls(bytes, out why)) is null) return why;
        _read = bytes;
        return null;
    }

    private byte[] Bytes(HttpAsk ask)
    {
        string path = _base.AbsolutePath.TrimEnd('/') + ask.Path;
        return IsTls || _proxy is null
            ? HttpConnection.Bytes(ask, _base, path, null)
            : HttpConnection.Bytes(ask, _base, $"http://{HttpConnection.Authority(_base)}{path}", _proxy);
    }

    private async ValueTask<HttpConnection> Open(CancellationToken cancel)
    {
        _complaint = null;
        ConnectStep step = ConnectStep.Name;
        using var timer = new CancellationTokenSource(ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timer.Token);
        try
        {
            return await HttpConnection.Open(_base, _proxy, _tls, Resolve, next => _waitingFor = Missing(step = next), either.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new ConnectException(step, new TimeoutException($"no connection within {ConnectTimeout.TotalSeconds:0} s", e));
        }
    }

    private async ValueTask<HttpReply> Whole(HttpConnection connection, HttpHead head, CancellationToken cancel)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        bool isWhole = true;
        string? problem = await Pieces(connection, piece =>
        {
            isWhole = body.WrittenCount + piece.Length <= BodyLimit;
            if (isWhole) body.Write(piece.Span);
            return isWhole;
        }, cancel);
        if (!isWhole) problem = $"is longer than {BodyLimit / 1024} KiB";
        connection.IdleSince = time.GetTimestamp();
        string? redirect = head.Location is null ? null
            : Uri.TryCreate(_base, head.Location, out Uri? to) && to.Host.Length > 0 ? OneLine.Of(to.Authority) : "nowhere";
        RetryAfter = Http.RetryAfter.Of(head, time.GetUtcNow());
        return new HttpReply.Answer(head.Status, problem is null ? body.WrittenMemory : default, redirect, problem);
    }

    /// <summary>Hands the body on; null at its end, or why there is no end, a sentence part.</summary>
    private static async ValueTask<string?> Pieces(HttpConnection connection, Func<ReadOnlyMemory<byte>, bool> onPiece, CancellationToken cancel)
    {
        try
        {
            while (await connection.Piece(cancel) is { Length: > 0 } piece && onPiece(piece))
            {
                // The next one.
            }

            return null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return "was cut off";
        }
    }

    private SslClientAuthenticationOptions? Tls(TlsBytes bytes, out string why)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (bytes.Ca is not null)
        {
            if (target.Files.LoadCa(bytes.Ca, out why) is not { } roots) return null;
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(roots);
        }

        SslStreamCertificateContext? identity = null;
        why = "";
        if (bytes.Certificate is not null)
        {
            if (target.Files.Load(bytes, time.GetUtcNow(), out why) is not var (leaf, others)) return null;
            _leaf = leaf;
            identity = SslStreamCertificateContext.Create(leaf, others, offline: true);
        }

        return new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = policy,
            ClientCertificateContext = identity,
            // Explains only: the answer is what TLS itself found, never more.
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            {
                string trust = target.Files.Ca is { } ca ? $"the CA file {ca}" : "the system's list of CAs";
                _complaint = ServerVerdict.Explain(Server, certificate, chain, errors, trust, time.GetUtcNow());
                return errors == SslPolicyErrors.None;
            },
        };
    }

    /// <summary>What is waited for in a step, as a noun phrase.</summary>
    private string Missing(ConnectStep step) => step switch
    {
        ConnectStep.Name => $"the DNS answer for {(_proxy ?? _base).Host}",
        ConnectStep.Connect => $"the connection to {(_proxy is null ? "" : "the proxy ")}{HttpConnection.Authority(_proxy ?? _base)}",
        ConnectStep.Proxy => $"the answer of the proxy {HttpConnection.Authority(_proxy ?? _base)}",
        _ => $"the TLS handshake with {Server}",
    };

    /// <summary>What a request comes to that failed on its way.</summary>
    /// <param name="e">Why.</param>
    /// <param name="sent">Bytes of it may have left this host.</param>
    /// <param name="isFirst">It was the first of its connection, and no byte of an answer came.</param>
    private HttpReply Failed(Exception e, bool sent, bool isFirst)
    {
        IsDistrusted = _complaint is not null;
        if (_complaint is { } complaint) return new HttpReply.NoAnswer(complaint, sent);
        string text = OneLine.Of(e.GetBaseException().Message.TrimEnd('.'));
        bool isOfTls = IsTls && e is not ConnectException { Step: not ConnectStep.Tls };
        TlsRefusal? refusal = isOfTls ? TlsRefusal.Read(Server, text, target.Files) : null;
        // TLS 1.3 tells of a refused client certificate only after the request was sent; the server has not read it.
        return refusal is { IsOfThisHost: true } && isFirst
            ? new HttpReply.CannotAsk(refusal.Why)
            : new HttpReply.NoAnswer(refusal?.Why ?? Explain(e, text), sent);
    }

    private string Explain(Exception e, string text)
    {
        return e switch
        {
            ConnectException { Step: ConnectStep.Name } => $"the name {(_proxy ?? _base).Host} cannot be resolved ({text}): check the URL and this host's DNS",
            ConnectException { Step: ConnectStep.Connect } when _proxy is not null => $"cannot connect to the proxy {HttpConnection.Authority(_proxy)} ({text}): check that it runs, and proxy",
            ConnectException { Step: ConnectStep.Connect } => $"cannot connect to {Server} ({text}): check that it runs and that no firewall stands between",
            ConnectException { Step: ConnectStep.Proxy } => $"the proxy {HttpConnection.Authority(_proxy!)} does not lead to {Server} ({text}): correct proxy",
            ConnectException { Step: ConnectStep.Tls } => $"no TLS with {Server} ({text}): check that the URL's port speaks TLS and {IdentityHint()}",
            // Some servers refuse a client certificate without a word.
            EndOfStreamException when IsTls && target.Files.Identity is not null =>
                $"{Server} closed the connection before it had answered: look into its log, and check that it accepts {IdentityHint()}",
            EndOfStreamException => $"{Server} closed the connection before it had answered: try again, and look into its log",
            InvalidDataException => $"what answers at {Server} is not HTTP ({text}): check the URL's port",
            _ => $"no usable answer from {Server} ({text}): check the server and the way to it",
        };
    }

    private string IdentityHint() => target.Files.Identity is { } identity ? $"the client certificate {identity.Certificate}" : "hosts without a client certificate";
}
