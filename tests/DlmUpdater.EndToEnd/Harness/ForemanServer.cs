using DlmUpdater.Tests.Locks.Foreman;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>One request of an agent, in the order in which they came.</summary>
/// <param name="Host">Whose certificate it came with.</param>
/// <param name="Method">GET, PUT or DELETE.</param>
/// <param name="Path">The path.</param>
internal sealed record ForemanRequest(string Host, string Method, string Path);

/// <summary>When the write of the second of two hosts that are both told 200 comes.</summary>
internal enum LateWrite
{
    /// <summary>There is no race: each request is served whole.</summary>
    Never,

    /// <summary>Right after the first one's, before that host can look.</summary>
    BeforeTheLook,

    /// <summary>When the first host has just been shown that the lock is its own.</summary>
    AfterTheLook,
}

/// <summary>Foreman with its plugin behind HTTPS with client certificates, on a port of the loopback. What it holds is mirrored, before any
/// host is told, into the file where the scripts of the sandboxes look whether their host holds the lock.</summary>
internal sealed class ForemanServer : IDisposable
{
    internal const string LockName = "this_is_the_lock_name";

    private const string Path = "/api/dlmlocks/" + LockName + "/lock";

    private readonly Lock gate = new();
    private readonly string mirror;
    private readonly (string Certificate, string Key) identity;
    private readonly List<(string Method, Action? Meanwhile)> losses = [];
    private readonly List<int> failures = [];
    private readonly List<ForemanRequest> requests = [];
    private readonly FakeForeman plugin = new() { Name = LockName };
    private readonly ForemanRace race = new();
    private TestServer server;
    private int connectionsBefore;
    private bool isUp = true;

    /// <param name="mirrorDirectory">Where the mirror is written; it must exist.</param>
    /// <param name="isRsa">True: its certificate has an RSA key.</param>
    internal ForemanServer(string mirrorDirectory, bool isRsa = false)
    {
        mirror = mirrorDirectory + "/e2e.json";
        identity = Authority.Issue("foreman.example");
        if (isRsa)
        {
            (string certificate, System.Security.Cryptography.RSA key) = Authority.IssueRsa("foreman.example");
            using (key) identity = (certificate, key.ExportPkcs8PrivateKeyPem());
        }

        Mirror();
        server = Make(0);
    }

    /// <summary>Issued the certificates of the server and of the hosts.</summary>
    internal Authority Authority { get; } = new("Fleet CA");

    internal string Url => server.Url;

    internal ForemanRequest[] Requests
    {
        get
        {
            lock (gate) return [.. requests];
        }
    }

    internal string[] Methods => [.. Requests.Select(r => r.Method)];

    /// <summary>How many connections were ever made to it.</summary>
    internal int Connections => connectionsBefore + server.Connections;

    internal string? Holder
    {
        get
        {
            lock (gate) return plugin.Holder;
        }
    }

    /// <summary>How often two hosts were both told that the lock is theirs.</summary>
    internal int BothTold => race.BothTold;

    /// <summary>How long every answer takes.</summary>
    internal TimeSpan Delay { get; set; }

    /// <summary>Acts as an admin does, between two requests.</summary>
    internal void Admin(Action<FakeForeman> act)
    {
        lock (gate)
        {
            act(plugin);
            Mirror();
        }
    }

    /// <summary>The next request of that kind is acted upon, and never answered.</summary>
    /// <param name="method">GET, PUT or DELETE.</param>
    /// <param name="meanwhile">What else happens before the connection is gone.</param>
    internal void LoseReply(string method, Action? meanwhile = null)
    {
        lock (gate) losses.Add((method, meanwhile));
    }

    /// <summary>The next requests are answered with these error statuses and not acted upon.</summary>
    internal void Fail(params int[] statuses)
    {
        lock (gate) failures.AddRange(statuses);
    }

    /// <summary>Fails no more.</summary>
    internal void Forgive()
    {
        lock (gate) failures.Clear();
    }

    /// <summary>The next two hosts that ask for the free lock meet, and are both told that it is theirs.</summary>
    internal void Race(LateWrite late)
    {
        lock (gate) race.Begin(late);
    }

    /// <summary>Hangs up on everybody and leaves the port closed.</summary>
    internal void Stop()
    {
        isUp = false;
        connectionsBefore += server.Connections;
        server.Dispose();
    }

    /// <summary>Is there again, at the same address, with what it held.</summary>
    internal void Start()
    {
        server = Make(server.Port);
        isUp = true;
    }

    public void Dispose()
    {
        if (isUp) server.Dispose();
        Authority.Dispose();
    }

    private TestServer Make(int port) => new(_ => null, identity, port: port, clientCa: Authority.Pem, later: Answer);

    private async Task<byte[]?> Answer(Seen seen)
    {
        if (Delay > TimeSpan.Zero) await Task.Delay(Delay);
        Task late = Task.CompletedTask;
        lock (gate)
        {
            requests.Add(new ForemanRequest(seen.ClientName ?? "", seen.Method, seen.Path));
            if (failures.Count > 0)
            {
                int status = failures[0];
                failures.RemoveAt(0);
                return TestServer.Reply(status, """{"error":{"message":"on purpose"}}""");
            }

            if (Stranger(seen) is { } no) return no;
            bool races = seen.Method == "PUT" && race.IsOpen;
            if (races && seen.ClientName is { } host && plugin.MayWrite(host, "PUT")) late = race.Meet(host, Write);
        }

        await late;
        lock (gate)
        {
            bool isWritten = late != Task.CompletedTask;
            (int status, string body) = isWritten
                ? (200, plugin.Body(seen.ClientName, null)) : plugin.Handle(seen.Method, seen.ClientName ?? "");
            if (seen.Method != "GET") Mirror();
            else race.Looked(seen.ClientName!, Write);

            int lost = losses.FindIndex(loss => loss.Method == seen.Method);
            if (lost < 0) return TestServer.Reply(status, body);
            (string _, Action? meanwhile) = losses[lost];
            losses.RemoveAt(lost);
            meanwhile?.Invoke();
            return null;
        }
    }

    /// <summary>What Foreman answers before it comes to the plugin; null if it does.</summary>
    private byte[]? Stranger(Seen seen)
    {
        if (seen.Path != Path || seen.Method is not ("GET" or "PUT" or "DELETE"))
            return TestServer.Reply(404, """{"error":{"message":"no route"}}""");
        bool isJson = seen.Head.Contains("\r\nContent-Type: application/json", StringComparison.OrdinalIgnoreCase);
        return seen.Method != "PUT" || isJson
            ? null : TestServer.Reply(415, """{"error":{"message":"'Content-Type: ' is unsupported in API v2"}}""");
    }

    private void Write(string host)
    {
        plugin.Holder = host;
        Mirror();
    }

    /// <summary>Whole at any moment: a script may be reading.</summary>
    private void Mirror()
    {
        string holders = plugin.Holder is { } holder ? $"{{\n\"id\": \"{holder}\"\n}}" : "";
        File.WriteAllText(mirror + ".new", $"{{\n\"holders\": [{holders}]\n}}\n");
        File.Move(mirror + ".new", mirror, overwrite: true);
    }
}
