using System.Text.Json;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.FleetLock;

/// <summary>What an answer of a FleetLock server's means. The protocol has 2xx for yes and everything else for no; why not is in the
/// error's kind, in words of each server's own.</summary>
internal abstract record FleetLockAnswer
{
    /// <summary>It is so.</summary>
    internal sealed record Yes : FleetLockAnswer;

    /// <summary>Others have it. <paramref name="Holder"/>: who, where the server says so.</summary>
    internal sealed record Held(string? Holder) : FleetLockAnswer;

    /// <summary>Another request came in between, nothing was changed, and asking again at once may do.</summary>
    internal sealed record Collided(string Why) : FleetLockAnswer;

    /// <summary>Waiting will not help; one line that says what to fix.</summary>
    internal sealed record No(string Why) : FleetLockAnswer;

    /// <summary>Try again later. <paramref name="MayHaveHappened"/>: what was asked may have been done.</summary>
    internal sealed record Away(string Why, bool MayHaveHappened) : FleetLockAnswer;

    /// <summary>Reads an answer.</summary>
    /// <param name="reply">What came back.</param>
    /// <param name="server">Host and port, for the messages.</param>
    /// <param name="group">The group, for the messages.</param>
    internal static FleetLockAnswer Read(HttpReply reply, string server, string group) => reply switch
    {
        HttpReply.CannotAsk cannot => new No(cannot.Why),
        HttpReply.NoAnswer none => new Away(none.Why, none.MayHaveHappened),
        HttpReply.Answer answer => Read(answer, FleetLockError.Read(answer.Body), server, group),
        _ => throw new InvalidOperationException("unknown reply"),
    };

    private static FleetLockAnswer Read(HttpReply.Answer answer, FleetLockError? error, string server, string group)
    {
        bool is2xx = answer.Status is >= 200 and < 300;
        if (error is null && is2xx) return Believe(answer, server);
        string quote = error is null ? $" ({answer.Status})" : $" ({answer.Status} {OneLine.Of(error.Kind)}: '{OneLine.Of(error.Value)}')";
        switch (error?.Kind)
        {
            case "lock_held":
                // poseidon's says so too when its write failed, and then it names nobody.
                return error.NamesNobody
                    ? new Collided($"{server} could not write the lock of the group {group}{quote}: look into its log")
                    : new Held(error.Holder);
            case "failed_lock" when error.SaysFull:
                return new Held(null);
            case "failed_lock" when error.Value.Contains("conflict", StringComparison.OrdinalIgnoreCase):
                return new Collided($"{server} was just changing the lock of the group {group} for another host{quote}: raise [lock] "
                    + "retry_interval if this goes on");
            case "failed_lock" or "failed_sem_init":
                return new Away($"{server} failed{quote}: look into its log and its etcd", true);
            case "internal_error" or "nil_server":
                return new Away($"{server} failed{quote}: look into its log", true);
            case "unknown_group":
                return new No($"{server} does not know the group {group}{quote}: correct [fleetlock] group, or configure the group there");
            case "invalid_client_identity":
                return new No($"{server} does not accept this host's identity{quote}: correct [fleetlock] id and group");
            case "missing_header":
                return new No($"{server} did not see the header fleet-lock-protocol{quote}: check the proxies on the way, which must "
                    + "not remove it");
            case "decode_error":
                return new No($"{server} could not read the request{quote}: check [fleetlock] id and group, and the proxies on the way");
            case "method_not_allowed":
                return new No($"{server} did not see a POST{quote}: check [fleetlock] url, and that nothing on the way redirects");
            case { } kind when kind.EndsWith("_full", StringComparison.Ordinal):
                return new Held(null);
        }

        return answer.Status switch
        {
            423 => new Held(null),
            400 => new No($"{server} does not understand the request{quote}: check [fleetlock] url, id and group"),
            401 or 403 => new No($"{server} does not let this host in{quote}: FleetLock knows no login, so check [fleetlock] url and "
                + "the proxies on the way"),
            404 => new No($"{server} has no FleetLock at that address{quote}: correct [fleetlock] url, to which /v1/pre-reboot is added"),
            405 => new No($"{server} takes no POST at that address{quote}: correct [fleetlock] url, to which /v1/pre-reboot is added"),
            429 => new Away($"{server} is asked too often{quote}: raise [lock] retry_interval", false),
            >= 300 and < 400 => new Away($"{server} redirects to {answer.RedirectHost ?? "nowhere"}{quote}, which is not followed: set "
                + "[fleetlock] url to where the server itself answers", false),
            503 => new Away($"{server} is out of service{quote}: wait for its maintenance to end", true),
            >= 500 => new Away($"{server} failed{quote}: look into its log", true),
            _ => new Away($"{server} gave an answer that is not FleetLock's{quote}: check [fleetlock] url and the proxies on the "
                + "way", true),
        };
    }

    /// <summary>The protocol says nothing of the body of a yes; the servers that are known send none or a few words. Whoever sends a
    /// page does not know what it said yes to.</summary>
    private static FleetLockAnswer Believe(HttpReply.Answer answer, string server)
    {
        if (answer.BodyProblem is { } problem)
            return new Away($"the answer of {server} {problem}: check [fleetlock] url and the proxies on the way", true);
        ReadOnlySpan<byte> body = answer.Body.Span.TrimStart("\ufeff \t\r\n"u8);
        if (body.StartsWith("<"u8))
            return new Away($"{server} answered with a web page ({answer.Status}): check [fleetlock] url and the proxies on the way", true);
        // An error that cannot be read is one all the same.
        return body.IndexOf("\"kind\""u8) >= 0
            ? new Away($"{server} answered with a garbled error ({answer.Status}): check the server and the proxies on the way", true)
            : new Yes();
    }
}

/// <summary>The body of a no.</summary>
/// <param name="Kind">One of few words, the server's own.</param>
/// <param name="Value">What it says to people.</param>
internal sealed record FleetLockError(string Kind, string Value)
{
    private const string HeldBy = "held by";

    /// <summary>Reads one; null if the bytes are none.</summary>
    internal static FleetLockError? Read(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonFields();
        using JsonDocument? document = fields.Parse(body);
        if (document is null) return null;
        string kind = fields.Text(document.RootElement, "kind");
        // The kind alone decides; a server that leaves out the words is no other server for that.
        string value = new JsonFields().OptionalText(document.RootElement, "value") ?? "";
        return fields.Complaint is null ? new FleetLockError(kind, value) : null;
    }

    /// <summary>The holder whom the words name; null if they name none.</summary>
    internal string? Holder => After() is { Length: > 0 } name ? OneLine.Of(name) : null;

    /// <summary>True if the words are to name a holder, and there is none.</summary>
    internal bool NamesNobody => After() is { Length: 0 };

    /// <summary>airlock has one kind for a full semaphore and for all that can go wrong with it; only its words tell.</summary>
    internal bool SaysFull =>
        Value.Contains("slots", StringComparison.OrdinalIgnoreCase) && Value.Contains("locked", StringComparison.OrdinalIgnoreCase);

    private string? After()
    {
        int at = Value.LastIndexOf(HeldBy, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? null : Value[(at + HeldBy.Length)..].Trim();
    }
}
