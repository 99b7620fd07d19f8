using System.Runtime.InteropServices;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Finds before the lock is taken what the kernel would refuse afterwards: no first line, no interpreter, a noexec mount.</summary>
internal static class RunnableCheck
{
    /// <summary>Reads the first bytes of <paramref name="path"/>; null, and why, if that cannot be done. Never waits, whatever a user
    /// may have put there meanwhile.</summary>
    /// <param name="path">The file.</param>
    /// <param name="why">For a sentence.</param>
    /// <param name="expected">Which file it is: another one, which took its place since, is not read.</param>
    /// <param name="user">Opened as this user: what a user may not read is not quoted to it.</param>
    public static unsafe ScriptHead? ReadHead(string path, out string why, FileFacts? expected = null, UserAccount? user = null)
    {
        int fd = Open(path, user, out why);
        if (fd < 0)
            return null;
        try
        {
            why = FileFacts.Read(fd) is not { IsRegular: true } facts ? "is not a regular file any more"
                : expected is { } file && !facts.IsSameFile(file) ? "was replaced while it was looked at"
                : "";
            if (why.Length > 0)
                return null;

            byte[] head = new byte[ScriptHeader.MostBytes];
            int length = 0;
            nint got = 1;
            fixed (byte* first = head)
            {
                while (got > 0 && length < head.Length)
                {
                    got = Native.Files.read(fd, first + length, (nuint)(head.Length - length));
                    if (got < 0)
                    {
                        why = $"cannot be read: {Marshal.GetLastPInvokeErrorMessage()}";
                        return null;
                    }

                    length += (int)got;
                }
            }

            return ScriptHead.Parse(head.AsSpan(0, length), got == 0);
        }
        finally
        {
            _ = Native.Files.close(fd);
        }
    }

    private static int Open(string path, UserAccount? user, out string why)
    {
        (int fd, int error, string? not) = (-1, 0, null);
        if (user is null || user.Uid == Native.geteuid())
            Now();
        else
            not = RunAs.Do(user, Now);
        why = fd >= 0 ? "" : not ?? $"cannot be read{(user is null ? "" : " by user " + user.Name)}: {Marshal.GetPInvokeErrorMessage(error)}";
        return fd;

        void Now()
        {
            fd = Native.Files.open(path, Native.O_RDONLY | Native.O_CLOEXEC | Native.O_NONBLOCK | Native.O_NOCTTY, 0);
            error = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
    }

    /// <summary>Why the kernel would not run a file with this head, or null. What interprets it is for <see cref="ProgramTrust"/>.</summary>
    public static string? Against(ScriptHead head) => head.Form switch
    {
        ScriptForm.Empty => "is empty: remove it, or add a first line such as #!/bin/sh",
        ScriptForm.Other => "begins with neither #! nor an ELF header, so the kernel cannot run it: add a first line such as #!/bin/sh",
        _ => null,
    };

    /// <summary>True if <paramref name="path"/> is on a file system that is mounted noexec.</summary>
    public static unsafe bool IsNoExec(string path)
    {
        Native.Files.StatVfs found;
        return Native.Files.statvfs(path, &found) == 0 && (found.Flags & Native.Files.ST_NOEXEC) != 0;
    }

    /// <summary>Where <paramref name="command"/> is in the fixed PATH, or in <paramref name="search"/>; null if it is nowhere.</summary>
    public static string? InSearchPath(string command, string search = ScriptEnvironment.SearchPath)
    {
        foreach (string directory in search.Split(':'))
        {
            string path = directory + "/" + command;
            if (IsProgram(path))
                return path;
        }

        return null;
    }

    /// <summary>True for a regular file with an executable bit, links followed.</summary>
    internal static bool IsProgram(string path) =>
        FileFacts.Read(path, true, out _) is { IsRegular: true } facts && (facts.Mode & 0b001_001_001) != 0;
}
