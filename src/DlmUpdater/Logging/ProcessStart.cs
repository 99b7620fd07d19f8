using System.Globalization;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>Tells a living process from a later one with the same number.</summary>
internal static class ProcessStart
{
    /// <summary>When this process started, in clock ticks since the boot; 0 if the kernel does not tell.</summary>
    internal static long OfUs() => Read("/proc/self/stat") is { } stat ? stat.Started : 0;

    /// <summary>True if process <paramref name="pid"/> lives and started at <paramref name="started"/>, as far as this user may see.</summary>
    internal static bool IsAlive(int pid, long started)
    {
        if (pid <= 0) return false;
        if (Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat")) is { } stat)
            return stat.State is not ('Z' or 'X') && (started == 0 || stat.Started == started);

        // Hidden (mount option hidepid) or gone: a signal to another's process is forbidden, to nobody's it is impossible.
        return Native.kill(pid, 0) == 0 || System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Native.EPERM;
    }

    private static (char State, long Started)? Read(string path)
    {
        int fd = Native.Files.open(path, Native.O_CLOEXEC, 0);
        if (fd < 0) return null;
        byte[] bytes = Descriptor.ReadAll(fd, 4096);
        _ = Native.Files.close(fd);

        // The name in brackets may hold anything; what follows the last bracket is fields 3 (state) to 22 (start) and on.
        const int stateField = 3, startField = 22;
        string text = System.Text.Encoding.Latin1.GetString(bytes);
        int bracket = text.LastIndexOf(')');
        if (bracket < 0) return null;
        string[] fields = text[(bracket + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > startField - stateField
            && long.TryParse(fields[startField - stateField], NumberStyles.None, CultureInfo.InvariantCulture, out long started)
            ? (fields[0][0], started)
            : null;
    }
}
