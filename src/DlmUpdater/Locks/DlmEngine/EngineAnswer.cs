using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.DlmEngine;

/// <summary>What an answer of DLMEngine's means.</summary>
internal abstract record EngineAnswer
{
    /// <summary>It was done: 201 to a POST, 200 to anything else. With whatever body.</summary>
    internal sealed record Done(HttpReply.Answer Answer) : EngineAnswer;

    /// <summary>404, and it is the lock that is missing: nobody is seen to hold it.</summary>
    internal sealed record Missing : EngineAnswer;

    /// <summary>400 to a POST: somebody has the lock already.</summary>
    internal sealed record Duplicate : EngineAnswer;

    /// <summary>Waiting will not help; one line that says what to fix.</summary>
    internal sealed record No(string Why) : EngineAnswer;

    /// <summary>Try again later. <paramref name="MayHaveHappened"/>: what was asked may have been done.</summary>
    internal sealed record Away(string Why, bool MayHaveHappened) : EngineAnswer;

    /// <summary>Reads an answer.</summary>
    /// <param name="reply">What came back.</param>
    /// <param name="method">What was asked: each has its own permission and its own 20x.</param>
    /// <param name="words">For the messages.</param>
    internal static EngineAnswer Read(HttpReply reply, string method, EngineWords words) => reply switch
    {
        HttpReply.CannotAsk cannot => new No(cannot.Why),
        HttpReply.NoAnswer none => new Away(words.Hide(none.Why), none.MayHaveHappened),
        HttpReply.Answer answer => Read(answer, method, words, words.Hide(EngineApi.ErrorText(answer.Body))),
        _ => throw new InvalidOperationException("unknown reply"),
    };

    private static EngineAnswer Read(HttpReply.Answer answer, string method, EngineWords words, string said)
    {
        string quote = said.Length == 0 ? "" : $" ('{said}')", server = words.Server;
        return answer.Status switch
        {
            201 when method == "POST" => new Done(answer),
            200 when method != "POST" => new Done(answer),
            400 when method == "POST" && said.Contains("duplicate", StringComparison.OrdinalIgnoreCase) => new Duplicate(),
            400 => new No($"{server} does not understand the request{quote} (400): check [dlmengine] url and api, and [lock] name"),
            401 => new No($"{server} does not know this host's credential{quote} (401): correct [dlmengine] secret_id and secret (or "
                + "secret_file), or make a new credential"),
            403 when Permission(method) is { } permission => new No($"{server} does not allow this{quote} (403): give the permission "
                + $"{permission} to the user in DLMEngine whose credential [dlmengine] secret_id names"),
            403 => new No($"{server} does not let this host look at locks{quote} (403): check [dlmengine] secret_id, and the proxies "
                + "on the way"),
            // The one word for three things: the lock, the user of the credential, the address.
            404 when said.StartsWith("Resource users", StringComparison.Ordinal) => new No("the user in DLMEngine whose "
                + $"credential [dlmengine] secret_id names is gone from {server}{quote} (404): make a new credential"),
            404 when said.StartsWith("Resource", StringComparison.Ordinal) => new Missing(),
            404 => new No($"{server} knows no locks at that address{quote} (404): correct [dlmengine] url (what stands before /api) "
                + "and api"),
            405 => new No($"{server} has no {method} at that address{quote} (405): correct [dlmengine] url (what stands before /api) "
                + "and api"),
            422 => new No($"{server} does not accept the request{quote} (422): check [dlmengine] api, [lock] name and [lock] holder"),
            429 => new Away($"{server} is asked too often{quote} (429): raise [lock] retry_interval", false),
            >= 300 and < 400 => new Away($"{server} redirects to {answer.RedirectHost ?? "nowhere"} ({answer.Status}), which is not "
                + "followed: set [dlmengine] url to where DLMEngine itself answers", false),
            503 => new Away($"{server} is out of service{quote} (503): wait for its maintenance to end", true),
            >= 500 => new Away($"{server} failed{quote} ({answer.Status}): look into DLMEngine's log and its MongoDB", true),
            _ => new Away($"{server} gave an answer that DLMEngine does not give ({answer.Status}){quote}: check [dlmengine] url and "
                + "the proxies on the way", true),
        };
    }

    private static string? Permission(string method) => method is "POST" or "DELETE" ? "LOCK:" + method : null;
}

/// <summary>Words that the messages have in common.</summary>
/// <param name="Server">Host and port.</param>
/// <param name="Secret">What must not get into any of them, also where a server repeats it.</param>
internal sealed record EngineWords(string Server, SecretText Secret)
{
    /// <summary>The text without the secret.</summary>
    internal string Hide(string text) => ReferenceEquals(Secret, SecretText.NotRead) || Secret.Reveal().Length == 0
        ? text
        : text.Replace(Secret.Reveal(), Secret.ToString(), StringComparison.Ordinal);
}
