using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

internal static partial class Native
{
    /// <summary>Files and descriptors.</summary>
    internal static unsafe partial class Files
    {
        internal const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_NOCTTY = 0x100, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;

        internal const int F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, FD_CLOEXEC = 1;

        internal const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_EMPTY_PATH = 0x1000;

        internal const int R_OK = 4, X_OK = 1;

        internal const uint STATX_BASIC_STATS = 0x7ff;

        internal const uint S_IFMT = 0xF000, S_IFDIR = 0x4000, S_IFCHR = 0x2000, S_IFREG = 0x8000, S_IFLNK = 0xA000;

        internal const ulong ST_NOEXEC = 8;

        /// <summary>struct statx: the one stat whose layout is the same on every architecture.</summary>
        [StructLayout(LayoutKind.Explicit, Size = 256)]
        internal struct Statx
        {
            [FieldOffset(20)]
            internal uint Uid;

            [FieldOffset(24)]
            internal uint Gid;

            [FieldOffset(28)]
            internal ushort Mode;

            [FieldOffset(40)]
            internal ulong Size;

            [FieldOffset(128)]
            internal uint DeviceMajor;

            [FieldOffset(132)]
            internal uint DeviceMinor;
        }

        /// <summary>struct statvfs, as far as it is read; the same on x86-64 and arm64.</summary>
        [StructLayout(LayoutKind.Explicit, Size = 256)]
        internal struct StatVfs
        {
            [FieldOffset(72)]
            internal ulong Flags;
        }

        [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int statx(int directory, string path, int flags, uint mask, Statx* result);

        [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int statvfs(string path, StatVfs* result);

        [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial nint readlink(string path, byte* target, nuint size);

        [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int open(string path, int flags, uint mode);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int close(int fd);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial nint read(int fd, byte* buffer, nuint count);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial nint write(int fd, byte* buffer, nuint count);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int pipe2(int* ends, int flags);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int fcntl(int fd, int command, int argument);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int fsync(int fd);

        /// <summary>Asks for the real user and groups of the calling thread.</summary>
        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int access(byte* path, int mode);
    }
}
