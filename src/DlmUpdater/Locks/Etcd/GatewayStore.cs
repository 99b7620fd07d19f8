using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Etcd;

/// <summary>One key of etcd's API v3 by way of its JSON gateway, which every version from 3.2 on has, under three names. Every change is
/// bound to the revision that it replaces: the same request may arrive twice, and from two members, and is carried out once.</summary>
/// <param name="members">The cluster.</param>
/// <param name="key">The key.</param>
/// <param name="login">The user; null = none.</param>
internal sealed class GatewayStore(EtcdMembers members, string key, Login? login) : ISemaphoreStore
{
    private static readonly string[] Prefixes = ["/v3", "/v3beta", "/v3alpha"];

    private readonly byte[] _key = Encoding.UTF8.GetBytes(key);
    private int _prefix;
    private string? _token;

    /// <inheritdoc/>
    public IHttpTraffic Traffic => members;

    /// <inheritdoc/>
    public string Key => key;

    /// <inheritdoc/>
    public async ValueTask<Kept> Read(CancellationToken cancel) => Of(
        await Ask("/kv/range", GatewayJson.Range(_key), changes: false, cancel), static (root, key) => GatewayReply.Range(root, root, key));

    /// <inheritdoc/>
    public ValueTask<Kept> Create(ReadOnlyMemory<byte> value, CancellationToken cancel) => Swap(0, value, cancel);

    /// <inheritdoc/>
    public async ValueTask<Kept> Swap(long revision, ReadOnlyMemory<byte> value, CancellationToken cancel) => Of(
        await Ask("/kv/txn", GatewayJson.Swap(_key, revision, value), changes: true, cancel),
        (root, key) => GatewayReply.Transaction(root, key, revision));

    /// <inheritdoc/>
    public async ValueTask<Heard> Listen(long after, Action<Kept> onChange, CancellationToken cancel)
    {
        for (int attempt = 1; ; attempt++)
        {
            var watch = new GatewayWatch(_key, onChange);
            byte[] body = GatewayJson.Watch(_key, after + 1);
            ValueTask<EtcdAnswer> Hear(string prefix) => members.Listen(Post(prefix + "/watch", body), watch.Take, GatewayAnswer.Read, cancel);
            EtcdAnswer answer = await Logged(() => Prefixed(Hear), changes: false, cancel);
            if (watch.IsGap) return Heard.Gap;
            if (watch.Cancelled is { } reason) answer = GatewayAnswer.Error(reason, "");
            // The gateway tells of a token that ran out inside a stream that begins well.
            if (answer is EtcdAnswer.NoToken && login is not null && attempt == 1) _token = null;
            else return answer is EtcdAnswer.Done or EtcdAnswer.Away ? Heard.Ended : Heard.Never;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => members.Dispose();

    private ValueTask<EtcdAnswer> Ask(string path, byte[] body, bool changes, CancellationToken cancel) =>
        Logged(() => Prefixed(p => members.Ask(Post(p + path, body), GatewayAnswer.Read, changes, cancel)), changes, cancel);

    private HttpAsk Post(string path, byte[] body) => new("POST", path)
    {
        Body = body,
        IsIdempotent = true,
        // The token stands alone: with a scheme before it, as elsewhere, it is refused.
        Headers = string.IsNullOrEmpty(_token) ? [] : [("Authorization", _token)],
    };

    /// <summary>Finds the name under which this version has its gateway, and stays with it.</summary>
    private async ValueTask<EtcdAnswer> Prefixed(Func<string, ValueTask<EtcdAnswer>> ask)
    {
        for (int i = 0; ; i++)
        {
            EtcdAnswer answer = await ask(Prefixes[_prefix]);
            if (answer is not EtcdAnswer.NotHere gone) return answer;
            if (i == Prefixes.Length - 1)
            {
                return new EtcdAnswer.No($"{gone.Server} has no JSON gateway of etcd's API v3 (404): correct [etcd] endpoints, "
                    + "start etcd without --enable-grpc-gateway=false, or set [etcd] api = v2 for etcd 2");
            }

            _prefix = (_prefix + 1) % Prefixes.Length;
        }
    }

    /// <summary>Asks with a token where there is a user, and once more with a new one if the old one may be the reason why not: some builds
    /// close the connection without a word instead of saying so.</summary>
    private async ValueTask<EtcdAnswer> Logged(Func<ValueTask<EtcdAnswer>> ask, bool changes, CancellationToken cancel)
    {
        bool isOpen = false, isFresh = login is null;
        while (true)
        {
            if (login is not null && _token is null)
            {
                isFresh = true;
                if (await LogIn(login, cancel) is { } failed) return isOpen && changes ? StillOpen(failed) : failed;
            }

            EtcdAnswer answer = await ask();
            bool mayBeToken = answer is EtcdAnswer.NoToken or EtcdAnswer.Away { MayHaveHappened: true };
            isOpen |= answer is EtcdAnswer.Away { MayHaveHappened: true };
            if (mayBeToken && !isFresh)
            {
                _token = null;
                continue;
            }

            answer = answer switch
            {
                EtcdAnswer.NoToken none when login is null =>
                    new EtcdAnswer.No($"{none.Server} wants a user ('{none.Said}'): set [etcd] username and password_file"),
                EtcdAnswer.NoToken none => new EtcdAnswer.Away(
                    $"{none.Server} does not accept the token that it has just given ('{none.Said}'): look into etcd's log", false),
                _ => answer,
            };
            return isOpen && changes ? StillOpen(answer) : answer;
        }
    }

    /// <summary>Null if there is a token now, or none is wanted.</summary>
    private async ValueTask<EtcdAnswer?> LogIn(Login user, CancellationToken cancel)
    {
        EtcdAnswer answer = await Prefixed(p => members.Ask(
            Post(p + "/auth/authenticate", GatewayJson.Login(user.User, user.Password.Reveal())), GatewayAnswer.Read, false, cancel));
        switch (answer)
        {
            case EtcdAnswer.Done done:
                using (JsonDocument? json = new JsonFields().Parse(done.Body))
                    _token = json is null ? null : GatewayJson.Text(GatewayJson.Child(json.RootElement, "token"));
                // It goes into a header.
                if (!string.IsNullOrEmpty(_token) && !_token.AsSpan().ContainsAnyExceptInRange('!', '~')) return null;
                _token = null;
                return new EtcdAnswer.Away($"{done.Server} gave no token for the user {user.User}: "
                    + "check [etcd] endpoints and the proxies on the way", false);
            case EtcdAnswer.NoUsers:
                // etcd's own clients go on without as well.
                _token = "";
                return null;
            case EtcdAnswer.Away away:
                return away with { MayHaveHappened = false };
            case EtcdAnswer.NoToken none:
                return new EtcdAnswer.Away($"{none.Server} gave no token ('{none.Said}'): look into etcd's log", false);
            default:
                return answer;
        }
    }

    /// <summary>What an earlier, unanswered try may have done is not undone by the answer to a later one.</summary>
    private static EtcdAnswer StillOpen(EtcdAnswer answer) => answer switch
    {
        EtcdAnswer.No no => new EtcdAnswer.Away(no.Why, true),
        EtcdAnswer.Away away => away with { MayHaveHappened = true },
        _ => answer,
    };

    private Kept Of(EtcdAnswer answer, Func<JsonElement, byte[], Kept?> read)
    {
        switch (answer)
        {
            case EtcdAnswer.Done done:
                var fields = new JsonFields();
                using (JsonDocument? json = fields.Parse(done.Body))
                {
                    if (json is not null && read(json.RootElement, _key) is { } kept) return kept;
                    return new Kept.Away($"the answer of {done.Server} is not etcd's ({fields.Complaint ?? "fields are missing"}): "
                        + "check [etcd] endpoints and the proxies on the way", true);
                }

            case EtcdAnswer.No no:
                return new Kept.No(no.Why);
            case EtcdAnswer.Away away:
                return new Kept.Away(away.Why, away.MayHaveHappened);
            case EtcdAnswer.NoUsers:
                return new Kept.Away("etcd says that it has no users, unasked: look into its log", false);
            default:
                throw new InvalidOperationException("unknown answer");
        }
    }
}
