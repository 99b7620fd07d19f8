using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

/// <summary>Calls for log, terminal and sd_notify. Names carry their purpose, so that they do not meet those of other topics.</summary>
internal static unsafe partial class Native
{
    internal const int AF_UNIX = 1, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x80000, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000;

    internal const nuint TIOCGWINSZ = 0x5413;

    [LibraryImport(LibC, EntryPoint = "write", SetLastError = true)]
    internal static partial nint OutputWrite(int fd, byte* bytes, nuint count);

    [LibraryImport(LibC, EntryPoint = "read", SetLastError = true)]
    internal static partial nint OutputRead(int fd, byte* bytes, nuint count);

    [LibraryImport(LibC, EntryPoint = "pwrite64", SetLastError = true)]
    internal static partial nint OutputWriteAt(int fd, byte* bytes, nuint count, long offset);

    [LibraryImport(LibC, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OutputOpen(string path, int flags, uint mode);

    [LibraryImport(LibC, EntryPoint = "close")]
    internal static partial int OutputClose(int fd);

    [LibraryImport(LibC, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OutputUnlink(string path);

    [LibraryImport(LibC, EntryPoint = "poll", SetLastError = true)]
    internal static partial int OutputPoll(PollEntry* entries, nuint count, int milliseconds);

    [LibraryImport(LibC, EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OutputRename(int oldDirectory, string oldPath, int newDirectory, string newPath, uint flags);

    [LibraryImport(LibC, EntryPoint = "isatty")]
    internal static partial int IsATerminal(int fd);

    [LibraryImport(LibC, EntryPoint = "ioctl")]
    internal static partial int WindowSize(int fd, nuint request, WindowSizeBuffer* size);

    [LibraryImport(LibC, EntryPoint = "socket", SetLastError = true)]
    internal static partial int NotifySocket(int domain, int type, int protocol);

    [LibraryImport(LibC, EntryPoint = "sendto", SetLastError = true)]
    internal static partial nint NotifySend(int fd, byte* message, nuint length, int flags, byte* address, uint addressLength);

    /// <summary>struct pollfd</summary>
    internal struct PollEntry
    {
        internal int Fd;
        internal short Events;
        internal short Happened;
    }

    /// <summary>struct winsize</summary>
    internal struct WindowSizeBuffer
    {
        internal ushort Rows;
        internal ushort Columns;
        internal ushort PixelWidth;
        internal ushort PixelHeight;
    }
}
