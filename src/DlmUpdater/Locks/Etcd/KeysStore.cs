using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Etcd;

/// <summary>One key of etcd's API v2. Every change is bound to the index that it replaces, and may arrive twice without harm.</summary>
/// <param name="members">The cluster.</param>
/// <param name="key">The key, without a slash at its front.</param>
/// <param name="login">The user; null = none.</param>
internal sealed class KeysStore(EtcdMembers members, string key, Login? login) : ISemaphoreStore
{
    private const int LongestEvent = 4 << 20;

    // The group in the key is escaped already, and the wire escapes once more.
    private readonly string _path = "/v2/keys/" + key.Replace("%", "%25", StringComparison.Ordinal);

    /// <inheritdoc/>
    public IHttpTraffic Traffic => members;

    /// <inheritdoc/>
    public string Key => key;

    /// <inheritdoc/>
    public async ValueTask<Kept> Read(CancellationToken cancel)
    {
        // Without a quorum a member that is cut off would tell what was true some time ago.
        EtcdAnswer answer = await members.Ask(
            Ask("GET", "?quorum=true&recursive=false&sorted=false"), KeysAnswer.Read, changes: false, cancel);
        return answer is EtcdAnswer.KeyError { Code: KeysAnswer.NoKey } missing ? new Kept.Missing(missing.Index) : Of(answer, null);
    }

    /// <inheritdoc/>
    public async ValueTask<Kept> Create(ReadOnlyMemory<byte> value, CancellationToken cancel)
    {
        EtcdAnswer answer = await members.Ask(Put("?prevExist=false", value), KeysAnswer.Read, changes: true, cancel);
        return answer is EtcdAnswer.KeyError { Code: KeysAnswer.Exists } ? await Read(cancel) : Of(answer, "create");
    }

    /// <inheritdoc/>
    public async ValueTask<Kept> Swap(long revision, ReadOnlyMemory<byte> value, CancellationToken cancel)
    {
        EtcdAnswer answer = await members.Ask(
            Put(string.Create(CultureInfo.InvariantCulture, $"?prevIndex={revision}"), value), KeysAnswer.Read, changes: true, cancel);
        if (answer is not EtcdAnswer.KeyError { Code: KeysAnswer.CompareFailed or KeysAnswer.NoKey })
        {
            return Of(answer, "compareAndSwap") switch
            {
                Kept.Found found when found.Revision > revision && found.Value.Span.SequenceEqual(value.Span) =>
                    new Kept.Written(found.Revision),
                Kept.Found => new Kept.Away("etcd says that it wrote something else than it was asked to: "
                    + "check [etcd] endpoints and the proxies on the way", true),
                var other => other,
            };
        }

        // The one who wrote before may have been this very request, sent twice over a connection that was lost.
        return await Read(cancel) switch
        {
            Kept.Away away => away with { MayHaveHappened = true },
            Kept.No no => new Kept.Away(no.Why, true),
            var kept => kept,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<Heard> Listen(long after, Action<Kept> onChange, CancellationToken cancel)
    {
        while (true)
        {
            var body = new ArrayBufferWriter<byte>(1024);
            EtcdAnswer answer = await members.Listen(
                Ask("GET", string.Create(CultureInfo.InvariantCulture, $"?wait=true&waitIndex={after + 1}")), piece =>
                {
                    body.Write(piece.Span);
                    return body.WrittenCount <= LongestEvent;
                }, KeysAnswer.Read, cancel);
            switch (answer)
            {
                case EtcdAnswer.KeyError { Code: KeysAnswer.IndexCleared } cleared when cleared.Index > after:
                    // Only the last thousand events of the whole store are remembered. What the key went through since is in the key
                    // itself, and after this look nothing that came up to that index can be new.
                    Kept now = await Read(cancel);
                    if (now is Kept.No or Kept.Away) return Heard.Ended;
                    if (now is not Kept.Found found || found.Revision > after) onChange(now);
                    after = Math.Max(cleared.Index, (now as Kept.Found)?.Revision ?? 0);
                    continue;
                case EtcdAnswer.Done done when Change(body.WrittenMemory, done.Server) is { } change && change.AsOf > after:
                    after = change.AsOf;
                    onChange(change.Kept);
                    continue;
                default:
                    return answer is EtcdAnswer.Done or EtcdAnswer.Away ? Heard.Ended : Heard.Never;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => members.Dispose();

    private HttpAsk Ask(string method, string query) => new(method, _path + query) { Headers = Headers() };

    private HttpAsk Put(string query, ReadOnlyMemory<byte> value) => new("PUT", _path + query)
    {
        Body = Encoding.ASCII.GetBytes("value=" + GoEscape.Form(value.Span)),
        ContentType = "application/x-www-form-urlencoded",
        Headers = Headers(),
    };

    private (string Name, string Value)[] Headers() => login is null
        ? []
        : [("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login.User}:{login.Password.Reveal()}")))];

    /// <summary>What an event tells; null if it is none.</summary>
    private (Kept Kept, long AsOf)? Change(ReadOnlyMemory<byte> body, string server)
    {
        using JsonDocument? json = new JsonFields().Parse(body);
        if (json is null) return null;
        JsonElement node = GatewayJson.Child(json.RootElement, "node");
        long index = GatewayJson.Number(node, "modifiedIndex");
        if (index < 1 || GatewayJson.Text(GatewayJson.Child(node, "key")) != "/" + key) return null;
        bool isGone = GatewayJson.Text(GatewayJson.Child(json.RootElement, "action")) is "delete" or "compareAndDelete" or "expire";
        if (isGone) return (new Kept.Missing(index), index);
        return Of(new EtcdAnswer.Done(body, server), null) is Kept.Found found ? (found, index) : null;
    }

    /// <summary>The node of an answer, if it tells of that action; null = any.</summary>
    private Kept Of(EtcdAnswer answer, string? action)
    {
        switch (answer)
        {
            case EtcdAnswer.Done done:
                var fields = new JsonFields();
                using (JsonDocument? json = fields.Parse(done.Body))
                {
                    JsonElement root = json?.RootElement ?? default, node = GatewayJson.Child(root, "node");
                    long index = GatewayJson.Number(node, "modifiedIndex");
                    if (GatewayJson.Flag(node, "dir"))
                        return new Kept.No($"the key {key} in etcd is a directory: remove it, or set another [etcd] group");
                    bool isAction = action is null || GatewayJson.Text(GatewayJson.Child(root, "action")) == action;
                    if (isAction && index >= 1 && GatewayJson.Text(GatewayJson.Child(node, "key")) == "/" + key
                        && GatewayJson.Text(GatewayJson.Child(node, "value")) is { } value)
                    {
                        return new Kept.Found(Encoding.UTF8.GetBytes(value), index, index);
                    }

                    return new Kept.Away($"the answer of {done.Server} is not etcd's ({fields.Complaint ?? "fields are missing"}): "
                        + "check [etcd] endpoints and the proxies on the way", true);
                }

            case EtcdAnswer.No no:
                return new Kept.No(no.Why);
            case EtcdAnswer.Away away:
                return new Kept.Away(away.Why, away.MayHaveHappened);
            case EtcdAnswer.KeyError error:
                return new Kept.Away(
                    $"etcd gave an error that does not belong to the request (errorCode {error.Code}): look into its log", true);
            default:
                throw new InvalidOperationException("unknown answer");
        }
    }
}
