using System.Globalization;
using System.Text.Json;

namespace DlmUpdater.Host;

/// <summary>The one form of a time in what programs read: UTC, whole milliseconds, such as <c>2026-11-25T12:51:33.366Z</c>.</summary>
internal static class JsonTime
{
    private const int MostBytes = 32;

    /// <summary>Writes the member <paramref name="name"/>.</summary>
    internal static void WriteTime(this Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset time)
    {
        Span<byte> stamp = stackalloc byte[MostBytes];
        time.UtcDateTime.TryFormat(stamp, out int length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        json.WriteString(name, stamp[..length]);
    }

    /// <summary>Writes the member <paramref name="name"/>; <c>null</c> if the time is not known.</summary>
    internal static void WriteTime(this Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known) json.WriteTime(name, known);
        else json.WriteNull(name);
    }
}
