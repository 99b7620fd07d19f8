using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>The descriptors of this process, as far as they matter to its children.</summary>
internal static unsafe class Descriptors
{
    private const long CloseOnExecFlag = 4;

    /// <summary>Opens /dev/null where 0, 1 or 2 is closed: else the next file opened, a state file perhaps, would become stdout.</summary>
    public static void FillStandard()
    {
        for (int fd = 0; fd <= 2; fd++)
        {
            if (Native.Files.fcntl(fd, Native.Files.F_GETFD, 0) < 0)
                _ = Native.Files.open("/dev/null", Native.O_RDWR | Native.O_NOCTTY, 0);
        }
    }

    /// <summary>Marks every descriptor above 2 close-on-exec. What this process opens itself is marked from birth; this is for what it inherited.</summary>
    public static void CloseOthersOnExec(bool byKernel = true)
    {
        if (byKernel && Native.Process.syscall(Native.Process.SYS_close_range, 3, uint.MaxValue, CloseOnExecFlag) == 0)
            return;

        // Before kernel 5.11.
        foreach (string entry in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            if (!int.TryParse(Path.GetFileName(entry), out int fd) || fd <= 2)
                continue;
            int flags = Native.Files.fcntl(fd, Native.Files.F_GETFD, 0);
            if (flags >= 0)
                _ = Native.Files.fcntl(fd, Native.Files.F_SETFD, flags | Native.Files.FD_CLOEXEC);
        }
    }
}
