using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

internal static partial class Native
{
    /// <summary>Files and descriptors.</summary>
    internal static unsafe partial class Files
    {
        internal const int F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, FD_CLOEXEC = 1, F_SETPIPE_SZ = 1031;

        internal const int R_OK = 4, X_OK = 1;

        internal const ulong ST_RDONLY = 1, ST_NOEXEC = 8;

        /// <summary>struct statvfs, as far as it is read; the same on x86-64 and arm64.</summary>
        [StructLayout(LayoutKind.Explicit, Size = 256)]
        internal struct StatVfs
        {
            [FieldOffset(72)]
            internal ulong Flags;
        }

        [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int statvfs(string path, StatVfs* result);

        [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial nint readlink(string path, byte* target, nuint size);

        [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int open(string path, int flags, uint mode);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int close(int fd);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int fchmod(int fd, uint mode);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial nint read(int fd, byte* buffer, nuint count);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial nint write(int fd, byte* buffer, nuint count);

        [LibraryImport(LibC, EntryPoint = "pread64", SetLastError = true)]
        internal static partial nint pread(int fd, byte* buffer, nuint count, long offset);

        [LibraryImport(LibC, EntryPoint = "pwrite64", SetLastError = true)]
        internal static partial nint pwrite(int fd, byte* buffer, nuint count, long offset);

        [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int renameat2(int oldDirectory, string oldPath, int newDirectory, string newPath, uint flags);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int dup2(int from, int to);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int pipe2(int* ends, int flags);

        [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int mkfifo(string path, uint mode);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int fchown(int fd, uint user, uint group);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int fcntl(int fd, int command, int argument);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int fsync(int fd);

        /// <summary>Asks for the real user and groups of the calling thread.</summary>
        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int access(byte* path, int mode);
    }
}
