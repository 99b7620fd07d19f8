using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace DlmUpdater.Locks.Http;

/// <summary>Where a lock service answers and how it is reached.</summary>
/// <param name="Url">The base URL, without a slash at the end.</param>
/// <param name="Proxy">The proxy's URL; null = none.</param>
/// <param name="Files">Certificates; read for https only.</param>
internal sealed record HttpTarget(string Url, string? Proxy, TlsFiles Files);

/// <summary>Talks to one server over one connection, which is kept between requests that follow each other. Not for concurrent use.</summary>
internal sealed class HttpTransport(HttpTarget target, TimeProvider time) : IHttpTransport, IDisposable
{
    /// <summary>More of a body is never read, in bytes.</summary>
    internal const int LongestBody = 64 * 1024;

    private readonly Uri _base = new(target.Url);
    private HttpMessageInvoker? _client;
    private TlsBytes? _read;
    private X509Certificate2? _leaf;
    private bool _sent;
    private string? _complaint;

    /// <summary>How long name, connection and TLS may take together.</summary>
    internal TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a whole request may take.</summary>
    internal TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection waits for the next request.</summary>
    internal TimeSpan KeepFor { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Host and port, for messages.</summary>
    internal string Server => _base.IsDefaultPort ? _base.Host : $"{_base.Host}:{_base.Port}";

    private bool IsTls => _base.Scheme == Uri.UriSchemeHttps;

    /// <inheritdoc/>
    public async ValueTask<HttpReply> Send(HttpMethod method, string path, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (Prepare() is { } wrong) return new HttpReply.CannotAsk(wrong);

        using var timer = new CancellationTokenSource(CallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timer.Token);
        using HttpRequestMessage request = Request(method, path);
        _sent = false;
        _complaint = null;
        try
        {
            using HttpResponseMessage response = await _client!.SendAsync(request, either.Token);
            (byte[] body, string? problem) = await ReadBody(response, either.Token);
            return new HttpReply.Answer((int)response.StatusCode, body, RedirectHost(response), problem);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            return new HttpReply.NoAnswer(timer.IsCancellationRequested
                ? $"{Server} gave no whole answer within {CallTimeout.TotalSeconds:0} s: check the server and the way to it"
                : $"cannot connect to {Server} within {ConnectTimeout.TotalSeconds:0} s: check that it runs and that no firewall stands between", _sent);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or AuthenticationException or SocketException)
        {
            // Cancelling tears the connection down, and which of the two exceptions wins is a matter of luck.
            cancel.ThrowIfCancellationRequested();
            return new HttpReply.NoAnswer(Explain(e), _sent);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client?.Dispose();
        _leaf?.Dispose();
        (_client, _leaf, _read) = (null, null, null);
    }

    private string? Prepare()
    {
        if (!IsTls)
        {
            _client ??= new HttpMessageInvoker(Handler(null));
            return null;
        }

        if (TlsLibrary.Missing() is { } missing) return missing;
        TlsLibrary.TrustOnly(target.Files.Ca);
        if (target.Files.Read(out string why) is not { } bytes) return why;
        // A certificate may run out while its file stays as it is.
        if (_client is not null && bytes.Same(_read!) && !(_leaf?.NotAfter.ToUniversalTime() < time.GetUtcNow().UtcDateTime)) return null;
        Dispose();
        if (Tls(bytes, out why) is not { } tls) return why;
        _client = new HttpMessageInvoker(Handler(tls));
        _read = bytes;
        return null;
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

    private SocketsHttpHandler Handler(SslClientAuthenticationOptions? tls)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = target.Proxy is not null,
            Proxy = target.Proxy is { } proxy ? new OneProxy(new Uri(proxy)) : null,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxConnectionsPerServer = 1,
            MaxResponseHeadersLength = 64,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionIdleTimeout = KeepFor,
            PlaintextStreamFilter = (context, _) => new ValueTask<Stream>(
                context.InitialRequestMessage.Method == HttpMethod.Connect ? context.PlaintextStream : new SentStream(context.PlaintextStream, () => _sent = true)),
        };
        if (tls is not null) handler.SslOptions = tls;
        return handler;
    }

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        // A lock named '..' must not climb.
        var uri = new Uri(target.Url + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(method, uri) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "dlm-updater/" + ThisAssembly.Version);
        if (method == HttpMethod.Put)
        {
            request.Content = new ByteArrayContent([]);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        return request;
    }

    private static async ValueTask<(byte[] Body, string? Problem)> ReadBody(HttpResponseMessage response, CancellationToken cancel)
    {
        byte[] buffer = new byte[LongestBody + 1];
        int length = 0;
        try
        {
            using Stream stream = await response.Content.ReadAsStreamAsync(cancel);
            while (length < buffer.Length)
            {
                int got = await stream.ReadAsync(buffer.AsMemory(length), cancel);
                if (got == 0) return (buffer[..length], null);
                length += got;
            }

            return ([], $"is longer than {LongestBody / 1024} KiB");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return ([], "was cut off");
        }
    }

    private string? RedirectHost(HttpResponseMessage response)
    {
        if (!response.Headers.NonValidated.TryGetValues("Location", out HeaderStringValues values)) return null;
        return Uri.TryCreate(_base, values.ToString(), out Uri? to) && to.Host.Length > 0 ? OneLine.Of(to.Authority) : "nowhere";
    }

    private string Explain(Exception e)
    {
        if (_complaint is { } complaint) return complaint;
        Exception root = e.GetBaseException();
        string text = OneLine.Of(root.Message.TrimEnd('.'));
        HttpRequestError kind = (e as HttpRequestException)?.HttpRequestError ?? HttpRequestError.Unknown;
        bool isTlsTrouble = kind == HttpRequestError.SecureConnectionError || e is AuthenticationException || e.InnerException is AuthenticationException;
        return kind switch
        {
            HttpRequestError.NameResolutionError => $"the name {_base.Host} cannot be resolved ({text}): check the URL and this host's DNS",
            HttpRequestError.ProxyTunnelError => $"the proxy {OneLine.Of(target.Proxy ?? "")} does not lead to {Server} ({text}): correct proxy",
            HttpRequestError.ConnectionError => $"cannot connect to {Server} ({text}): check that it runs and that no firewall stands between",
            _ when isTlsTrouble && root.Message.Contains("alert", StringComparison.OrdinalIgnoreCase) => RefusedUs(text),
            _ when isTlsTrouble => $"no TLS with {Server} ({text}): check that the URL's port speaks TLS and {IdentityHint()}",
            // TLS 1.3 tells of a refused client certificate only after the request.
            _ when root.Message.Contains("alert", StringComparison.OrdinalIgnoreCase) => RefusedUs(text),
            HttpRequestError.ResponseEnded => $"{Server} closed the connection before it had answered: try again, and look into its log",
            HttpRequestError.InvalidResponse => $"what answers at {Server} is not HTTP ({text}): check the URL's port",
            _ => $"no usable answer from {Server} ({text}): check the server and the way to it",
        };
    }

    private string RefusedUs(string text) => $"{Server} refused TLS with this host ({text}): check that it accepts {IdentityHint()}";

    private string IdentityHint() => target.Files.Identity is { } identity ? $"the client certificate {identity.Certificate}" : "hosts without a client certificate";

    /// <summary>A proxy for everything: the base library's own class brings a bypass list made of regular expressions.</summary>
    private sealed class OneProxy(Uri proxy) : IWebProxy
    {
        /// <inheritdoc/>
        public ICredentials? Credentials { get; set; }

        /// <inheritdoc/>
        public Uri GetProxy(Uri destination) => proxy;

        /// <inheritdoc/>
        public bool IsBypassed(Uri host) => false;
    }
}
