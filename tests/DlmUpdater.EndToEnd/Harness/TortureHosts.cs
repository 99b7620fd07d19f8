using DlmUpdater.Tests.Locks.Etcd;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>Makes the hosts on which faults are caused: with the file service, or with a real etcd that all of them share, each with a
/// group of its own.</summary>
internal sealed class TortureHosts(EtcdServer? etcd) : IDisposable
{
    internal string Service => etcd is null ? "file" : "etcd";

    internal static async Task<TortureHosts> For(string service) => new(service == "etcd" ? await EtcdServer.Start() : null);

    internal CrashCycle Make()
    {
        var host = new Sandbox();
        if (etcd is not null) Join(host, etcd);

        // Nobody else wants this lock: what the agent waits for is the end of a fault, and some do not end in that start.
        host.Set("lock", "retry_interval", "1s").Set("lock", "wait_max", "5s");
        return new CrashCycle(host);
    }

    public void Dispose() => etcd?.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static void Join(Sandbox host, EtcdServer server)
    {
        string group = "t" + Guid.NewGuid().ToString("N");
        string key = $"com.coreos.airlock/groups/{group}/v1/semaphore";
        host.Set("file", "directory", null).Set("lock", "name", null).Set("lock", "service", "etcd").Set("etcd", "endpoints", server.Url).Set("etcd", "group", group);

        // bash speaks TCP by itself: this runs twice in every script.
        string ask = host.Root + "/held.sh", body = $$"""{"key":"{{EtcdServer.Base64(key)}}"}""";
        File.WriteAllText(ask, $$"""
            exec 3<>/dev/tcp/127.0.0.1/{{server.Port}} || exit 1
            printf 'POST /v3/kv/range HTTP/1.0\r\nContent-Length: {{body.Length}}\r\n\r\n%s' '{{body}}' >&3
            IFS= read -r -d '' reply <&3
            value=${reply##*'"value":"'}
            case $(base64 -d <<<"${value%%'"'*}" 2>/dev/null) in *'"{{host.Holder}}"'*) echo yes ;; *) echo no ;; esac

            """);
        host.AskForHolders($"held=$(bash {ask})", () => server.Get(key).GetAwaiter().GetResult() is { } document ? LockServer.EtcdFleet.Read(document) : []);
    }
}
