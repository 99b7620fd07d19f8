using System.Globalization;
using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>One key of an etcd in memory, for what cannot be asked of a real one a hundred thousand times.</summary>
internal sealed class FakeEtcd
{
    private readonly bool isAirlock;
    private long revision = 10;
    private long modified = 9;

    public FakeEtcd(EtcdLayout layout, string[]? holders, int slots)
    {
        isAirlock = layout == EtcdLayout.Airlock;
        if (holders is null) return;
        string list = string.Join(',', holders.Select(h => $"\"{h}\""));
        Value = isAirlock ? $$"""{"total_slots":{{slots}},"holders":[{{list}}]}""" : $$"""{"semaphore":{{slots - holders.Length}},"max":{{slots}},"holders":[{{list}}]}""";
    }

    public string? Value { get; private set; }

    public string[] Holders
    {
        get
        {
            if (Value is null) return [];
            using JsonDocument json = JsonDocument.Parse(Value);
            JsonElement list = json.RootElement.GetProperty("holders");
            return list.ValueKind == JsonValueKind.Null ? [] : [.. list.EnumerateArray().Select(h => h.GetString()!)];
        }
    }

    /// <summary>Another host's write.</summary>
    public void Write(string? value)
    {
        Value = value;
        modified = ++revision;
    }

    public (int Status, string Body) Handle(HttpAsk ask)
    {
        string body = ask.Body is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : "";
        if (!isAirlock) return Keys(ask.Method, ask.Path, body);
        if (ask.Path.EndsWith("/auth/authenticate", StringComparison.Ordinal)) return (200, """{"header":{"revision":"1"},"token":"abc.1"}""");
        if (ask.Path.EndsWith("/kv/range", StringComparison.Ordinal)) return (200, "{" + Range() + "}");

        using JsonDocument json = JsonDocument.Parse(body);
        JsonElement root = json.RootElement;
        long wanted = long.Parse(root.GetProperty("compare")[0].GetProperty("mod_revision").GetString()!, CultureInfo.InvariantCulture);
        if (wanted != (Value is null ? 0 : modified)) return (200, "{" + Header() + ",\"responses\":[{\"response_range\":{" + Range() + "}}]}");
        Write(Encoding.UTF8.GetString(root.GetProperty("success")[0].GetProperty("request_put").GetProperty("value").GetBytesFromBase64()));
        return (200, "{" + Header() + ",\"succeeded\":true,\"responses\":[{\"response_put\":{" + Header() + "}}]}");
    }

    private (int Status, string Body) Keys(string method, string path, string body)
    {
        if (method == "GET") return Value is null ? Error(404, 100) : (200, Node("get"));
        if (path.Contains("prevExist=false", StringComparison.Ordinal) && Value is not null) return Error(412, 105);
        int at = path.IndexOf("prevIndex=", StringComparison.Ordinal);
        if (at >= 0 && Value is null) return Error(404, 100);
        if (at >= 0 && path[(at + 10)..] != modified.ToString(CultureInfo.InvariantCulture)) return Error(412, 101);
        Write(Uri.UnescapeDataString(body["value=".Length..].Replace('+', ' ')));
        return (at >= 0 ? 200 : 201, Node(at >= 0 ? "compareAndSwap" : "create"));
    }

    private string Header() => $$""" "header":{"revision":"{{revision}}"} """.Trim();

    private string Range() => Value is null
        ? Header()
        : Header() + $$""" ,"kvs":[{"key":"aw==","create_revision":"2","mod_revision":"{{modified}}","version":"3","value":"{{EtcdServer.Base64(Value)}}"}],"count":"1" """.Trim();

    private string Node(string action) =>
        $$$"""{"action":"{{{action}}}","node":{"key":"/k","value":{{{JsonSerializer.Serialize(Value)}}},"modifiedIndex":{{{modified}}},"createdIndex":2}}""";

    private (int Status, string Body) Error(int status, int code) => (status, $$"""{"errorCode":{{code}},"message":"m","cause":"c","index":{{revision}}}""");
}
