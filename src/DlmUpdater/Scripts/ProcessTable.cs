using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>One process, as <c>/proc/PID/stat</c> says.</summary>
/// <param name="Pid">Its id.</param>
/// <param name="State">One letter, such as S, Z, T.</param>
/// <param name="Group">Its process group.</param>
/// <param name="Session">Its session.</param>
/// <param name="Threads">How many threads it has.</param>
/// <param name="StartTicks">When it started: hundredths of a second since boot (field 22). With the pid, unique on this boot.</param>
internal readonly record struct ProcessStat(int Pid, char State, int Group, int Session, int Threads, long StartTicks)
{
    /// <summary>False for a zombie, which runs nothing any more. One whose first thread alone has ended still runs.</summary>
    public bool Runs => State is not ('Z' or 'X' or 'x') || Threads > 1;
}

/// <summary>Reads <c>/proc</c>.</summary>
internal static class ProcessTable
{
    private const int MostBytes = 256 * 1024;

    /// <summary>How often something of /proc is asked for that the kernel refuses for want of descriptors or memory, and the pause in
    /// between.</summary>
    private const int Tries = 20, PauseMilliseconds = 100;

    /// <summary>The process <paramref name="pid"/>, or null if there is none.</summary>
    public static ProcessStat? Read(int pid)
    {
        Span<byte> buffer = stackalloc byte[1024];
        int length = ReadFile($"/proc/{pid}/stat", buffer);
        return length <= 0 ? null : Parse(pid, buffer[..length]);
    }

    /// <summary>Every running process for which <paramref name="wanted"/> says yes.</summary>
    public static List<ProcessStat> Find(Func<ProcessStat, bool> wanted)
    {
        var found = new List<ProcessStat>();
        foreach (int pid in Pids())
        {
            if (Read(pid) is { Runs: true } stat && wanted(stat))
                found.Add(stat);
        }

        return found;
    }

    /// <summary>The ids of all processes. There is no answer without them: "none" could start a second copy of a script next to one that
    /// still runs.</summary>
    private static List<int> Pids()
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                var pids = new List<int>();
                foreach (string directory in Directory.EnumerateDirectories("/proc"))
                {
                    if (int.TryParse(directory.AsSpan("/proc/".Length), out int pid))
                        pids.Add(pid);
                }

                if (pids.Count > 0)
                    return pids;
                if (tries == Tries)
                {
                    throw new SystemRefusedException(
                        "/proc lists no process, so whether a script still runs is not known: mount /proc (mount -t proc proc /proc)", Native.ENOENT);
                }
            }
            catch (Exception e) when (e is not SystemRefusedException && e is IOException or UnauthorizedAccessException)
            {
                if (tries == Tries)
                {
                    throw new SystemRefusedException(
                        $"/proc cannot be listed, so whether a script still runs is not known: {FileErrors.Text(e)}; let this process read /proc",
                        (e.InnerException ?? e).HResult);
                }
            }

            Thread.Sleep(PauseMilliseconds);
        }
    }

    /// <summary>The value of <paramref name="name"/> in the environment that <paramref name="pid"/> was started with; null if it has
    /// none.</summary>
    public static string? Variable(int pid, string name)
    {
        foreach (string entry in Strings($"/proc/{pid}/environ"))
        {
            if (entry.Length > name.Length && entry[name.Length] == '=' && entry.StartsWith(name, StringComparison.Ordinal))
                return entry[(name.Length + 1)..];
        }

        return null;
    }

    /// <summary>True while <paramref name="pid"/> is in the middle of an exec: for that moment it shows no environment at all, and whose
    /// process it is cannot be told.</summary>
    public static bool IsBetweenPrograms(int pid) => Strings($"/proc/{pid}/environ").Length == 0;

    /// <summary>The arguments of <paramref name="pid"/>.</summary>
    public static string[] Arguments(int pid) => Strings($"/proc/{pid}/cmdline");

    /// <summary>Time since boot in the unit of <see cref="ProcessStat.StartTicks"/>, suspend included as there.</summary>
    public static long UptimeTicks()
    {
        Span<byte> buffer = stackalloc byte[64];
        int length = ReadFile("/proc/uptime", buffer);
        return length > 0 && Utf8Parser.TryParse(buffer[..length], out double seconds, out _) ? (long)(seconds * 100) : 0;
    }

    private static ProcessStat? Parse(int pid, ReadOnlySpan<byte> text)
    {
        // The name in brackets is the program's own and may hold anything: what counts follows the last bracket.
        int after = text.LastIndexOf((byte)')') + 2;
        if (after < 2 || after >= text.Length)
            return null;
        Span<Range> fields = stackalloc Range[22];
        ReadOnlySpan<byte> rest = text[after..];
        int count = 0;
        foreach (Range field in rest.Split((byte)' '))
        {
            if (count == fields.Length)
                break;
            fields[count++] = field;
        }

        // Field 3 (state) is the first here.
        return count > 19
            ? new(pid, (char)rest[fields[0]][0], (int)Number(rest[fields[2]]), (int)Number(rest[fields[3]]), (int)Number(rest[fields[17]]), Number(rest[fields[19]]))
            : null;
    }

    private static long Number(ReadOnlySpan<byte> text) => Utf8Parser.TryParse(text, out long number, out _) ? number : 0;

    private static string[] Strings(string path)
    {
        byte[] buffer = new byte[MostBytes];
        int length = ReadFile(path, buffer);
        return length <= 0 ? [] : Encoding.UTF8.GetString(buffer, 0, length).Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Reads a small file that may vanish at any time; -1 if its process is gone, or is one of another user's that this user may
    /// not look at. Whatever else
    /// the kernel answers is no answer: to take it for "gone" could start a second copy of a script next to one that still runs.</summary>
    private static int ReadFile(string path, Span<byte> buffer)
    {
        for (int tries = 1; ; tries++)
        {
            int length = ReadOnce(path, buffer, out int error);
            if (length >= 0 || error is Native.ENOENT or Native.ESRCH or Native.EACCES or Native.EPERM)
                return length;

            // What a process has unmapped of its own, for ever.
            if (error == Native.EIO && tries == 3)
                return -1;
            if (tries == Tries)
            {
                throw new SystemRefusedException(
                    $"{path} cannot be read, so whether a script still runs is not known: {FileErrors.Text(error)}; let this process read /proc",
                    error);
            }

            Thread.Sleep(PauseMilliseconds);
        }
    }

    private static unsafe int ReadOnce(string path, Span<byte> buffer, out int error)
    {
        error = 0;
        int fd = Native.Files.open(path, Native.O_RDONLY | Native.O_CLOEXEC, 0);
        if (fd < 0)
        {
            error = Marshal.GetLastPInvokeError();
            return -1;
        }

        int length = 0;
        fixed (byte* first = buffer)
        {
            while (length < buffer.Length)
            {
                nint got = Native.Files.read(fd, first + length, (nuint)(buffer.Length - length));
                if (got < 0 && Marshal.GetLastPInvokeError() == Native.EINTR)
                    continue;
                if (got < 0)
                    error = Marshal.GetLastPInvokeError();
                if (got <= 0)
                    break;
                length += (int)got;
            }
        }

        _ = Native.Files.close(fd);
        return error == 0 ? length : -1;
    }
}
