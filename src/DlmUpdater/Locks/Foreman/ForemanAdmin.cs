using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Foreman;

/// <summary>What an admin may do to Foreman's locks, as a user of Foreman and not as a host: the plugin takes these requests from users
/// only
/// (permissions view_dlmlocks, edit_dlmlocks, create_dlmlocks, view_dlmlock_events; its role "Distributed Lock Manager" has all).</summary>
/// <param name="http">The way to Foreman; without the host's certificate, which would name a second identity.</param>
/// <param name="identity">Which lock, and this host.</param>
/// <param name="words">For messages.</param>
/// <param name="login">The user; null = none is configured, and every question is refused with what to set.</param>
internal sealed class ForemanAdmin(IHttpTransport http, LockIdentity identity, ForemanWords words, Login? login) : IDisposable
{
    /// <summary>Pages that are read at most; a page has 100 entries.</summary>
    private const int MostPages = 20;

    private readonly string _path = $"/api/dlmlocks/{Uri.EscapeDataString(identity.Name)}";

    /// <summary>Switches the lock. One that nobody has used yet is made to be switched off, and is on already otherwise.</summary>
    internal async ValueTask<SwitchReply> Switch(bool enabled, CancellationToken cancel)
    {
        switch (await Look(cancel))
        {
            case Sight.Seen { Lock: var seen } when seen.Enabled == enabled:
                return new SwitchReply.Switched(false, Holders(seen));
            case Sight.Seen { Lock: var seen }:
                return Switched(await Put(seen, $$$"""{"dlmlock":{"enabled":{{{(enabled ? "true" : "false")}}}}}""", cancel), enabled);
            case Sight.Missing when enabled:
                return new SwitchReply.Switched(false, []);
            case Sight.Missing:
                return Switched(Of(await Ask("POST", "/api/dlmlocks", Created(identity.Name), "create_dlmlocks", cancel)), enabled);
            case Sight.Refused no:
                return new SwitchReply.Refused(no.Why);
            case Sight.Unusable no:
                return new SwitchReply.Unreachable(no.Why);
            default:
                throw new InvalidOperationException("unknown sight");
        }
    }

    /// <summary>Frees the lock if <paramref name="holder"/> holds it, also where it is disabled.</summary>
    internal async ValueTask<ReleaseReply> Unlock(string holder, CancellationToken cancel)
    {
        switch (await Look(cancel))
        {
            case Sight.Seen { Lock.Host: null } or Sight.Missing:
                return new ReleaseReply.NotHeld();
            case Sight.Seen { Lock: var seen } when !seen.Host!.Equals(holder, StringComparison.OrdinalIgnoreCase):
                return new ReleaseReply.HeldByOther(Holders(seen)[0]);
            case Sight.Seen { Lock: var seen }:
                return await Put(seen, """{"dlmlock":{"host_id":null}}""", cancel) switch
                {
                    Sight.Seen { Lock.Host: null } => new ReleaseReply.Released(),
                    Sight.Seen after => new ReleaseReply.HeldByOther(Holders(after.Lock)[0]),
                    Sight.Missing => new ReleaseReply.NotHeld(),
                    Sight.Refused no => new ReleaseReply.Refused(no.Why),
                    Sight.Unusable no => new ReleaseReply.Unreachable(no.Why),
                    _ => throw new InvalidOperationException("unknown sight"),
                };
            case Sight.Refused no:
                return new ReleaseReply.Refused(no.Why);
            case Sight.Unusable no:
                return new ReleaseReply.Unreachable(no.Why);
            default:
                throw new InvalidOperationException("unknown sight");
        }
    }

    /// <summary>The events of this lock. Foreman keeps them for a week unless told otherwise, and its API names no host in them.</summary>
    internal async ValueTask<EventsReply> Events(CancellationToken cancel)
    {
        switch (await Look(cancel))
        {
            case Sight.Missing:
                return new EventsReply.Told([], 0);
            case Sight.Refused no:
                return new EventsReply.Refused(no.Why);
            case Sight.Unusable no:
                return new EventsReply.Unreachable(no.Why);
            case Sight.Seen { Lock.Id: { } id }:
                var events = new List<Numbered>();
                (int total, ForemanAnswer? bad) = await Pages($"/api/dlmlocks/{id}/dlmlock_events", "view_dlmlock_events",
                    (fields, one) => events.Add(new Numbered(fields.Number(one, "id", 0, long.MaxValue),
                        new LockEvent(ForemanLock.Time(fields.OptionalText(one, "created_at")), OneLine.Of(fields.Text(one, "event_type")), null))), cancel);
                events.Sort(Numbered.NewestFirst);
                return bad switch
                {
                    null => new EventsReply.Told(events.ConvertAll(e => e.Event), total),
                    ForemanAnswer.No no => new EventsReply.Refused(no.Why),
                    ForemanAnswer.Away away => new EventsReply.Unreachable(away.Why),
                    _ => new EventsReply.Unreachable(NotALock("a list of events")),
                };
            default:
                return new EventsReply.Unreachable(NotALock("a lock with a number (no \"id\")"));
        }
    }

    /// <summary>All locks that the user may see.</summary>
    internal async ValueTask<ListReply> List(CancellationToken cancel)
    {
        var locks = new List<LockView>();
        (_, ForemanAnswer? bad) = await Pages("/api/dlmlocks", "view_dlmlocks", (fields, one) =>
        {
            if (ForemanLock.Read(fields, one) is { } seen) locks.Add(new LockView(OneLine.Of(seen.Name), 1, Holders(seen), seen.Enabled, null));
        }, cancel);
        locks.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return bad switch
        {
            null => new ListReply.Told(locks),
            ForemanAnswer.No no => new ListReply.Refused(no.Why),
            ForemanAnswer.Away away => new ListReply.Unreachable(away.Why),
            _ => new ListReply.Unreachable(NotALock("a list of locks")),
        };
    }

    /// <summary>Whether the host parameter that keeps hosts away from locks keeps this one away. Foreman tells that only to a user who may
    /// view hosts.</summary>
    internal async ValueTask<ProbeAnswer> MayAcquire(CancellationToken cancel)
    {
        const string Parameter = "can_acquire_update_locks", What = "host parameter " + Parameter;
        const string Prove = "'dlm-updater lock acquire', then 'dlm-updater lock release' prove it";
        if (login is null)
            return new ProbeAnswer.NotKnown(What, $"Foreman tells no host of its own parameters (it would tell a user: [foreman] username and password_file): {Prove}");
        ForemanAnswer answer = await Ask("GET", "/api/hosts/" + Uri.EscapeDataString(identity.Holder), null, "view_hosts", cancel);
        if (answer is not ForemanAnswer.Done { Answer: { BodyProblem: null } whole })
        {
            string why = answer switch
            {
                ForemanAnswer.No no => no.Why,
                ForemanAnswer.Away away => away.Why,
                _ => $"{words.Server} gave no description of the host {identity.Holder}",
            };
            return new ProbeAnswer.NotKnown(What, $"{why}; {Prove}");
        }

        return Parameters(whole.Body, Parameter) switch
        {
            (_, { } value) when IsNo(value) => new ProbeAnswer.Bad(What,
                $"it is '{OneLine.Of(value)}' for {identity.Holder}, so Foreman refuses this host every lock: remove it, or set it to true"),
            (_, { } value) => new ProbeAnswer.Good(What, $"'{OneLine.Of(value)}'"),
            (true, null) => new ProbeAnswer.Good(What, "not set, so this host may acquire locks"),
            _ => new ProbeAnswer.NotKnown(What, $"{words.Server} does not show the parameters that the host {identity.Holder} inherits: {Prove}"),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => (http as IDisposable)?.Dispose();

    private static string Created(string name) =>
        $$$"""{"dlmlock":{"name":"{{{JsonEncodedText.Encode(name)}}}","type":"ForemanDlm::Dlmlock::Update","enabled":false}}""";

    private SwitchReply Switched(Sight sight, bool enabled) => sight switch
    {
        Sight.Seen { Lock: var seen } when seen.Enabled == enabled => new SwitchReply.Switched(true, Holders(seen)),
        Sight.Seen => new SwitchReply.Unreachable($"{words.Server} says that it changed the lock {identity.Name}, and shows it unchanged: look at the lock in Foreman"),
        Sight.Missing => new SwitchReply.Unreachable($"the lock {identity.Name} was deleted in this moment: try again"),
        Sight.Refused no => new SwitchReply.Refused(no.Why),
        Sight.Unusable no => new SwitchReply.Unreachable(no.Why),
        _ => throw new InvalidOperationException("unknown sight"),
    };

    private async ValueTask<Sight> Look(CancellationToken cancel) => Of(await Ask("GET", _path, null, "view_dlmlocks", cancel));

    /// <summary>Changes exactly the row that was looked at: a name that begins with a digit can mean another one.</summary>
    private async ValueTask<Sight> Put(ForemanLock seen, string body, CancellationToken cancel) =>
        Of(await Ask("PUT", seen.Id is { } id ? $"/api/dlmlocks/{id}" : _path, body, "edit_dlmlocks", cancel));

    private Sight Of(ForemanAnswer answer) => answer switch
    {
        ForemanAnswer.Done done => Sight.Of(done.Answer, identity, words),
        ForemanAnswer.NoSuchLock => new Sight.Missing(),
        ForemanAnswer.No no => new Sight.Refused(no.Why),
        ForemanAnswer.Away away => new Sight.Unusable(away.Why),
        _ => new Sight.Unusable(NotALock("an answer to an admin's question")),
    };

    private async ValueTask<ForemanAnswer> Ask(string method, string path, string? body, string permission, CancellationToken cancel)
    {
        if (login is null)
            return new ForemanAnswer.No("Foreman takes this from a user, not from a host: set [foreman] username and password_file");
        HttpReply reply = await http.Send(new HttpAsk(method, path)
        {
            Body = body is null ? null : Encoding.UTF8.GetBytes(body),
            Headers = [("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login.User}:{login.Password.Reveal()}")))],
        }, cancel);
        if (reply is not HttpReply.Answer answer) return ForemanAnswer.Read(reply, words);
        string said = ForemanLock.ErrorText(answer.Body), quote = said.Length == 0 ? "" : $" ('{said}')";
        return answer.Status switch
        {
            200 or 201 => new ForemanAnswer.Done(answer),
            401 => new ForemanAnswer.No($"{words.Server} does not accept the user {OneLine.Of(login.User)}{quote} (401): correct [foreman] username and the password in password_file; "
                + "after many wrong tries Foreman refuses this address for some minutes"),
            403 => new ForemanAnswer.No($"{words.Server} does not let the user {OneLine.Of(login.User)} do this{quote} (403): give the user the permission {permission}, "
                + "or the role 'Distributed Lock Manager'"),
            _ => ForemanAnswer.Read(reply, words),
        };
    }

    /// <summary>Reads a paged list. The answer is null if all went well.</summary>
    private async ValueTask<(int Total, ForemanAnswer? Bad)> Pages(string path, string permission, Action<JsonFields, JsonElement> each, CancellationToken cancel)
    {
        int total = 0;
        for (int page = 1, read = 0; page <= MostPages; page++)
        {
            ForemanAnswer answer = await Ask("GET", $"{path}?per_page=100&page={page}", null, permission, cancel);
            if (answer is not ForemanAnswer.Done { Answer: { BodyProblem: null } whole }) return (total, answer is ForemanAnswer.Done ? new ForemanAnswer.NotNow() : answer);
            var fields = new JsonFields();
            using JsonDocument? document = fields.Parse(whole.Body);
            if (document is null) return (total, new ForemanAnswer.NotNow());
            total = (int)fields.Number(document.RootElement, "subtotal", 0, int.MaxValue);
            int here = 0;
            foreach (JsonElement one in fields.Objects(document.RootElement, "results"))
            {
                each(fields, one);
                here++;
            }

            if (fields.Complaint is not null) return (total, new ForemanAnswer.NotNow());
            read += here;
            if (here == 0 || read >= total) break;
        }

        return (total, null);
    }

    /// <summary>The value of a parameter, and whether all parameters of the host are there, the inherited ones too.</summary>
    private static (bool All, string? Value) Parameters(ReadOnlyMemory<byte> body, string name)
    {
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(body);
        if (document is null) return (false, null);
        bool isAll = document.RootElement.TryGetProperty("all_parameters", out JsonElement list);
        if (!isAll && !document.RootElement.TryGetProperty("parameters", out list)) return (false, null);
        if (list.ValueKind != JsonValueKind.Array) return (false, null);
        foreach (JsonElement one in list.EnumerateArray())
        {
            if (one.ValueKind == JsonValueKind.Object && one.TryGetProperty("name", out JsonElement key) && key.ValueKind == JsonValueKind.String && key.ValueEquals(name)
                && one.TryGetProperty("value", out JsonElement value))
            {
                return (isAll, value.ValueKind == JsonValueKind.String ? value.GetRawText().Trim('"') : value.GetRawText());
            }
        }

        return (isAll, null);
    }

    /// <summary>As Foreman reads a parameter that is to be true or false; an empty one is not set.</summary>
    private static bool IsNo(string value) => value.Trim().ToLowerInvariant() is "false" or "f" or "no" or "n" or "off" or "0";

    private string NotALock(string wanted) => $"the answer of {words.Server} is not {wanted}: check [foreman] url and the proxies on the way";

    private List<LockHolder> Holders(ForemanLock seen) => seen.Host is null ? []
        : [new LockHolder(seen.Host, null, seen.Updated, seen.Host.Equals(identity.Holder, StringComparison.OrdinalIgnoreCase))];

    /// <summary>An event and its number, which alone tells apart what happened within one second.</summary>
    private sealed class Numbered(long id, LockEvent told)
    {
        internal LockEvent Event => told;

        internal static int NewestFirst(Numbered a, Numbered b)
        {
            int byTime = Nullable.Compare(b.Event.When, a.Event.When);
            return byTime != 0 ? byTime : b.Id.CompareTo(a.Id);
        }

        private long Id => id;
    }
}
