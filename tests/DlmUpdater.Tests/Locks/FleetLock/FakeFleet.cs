using System.Text.Json;

namespace DlmUpdater.Tests.Locks.FleetLock;

/// <summary>Who answers.</summary>
public enum Dialect
{
    /// <summary>airlock: N slots in etcd, errors of one kind in plain text, a release by anybody is a yes.</summary>
    Airlock,

    /// <summary>poseidon's: one lease in Kubernetes, 423 that names the holder, also to a release by another.</summary>
    Poseidon,
}

/// <summary>A FleetLock server as its sources have it.</summary>
internal sealed partial class FakeFleet(Dialect dialect, int slots = 1)
{
    public const string Group = "default";

    public SortedSet<string> Holders { get; } = new(StringComparer.Ordinal);

    /// <summary>As many of the next writes are refused because another's came in between.</summary>
    public int Conflicts { get; set; }

    public bool StoreIsDown { get; set; }

    public int Requests { get; private set; }

    public static string Error(string kind, string value) => JsonSerializer.Serialize(new { kind, value });

    public (int Status, string Body) Handle(string method, string path, string? header, string body)
    {
        Requests++;
        if (path is not ("/v1/pre-reboot" or "/v1/steady-state")) return (404, "404 page not found\n");
        if (dialect == Dialect.Poseidon && method != "POST") return (405, Error("method_not_allowed", "required method POST"));
        if (header != "true")
            return (400, dialect == Dialect.Airlock ? Error("invalid_client_identity", "wrong protocol header") : Error("missing_header", "missing required header fleet-lock-protocol: true"));
        if (Parse(body) is not var (id, group))
            return (400, dialect == Dialect.Airlock ? Error("invalid_client_identity", "cannot decode identity") : Error("decode_error", "error decoding message"));
        if (dialect == Dialect.Airlock && group != Group) return (400, Error("unknown_group", $"unknown group \"{group}\""));
        if (StoreIsDown) return (500, dialect == Dialect.Airlock ? Error("failed_sem_init", "context deadline exceeded") : Error("internal_error", "error getting reboot lease"));
        return dialect == Dialect.Airlock ? Airlock(path, id) : Poseidon(path, id);
    }

    private (int Status, string Body) Airlock(string path, string id)
    {
        bool isLock = path == "/v1/pre-reboot";
        if (isLock && Holders.Contains(id)) return (200, "");
        if (isLock && Holders.Count >= slots) return (500, Error("failed_lock", $"all {slots} semaphore slots currently locked"));
        // It writes on every release, held or not.
        if (Conflicts-- > 0) return (500, Error("failed_lock", "conflict on semaphore detected, aborting"));
        _ = isLock ? Holders.Add(id) : Holders.Remove(id);
        return (200, "");
    }

    private (int Status, string Body) Poseidon(string path, string id)
    {
        bool isLock = path == "/v1/pre-reboot";
        if (Holders.Count > 0 && !Holders.Contains(id)) return (423, Error("lock_held", "reboot lease unavailable, held by " + Holders.Min));
        if (isLock && Holders.Contains(id)) return (200, "retained reboot lease");
        if ((isLock || Holders.Contains(id)) && Conflicts-- > 0) return (423, Error("lock_held", "reboot lease unavailable, held by "));
        _ = isLock ? Holders.Add(id) : Holders.Remove(id);
        return (200, isLock ? "obtained reboot lease" : "steady-state confirmed");
    }

    private static (string Id, string Group)? Parse(string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement all = document.RootElement.GetProperty("client_params");
            string? id = all.GetProperty("id").GetString(), group = all.GetProperty("group").GetString();
            return string.IsNullOrEmpty(id) || string.IsNullOrEmpty(group) ? null : (id, group);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
