using System.Text.Json;
using DlmUpdater.Tests.Locks.DlmEngine;
using DlmUpdater.Tests.Locks.Etcd;
using DlmUpdater.Tests.Locks.FleetLock;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>A running lock service, as a fleet of sandboxes sees it.</summary>
internal abstract class LockServer : IAsyncDisposable
{
    /// <summary>How many may hold the lock at once.</summary>
    internal abstract int Slots { get; }

    /// <summary>Points the host's configuration at it.</summary>
    internal abstract void Join(Sandbox host);

    /// <summary>The largest number of holders at any moment, as the server itself has it.</summary>
    internal abstract Task<int> MostHolders();

    /// <summary>Who holds the lock now, as the server has it.</summary>
    internal abstract Task<string[]> Holders();

    public abstract ValueTask DisposeAsync();

    /// <summary>Makes one by its name.</summary>
    internal static async Task<LockServer> Start(string name, Sandbox first) => name switch
    {
        "etcd v3" => new EtcdFleet(await EtcdServer.Start(), isV3: true),
        "etcd v2" => new EtcdFleet(await EtcdServer.Start(), isV3: false),
        "airlock" => new FleetLockFleet(Dialect.Airlock, 3),
        "poseidon" => new FleetLockFleet(Dialect.Poseidon, 1),
        "dlmengine" => new EngineFleet(),
        "foreman" => new ForemanFleet(first),
        "file" => new FileFleet(first),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    /// <summary>Takes the keys of the file service away, which a sandbox begins with.</summary>
    private static Sandbox Service(Sandbox host, string service) => host.Set("file", "directory", null).Set("lock", "service", service).Set("lock", "retry_interval", "1s");

    private sealed class FileFleet(Sandbox first) : LockServer
    {
        internal override int Slots => 3;

        internal override void Join(Sandbox host) => host.Set("file", "slots", "3");

        /// <summary>Nobody watches the file; the scripts' log shows who was inside.</summary>
        internal override Task<int> MostHolders() => Task.FromResult(0);

        internal override Task<string[]> Holders() => Task.FromResult(first.Holders);

        public override ValueTask DisposeAsync() => default;
    }

    private sealed class ForemanFleet : LockServer
    {
        private readonly ForemanServer _server;

        internal ForemanFleet(Sandbox first)
        {
            Sandbox.MakeDirectory(first.LockDirectory);
            _server = new ForemanServer(first.LockDirectory);
        }

        internal override int Slots => 1;

        internal override void Join(Sandbox host)
        {
            _server.Admin(plugin => plugin.Known.Add(host.Holder));
            Service(host, "foreman").Set("lock", "name", ForemanServer.LockName).Set("lock", "confirm_after", "0s").Joins(_server);
        }

        internal override Task<int> MostHolders() => Task.FromResult(1);

        internal override Task<string[]> Holders() => Task.FromResult<string[]>(_server.Holder is { } holder ? [holder] : []);

        public override ValueTask DisposeAsync()
        {
            _server.Dispose();
            return default;
        }
    }

    private sealed class EngineFleet : LockServer
    {
        private readonly FakeEngine _engine = new();
        private readonly TestServer _server;

        internal EngineFleet() => _server = new TestServer(seen =>
        {
            (int status, string body) = _engine.Handle(seen.Method, seen.Path, Header(seen, "x-secret-id"), Header(seen, "x-secret"), seen.Body);
            return TestServer.Reply(status, body);
        });

        internal override int Slots => 1;

        internal override void Join(Sandbox host)
        {
            string secret = host.Root + "/secret";
            File.WriteAllText(secret, FakeEngine.Secret);
            File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Service(host, "dlmengine").Set("dlmengine", "url", _server.Url).Set("dlmengine", "secret_id", FakeEngine.SecretId).Set("dlmengine", "secret_file", secret);
        }

        internal override Task<int> MostHolders() => Task.FromResult(1);

        internal override Task<string[]> Holders() => Task.FromResult<string[]>([.. _engine.Locks.Values]);

        public override ValueTask DisposeAsync()
        {
            _server.Dispose();
            return default;
        }
    }

    private sealed class FleetLockFleet : LockServer
    {
        private readonly FakeFleet _fleet;
        private readonly TestServer _server;
        private int _most;

        internal FleetLockFleet(Dialect dialect, int slots)
        {
            Slots = slots;
            _fleet = new FakeFleet(dialect, slots);
            _server = new TestServer(seen =>
            {
                (int status, string body) = _fleet.Handle(seen.Method, seen.Path, Header(seen, "fleet-lock-protocol"), seen.Body);
                _most = Math.Max(_most, _fleet.Holders.Count);
                return TestServer.Reply(status, body);
            });
        }

        internal override int Slots { get; }

        internal override void Join(Sandbox host) => Service(host, "fleetlock").Set("fleetlock", "url", _server.Url).Set("fleetlock", "id", host.Holder);

        internal override Task<int> MostHolders() => Task.FromResult(_most);

        internal override Task<string[]> Holders() => Task.FromResult<string[]>([.. _fleet.Holders]);

        public override ValueTask DisposeAsync()
        {
            _server.Dispose();
            return default;
        }
    }

    internal static string? Header(Seen seen, string name) =>
        seen.Head.Split("\r\n").FirstOrDefault(l => l.StartsWith(name + ": ", StringComparison.Ordinal))?[(name.Length + 2)..];

    /// <summary>A real etcd; every version that the semaphore ever had is read from its history.</summary>
    internal sealed class EtcdFleet(EtcdServer server, bool isV3) : LockServer
    {
        private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(20) };

        internal override int Slots => 3;

        private string Key => isV3 ? "com.coreos.airlock/groups/web/v1/semaphore" : "coreos.com/updateengine/rebootlock/groups/web/semaphore";

        internal override void Join(Sandbox host) => Service(host, "etcd").Set("etcd", "endpoints", server.Url).Set("etcd", "api", isV3 ? "v3" : "v2")
            .Set("etcd", "group", "web").Set("etcd", "slots", "3");

        internal override async Task<int> MostHolders()
        {
            var counts = new List<int>();
            await foreach (string document in isV3 ? Versions3() : Versions2()) counts.Add(Read(document).Length);
            Assert.True(counts.Count > 30, $"the history of the semaphore has only {counts.Count} versions");
            return counts.Max();
        }

        internal override async Task<string[]> Holders() => Read((isV3 ? await server.Get(Key) : await server.Get2(Key))!);

        public override async ValueTask DisposeAsync()
        {
            _client.Dispose();
            await server.DisposeAsync();
        }

        internal static string[] Read(string document)
        {
            using JsonDocument json = JsonDocument.Parse(document);
            JsonElement holders = json.RootElement.GetProperty("holders");
            return holders.ValueKind == JsonValueKind.Null ? [] : [.. holders.EnumerateArray().Select(h => h.GetString()!)];
        }

        private async IAsyncEnumerable<string> Versions3()
        {
            JsonElement now = await server.Post("/v3/kv/range", $$"""{"key":"{{EtcdServer.Base64(Key)}}"}""");
            string last = now.GetProperty("kvs")[0].GetProperty("mod_revision").GetString()!;
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Url + "/v3/watch")
            {
                Content = new StringContent($$$"""{"create_request":{"key":"{{{EtcdServer.Base64(Key)}}}","start_revision":"1"}}"""),
            };
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
            while (await lines.ReadLineAsync() is { } line)
            {
                using JsonDocument json = JsonDocument.Parse(line);
                if (!json.RootElement.GetProperty("result").TryGetProperty("events", out JsonElement events)) continue;
                foreach (JsonElement one in events.EnumerateArray())
                {
                    JsonElement kv = one.GetProperty("kv");
                    yield return System.Text.Encoding.UTF8.GetString(kv.GetProperty("value").GetBytesFromBase64());
                    if (kv.GetProperty("mod_revision").GetString() == last) yield break;
                }
            }
        }

        private async IAsyncEnumerable<string> Versions2()
        {
            using JsonDocument now = JsonDocument.Parse(await _client.GetStringAsync($"{server.Url}/v2/keys/{Key}"));
            JsonElement node = now.RootElement.GetProperty("node");
            long last = node.GetProperty("modifiedIndex").GetInt64();
            for (long index = 1; ;)
            {
                using JsonDocument json = JsonDocument.Parse(await _client.GetStringAsync($"{server.Url}/v2/keys/{Key}?wait=true&waitIndex={index}"));
                JsonElement version = json.RootElement.GetProperty("node");
                yield return version.GetProperty("value").GetString()!;
                index = version.GetProperty("modifiedIndex").GetInt64() + 1;
                if (index > last) yield break;
            }
        }
    }
}
