using System.Globalization;
using System.Runtime.InteropServices;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>A log file that is rotated each day, and when it has become too large. Several processes may write to it at once, and logrotate may take it away at any
/// time: each line is one append, and the path is looked at again once a second.</summary>
/// <param name="path">The current file, absolute. Rotated ones are <c>path.YYYY-MM-DD</c>, further ones of a day <c>path.YYYY-MM-DD.1</c> and so on.</param>
/// <param name="keep">How many rotated files are kept; 0 = all, as foreman_dlm_updater had it.</param>
/// <param name="limit">The size at which the file is rotated before its day is over; null = never.</param>
/// <param name="clock">Tells when to look again.</param>
internal sealed class LogFile(string path, int keep, long? limit, TimeProvider clock) : IDisposable
{
    /// <summary>An admin may let a group read the log; a new file is 0600.</summary>
    private const uint GroupMayRead = 0b000_100_000;

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private int fd = -1;
    private FileFacts? facts;
    private long size;
    private DateOnly day;
    private long looked;
    private bool torn;
    private bool rotationFailed;

    /// <summary>Why yesterday's file could not be put aside; null if it could. The log goes on in the same file.</summary>
    internal string? RotationError { get; private set; }

    /// <summary>Appends a line that ends with a newline. Null, or why it is not in the file.</summary>
    internal string? Append(ReadOnlySpan<byte> line, DateTimeOffset now)
    {
        if (Prepare(now) is { } why) return why;
        if (torn && Descriptor.Write(fd, "\n"u8, out _) is int still and not 0) return Describe(still);
        torn = false;
        int error = Descriptor.Write(fd, line, out int written);
        size += written;
        if (error == 0) return null;
        torn = written > 0;
        return Describe(error);
    }

    /// <summary>Opens the file if need be, and puts it aside if it is of an earlier day or too large. Null, or why it cannot be opened.</summary>
    internal string? Prepare(DateTimeOffset now)
    {
        DateOnly today = DateOnly.FromDateTime(now.UtcDateTime);
        if (fd >= 0 && (today != day || clock.GetElapsedTime(looked) >= LookAgain) && !IsStillThere()) Close();
        if (fd < 0 && Open(today) is { } why) return why;
        if (IsDue(today) && !IsStillThere())
        {
            // Another process was first.
            Close();
            if (Open(today) is { } gone) return gone;
        }

        if (!IsDue(today)) return null;

        // A pipe or a device (/dev/stdout) is not ours to rename.
        if (facts is not { Kind: FileKind.Regular })
        {
            (day, size) = (today, 0);
            return null;
        }

        DateOnly old = day < today ? day : today;
        day = today;
        rotationFailed = !PutAside(old) && IsStillThere();
        if (rotationFailed) return null;
        Close();
        if (Open(today) is { } lost) return lost;
        LogRetention.Apply(path, keep);
        return null;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => Close();

    private bool IsDue(DateOnly today) => day < today || (size >= limit && !rotationFailed);

    private string? Open(DateOnly today)
    {
        fd = OwnFile.OpenLinked(path, Native.O_WRONLY | Native.O_APPEND, out OwnFileError error, out _, GroupMayRead, special: true);
        if (fd < 0) return error.What is null ? Describe(error.Errno) : error.Describe("write", path, "[main] log");

        facts = Native.TryStat(fd, out FileFacts opened) ? opened : null;
        size = facts is { Kind: FileKind.Regular } regular ? regular.Size : 0;
        looked = clock.GetTimestamp();
        day = facts is { Kind: FileKind.Regular, Size: > 0 } old ? DateOnly.FromDateTime(old.Modified.ToTime().UtcDateTime) : today;
        torn = false;
        return null;
    }

    private bool IsStillThere()
    {
        looked = clock.GetTimestamp();
        if (facts is not { } ours) return true;
        if (!Native.TryStatTarget(path, out FileFacts now) || !now.IsSameFile(ours)) return false;
        if (now.Kind == FileKind.Regular) size = now.Size;
        return true;
    }

    /// <summary>Renames without replacing: of two processes that meet at midnight one wins, and the other's lines are not lost. False if
    /// the file stays where it is.</summary>
    private bool PutAside(DateOnly old)
    {
        string aside = LogRetention.NextName(path, old);
        int error = Rename(aside);

        // Taken by another process just now, which has rotated the file then.
        if (error is not (0 or Native.EEXIST or Native.ENOENT))
            RotationError = $"log file {path} cannot be renamed to {aside}: {Marshal.GetPInvokeErrorMessage(error)}; the log goes on in the same file";
        return error == 0;
    }

    private int Rename(string aside)
    {
        const int currentDirectory = -100;
        const uint noReplace = 1;
        if (Native.Files.renameat2(currentDirectory, path, currentDirectory, aside, noReplace) == 0) return 0;
        int error = Marshal.GetLastPInvokeError();
        if (error is not (Native.EINVAL or Native.ENOSYS)) return error;

        // A file system without the flag (some NFS).
        if (Native.TryStat(aside, out _)) return Native.EEXIST;
        return Native.Files.renameat2(currentDirectory, path, currentDirectory, aside, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    private string Describe(int error) => string.Create(
        CultureInfo.InvariantCulture, $"log file {path} cannot be written: {Marshal.GetPInvokeErrorMessage(error)}");

    private void Close()
    {
        if (fd >= 0) _ = Native.Files.close(fd);
        fd = -1;
    }
}
