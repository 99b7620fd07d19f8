using System.Globalization;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>Values that the older tools wrote as Python reads numbers, yes and no, and levels, as this program writes them.</summary>
internal static class PythonValues
{
    /// <summary>The most days that are kept here; <c>0</c> kept all files there.</summary>
    private const int MostDays = 3650;

    /// <summary>The value in our words; as it is if it needs none, or is wrong there too.</summary>
    internal static string Of(SettingKey key, string text)
    {
        string value = text.Trim();
        return (key.Canonical.Section, key.Canonical.Key) switch
        {
            ("log", "retention") when Number(value) is { } days => Invariant(days < 1 ? MostDays : Math.Min(days, MostDays)),

            // No time at all: it asked, slept once, and ended. Here 0 has another meaning.
            ("lock", "wait_max") when Number(value) is { } seconds => Invariant(Math.Max(1, seconds)),
            ("lock", "wait") => value.ToLowerInvariant() switch { "t" or "y" => "true", "f" or "n" => "false", _ => value },
            ("log", "level") when value.Equals("NOTSET", StringComparison.OrdinalIgnoreCase) => "debug",
            _ => text,
        };
    }

    /// <summary>A whole number: with a sign, with <c>_</c> between digits, or with nothing but zeros behind a point.</summary>
    private static int? Number(string text)
    {
        int point = text.IndexOf('.', StringComparison.Ordinal);
        if (point > 0 && text.AsSpan(point + 1).Trim('0').IsEmpty) text = text[..point];
        if (text.Contains("__", StringComparison.Ordinal) || text.EndsWith('_') || text.StartsWith('_')) return null;
        return int.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;
    }

    private static string Invariant(int number) => number.ToString(CultureInfo.InvariantCulture);
}
