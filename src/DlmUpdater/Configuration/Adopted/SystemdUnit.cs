using DlmUpdater.Host;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>Finds the files of a unit: its own, and the drop-ins.</summary>
internal static class SystemdUnit
{
    /// <summary>Where systemd looks, the most important first.</summary>
    internal static IReadOnlyList<string> Directories { get; } =
    [
        "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator.early", "/etc/systemd/system",
        "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached", "/run/systemd/generator", "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/generator.late",
    ];

    /// <summary>The unit's own file first, then its drop-ins in the order in which they apply; empty if there is neither. A unit that is masked, as on a host
    /// where this program has taken over, still has the file that the mask hides.</summary>
    /// <param name="unit">The name with its type: <c>locksmithd.service</c>.</param>
    /// <param name="directories">As <see cref="Directories"/>.</param>
    /// <param name="findings">Directories that cannot be read.</param>
    internal static (string? Main, IReadOnlyList<string> DropIns) Find(string unit, IReadOnlyList<string> directories, Findings findings)
    {
        string? main = directories.Select(directory => $"{directory}/{unit}").FirstOrDefault(IsFile);

        // Of one name the first directory counts, and those of this unit before those of its type.
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in (string[])[unit, unit[(unit.LastIndexOf('.') + 1)..]])
        {
            foreach (string directory in directories)
            {
                string path = $"{directory}/{name}.d";
                foreach (string file in DropInNames(path, findings)) found.TryAdd(file, $"{path}/{file}");
            }
        }

        return (main, [.. found.Values]);
    }

    private static bool IsFile(string path) => Native.TryStatTarget(path, out FileFacts facts) && facts is { IsNullDevice: false, Size: > 0 };

    private static IEnumerable<string> DropInNames(string directory, Findings findings)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)!).Where(name => name is [not '.', ..] && name.EndsWith(".conf", StringComparison.Ordinal))];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.AddUnread(new Place(0, directory), "cannot be read, and what is set there is not known: run as root");
            return [];
        }
    }
}
