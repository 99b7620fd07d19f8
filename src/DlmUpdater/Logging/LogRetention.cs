using System.Globalization;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>The rotated files beside a log file, named as foreman_dlm_updater named them: <c>path.YYYY-MM-DD</c>.</summary>
internal static class LogRetention
{
    private const string Day = "yyyy-MM-dd";

    /// <summary>Where the file of <paramref name="day"/> goes.</summary>
    internal static string NameOf(string path, DateOnly day) => path + "." + day.ToString(Day, CultureInfo.InvariantCulture);

    /// <summary>Removes all but the newest <paramref name="keep"/> rotated files; 0 = removes none. What is named otherwise is not ours
    /// and stays (compressed files, files of other programs). Failing is harmless: it is tried again the next day.</summary>
    internal static void Apply(string path, int keep)
    {
        if (keep <= 0) return;
        try
        {
            string prefix = Path.GetFileName(path) + ".";
            // The names sort as their days do.
            var rotated = new List<string>();
            foreach (string file in Directory.GetFiles(Path.GetDirectoryName(path) ?? "/"))
            {
                ReadOnlySpan<char> name = Path.GetFileName(file.AsSpan());
                if (name.StartsWith(prefix, StringComparison.Ordinal)
                    && DateOnly.TryParseExact(name[prefix.Length..], Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
                    rotated.Add(file);
            }

            rotated.Sort(StringComparer.Ordinal);
            for (int i = 0; i < rotated.Count - keep; i++) _ = Native.UnlinkPath(rotated[i]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Said above: harmless.
        }
    }
}
