using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

internal static partial class Native
{
    /// <summary>Starting, watching and ending processes.</summary>
    internal static unsafe partial class Process
    {
        internal const int ENOEXEC = 8, ETXTBSY = 26;

        internal const int SIGCONT = 18, SIGCHLD = 17, SIGPIPE = 13;

        internal const nint SIG_DFL = 0, SIG_IGN = 1, SIG_ERR = -1;

        internal const short SpawnSetSignalDefaults = 0x04, SpawnSetSignalMask = 0x08, SpawnSetSession = 0x80;

        internal const int P_PID = 1, WEXITED = 4, WNOWAIT = 0x01000000;

        internal const short POLLIN = 1;

        /// <summary>Larger than posix_spawnattr_t (336), posix_spawn_file_actions_t (80), sigset_t (128) and siginfo_t (128) of every libc we meet.</summary>
        internal const int OpaqueBytes = 512;

        /// <summary>The same number on x86-64 and arm64.</summary>
        internal const long SYS_pidfd_open = 434, SYS_close_range = 436, SYS_pidfd_getfd = 438;

        [StructLayout(LayoutKind.Sequential)]
        internal struct PollFd
        {
            internal int Fd;
            internal short Events;
            internal short Returned;
        }

        [LibraryImport(LibC)]
        internal static partial int posix_spawnattr_init(byte* attributes);

        [LibraryImport(LibC)]
        internal static partial int posix_spawnattr_destroy(byte* attributes);

        [LibraryImport(LibC)]
        internal static partial int posix_spawnattr_setflags(byte* attributes, short flags);

        [LibraryImport(LibC)]
        internal static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

        [LibraryImport(LibC)]
        internal static partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

        [LibraryImport(LibC)]
        internal static partial int posix_spawn_file_actions_init(byte* actions);

        [LibraryImport(LibC)]
        internal static partial int posix_spawn_file_actions_destroy(byte* actions);

        [LibraryImport(LibC)]
        internal static partial int posix_spawn_file_actions_adddup2(byte* actions, int from, int to);

        [LibraryImport(LibC)]
        internal static partial int posix_spawn_file_actions_addopen(byte* actions, int fd, byte* path, int flags, uint mode);

        /// <summary>Returns 0 or an errno; errno itself is not set.</summary>
        [LibraryImport(LibC)]
        internal static partial int posix_spawn(int* pid, byte* path, byte* actions, byte* attributes, byte** arguments, byte** environment);

        /// <summary>As <see cref="posix_spawn"/>, and looks for the program in PATH.</summary>
        [LibraryImport(LibC)]
        internal static partial int posix_spawnp(int* pid, byte* path, byte* actions, byte* attributes, byte** arguments, byte** environment);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int waitpid(int pid, int* status, int options);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int waitid(int kind, int pid, byte* info, int options);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int poll(PollFd* fds, nuint count, int milliseconds);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int eventfd(uint value, int flags);

        [LibraryImport(LibC)]
        internal static partial nint signal(int number, nint handler);

        [LibraryImport(LibC)]
        internal static partial int sigprocmask(int how, byte* signals, byte* old);

        [LibraryImport(LibC)]
        internal static partial int sigaction(int number, byte* action, byte* old);

        [LibraryImport(LibC)]
        internal static partial uint umask(uint mask);

        [LibraryImport(LibC, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int chdir(string path);

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial long syscall(long number, long a, long b, long c);
    }
}
