using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>A real etcd with a data directory and ports of its own, and (without TLS) a way to its store that uses nothing of what is tested.</summary>
public sealed class EtcdServer : IAsyncDisposable
{
    /// <summary>What a test beside it has open at that moment, locked files among them, is not for a server to keep.</summary>
    private const string CloseAll = "for f in /proc/self/fd/*; do n=${f##*/}; if [ $n -gt 2 ]; then eval \"exec $n>&-\"; fi; done; ";

    private readonly TestDirectory scratch = new();
    private readonly HttpClient client;
    private string[] options;
    private bool isTls;
    private Process? process;

    private EtcdServer(bool isTls, string[] options)
    {
        (this.isTls, this.options) = (isTls, options);
        client = new HttpClient();
        (Port, PeerPort) = (FreePort(), FreePort());
    }

    public int Port { get; }

    public string Url => $"{(isTls ? "https" : "http")}://localhost:{Port}";

    /// <summary>Header for <see cref="Post"/>, once users are on.</summary>
    public string? Token { get; set; }

    private int PeerPort { get; }

    public static Task<EtcdServer> Start(params string[] options) => Start(false, options);

    public static async Task<EtcdServer> Start(bool isTls, params string[] options)
    {
        var server = new EtcdServer(isTls, options);
        await server.Start(waits: !isTls);
        return server;
    }

    /// <summary>The same store, with other options.</summary>
    public async Task Restart(bool isTls, params string[] options)
    {
        await Stop();
        (this.isTls, this.options) = (isTls, options);
        await Start(waits: !isTls);
    }

    public async Task Start(bool waits = true)
    {
        string url = $"{(isTls ? "https" : "http")}://127.0.0.1:{Port}", peer = $"http://127.0.0.1:{PeerPort}";
        process = Process.Start(new ProcessStartInfo("bash",
        [
            "-c", CloseAll + "exec etcd \"$@\"", "etcd", "--data-dir", scratch.At("data"), "--logger", "zap", "--log-outputs", scratch.At("log"), "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer, "--enable-v2", .. options,
        ]))!;
        for (int i = 0; ; i++)
        {
            Assert.False(process.HasExited || i == 600, "etcd does not start: " + (File.Exists(scratch.At("log")) ? File.ReadAllText(scratch.At("log")) : ""));
            try
            {
                if (waits && (await client.GetStringAsync(Url + "/health")).Contains("true", StringComparison.Ordinal)) return;
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, Port);
                if (!waits) return;
            }
            catch (Exception e) when (e is HttpRequestException or SocketException)
            {
                // Not yet.
            }

            await Task.Delay(25);
        }
    }

    public async Task Stop()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>Stops it where it stands, its connections open; <see cref="Resume"/> lets it go on.</summary>
    public void Pause() => Signal("STOP");

    /// <summary>Lets a paused one go on.</summary>
    public void Resume() => Signal("CONT");

    private void Signal(string name)
    {
        using Process kill = Process.Start("/bin/kill", [$"-{name}", $"{process!.Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    public async Task<JsonElement> Post(string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Url + path) { Content = new StringContent(body) };
        if (Token is not null) request.Headers.TryAddWithoutValidation("Authorization", Token);
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    public Task Put(string key, string value) => Post("/v3/kv/put", $$"""{"key":"{{Base64(key)}}","value":"{{Base64(value)}}"}""");

    public Task Delete(string key) => Post("/v3/kv/deleterange", $$"""{"key":"{{Base64(key)}}"}""");

    public async Task Compact()
    {
        JsonElement put = await Post("/v3/kv/put", $$"""{"key":"{{Base64("tick")}}","value":""}""");
        await Post("/v3/kv/compaction", $$"""{"revision":"{{put.GetProperty("header").GetProperty("revision").GetString()}}","physical":true}""");
    }

    /// <summary>The exact bytes; null if there is no such key.</summary>
    public async Task<string?> Get(string key)
    {
        JsonElement answer = await Post("/v3/kv/range", $$"""{"key":"{{Base64(key)}}"}""");
        if (!answer.TryGetProperty("kvs", out JsonElement all)) return null;
        Assert.False(all[0].TryGetProperty("lease", out _));
        return all[0].TryGetProperty("value", out JsonElement value) ? Encoding.UTF8.GetString(value.GetBytesFromBase64()) : "";
    }

    public async Task Put2(string key, string value)
    {
        using var form = new FormUrlEncodedContent([new("value", value)]);
        using HttpResponseMessage response = await client.PutAsync($"{Url}/v2/keys/{key}", form);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task Send2(HttpMethod method, string path, string? body = null, string? login = null)
    {
        using var request = new HttpRequestMessage(method, Url + path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (login is not null) request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Base64(login));
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The exact text; null if there is no such key.</summary>
    public async Task<string?> Get2(string key)
    {
        using HttpResponseMessage response = await client.GetAsync($"{Url}/v2/keys/{key}");
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        JsonElement node = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("node");
        Assert.False(node.TryGetProperty("ttl", out _));
        return node.GetProperty("value").GetString();
    }

    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null) await Stop();
        client.Dispose();
        scratch.Dispose();
    }
}

/// <summary>One etcd for all tests of a class, each with a key of its own.</summary>
public sealed class SharedEtcd : IAsyncLifetime
{
    public EtcdServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await EtcdServer.Start();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
