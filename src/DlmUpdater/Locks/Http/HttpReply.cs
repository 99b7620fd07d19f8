namespace DlmUpdater.Locks.Http;

/// <summary>What came of one request.</summary>
internal abstract record HttpReply
{
    /// <summary>The server answered.</summary>
    /// <param name="Status">The status code.</param>
    /// <param name="Body">The body, at most <see cref="HttpTransport.LongestBody"/> bytes.</param>
    /// <param name="RedirectHost">The host that a Location header names; null if there is none.</param>
    /// <param name="BodyProblem">Why the body cannot be used, a sentence part; null if it is whole.</param>
    internal sealed record Answer(int Status, ReadOnlyMemory<byte> Body, string? RedirectHost = null, string? BodyProblem = null) : HttpReply;

    /// <summary>There is no answer, one line. <paramref name="MayHaveHappened"/>: bytes of the request may have left this host.</summary>
    internal sealed record NoAnswer(string Why, bool MayHaveHappened) : HttpReply;

    /// <summary>Nothing was asked, because something on this host is wrong: one line that says what to fix.</summary>
    internal sealed record CannotAsk(string Why) : HttpReply;
}

/// <summary>Asks one server, one request at a time.</summary>
internal interface IHttpTransport
{
    /// <summary>Host and port, for messages.</summary>
    string Server { get; }

    /// <summary>Sends one request. Throws only <see cref="OperationCanceledException"/>, and only if <paramref name="cancel"/> asks for it.</summary>
    /// <param name="ask">The request.</param>
    /// <param name="cancel">Ends the call.</param>
    ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel);
}
