namespace DlmUpdater.Core.Scripts;

/// <summary>Reads the durations of script headers: <c>90</c>, <c>90s</c>, <c>15m</c>, <c>4h</c>, <c>2d</c>.</summary>
internal static class HeaderDuration
{
    // Ten years: nothing here waits longer, and every sum with it stays in range.
    private const long MostSeconds = 3650L * 24 * 3600;

    /// <summary>Reads <paramref name="text"/>; false if it is not a duration.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        if (text.Length == 0)
            return false;

        long unit = text[^1] switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            _ => 0,
        };
        string digits = unit == 0 ? text : text[..^1];
        if (digits.Length is 0 or > 10)
            return false;

        long number = 0;
        foreach (char c in digits)
        {
            if (!char.IsAsciiDigit(c))
                return false;
            number = (number * 10) + (c - '0');
        }

        long seconds = number * Math.Max(unit, 1);
        if (seconds > MostSeconds)
            return false;
        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }
}
