using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Host;

/// <summary>Calls to be told of changes in a directory.</summary>
internal static partial class Native
{
    internal const uint IN_CLOSE_WRITE = 0x8, IN_MOVED_TO = 0x80, IN_DELETE = 0x200, IN_DELETE_SELF = 0x400, IN_MOVE_SELF = 0x800;

    private const int InitFlags = O_CLOEXEC | O_NONBLOCK;

    /// <summary>A new inotify descriptor, closed on exec and not blocking. Invalid where the limits of the host are used up.</summary>
    internal static SafeFileHandle NewInotify() => InotifyInit(InitFlags);

    [LibraryImport(LibC, EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int WatchPath(SafeFileHandle inotify, string path, uint mask);

    [LibraryImport(LibC, EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial SafeFileHandle InotifyInit(int flags);
}
