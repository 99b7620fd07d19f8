using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Locks.LocalFile;

/// <summary>Makes the service from the configuration.</summary>
internal static class FileSetup
{
    /// <summary>Null, and one line that says what to fix, if this host has no name of its own.</summary>
    /// <param name="file">Where the locks are.</param>
    /// <param name="settings">Which lock.</param>
    /// <param name="recorded">The host name that the open run recorded in place of a machine id; null = none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="why">What to fix.</param>
    internal static FileLockService? Make(FileLockSettings file, LockSettings settings, string? recorded, TimeProvider time, out string why)
    {
        HolderName holder = HolderName.ForFileService(settings.Holder, recorded);
        why = holder.Why;
        return holder.Name is { } name
            ? new FileLockService(file.Directory, new LockIdentity("file", settings.Name, name), MachineId.HostName(), file.Slots, time) { HolderFallback = holder.Fallback }
            : null;
    }
}
