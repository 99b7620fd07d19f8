using DlmUpdater.Host;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.State;

/// <summary>Puts a new lock file in the place of one that a user has an flock on and keeps. The old file cannot be unlocked, and nobody ends a user's process.</summary>
internal static class FreshLockFile
{
    /// <summary>Replaces <paramref name="path"/> by a new file that this process has locked, if it is proved that only processes of other users have an flock on
    /// <paramref name="old"/>. Safe against instances of this and of older versions: the names are exchanged, not overwritten, so that an instance which locked the old
    /// file meanwhile is seen, and the exchange is undone.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="old">The same, open.</param>
    /// <param name="beforeExchange">For tests: what happens at the worst moment.</param>
    /// <returns>The new file; null: the old one stays, and it is to be looked at again.</returns>
    internal static SafeFileHandle? Replace(string path, SafeFileHandle old, Action? beforeExchange = null)
    {
        if (!HasForeignLockOnly(old))
            return null;
        string temporary = DurableFile.TemporaryOf(path);
        if (DurableFile.CreateLocked(temporary, Native.O_RDWR, out _) is not { } fresh)
            return null;

        // From here on no other process of this version is at this place: it would need the temporary file.
        beforeExchange?.Invoke();
        if (IsStill(old, path) && Exchange(temporary, path))
        {
            // An instance that opened the old file before the exchange either has its lock by now, or gets it and finds another file in its place.
            if (Native.LockHandle(old, Native.LOCK_EX | Native.LOCK_NB) == 0 || HasForeignLockOnly(old))
            {
                _ = Native.UnlinkPath(temporary);
                return fresh;
            }

            _ = Exchange(temporary, path);
        }

        _ = Native.UnlinkPath(temporary);
        fresh.Dispose();
        return null;
    }

    private static bool HasForeignLockOnly(SafeFileHandle file) =>
        Native.TryStat(file, out FileFacts facts) && FlockHolders.Find(facts, everywhere: true) is { Count: > 0 } holders && holders.TrueForAll(h => h.IsForeign);

    private static bool IsStill(SafeFileHandle file, string path) =>
        Native.TryStat(file, out FileFacts ours) && Native.TryStat(path, out FileFacts there) && ours.IsSameFile(there);

    private static bool Exchange(string one, string other)
    {
        const int CurrentDirectory = -100;
        const uint RenameExchange = 2;
        return Native.Files.renameat2(CurrentDirectory, one, CurrentDirectory, other, RenameExchange) == 0;
    }
}
