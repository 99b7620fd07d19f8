using System.Globalization;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>The rotated files beside a log file, named as foreman_dlm_updater named them: <c>path.YYYY-MM-DD</c>; further ones of a day end with
/// <c>.1</c> and so on.</summary>
internal static class LogRetention
{
    private const string Day = "yyyy-MM-dd";

    /// <summary>Where the file of <paramref name="day"/> goes: behind all that are there of that day, so that the names tell the order.</summary>
    internal static string NextName(string path, DateOnly day)
    {
        int number = 0;
        foreach (Rotated one in All(path))
        {
            if (one.Day == day) number = Math.Max(number, one.Number + 1);
        }

        string name = path + "." + day.ToString(Day, CultureInfo.InvariantCulture);
        return number == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}.{number}");
    }

    /// <summary>Removes all but the newest <paramref name="keep"/> rotated files; 0 = removes none. What is named otherwise is not ours
    /// and stays (compressed files, files of other programs). Failing is harmless: it is tried again the next day.</summary>
    internal static void Apply(string path, int keep)
    {
        if (keep <= 0) return;
        List<Rotated> rotated = All(path);
        rotated.Sort((a, b) => a.Day != b.Day ? a.Day.CompareTo(b.Day) : a.Number.CompareTo(b.Number));
        for (int i = 0; i < rotated.Count - keep; i++) _ = Native.UnlinkPath(rotated[i].File);
    }

    private static List<Rotated> All(string path)
    {
        var rotated = new List<Rotated>();
        try
        {
            string prefix = Path.GetFileName(path) + ".";
            foreach (string file in Directory.GetFiles(Path.GetDirectoryName(path) ?? "/"))
            {
                ReadOnlySpan<char> name = Path.GetFileName(file.AsSpan());
                if (name.StartsWith(prefix, StringComparison.Ordinal) && Read(name[prefix.Length..], file) is { } one) rotated.Add(one);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A directory that cannot be listed: the name of the day, and nothing to remove.
        }

        return rotated;
    }

    /// <summary>Reads what <see cref="NextName"/> appends to the path and a dot; null for anything else.</summary>
    private static Rotated? Read(ReadOnlySpan<char> suffix, string file)
    {
        int number = 0;
        int dot = suffix.IndexOf('.');
        ReadOnlySpan<char> day = dot < 0 ? suffix : suffix[..dot];
        bool isOurs = DateOnly.TryParseExact(day, Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly when)
            && (dot < 0 || (suffix.Length > dot + 1 && suffix[dot + 1] != '0' && int.TryParse(suffix[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out number)));
        return isOurs ? new Rotated(when, number, file) : null;
    }

    private readonly record struct Rotated(DateOnly Day, int Number, string File);
}
