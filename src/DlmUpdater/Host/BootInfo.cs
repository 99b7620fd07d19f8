using System.Text;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Host;

/// <summary>Which boot this is, and how long it lasts.</summary>
internal static class BootInfo
{
    /// <summary>The identity of this boot, or null and why it cannot be told.</summary>
    /// <param name="why">One line: what is missing and what to do.</param>
    /// <param name="proc">Where the proc file system is mounted.</param>
    internal static BootIdentity? Read(out string why, string proc = "/proc")
    {
        string path = proc + "/sys/kernel/random/boot_id";
        why = "";
        switch (RegularFile.Read(path, 4096))
        {
            case FileReading.Content content when BootId(content.Bytes) is { } id:
                return InitStarted(proc, out int error) is { } started
                    ? new BootIdentity(id, started)
                    : NotRead($"{proc}/1/stat", error, out why);
            case FileReading.Content:
                why = $"{path} does not hold a boot id: without it a reboot cannot be recognised; mount the kernel's own /proc";
                return null;
            case FileReading.Failed failed:
                return NotRead(path, failed.Errno, out why);
            default:
                why = $"{path} does not exist: without the boot id a reboot cannot be recognised; mount /proc (mount -t proc proc /proc)";
                return null;
        }
    }

    /// <summary>Time since boot, suspend included.</summary>
    internal static TimeSpan BootClock() =>
        Native.ReadClock(Native.CLOCK_BOOTTIME, out TimeSpec time) == 0 ? time.ToTimeSpan() : TimeSpan.Zero;

    /// <summary>Wall clock time of the boot, as the wall clock stands now.</summary>
    internal static DateTimeOffset BootedAt(TimeProvider time) => time.GetUtcNow() - BootClock();

    /// <summary>When PID 1 started, in clock ticks after the kernel's boot; 0 where that is hidden (hidepid, no PID 1 in sight). Null, and
    /// the error number, if the kernel
    /// does not say: taken for 0, it could hide that a container was restarted.</summary>
    private static long? InitStarted(string proc, out int error)
    {
        error = 0;
        switch (RegularFile.Read(proc + "/1/stat", 4096))
        {
            case FileReading.Content content:
                return StartTime(content.Bytes);
            case FileReading.Failed { Errno: not (Native.EACCES or Native.EPERM or Native.ESRCH) } failed:
                error = failed.Errno;
                return null;
            default:
                return 0;
        }
    }

    private static BootIdentity? NotRead(string path, int error, out string why)
    {
        why = $"cannot read {path}: {FileErrors.Text(error)}: without it a reboot cannot be recognised; let this process read /proc";
        return null;
    }

    /// <summary>Field 22 of a <c>/proc/PID/stat</c> line; 0 if it has none.</summary>
    internal static long StartTime(ReadOnlySpan<byte> stat)
    {
        // The second field is the command's name in parentheses, and the name may hold anything, spaces and parentheses too.
        int close = stat.LastIndexOf((byte)')');
        if (close < 0)
            return 0;
        ReadOnlySpan<byte> rest = stat[(close + 1)..].TrimStart((byte)' ');
        for (int field = 3; field < 22; field++)
        {
            int space = rest.IndexOf((byte)' ');
            if (space < 0)
                return 0;
            rest = rest[(space + 1)..];
        }
        return System.Buffers.Text.Utf8Parser.TryParse(rest, out long ticks, out int used)
            && used > 0 && (used == rest.Length || rest[used] is (byte)' ' or (byte)'\n') && ticks >= 0 ? ticks : 0;
    }

    private static string? BootId(byte[] bytes)
    {
        string id = Encoding.ASCII.GetString(bytes).TrimEnd('\n');
        return Guid.TryParseExact(id, "D", out _) ? id : null;
    }
}
