namespace DlmUpdater.Locks.Http;

/// <summary>One request. No record: what its headers and its body carry may be secret and must not get into a text by itself.</summary>
/// <param name="method">GET, PUT, POST or DELETE.</param>
/// <param name="path">What follows the base URL, escaped, beginning with a slash.</param>
internal sealed class HttpAsk(string method, string path)
{
    /// <summary>GET, PUT, POST or DELETE.</summary>
    internal string Method => method;

    /// <summary>What follows the base URL, escaped.</summary>
    internal string Path => path;

    /// <summary>Null = none, and no header that speaks of one; empty = a body of no bytes.</summary>
    internal ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>What kind of body it is.</summary>
    internal string ContentType { get; init; } = "application/json";

    /// <summary>Further headers, name and value.</summary>
    internal IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>True if asking twice is the same as asking once, so that a request lost with an old connection may be made again on a new
    /// one. What RFC 9110 (9.2.2) says of the method, where the service does not promise more, or less.</summary>
    internal bool IsIdempotent { get; init; } = method != "POST";
}
