using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

/// <summary>Calls for log, terminal and sd_notify. Names carry their purpose, so that they do not meet those of other topics.</summary>
internal static unsafe partial class Native
{
    internal const int AF_UNIX = 1, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x80000, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000;

    internal const nuint TIOCGWINSZ = 0x5413;

    [LibraryImport(LibC, EntryPoint = "isatty")]
    internal static partial int IsATerminal(int fd);

    [LibraryImport(LibC, EntryPoint = "ioctl")]
    internal static partial int WindowSize(int fd, nuint request, WindowSizeBuffer* size);

    [LibraryImport(LibC, EntryPoint = "socket", SetLastError = true)]
    internal static partial int NotifySocket(int domain, int type, int protocol);

    [LibraryImport(LibC, EntryPoint = "sendto", SetLastError = true)]
    internal static partial nint NotifySend(int fd, byte* message, nuint length, int flags, byte* address, uint addressLength);

    /// <summary>struct winsize</summary>
    internal struct WindowSizeBuffer
    {
        internal ushort Rows;
        internal ushort Columns;
        internal ushort PixelWidth;
        internal ushort PixelHeight;
    }
}
