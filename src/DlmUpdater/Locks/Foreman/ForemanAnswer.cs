using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Foreman;

/// <summary>What an answer of Foreman's means, whatever was asked.</summary>
internal abstract record ForemanAnswer
{
    /// <summary>200, with whatever body.</summary>
    internal sealed record Done(HttpReply.Answer Answer) : ForemanAnswer;

    /// <summary>412: the plugin will not do it now, for one of several reasons that it does not tell.</summary>
    internal sealed record NotNow : ForemanAnswer;

    /// <summary>404, and it is the lock that is missing.</summary>
    internal sealed record NoSuchLock : ForemanAnswer;

    /// <summary>Waiting will not help; one line that says what to fix.</summary>
    internal sealed record No(string Why) : ForemanAnswer;

    /// <summary>Try again later. <paramref name="MayHaveHappened"/>: what was asked may have been done.</summary>
    internal sealed record Away(string Why, bool MayHaveHappened) : ForemanAnswer;

    /// <summary>Reads an answer.</summary>
    /// <param name="reply">What came back.</param>
    /// <param name="words">Host, certificate and lock, for the messages.</param>
    internal static ForemanAnswer Read(HttpReply reply, ForemanWords words) => reply switch
    {
        HttpReply.CannotAsk cannot => new No(cannot.Why),
        HttpReply.NoAnswer none => new Away(none.Why, none.MayHaveHappened),
        HttpReply.Answer answer => Read(answer, words, ForemanLock.ErrorText(answer.Body)),
        _ => throw new InvalidOperationException("unknown reply"),
    };

    private static ForemanAnswer Read(HttpReply.Answer answer, ForemanWords words, string said)
    {
        string quote = said.Length == 0 ? "" : $" ('{said}')";
        return answer.Status switch
        {
            200 => new Done(answer),
            412 => new NotNow(),
            401 => new No($"{words.Server} does not know this host by {words.Certificate}{quote} (401): check that a host of that name, or with that "
                + "certname, is registered in Foreman, and that its web server verifies client certificates (SSLVerifyClient) against the CA that issued this one"),
            403 => new No($"{words.Server} takes no lock request from {words.Certificate}{quote} (403): register a host of that name in Foreman"),
            404 when said.Contains("dlmlock", StringComparison.OrdinalIgnoreCase) => new NoSuchLock(),
            404 => new No($"{words.Server} knows no locks at that address{quote} (404): install the plugin foreman_dlm there, or correct [foreman] url"),
            400 => new No($"{words.Server} does not understand the request{quote} (400): check [lock] name and [foreman] url"),
            415 => new No($"{words.Server} did not see the header Content-Type: application/json{quote} (415): check the proxies on the way, which must not remove it"),
            // Two hosts that use a new lock first, both create it.
            422 when said.Contains("taken", StringComparison.OrdinalIgnoreCase) => new Away($"{words.Server} was just creating the lock for another host{quote} (422)", false),
            422 => new No($"{words.Server} will not create the lock{quote} (422): correct [lock] name, or create the lock in Foreman"),
            429 => new Away($"{words.Server} is asked too often{quote} (429): raise [lock] retry_interval", false),
            >= 300 and < 400 => new Away($"{words.Server} redirects to {answer.RedirectHost ?? "nowhere"} ({answer.Status}), which is not followed: "
                + "set [foreman] url to where Foreman itself answers", false),
            503 => new Away($"{words.Server} is out of service{quote} (503): wait for its maintenance to end", true),
            >= 500 => new Away($"{words.Server} failed{quote} ({answer.Status}): look into Foreman's production.log", true),
            _ => new Away($"{words.Server} gave an answer that Foreman does not give ({answer.Status}){quote}: check [foreman] url and the proxies on the way", true),
        };
    }
}

/// <summary>Words that the messages have in common.</summary>
/// <param name="Server">Host and port.</param>
/// <param name="Certificate">Such as <c>the certificate web1.example.com (/etc/…/web1.pem)</c>.</param>
/// <param name="Lock">The lock's name.</param>
internal sealed record ForemanWords(string Server, string Certificate, string Lock);
