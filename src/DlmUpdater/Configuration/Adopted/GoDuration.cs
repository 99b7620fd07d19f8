using System.Globalization;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>A length of time as Go writes it: <c>1h30m</c>, <c>1.5h</c>, <c>90m</c>, <c>0</c>.</summary>
internal static class GoDuration
{
    private static readonly (string Unit, double Seconds)[] Units =
        [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("μs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)];

    /// <summary>Reads it; false for what Go refuses, for a negative one, and for more than 290 years.</summary>
    internal static bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        ReadOnlySpan<char> rest = text.AsSpan().TrimStart('+');
        if (rest.Length == 0 || text.StartsWith("++", StringComparison.Ordinal)) return false;
        if (rest is "0") return true;
        double seconds = 0;
        while (rest.Length > 0)
        {
            int digits = 0;
            while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] == '.')) digits++;
            if (digits == 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)) return false;
            rest = rest[digits..];
            int letters = 0;
            while (letters < rest.Length && !char.IsAsciiDigit(rest[letters]) && rest[letters] != '.') letters++;
            ReadOnlySpan<char> unit = rest[..letters];
            double factor = 0;
            foreach ((string name, double length) in Units)
            {
                if (unit.SequenceEqual(name)) factor = length;
            }

            if (factor == 0) return false;
            seconds += number * factor;
            rest = rest[unit.Length..];
        }

        if (seconds > 290.0 * 366 * 86400) return false;
        value = TimeSpan.FromSeconds(seconds);
        return true;
    }
}
