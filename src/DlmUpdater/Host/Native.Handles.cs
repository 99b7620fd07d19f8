using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Host;

/// <summary>Calls for files that are locked, replaced and flushed. On descriptors, so that what was checked is what is used.</summary>
internal static partial class Native
{
    internal const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100, O_APPEND = 0x400,
        O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;

    internal const int LOCK_EX = 2, LOCK_NB = 4;

    internal const int CLOCK_BOOTTIME = 7;

    private const int AtFdCwd = -100, AtEmptyPath = 0x1000, AtSymlinkNoFollow = 0x100, StatxBasicStats = 0x7ff;

    /// <summary>A file without a name. The kernel's value includes O_DIRECTORY, which is combined with it.</summary>
    internal const int O_TMPFILE = 0x400000;

    /// <summary>O_DIRECTORY: 64-bit Arm has a value of its own.</summary>
    internal static int O_DIRECTORY => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;

    /// <summary>O_NOFOLLOW: 64-bit Arm has a value of its own.</summary>
    internal static int O_NOFOLLOW => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    [LibraryImport(LibC, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle OpenHandle(string path, int flags, uint mode);

    [LibraryImport(LibC, EntryPoint = "read", SetLastError = true)]
    internal static unsafe partial nint ReadHandle(SafeFileHandle file, byte* buffer, nuint count);

    [LibraryImport(LibC, EntryPoint = "pread", SetLastError = true)]
    internal static unsafe partial nint ReadHandleAt(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport(LibC, EntryPoint = "write", SetLastError = true)]
    internal static unsafe partial nint WriteHandle(SafeFileHandle file, byte* buffer, nuint count);

    [LibraryImport(LibC, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int FlushHandle(SafeFileHandle file);

    [LibraryImport(LibC, EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int TruncateHandle(SafeFileHandle file, long length);

    [LibraryImport(LibC, EntryPoint = "fchmod", SetLastError = true)]
    internal static partial int ChangeMode(SafeFileHandle file, uint mode);

    [LibraryImport(LibC, EntryPoint = "flock", SetLastError = true)]
    internal static partial int LockHandle(SafeFileHandle file, int operation);

    [LibraryImport(LibC, EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RenamePath(string from, string to);

    [LibraryImport(LibC, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int UnlinkPath(string path);

    [LibraryImport(LibC, EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeDirectory(string path, uint mode);

    [LibraryImport(LibC, EntryPoint = "clock_gettime", SetLastError = true)]
    internal static partial int ReadClock(int clock, out TimeSpec time);

    [LibraryImport(LibC, EntryPoint = "uname", SetLastError = true)]
    internal static unsafe partial int ReadUtsName(byte* buffer);

    /// <summary>What the kernel says of an open file; false and the last error if it cannot.</summary>
    internal static bool TryStat(SafeFileHandle file, out FileFacts facts)
    {
        bool added = false;
        try
        {
            file.DangerousAddRef(ref added);
            return TryStat((int)file.DangerousGetHandle(), out facts);
        }
        finally
        {
            if (added)
                file.DangerousRelease();
        }
    }

    /// <summary>What the kernel says of an open descriptor; false and the last error if it cannot.</summary>
    internal static bool TryStat(int fd, out FileFacts facts) => TryStat(fd, "", AtEmptyPath, out facts);

    /// <summary>What the kernel says of a path, links followed.</summary>
    internal static bool TryStatTarget(string path, out FileFacts facts) => TryStat(AtFdCwd, path, 0, out facts);

    /// <summary>What the kernel says of a path, without following a link in its last part.</summary>
    internal static bool TryStat(string path, out FileFacts facts) => TryStat(AtFdCwd, path, AtSymlinkNoFollow, out facts);

    private static unsafe bool TryStat(int directory, string path, int flags, out FileFacts facts)
    {
        StatxBuffer buffer = default;
        bool found = StatxAt(directory, path, flags, StatxBasicStats, &buffer) == 0;
        facts = found
            ? new FileFacts
            {
                Kind = (FileKind)(buffer.Mode & 0xF000),
                Mode = buffer.Mode & 0xFFF,
                Uid = buffer.Uid,
                Names = buffer.Names,
                Inode = buffer.Inode,
                DeviceMajor = buffer.DeviceMajor,
                DeviceMinor = buffer.DeviceMinor,
                NamesDevice = (buffer.RdevMajor, buffer.RdevMinor),
                Size = (long)buffer.Size,
                Modified = new TimeSpec(buffer.ModifiedSeconds, buffer.ModifiedNanoseconds),
            }
            : default;
        return found;
    }

    [LibraryImport(LibC, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatxAt(int directory, string path, int flags, uint mask, StatxBuffer* buffer);

    /// <summary>struct statx, which is the same on every architecture (struct stat is not).</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxBuffer
    {
        [FieldOffset(16)] internal uint Names;
        [FieldOffset(20)] internal uint Uid;
        [FieldOffset(28)] internal ushort Mode;
        [FieldOffset(32)] internal ulong Inode;
        [FieldOffset(40)] internal ulong Size;
        [FieldOffset(112)] internal long ModifiedSeconds;
        [FieldOffset(120)] internal uint ModifiedNanoseconds;
        [FieldOffset(128)] internal uint RdevMajor;
        [FieldOffset(132)] internal uint RdevMinor;
        [FieldOffset(136)] internal uint DeviceMajor;
        [FieldOffset(140)] internal uint DeviceMinor;
    }
}
