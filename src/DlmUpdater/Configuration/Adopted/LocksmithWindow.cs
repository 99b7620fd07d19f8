using System.Globalization;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>locksmithd's window in our words: a start such as <c>Thu 4:00</c> and a length of time as Go writes it.</summary>
internal static class LocksmithWindow
{
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>The window for <c>[schedule] window</c>. A length of its whole period or more leaves no gap, as it did there: <c>always</c>.</summary>
    /// <param name="start">As written.</param>
    /// <param name="open">The length.</param>
    /// <returns>Null if <paramref name="start"/> is none that locksmithd takes.</returns>
    internal static string? Of(string start, TimeSpan open)
    {
        string[] words = start.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is < 1 or > 2 || (words.Length == 2 && !Days.Contains(words[0].ToLowerInvariant()))) return null;
        string[] clock = words[^1].Split(':');
        if (clock.Length != 2 || !Part(clock[0], 23, out int hour) || !Part(clock[1], 59, out int minute)) return null;
        if (open >= TimeSpan.FromDays(words.Length == 2 ? 7 : 1)) return "always";

        // Its window begins and ends with a whole instant; a second is the least that is read here.
        TimeSpan length = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(open.TotalSeconds)));
        return string.Create(CultureInfo.InvariantCulture, $"{(words.Length == 2 ? words[0] + " " : "")}{hour:00}:{minute:00}/{Duration.Format(length)}");
    }

    private static bool Part(string text, int most, out int value) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= 0 && value <= most;
}
