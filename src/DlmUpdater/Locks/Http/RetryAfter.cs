using System.Globalization;

namespace DlmUpdater.Locks.Http;

/// <summary>Reads a Retry-After header (RFC 9110, 10.2.3).</summary>
internal static class RetryAfter
{
    /// <summary>The pause for which a server asks; null if it asks for none, or for one that cannot be meant.</summary>
    /// <param name="head">The head of its answer; only 429 and 503 count.</param>
    /// <param name="now">This host's clock, for a server that does not say what its own shows.</param>
    internal static TimeSpan? Of(HttpHead head, DateTimeOffset now)
    {
        if (head.Status is not (429 or 503) || head.RetryAfter is not { } text) return null;
        if (text.Length > 0 && text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
        {
            // More digits than any pause has: whoever uses it has a limit of its own.
            return TimeSpan.FromSeconds(text.Length > 9 ? 999_999_999 : int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture));
        }

        // A date is one of the server's clock, and so it is compared with that.
        if (Date(text) is not { } until) return null;
        TimeSpan pause = until - (Date(head.Date) ?? now);
        return pause > TimeSpan.Zero ? pause : null;
    }

    /// <summary>A date in one of the three forms that HTTP has.</summary>
    private static DateTimeOffset? Date(string? text) => DateTimeOffset.TryParseExact(
        text, ["r", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy", "ddd MMM  d HH:mm:ss yyyy"], CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset date) ? date : null;
}
