using System.Text.Json;

namespace DlmUpdater.Tests.Locks.DlmEngine;

/// <summary>DLMEngine's locks as its sources have them: a lock is a document with a unique id, POST makes it for whoever has the permission,
/// DELETE first marks and then removes it without asking whose it is, and a marked one is unseen but in the way.</summary>
internal sealed partial class FakeEngine
{
    public const string SecretId = "0b5f4a0c-credential", Secret = "s3cret-never-to-be-seen";

    public static readonly DateTimeOffset Since = new(2026, 3, 14, 1, 59, 26, 535, TimeSpan.Zero);

    /// <summary>Who holds what.</summary>
    public SortedDictionary<string, string> Locks { get; } = new(StringComparer.Ordinal);

    /// <summary>Marked, and not removed.</summary>
    public HashSet<string> HalfDeleted { get; } = [];

    /// <summary>What the credential's user may do.</summary>
    public HashSet<string> Permissions { get; } = ["LOCK:POST", "LOCK:DELETE"];

    public bool UserIsGone { get; set; }

    public bool UserIsAdmin { get; set; }

    public bool StoreIsDown { get; set; }

    /// <summary>Method and path of all that was asked.</summary>
    public List<string> Asked { get; } = [];

    public static string Detail(string text) => JsonSerializer.Serialize(new { detail = text });

    /// <summary>Handles one request.</summary>
    public (int Status, string Body) Handle(string method, string path, string? id, string? secret, string body)
    {
        Asked.Add(method + " " + path);
        if (id != SecretId || secret != Secret) return (401, Detail("No Session or API Credentials present"));
        if (UserIsGone) return (404, Detail("Resource users {'id': 'web', 'deleting': False} not found"));
        if (path == "/api/v2/users/_self")
            return (200, JsonSerializer.Serialize(new { id = "web", admin = UserIsAdmin, backend = "internal", email = "a@example.com", name = "web" }));
        string[] parts = path.Split('?')[0].Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length is < 3 or > 4 || parts[0] != "api" || parts[2] != "locks" || parts[1] is not ("v1" or "v2")) return (404, Detail("Not Found"));
        bool isOld = parts[1] == "v1";
        if (parts.Length == (isOld ? 4 : 3) && (!isOld || parts[3] == "_search"))
            return method == "GET" ? Search(path, isOld) : (405, Detail("Method Not Allowed"));
        if (parts.Length == 3) return (404, Detail("Not Found"));
        if (method is "POST" or "DELETE" && !Permissions.Contains("LOCK:" + method))
            return (403, Detail($"Permissions error, you are not granted LOCK:{method} on this resource"));
        if (StoreIsDown) return (500, Detail("Internal Server Error: please contact administrator"));
        string name = Uri.UnescapeDataString(parts[3]);
        return method switch
        {
            "GET" => See(name) is { } holder
                ? (200, Document(name, holder, isOld))
                : (404, Detail($"Resource locks {{'id': '{name}', 'deleting': False}} not found")),
            "POST" => Post(name, body, isOld),
            "DELETE" => HalfDeleted.Remove(name) | Locks.Remove(name) ? (200, "{}") : (404, Detail("Resource not found")),
            _ => (405, Detail("Method Not Allowed")),
        };
    }

    /// <summary>As <paramref name="name"/> is seen: null if it is not, or marked.</summary>
    public string? See(string name) => HalfDeleted.Contains(name) ? null : Locks.GetValueOrDefault(name);

    public static string Document(string name, string holder, bool isOld)
    {
        string one = JsonSerializer.Serialize(new { id = name, acquired_by = holder, acquired_since = "2026-03-14T01:59:26.535000" });
        return isOld ? $$"""{"data":{{one}}}""" : one;
    }

    private (int Status, string Body) Post(string name, string body, bool isOld)
    {
        string? holder;
        try
        {
            using JsonDocument sent = JsonDocument.Parse(body);
            JsonElement at = isOld ? sent.RootElement.GetProperty("data") : sent.RootElement;
            holder = at.GetProperty("acquired_by").GetString();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return (422, """{"detail":[{"loc":["body","acquired_by"],"msg":"Field required","type":"missing"}]}""");
        }

        if (holder is null) return (422, """{"detail":[{"loc":["body","acquired_by"],"msg":"Input should be a valid string","type":"string_type"}]}""");
        return Locks.TryAdd(name, holder) ? (201, Document(name, holder, isOld)) : (400, Detail("Duplicate Resource"));
    }

    private (int Status, string Body) Search(string path, bool isOld)
    {
        Dictionary<string, string> query = path.Split('?')[1].Split('&').ToDictionary(p => p.Split('=')[0], p => p.Split('=')[1]);
        int limit = int.Parse(query["limit"]), page = int.Parse(query["page"]);
        if (limit is < 10 or > 1000 || page < 0) return (422, """{"detail":[{"loc":["query"],"msg":"Input should be less","type":"less"}]}""");
        string[] all = [.. Locks.Where(l => See(l.Key) is not null).Select(l => Document(l.Key, l.Value, isOld))];
        string some = string.Join(",", all.Skip(page * limit).Take(limit));
        return (200, isOld ? $$$"""{"data":{"results":[{{{some}}}]}}""" : $$$"""{"result":[{{{some}}}],"meta":{"result_size":{{{all.Length}}}}}""");
    }
}
