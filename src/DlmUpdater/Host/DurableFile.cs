using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Host;

/// <summary>Why a file could not be replaced or removed.</summary>
/// <param name="Why">What happened, to what, and what to do: one line.</param>
/// <param name="Errno">The C library's error number.</param>
/// <param name="MayHaveHappened">True if the change is visible but could not be proved to be on the disk; false if the old file stands.</param>
internal sealed record FileFailure(string Why, int Errno, bool MayHaveHappened);

/// <summary>Replaces and removes files so that a crash or a power cut leaves the old content or the new one, never a mixture and
/// never nothing. One temporary file per target, in the same directory and with a fixed name, held under an flock while it is
/// written: so the leftover of a killed process is told from the work of a living one, and at most one can ever lie about.</summary>
internal static class DurableFile
{
    private const int Tries = 100;

    /// <summary>The temporary file of <paramref name="target"/>.</summary>
    internal static string TemporaryOf(string target) =>
        Path.Combine(Path.GetDirectoryName(target) ?? "/", $".{Path.GetFileName(target)}.dlm-updater-tmp");

    /// <summary>Replaces <paramref name="path"/>; missing directories above it are made (0755). A link in the place of the file is
    /// followed, and stays, if root or this user owns it.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="content">The whole new content.</param>
    /// <param name="setting">The configuration key that moves the file elsewhere, for the message.</param>
    /// <param name="mode">Permission bits, whatever the umask is.</param>
    /// <param name="durable">False for files that need not outlive a power cut: atomic still, but nothing is flushed.</param>
    /// <returns>Null, or why not.</returns>
    internal static FileFailure? Replace(string path, ReadOnlySpan<byte> content, string setting, uint mode = OwnFile.Private, bool durable = true)
    {
        if (FollowLink(path, setting, out string target) is { } badLink)
            return badLink;
        string temporary = TemporaryOf(target);
        using SafeFileHandle? file = CreateLocked(temporary, Native.O_WRONLY, out int errno);
        if (file is null)
            return Failure("write", target, errno, setting, false);
        errno = Fill(file, content, durable);
        if (errno == 0 && Native.RenamePath(temporary, target) != 0)
            errno = FileErrors.Last;
        if (errno != 0)
        {
            _ = Native.UnlinkPath(temporary);
            return Failure("write", target, errno, setting, false);
        }
        // Only now: a temporary file that a killed process left behind must not be one that a user can open and hold an flock on.
        if (mode != OwnFile.Private && Native.ChangeMode(file, mode) != 0)
            return Failure("set the mode of", target, FileErrors.Last, setting, true);
        errno = durable && mode != OwnFile.Private && Native.FlushHandle(file) != 0 ? FileErrors.Last : 0;
        if (errno == 0 && durable)
            errno = FlushDirectoryOf(target);
        return errno == 0 ? null : Failure("flush the directory of", target, errno, setting, true);
    }

    /// <summary>Removes <paramref name="path"/> and any leftover beside it. Already gone is fine. A link in the place of the file stays,
    /// so that the next file lands where this one was.</summary>
    internal static FileFailure? Remove(string path, string setting)
    {
        if (FollowLink(path, setting, out string target) is { } badLink)
            return badLink;
        SweepTemporary(TemporaryOf(target));
        if (Native.UnlinkPath(target) != 0 && FileErrors.Last != Native.ENOENT)
            return Failure("remove", target, FileErrors.Last, setting, false);
        int errno = FlushDirectoryOf(target);
        return errno is 0 or Native.ENOENT ? null : Failure("flush the directory of", target, errno, setting, true);
    }

    /// <summary>Renames <paramref name="path"/>, durable. Null, or why not.</summary>
    internal static string? MoveAside(string path, string aside)
    {
        if (FollowLink(path, "", out string target) is { } badLink)
            return badLink.Why;
        if (Native.RenamePath(target, aside) != 0)
            return $"cannot move {target} to {aside}: {FileErrors.Text(FileErrors.Last)}";
        int errno = FlushDirectoryOf(target);
        return errno == 0 ? null : $"cannot flush the directory of {target}: {FileErrors.Text(errno)}";
    }

    /// <summary>Removes what a killed process left of <paramref name="path"/>. Leaves the temporary file of a living writer alone.</summary>
    internal static void Sweep(string path)
    {
        if (FollowLink(path, "", out string target) is null)
            SweepTemporary(TemporaryOf(target));
    }

    /// <summary>Makes <paramref name="directory"/> and what is missing above it, durable. 0, or the error number.</summary>
    internal static int MakeDirectories(string directory, uint mode = 0x1ED)
    {
        if (Native.MakeDirectory(directory, mode) == 0)
            return FlushDirectoryOf(directory);
        int errno = FileErrors.Last;
        if (errno == Native.EEXIST)
            return Directory.Exists(directory) ? 0 : Native.ENOTDIR;
        if (errno != Native.ENOENT || Path.GetDirectoryName(directory) is not { Length: > 0 } parent)
            return errno;
        errno = MakeDirectories(parent, mode);
        if (errno != 0)
            return errno;
        return Native.MakeDirectory(directory, mode) == 0 || FileErrors.Last == Native.EEXIST ? FlushDirectoryOf(directory) : FileErrors.Last;
    }

    /// <summary>Flushes the directory that holds <paramref name="path"/>: only then does a new name outlive a power cut.</summary>
    internal static int FlushDirectoryOf(string path)
    {
        string parent = Path.GetDirectoryName(path) ?? "/";
        using SafeFileHandle directory = Native.OpenHandle(parent, Native.O_RDONLY | Native.O_DIRECTORY | Native.O_CLOEXEC, 0);
        if (directory.IsInvalid)
            return FileErrors.Last;
        // Some file systems cannot flush a directory and say so with EINVAL: they have nothing to flush.
        return Native.FlushHandle(directory) == 0 || FileErrors.Last is Native.EINVAL or Native.ENOTSUP ? 0 : FileErrors.Last;
    }

    private static int Fill(SafeFileHandle file, ReadOnlySpan<byte> content, bool durable)
    {
        int errno = RegularFile.WriteAll(file, content);
        if (errno == 0 && durable && Native.FlushHandle(file) != 0)
            errno = FileErrors.Last;
        return errno;
    }

    /// <summary>Creates the temporary file and locks it, so that no other process takes it for a leftover.</summary>
    internal static SafeFileHandle? CreateLocked(string temporary, int flags, out int errno)
    {
        bool made = false;
        errno = Native.EEXIST;
        for (int i = 0; i < Tries; i++)
        {
            var file = new SafeFileHandle(OwnFile.Create(temporary, flags), ownsHandle: true);
            if (!file.IsInvalid)
            {
                if (Native.LockHandle(file, Native.LOCK_EX | Native.LOCK_NB) == 0 && IsStill(file, temporary))
                    return file;
                // Somebody swept it between the two calls.
                file.Dispose();
                continue;
            }
            errno = FileErrors.Last;
            if (errno == Native.EEXIST)
            {
                // A living writer needs milliseconds; a dead one's file goes at once.
                if (!SweepTemporary(temporary))
                    Thread.Sleep(10);
            }
            else if (errno == Native.ENOENT && !made)
            {
                made = true;
                int failed = MakeDirectories(Path.GetDirectoryName(temporary) ?? "/");
                if (failed != 0)
                {
                    errno = failed;
                    return null;
                }
            }
            else if (errno != Native.EINTR)
            {
                return null;
            }
        }
        return null;
    }

    private static bool SweepTemporary(string temporary)
    {
        // No writer of this program made a link, a pipe, a file with two names or one of another user: nobody else has any business at this name.
        if (Native.TryStat(temporary, out FileFacts there) && !there.IsDirectory && (!there.IsRegular || there.Names != 1 || OwnFile.OwnerFault(there) is not null))
            return Native.UnlinkPath(temporary) == 0;
        using SafeFileHandle file = Native.OpenHandle(temporary, Native.O_RDONLY | Native.O_NONBLOCK | Native.O_NOFOLLOW | Native.O_CLOEXEC, 0);
        return !file.IsInvalid
            && Native.LockHandle(file, Native.LOCK_EX | Native.LOCK_NB) == 0
            && IsStill(file, temporary)
            && Native.UnlinkPath(temporary) == 0;
    }

    /// <summary>True if the descriptor and the path are one regular file: a lock on a file that has lost its name guards nothing.</summary>
    private static bool IsStill(SafeFileHandle file, string path) =>
        Native.TryStat(file, out FileFacts ours) && Native.TryStat(path, out FileFacts there) && ours.IsSameFile(there)
        && ours.Kind == FileKind.Regular;

    private static FileFailure? FollowLink(string path, string setting, out string target)
    {
        OwnFileError error = OwnFile.Follow(path, out target);
        return error.Errno == 0 ? null : new FileFailure(error.Describe("write", path, setting), error.Errno, false);
    }

    private static FileFailure Failure(string verb, string path, int errno, string setting, bool mayHaveHappened) =>
        new(FileErrors.Describe(verb, path, errno, setting), errno, mayHaveHappened);
}
