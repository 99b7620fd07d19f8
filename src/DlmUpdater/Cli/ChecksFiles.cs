using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Cli;

/// <summary>What <c>check</c> says of the files and directories that a run writes. Finds out by opening, and leaves nothing behind.</summary>
internal static class ChecksFiles
{
    /// <summary>Every file and directory of the program.</summary>
    internal static IEnumerable<Finding> All(PathSettings paths, LogSettings log)
    {
        yield return Directory("state directory", Path.GetDirectoryName(paths.StateFile)!, "[main] state_dir");
        if (Path.GetDirectoryName(paths.StateFile) != paths.StateDirectory) yield return Directory("history directory", paths.StateDirectory, "[main] state_dir");
        yield return Directory("run directory", paths.RunDirectory, "[main] run_dir");
        yield return InstanceLock(paths.InstanceLock);
        if (Path.GetDirectoryName(paths.InstanceLock) is { } place && place != paths.RunDirectory && Trust("instance lock", place, "[main] lock") is { } open) yield return open;
        if (log is { Target: LogTarget.File, File: { } file }) yield return LogFile(file);
    }

    /// <summary>A directory in which files are made; a missing one is made by the run itself.</summary>
    internal static Finding Directory(string what, string path, string setting)
    {
        string there = path;
        FileFacts facts;
        while (!Native.TryStatTarget(there, out facts))
        {
            int errno = FileErrors.Last;
            if (errno != Native.ENOENT || there == "/") return Finding.Error(what, $"{path} cannot be used ({FileErrors.Text(errno)})", Elsewhere(setting));

            // A dangling link stands in the way of the directory that would be made.
            if (Native.TryStat(there, out FileFacts link) && link.IsLink)
                return Finding.Error(what, $"{there} is a link to {FileFacts.TargetOf(there) ?? "?"}, which does not exist", "make what it points to, or remove it");
            there = Path.GetDirectoryName(there) ?? "/";
        }

        if (!facts.IsDirectory) return Finding.Error(what, $"{there} is {facts.Kind.Describe()}, not a directory", "remove it, or set " + setting + " to another place");
        if (OwnFile.ProbeDirectory(there) is var error and not 0)
            return Finding.Error(what, $"nothing can be written to {there} ({FileErrors.Text(error)})", Elsewhere(setting));
        if (Trust(what, path, setting) is { } open) return open;
        return Finding.Ok(what, there == path ? $"{path} is writable" : $"{path} does not exist yet, and can be made in {there}");
    }

    /// <summary>The file that keeps a second instance away.</summary>
    internal static Finding InstanceLock(string path)
    {
        const string What = "instance lock", Setting = "[main] lock";
        if (!Native.TryStat(path, out FileFacts facts)) return Directory(What, Path.GetDirectoryName(path) ?? "/", Setting);
        if (!facts.IsRegular) return Finding.Error(What, $"{path} is {facts.Kind.Describe()}, not a file", $"remove it, or set {Setting} to another place");
        using SafeFileHandle file = OwnFile.Probe(path, Native.O_RDWR, out OwnFileError error);
        if (file.IsInvalid) return Finding.Error(What, $"{path} cannot be opened ({error.What ?? FileErrors.Text(error.Errno)})", Elsewhere(Setting));
        if (Native.LockHandle(file, Native.LOCK_EX | Native.LOCK_NB) == 0) return Finding.Ok(What, $"{path} is free: no instance is running");
        return State.InstanceLock.Strangers(path) is { } strangers
            ? Finding.Error(What, $"{strangers} has an flock on {path} and is not an instance of dlm-updater", "end that process: until then starts can end with 75")
            : Finding.Ok(What, $"{path} is taken: an instance is running");
    }

    /// <summary>The log file; a missing one is made by the run itself.</summary>
    internal static Finding LogFile(string path)
    {
        const string What = "log file", Setting = "[main] log";
        if (!Native.TryStatTarget(path, out FileFacts facts))
        {
            string directory = Path.GetDirectoryName(path) ?? "/";
            return Native.TryStatTarget(directory, out _)
                ? Directory(What, directory, Setting)
                : Finding.Error(What, $"the directory {directory} does not exist", $"make it, or set {Setting} to another place");
        }

        if (facts.IsDirectory) return Finding.Error(What, $"{path} is a directory", $"set {Setting} to a file");
        using SafeFileHandle file = OwnFile.Probe(path, Native.O_WRONLY | Native.O_APPEND, out OwnFileError error, linked: true, special: true);
        if (!file.IsInvalid && facts.IsRegular && OwnFile.ProbeDirectory(Path.GetDirectoryName(path) ?? "/") is var full and (Native.ENOSPC or Native.EDQUOT))
            return Finding.Error(What, $"nothing can be written to {path} ({FileErrors.Text(full)})", Elsewhere(Setting));
        if (!file.IsInvalid && Trust(What, Path.GetDirectoryName(path) ?? "/", Setting) is { } open) return open;
        return file.IsInvalid
            ? Finding.Error(What, $"{path} cannot be opened ({error.What ?? FileErrors.Text(error.Errno)})", Elsewhere(Setting))
            : Finding.Ok(What, $"{path} is writable");
    }

    /// <summary>Null if only root and this user can change what is there. That another user owns it stops a run; that others can write to it does not, because no file of
    /// theirs is written to.</summary>
    private static Finding? Trust(string what, string path, string setting)
    {
        TrustResult trust = new TrustChain(Native.geteuid()).Check(path);
        // What does not exist yet is made by the run.
        string[] open = [.. trust.Missing ? trust.Reasons.SkipLast(1) : trust.Reasons];
        return trust.Owners.Count > 0 ? Finding.Error(what, $"{path} cannot be used: {string.Join("; ", trust.Owners)}", $"chown root, or set {setting} to another place")
            : open.Length > 0 ? Finding.Warning(what, $"others can remove and replace files in {path}: {string.Join("; ", open)}", $"let only root write there, or set {setting} to another place")
            : null;
    }

    private static string Elsewhere(string setting) => $"free space, run as root, make it writable, or set {setting} to another place";
}
