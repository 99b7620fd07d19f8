using System.Runtime.InteropServices;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Finds before the lock is taken what the kernel would refuse afterwards: no first line, no interpreter, a noexec mount.</summary>
internal static class RunnableCheck
{
    /// <summary>Reads the first bytes of <paramref name="path"/>; null, and why, if that cannot be done. Never waits, whatever a user
    /// may have put there meanwhile.</summary>
    public static unsafe ScriptHead? ReadHead(string path, out string why)
    {
        why = "";
        const int Flags = Native.O_RDONLY | Native.O_CLOEXEC | Native.O_NONBLOCK | Native.O_NOCTTY;
        int fd = Native.Files.open(path, Flags, 0);
        if (fd < 0)
        {
            why = $"cannot be read: {Marshal.GetLastPInvokeErrorMessage()}";
            return null;
        }

        try
        {
            if (FileFacts.Read(fd) is not { IsRegular: true })
            {
                why = "is not a regular file any more";
                return null;
            }

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

    /// <summary>Why the kernel would not run a file with this head, or null.</summary>
    public static string? Against(ScriptHead head) => head.Form switch
    {
        ScriptForm.Empty => "is empty: remove it, or add a first line such as #!/bin/sh",
        ScriptForm.Other => "begins with neither #! nor an ELF header, so the kernel cannot run it: add a first line such as #!/bin/sh",
        ScriptForm.Interpreted => AgainstInterpreter(head),
        _ => null,
    };

    /// <summary>True if <paramref name="path"/> is on a file system that is mounted noexec.</summary>
    public static unsafe bool IsNoExec(string path)
    {
        Native.Files.StatVfs found;
        return Native.Files.statvfs(path, &found) == 0 && (found.Flags & Native.Files.ST_NOEXEC) != 0;
    }

    /// <summary>Where <paramref name="command"/> is in the fixed PATH; null if it is nowhere.</summary>
    public static string? InSearchPath(string command)
    {
        foreach (string directory in ScriptEnvironment.SearchPath.Split(':'))
        {
            string path = directory + "/" + command;
            if (IsProgram(path))
                return path;
        }

        return null;
    }

    private static string? AgainstInterpreter(ScriptHead head)
    {
        string? interpreter = head.Interpreter;
        if (interpreter is null)
            return "names no interpreter after #!";
        if (interpreter.EndsWith('\r') || (head.Argument?.EndsWith('\r') ?? false))
            return "has Windows line ends (CR LF), so its interpreter cannot be found: convert it to LF";
        string shown = TrustChain.Shown(interpreter);
        if (!interpreter.StartsWith('/'))
            return $"interpreter {shown} is not an absolute path";
        if (FileFacts.Read(interpreter, true, out _) is null)
            return $"interpreter {shown} does not exist";
        if (!IsProgram(interpreter))
            return $"interpreter {shown} is not executable";

        // "#!/usr/bin/env python3": the program is looked up in the script's PATH, which is known.
        bool isEnv = Path.GetFileName(interpreter) == "env" && head.Argument is { } a && a.AsSpan().IndexOfAny("=- \t/") < 0;
        return isEnv && InSearchPath(head.Argument!) is null
            ? $"interpreter {TrustChain.Shown(head.Argument!)} is not in PATH ({ScriptEnvironment.SearchPath})"
            : null;
    }

    private static bool IsProgram(string path) =>
        FileFacts.Read(path, true, out _) is { IsRegular: true } facts && (facts.Mode & 0b001_001_001) != 0;
}
