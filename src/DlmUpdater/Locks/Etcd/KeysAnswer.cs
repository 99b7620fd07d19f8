using System.Text.Json;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Etcd;

/// <summary>Reads what etcd's API v2 answers.</summary>
internal static class KeysAnswer
{
    /// <summary>errorCode: there is no such key.</summary>
    internal const int NoKey = 100;

    /// <summary>errorCode: somebody has written since.</summary>
    internal const int CompareFailed = 101;

    /// <summary>errorCode: the key exists already.</summary>
    internal const int Exists = 105;

    /// <summary>errorCode: the events from that index on are forgotten.</summary>
    internal const int IndexCleared = 401;

    private const int NotAFile = 102, NotADirectory = 104, WantsLogin = 110;

    /// <summary>Reads an answer.</summary>
    /// <param name="reply">What came back.</param>
    /// <param name="server">From whom.</param>
    internal static EtcdAnswer Read(HttpReply reply, string server) => reply switch
    {
        HttpReply.CannotAsk cannot => new EtcdAnswer.No(cannot.Why),
        HttpReply.NoAnswer none => new EtcdAnswer.Away(none.Why, none.MayHaveHappened),
        HttpReply.Answer { Status: 200 or 201, BodyProblem: { } problem } =>
            new EtcdAnswer.Away($"the answer of {server} {problem}: check [etcd] endpoints and the proxies on the way", true),
        HttpReply.Answer { Status: 200 or 201 } answer => new EtcdAnswer.Done(answer.Body, server),
        HttpReply.Answer answer => Error(answer, server),
        _ => throw new InvalidOperationException("unknown reply"),
    };

    private static EtcdAnswer Error(HttpReply.Answer answer, string server)
    {
        using JsonDocument? json = new JsonFields().Parse(answer.Body);
        JsonElement root = json?.RootElement ?? default;
        int code = (int)Math.Clamp(GatewayJson.Number(root, "errorCode"), 0, 9999);
        string? message = GatewayJson.Text(GatewayJson.Child(root, "message")), cause = GatewayJson.Text(GatewayJson.Child(root, "cause"));
        string said = OneLine.Of($"{message} {cause}");
        string quote = $"{(said.Length == 0 ? "" : $" ('{said}')")} ({answer.Status})";
        return (answer.Status, code) switch
        {
            (404, NoKey) or (412, CompareFailed or Exists) or (400, IndexCleared) =>
                new EtcdAnswer.KeyError(code, GatewayJson.Number(root, "index")),
            (401, _) or (_, WantsLogin) => new EtcdAnswer.No($"{server} does not let this host at the key{quote}: "
                + "correct [etcd] username and password_file, or grant that user a role that may read and write it"),
            (404, 0) => new EtcdAnswer.No($"{server} has no API v2 (404): "
                + "start etcd with --enable-v2 (3.4, 3.5), correct [etcd] endpoints, or set [etcd] api = v3"),
            (_, NotAFile or NotADirectory) =>
                new EtcdAnswer.No($"a directory is in the way of the key in etcd{quote}: remove it, or set another [etcd] group"),
            (403, _) => new EtcdAnswer.No($"{server} does not allow the request{quote}: check [etcd] endpoints and the user's roles"),
            ( >= 300 and < 400, _) => new EtcdAnswer.Away(
                $"{server} redirects to {answer.RedirectHost ?? "nowhere"} ({answer.Status}), which is not followed: "
                + "set [etcd] endpoints to where etcd itself answers", false),
            (429, _) => new EtcdAnswer.Away($"{server} cannot answer now{quote}: raise [lock] retry_interval", false),
            ( >= 500, _) => new EtcdAnswer.Away($"etcd at {server} failed{quote}: "
                + "check that a majority of its members is up, and look into its log", true),
            _ => new EtcdAnswer.Away($"{server} gave an answer that etcd does not give{quote}: "
                + "check [etcd] endpoints and the proxies on the way", true),
        };
    }
}
