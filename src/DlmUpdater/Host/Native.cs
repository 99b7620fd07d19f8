using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

/// <summary>The C library, as far as the base library does not offer it. Plain declarations, no logic: one place for every native call.</summary>
internal static partial class Native
{
    private const string LibC = "libc";

    internal const int EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, ENXIO = 6, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EEXIST = 17, ENOTDIR = 20, EISDIR = 21,
        EINVAL = 22, ENFILE = 23, EMFILE = 24,
        ENOSPC = 28, EROFS = 30, EPIPE = 32, ENAMETOOLONG = 36, ENOSYS = 38, ELOOP = 40, ENOTSUP = 95, EDQUOT = 122, ECHILD = 10;

    internal const int SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGKILL = 9, SIGTERM = 15;

    [LibraryImport(LibC, SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    /// <summary>Ends the process now, with nothing run or flushed.</summary>
    [LibraryImport(LibC, EntryPoint = "_exit")]
    internal static partial void ExitAtOnce(int code);

    /// <summary>Tells ../link/first.c that the program has begun.</summary>
    [LibraryImport(LibC, EntryPoint = "dlm_updater_started")]
    internal static partial void Started();

    /// <summary>Tells ../link/first.c that a child was started (1) or has ended (-1).</summary>
    internal static void CountChild(int change)
    {
        // Only the published program is linked with it.
        if (!System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported) CountChildNatively(change);
    }

    [LibraryImport(LibC, EntryPoint = "dlm_updater_child")]
    private static partial void CountChildNatively(int change);

    [LibraryImport(LibC)]
    internal static partial uint geteuid();
}
