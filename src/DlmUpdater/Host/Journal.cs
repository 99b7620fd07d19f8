using System.Globalization;

namespace DlmUpdater.Host;

/// <summary>Finds out whether a descriptor leads straight into the systemd journal.</summary>
internal static class Journal
{
    /// <summary>True if <paramref name="fd"/> is the stream that <paramref name="journalStream"/> (the value of JOURNAL_STREAM,
    /// <c>device:inode</c>) names. The variable alone proves nothing: it is inherited by processes whose stderr goes elsewhere.</summary>
    internal static bool IsStream(string? journalStream, int fd)
    {
        if (string.IsNullOrEmpty(journalStream)) return false;
        int colon = journalStream.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            && ulong.TryParse(journalStream.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out ulong device)
            && ulong.TryParse(journalStream.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
            && FileFacts.Of(fd) is { } facts
            && facts.Device == device
            && facts.Inode == inode;
    }
}

/// <summary>What identifies a file, and what the log needs to know of it.</summary>
/// <param name="Device">The device number in the encoding of st_dev.</param>
/// <param name="Inode">The inode number.</param>
/// <param name="IsRegular">False for pipes, sockets, terminals, devices.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Modified">When it was last written to.</param>
internal readonly record struct FileFacts(ulong Device, ulong Inode, bool IsRegular, ulong Size, DateTimeOffset Modified)
{
    private const int CurrentDirectory = -100, EmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;

    /// <summary>The facts of an open file; null if the kernel does not tell.</summary>
    internal static FileFacts? Of(int fd) => Ask(fd, "", EmptyPath);

    /// <summary>The facts of the file at <paramref name="path"/>, links followed; null if there is none or it cannot be seen.</summary>
    internal static FileFacts? At(string path) => Ask(CurrentDirectory, path, 0);

    /// <summary>True if both are the same file.</summary>
    internal bool IsSameFileAs(FileFacts other) => Device == other.Device && Inode == other.Inode;

    private static unsafe FileFacts? Ask(int directory, string path, int flags)
    {
        Native.OutputStatusBuffer s = default;
        if (Native.OutputStatus(directory, path, flags, BasicStats, &s) != 0) return null;
        ulong major = s.DeviceMajor, minor = s.DeviceMinor;
        ulong device = ((major & 0xfffff000) << 32) | ((major & 0xfff) << 8) | ((minor & 0xffffff00) << 12) | (minor & 0xff);
        const int formatMask = 0xf000, regular = 0x8000;
        long seconds = Math.Clamp(s.ModifiedSeconds, 0, 253402300799);
        return new FileFacts(device, s.Inode, (s.Mode & formatMask) == regular, s.Size, DateTimeOffset.FromUnixTimeSeconds(seconds));
    }
}
