using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Locks.LocalFile;

/// <summary>Makes the service from the configuration.</summary>
internal static class FileSetup
{
    /// <summary>Null, and one line that says what to fix, if this host has no name of its own.</summary>
    internal static FileLockService? Make(FileLockSettings file, LockSettings settings, TimeProvider time, out string why)
    {
        HolderName holder = HolderName.ForFileService(settings.Holder);
        why = holder.Why;
        return holder.Name is { } name
            ? new FileLockService(file.Directory, new LockIdentity("file", settings.Name, name), MachineId.HostName(), file.Slots, time)
            : null;
    }
}
