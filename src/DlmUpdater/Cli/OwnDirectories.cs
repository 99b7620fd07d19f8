using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>Who owns the directories in which a run writes. An owner can put anything in the place of a file: if that is neither root nor the user of this process, nothing
/// is written there. A directory that others can write to is only warned of by <c>check</c>: containers have no other (Kubernetes mounts with mode 0777 or 2775), and
/// <see cref="OwnFile"/> writes into no file of others.</summary>
internal static class OwnDirectories
{
    /// <summary>Null, or why a start must not write where the settings say, one line.</summary>
    internal static string? Fault(UpdaterSettings settings)
    {
        var chain = new TrustChain(Native.geteuid());
        List<string>? faults = null;
        foreach ((string path, string setting) in All(settings))
        {
            if (chain.Check(path).Owners is { Count: > 0 } owners)
                (faults ??= []).Add($"{setting}: nothing is written to {path}, because {string.Join(" and ", owners)}: chown root, or set another place");
        }

        return faults is null ? null : string.Join("; ", faults.Distinct());
    }

    private static IEnumerable<(string Path, string Setting)> All(UpdaterSettings settings)
    {
        PathSettings paths = settings.Paths;
        yield return (paths.StateDirectory, "[main] state_dir");
        // The file itself, for a link that leads elsewhere.
        yield return (paths.StateFile, "[main] state");
        yield return (paths.RunDirectory, "[main] run_dir");
        yield return (Directory(paths.InstanceLock), "[main] lock");
        if (settings.Log is { Target: LogTarget.File, File: { } log }) yield return (Directory(log), "[main] log");
        if (settings.Lock.Service == LockServiceKind.File) yield return (settings.File.Directory, "[file] directory");
    }

    private static string Directory(string file) => Path.GetDirectoryName(file) ?? "/";
}
