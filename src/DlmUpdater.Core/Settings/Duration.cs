using System.Globalization;
using System.Text;

namespace DlmUpdater.Core.Settings;

/// <summary>Durations as people write them: <c>90</c> and <c>90s</c> (seconds), <c>15m</c>, <c>4h</c>, <c>2d</c>, <c>1h30m</c>.</summary>
public static class Duration
{
    /// <summary>The longest duration that is accepted: longer ones are typing errors, and overflow timers.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromDays(3650);

    private const string Units = "dhms";

    private static readonly long[] UnitSeconds = [86400, 3600, 60, 1];

    /// <summary>Reads a duration. A bare number is seconds; units stand in the order d, h, m, s, each once.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="value">The duration, zero or more; zero if it cannot be read.</param>
    /// <param name="error">Why it cannot be read, as the rest of a sentence that begins with the text; null if it can.</param>
    public static bool TryParse(string text, out TimeSpan value, out string? error)
    {
        value = default;
        error = Read(text, out long seconds);
        if (error is not null)
            return false;
        value = TimeSpan.FromSeconds(seconds);
        return true;
    }

    /// <summary>Writes a duration with the units that <see cref="TryParse"/> reads, rounded to whole seconds: <c>1h30m</c>, <c>0s</c>.</summary>
    public static string Format(TimeSpan value)
    {
        long seconds = (long)Math.Round(Math.Abs(value.TotalSeconds), MidpointRounding.AwayFromZero);
        if (seconds == 0)
            return "0s";
        var text = new StringBuilder(value < TimeSpan.Zero ? "-" : "");
        for (int unit = 0; unit < Units.Length; unit++)
        {
            long count = seconds / UnitSeconds[unit];
            seconds %= UnitSeconds[unit];
            if (count > 0)
                text.Append(CultureInfo.InvariantCulture, $"{count}{Units[unit]}");
        }

        return text.ToString();
    }

    private static string? Read(string text, out long seconds)
    {
        const string Form = "write 90, 90s, 15m, 4h, 2d or 1h30m";
        seconds = 0;
        if (text.Length == 0)
            return $"is not a duration: {Form}";
        if (text[0] == '-')
            return "is negative: a duration is zero or more";

        int lastUnit = -1;
        for (int at = 0; at < text.Length;)
        {
            long number = 0;
            int digits = at;
            for (; at < text.Length && char.IsAsciiDigit(text[at]); at++)
                number = Math.Min(number * 10 + (text[at] - '0'), int.MaxValue);
            if (at == digits)
                return $"is not a duration: {Form}";

            bool bare = at == text.Length;
            if (bare && lastUnit >= 0)
                return $"is not a duration: the last number has no unit; {Form}";
            int unit = bare ? 3 : Units.IndexOf(text[at], StringComparison.Ordinal);
            if (unit < 0)
                return $"is not a duration: {Form}";
            if (unit <= lastUnit)
                return "is not a duration: units stand in the order d, h, m, s, each once";
            lastUnit = unit;
            at++;

            // Cannot overflow: number is at most int.MaxValue, and the sum is checked after each of at most four parts.
            seconds += number * UnitSeconds[unit];
            if (seconds > (long)Longest.TotalSeconds)
                return $"is too long: at most {Format(Longest)}";
        }

        return null;
    }
}
