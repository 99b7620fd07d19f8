namespace DlmUpdater.Tests.Locks.Foreman;

/// <summary>The plugin as it was measured: PUT and DELETE make the lock, look first and write later (so that two can be told 200), a
/// disabled lock refuses even its owner, and the body of a PUT always names who asked.</summary>
internal sealed partial class FakeForeman
{
    public string Name { get; init; } = "web";

    public bool Exists { get; set; } = true;

    public bool Enabled { get; set; } = true;

    public string? Holder { get; set; }

    public HashSet<string> Known { get; } = ["a.example", "b.example"];

    public HashSet<string> Forbidden { get; } = [];

    public static string NotNow => """{"error":{"id":1,"message":"Precondition failed. Lock is in invalid state for this operation."}}""";

    /// <summary>The first half of a PUT or DELETE: may this host?</summary>
    public bool MayWrite(string host, string method)
    {
        Exists = true;
        return !(method == "PUT" && Forbidden.Contains(host)) && Enabled && (Holder is null || Holder == host);
    }

    public (int Status, string Body) Handle(string method, string host)
    {
        if (!Known.Contains(host)) return (401, $$$"""{"error":{"message":"Unable to authenticate user {{{host}}}"}}""");
        if (method == "GET") return Exists ? (200, Show(host)) : (404, $$$"""{"error":{"message":"Resource dlmlock not found by id '{{{Name}}}'"}}""");
        if (!MayWrite(host, method)) return (412, NotNow);
        Holder = method == "PUT" ? host : null;
        return (200, Body(Holder, null));
    }

    public string Show(string host) => Body(Holder, Holder == host);

    public string Body(string? holder, bool? self)
    {
        string who = holder is null ? "null" : $$"""{"name":"{{holder}}"{{(self is null ? "" : self.Value ? ",\"self\":true" : ",\"self\":false")}}}""";
        return $$"""{"id":1,"host_id":{{(holder is null ? "null" : "7")}},"name":"{{Name}}","enabled":{{(Enabled ? "true" : "false")}},"type":"ForemanDlm::Dlmlock::Update","created_at":"2026-03-14 01:00:00 UTC","updated_at":"2026-03-14 01:59:26 UTC","host":{{who}}}""";
    }
}
