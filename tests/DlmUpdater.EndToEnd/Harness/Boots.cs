namespace DlmUpdater.EndToEnd.Harness;

/// <summary>Boot ids that are not the kernel's: each in a file that is mounted over <c>/proc/sys/kernel/random/boot_id</c>.</summary>
internal static class Boots
{
    private static readonly string Place = Directory.CreateTempSubdirectory("dlm-updater-e2e-boots-").FullName;

    static Boots() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Place, recursive: true);

    /// <summary>The kernel's own.</summary>
    internal static string Real { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>A new one.</summary>
    internal static string Next()
    {
        string id = Guid.NewGuid().ToString("D");
        File.WriteAllText(FileOf(id), id + "\n");
        return id;
    }

    internal static string FileOf(string id) => Path.Combine(Place, id);
}
