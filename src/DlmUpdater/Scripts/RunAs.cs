using System.Runtime.InteropServices;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Acts as another user on a thread of its own. On Linux credentials belong to the thread as long as the raw calls are
/// used, so all other threads of this process stay root throughout.</summary>
internal static class RunAs
{
    private const int StackBytes = 256 * 1024;

    private const long Keep = -1;

    /// <summary>Runs <paramref name="act"/> with the real and effective user and all groups of <paramref name="user"/>. Null, or why
    /// the credentials could not be taken: then <paramref name="act"/> did not run.</summary>
    /// <remarks>The saved user id stays root, so that the thread ends as root and nobody can trace it meanwhile. A program started
    /// from it cannot go back: exec sets the saved id to the effective one.</remarks>
    public static string? Do(UserAccount user, Action act)
    {
        string? wrong = null;
        var thread = new Thread(() => wrong = OnThisThread(user, act), StackBytes) { IsBackground = true };
        thread.Start();
        thread.Join();
        return wrong;
    }

    /// <summary>True if <paramref name="user"/> may reach and execute <paramref name="path"/> (and read it, where an interpreter must).
    /// Asks the kernel, which knows access control lists too.</summary>
    public static unsafe bool MayRun(UserAccount user, string path, bool read)
    {
        bool may = false;
        byte* native = (byte*)Marshal.StringToCoTaskMemUTF8(path);
        Do(user, () => may = Native.Files.access(native, Native.Files.X_OK | (read ? Native.Files.R_OK : 0)) == 0);
        Marshal.FreeCoTaskMem((nint)native);
        return may;
    }

    private static unsafe string? OnThisThread(UserAccount user, Action act)
    {
        uint own = Native.geteuid(), ownGroup = Native.Users.getegid();
        int count = Native.Users.getgroups(0, null);
        var ownGroups = new uint[Math.Max(count, 0)];
        fixed (uint* groups = ownGroups)
            count = Native.Users.getgroups(ownGroups.Length, groups);

        try
        {
            if (!SetGroups(user.Groups) || !Set(Native.Users.SYS_setresgid, user.Gid, user.Gid, user.Gid))
                return Wrong(user);

            // Ambient capabilities would survive the change of user. Kernels without them have none to lose.
            _ = Native.Users.prctl(Native.Users.PR_CAP_AMBIENT, Native.Users.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
            if (!Set(Native.Users.SYS_setresuid, user.Uid, user.Uid, Keep))
                return Wrong(user);
            act();
            return null;
        }
        finally
        {
            Set(Native.Users.SYS_setresuid, own, own, Keep);
            Set(Native.Users.SYS_setresgid, ownGroup, ownGroup, ownGroup);
            SetGroups(ownGroups);
        }
    }

    private static string Wrong(UserAccount user) =>
        $"cannot become user {user.Name}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";

    private static bool Set(long call, long real, long effective, long saved) =>
        Native.Process.syscall(call, real, effective, saved) == 0;

    private static unsafe bool SetGroups(uint[] groups)
    {
        fixed (uint* first = groups)
            return Native.Process.syscall(Native.Users.SYS_setgroups, groups.Length, (long)first, 0) == 0;
    }
}
