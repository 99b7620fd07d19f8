namespace DlmUpdater.Locks.Http;

/// <summary>What came of one request.</summary>
internal abstract record HttpReply
{
    /// <summary>The server answered.</summary>
    /// <param name="Status">The status code.</param>
    /// <param name="Body">The body, at most <see cref="HttpTransport.BodyLimit"/> bytes.</param>
    /// <param name="RedirectHost">The host that a Location header names; null if there is none.</param>
    /// <param name="BodyProblem">Why the body cannot be used, a sentence part; null if it is whole.</param>
    internal sealed record Answer(int Status, ReadOnlyMemory<byte> Body, string? RedirectHost = null, string? BodyProblem = null) : HttpReply;

    /// <summary>There is no answer, one line. <paramref name="MayHaveHappened"/>: bytes of the request may have left this host.</summary>
    internal sealed record NoAnswer(string Why, bool MayHaveHappened) : HttpReply;

    /// <summary>Nothing was asked, because something on this host is wrong: one line that says what to fix.</summary>
    internal sealed record CannotAsk(string Why) : HttpReply;
}

/// <summary>What the edge of a lock service has to know of the traffic below it.</summary>
internal interface IHttpTraffic
{
    /// <summary>How many requests may have left this host so far; -1 = not known.</summary>
    long Sent => -1;

    /// <summary>How many requests were sent again so far because their connection ended without an answer: the first may have been carried
    /// out.</summary>
    long Resent => 0;

    /// <summary>How long the last answer (429 or 503) asked not to be asked again; null if there is none, or it did not say.</summary>
    TimeSpan? RetryAfter => null;

    /// <summary>True if the last request failed because what the server showed is not trusted.</summary>
    bool IsDistrusted => false;
}

/// <summary>Asks one server, one request at a time.</summary>
internal interface IHttpTransport : IHttpTraffic
{
    /// <summary>Host and port, for messages.</summary>
    string Server { get; }

    /// <summary>Sends one request. Throws only <see cref="OperationCanceledException"/> (a <see cref="Core.Locking.CutOffException"/> where
    /// it is known what
    /// was waited for), and only if <paramref name="cancel"/> asks for it.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="cancel">Ends the call.</param>
    ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel);

    /// <summary>Sends one request on a connection of its own and hands on the body of a 2xx piece by piece, for as long as the server goes
    /// on: the head must come in the time of a call, the pieces have no time limit, but a dead peer is noticed. Throws like
    /// <see cref="Send"/>.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="onPiece">Takes a piece, which is good until it returns; false = enough.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>For a 2xx an answer without a body, whose <see cref="HttpReply.Answer.BodyProblem"/> tells whether the stream was cut off;
    /// any
    /// other answer as <see cref="Send"/> gives it.</returns>
    ValueTask<HttpReply> Listen(HttpAsk ask, Func<ReadOnlyMemory<byte>, bool> onPiece, CancellationToken cancel) =>
        new(new HttpReply.CannotAsk($"{Server} cannot be listened to"));
}
