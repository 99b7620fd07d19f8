namespace DlmUpdater.EndToEnd.Harness;

/// <summary>A boot id that is not the kernel's, in a file that is mounted over <c>/proc/sys/kernel/random/boot_id</c>.</summary>
/// <param name="Id">The id.</param>
/// <param name="File">The file.</param>
internal sealed record Boot(string Id, string File)
{
    /// <summary>The kernel's own id.</summary>
    internal static string Real { get; } = System.IO.File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
}
