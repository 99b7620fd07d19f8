using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

internal static partial class Native
{
    /// <summary>Accounts, and the credentials of the calling thread.</summary>
    internal static unsafe partial class Users
    {
        internal const int ERANGE = 34;

        internal const int PR_CAP_AMBIENT = 47, PR_CAP_AMBIENT_CLEAR_ALL = 4;

        // The raw calls, because those of the C library change every thread of the process.
        internal static long SYS_setgroups => IsArm ? 159 : 116;

        internal static long SYS_setresuid => IsArm ? 147 : 117;

        internal static long SYS_setresgid => IsArm ? 149 : 119;

        private static bool IsArm => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

        /// <summary>struct passwd; the same on every 64-bit Linux.</summary>
        [StructLayout(LayoutKind.Sequential)]
        internal struct Passwd
        {
            internal byte* Name;
            internal byte* Password;
            internal uint Uid;
            internal uint Gid;
            internal byte* Comment;
            internal byte* Home;
            internal byte* Shell;
        }

        /// <summary>Returns 0 or an errno; no such user is 0 with a null result.</summary>
        [LibraryImport(LibC, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int getpwnam_r(string name, Passwd* entry, byte* buffer, nuint size, Passwd** result);

        [LibraryImport(LibC)]
        internal static partial int getpwuid_r(uint uid, Passwd* entry, byte* buffer, nuint size, Passwd** result);

        [LibraryImport(LibC, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int getgrouplist(string user, uint group, uint* groups, int* count);

        [LibraryImport(LibC)]
        internal static partial int getgroups(int size, uint* groups);

        [LibraryImport(LibC)]
        internal static partial uint getegid();

        [LibraryImport(LibC, SetLastError = true)]
        internal static partial int prctl(int option, ulong a, ulong b, ulong c, ulong d);
    }
}
