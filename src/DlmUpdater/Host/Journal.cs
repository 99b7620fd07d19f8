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
            && Native.TryStat(fd, out FileFacts facts)
            && facts.Device == device
            && facts.Inode == inode;
    }
}
