namespace DlmUpdater.Configuration;

/// <summary>Reads a value. Null, or what is wrong with it, ready to follow <c>[section] key: </c>.</summary>
internal delegate string? ValueReader<T>(string text, out T value);

/// <summary>A kind of value: how it is described to people, and how it is read.</summary>
/// <param name="Text">What to write, for the manual and for complaints: <c>a duration such as 90s, 15m, 4h, 2d</c>.</param>
/// <param name="Read">Reads it.</param>
internal sealed record ValueForm<T>(string Text, ValueReader<T> Read)
{
    /// <summary>The word of today for an old one that is read too.</summary>
    internal Func<string, string> Today { get; init; } = static text => text;
}
