using System.Text;
using System.Text.Json;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Etcd;

/// <summary>Reads what the v3 gateway answers: gRPC's codes in HTTP's clothes. The words decide where the codes do not, for the mapping of
/// the codes has changed between versions of the gateway and the words have not.</summary>
internal static class GatewayAnswer
{
    private const int NotFound = 5, InvalidArgument = 3, PermissionDenied = 7, Unauthenticated = 16;

    /// <summary>Reads an answer.</summary>
    /// <param name="reply">What came back.</param>
    /// <param name="server">From whom.</param>
    internal static EtcdAnswer Read(HttpReply reply, string server) => reply switch
    {
        HttpReply.CannotAsk cannot => new EtcdAnswer.No(cannot.Why),
        HttpReply.NoAnswer none => new EtcdAnswer.Away(none.Why, none.MayHaveHappened),
        HttpReply.Answer { Status: >= 200 and <= 299, BodyProblem: { } problem } =>
            new EtcdAnswer.Away($"the answer of {server} {problem}: check [etcd] endpoints and the proxies on the way", true),
        HttpReply.Answer { Status: >= 200 and <= 299 } answer => new EtcdAnswer.Done(answer.Body, server),
        HttpReply.Answer answer => Error(answer.Status, answer.Body, server, answer.RedirectHost),
        _ => throw new InvalidOperationException("unknown reply"),
    };

    /// <summary>Reads an error that was told in words only, as a watch that is cancelled tells it.</summary>
    internal static EtcdAnswer Error(string said, string server) => Error(0, 0, said, server, null);

    private static EtcdAnswer Error(int status, ReadOnlyMemory<byte> body, string server, string? redirect)
    {
        using JsonDocument? json = new JsonFields().Parse(body);
        if (json is null) return status == 404 ? new EtcdAnswer.NotHere(server) : Error(status, 0, Plain(body), server, redirect);
        JsonElement root = json.RootElement;
        string said = GatewayJson.Text(GatewayJson.Child(root, "message")) ?? GatewayJson.Text(GatewayJson.Child(root, "error")) ?? "";
        int code = (int)Math.Clamp(GatewayJson.Number(root, "code"), 0, 99);
        return status == 404 && code != NotFound ? new EtcdAnswer.NotHere(server) : Error(status, code, said, server, redirect);
    }

    /// <summary>A sentence, but no page.</summary>
    private static string Plain(ReadOnlyMemory<byte> body)
    {
        string text = Encoding.UTF8.GetString(body.Span).Trim();
        return text.StartsWith('<') ? "" : text;
    }

    private static EtcdAnswer Error(int status, int code, string said, string server, string? redirect)
    {
        string quote = $"{(said.Length == 0 ? "" : $" ('{OneLine.Of(said)}')")}{(status == 0 ? "" : $" ({status})")}";
        bool Says(string part) => said.Contains(part, StringComparison.OrdinalIgnoreCase);

        // Said in front of the gateway, in plain text, and only once users are on.
        if (Says("CommonName of client"))
        {
            return new EtcdAnswer.No($"{server} takes no client certificate with a name in its subject (CN) while it has users{quote}: "
                + "set [etcd] client_crt to one without, and [etcd] username");
        }

        if (Says("authentication is not enabled")) return new EtcdAnswer.NoUsers();
        if (Says("authentication failed"))
            return new EtcdAnswer.No($"{server} does not accept user and password{quote}: correct [etcd] username or password_file");
        if (Says("user name is empty") || Says("invalid auth token") || Says("revision of auth store is old")
            || code == Unauthenticated || status == 401)
        {
            return new EtcdAnswer.NoToken(server, OneLine.Of(said));
        }

        if (code == PermissionDenied || status == 403 || Says("permission denied"))
        {
            return new EtcdAnswer.No($"{server} does not let this user at the key{quote}: "
                + "grant a role that may read and write it, or correct [etcd] username");
        }

        if (Says("database space exceeded"))
        {
            return new EtcdAnswer.Away($"etcd at {server} has no space left{quote}: "
                + "compact and defragment it, and disarm its alarm", false);
        }

        if (Says("no leader") || Says("not leader") || Says("too many requests") || status == 429)
            return new EtcdAnswer.Away($"{server} cannot answer now{quote}: check that a majority of etcd's members is up", false);
        return status switch
        {
            400 when code == InvalidArgument => new EtcdAnswer.No($"{server} does not understand the request{quote}: "
                + "check that [etcd] endpoints name etcd 3.2 or newer"),
            >= 300 and < 400 => new EtcdAnswer.Away($"{server} redirects to {redirect ?? "nowhere"} ({status}), which is not followed: "
                + "set [etcd] endpoints to where etcd itself answers", false),
            0 or 400 or 408 or 409 or 412 or 499 or >= 500 =>
                new EtcdAnswer.Away($"etcd at {server} failed{quote}: look into its log", true),
            _ => new EtcdAnswer.Away($"{server} gave an answer that etcd does not give{quote}: "
                + "check [etcd] endpoints and the proxies on the way", true),
        };
    }
}
