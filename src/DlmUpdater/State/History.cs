using DlmUpdater.Host;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.State;

/// <summary>What the history holds.</summary>
/// <param name="Records">Oldest first.</param>
/// <param name="Skipped">Lines that could not be read, as a power cut or a full disk leaves them.</param>
/// <param name="Why">Why the file could not be read at all; null if it could, or there is none yet.</param>
internal sealed record HistoryReading(IReadOnlyList<HistoryRecord> Records, int Skipped, string? Why);

/// <summary>The past starts of this host, one line of JSON each, appended and flushed. Bounded, so that it never fills a disk.
/// Written only by the one instance that holds the instance lock.</summary>
/// <param name="path">Absolute path, <c>history.jsonl</c> in the state directory.</param>
/// <param name="keepRecords">How many records a trim leaves at most.</param>
/// <param name="keepBytes">How many bytes a trim leaves at most.</param>
internal sealed class History(string path, int keepRecords = 1000, int keepBytes = 1 << 20)
{
    private const string Setting = "[main] state_dir";

    /// <summary>Its file in <paramref name="stateDirectory"/>.</summary>
    internal static string PathIn(string stateDirectory) => Path.Combine(stateDirectory, "history.jsonl");

    /// <summary>Adds a record, durable when it returns. Null, or why not: then the file is as it was.</summary>
    internal string? Append(HistoryRecord record)
    {
        using SafeFileHandle file = OwnFile.OpenInDirectory(path, Native.O_RDWR | Native.O_APPEND, out OwnFileError error, out bool made);
        if (file.IsInvalid)
            return error.Describe("write", path, Setting);
        if (!Native.TryStat(file, out FileFacts facts))
            return FileErrors.Describe("write", path, FileErrors.Last, Setting);
        // A line that a power cut left torn must not swallow this one.
        byte[] line = record.ToLine();
        int errno = RegularFile.WriteAll(file, EndsInNewline(file, facts.Size) ? line : [(byte)'\n', .. line]);
        if (errno == 0 && Native.FlushHandle(file) != 0)
            errno = FileErrors.Last;
        if (errno == 0 && made)
            errno = DurableFile.FlushDirectoryOf(path);
        if (errno != 0)
        {
            _ = Native.TruncateHandle(file, facts.Size);
            return FileErrors.Describe("write", path, errno, Setting);
        }
        Trim(facts.Size + line.Length);
        return null;
    }

    /// <summary>The newest <paramref name="last"/> records, oldest of them first.</summary>
    internal HistoryReading Read(int last = int.MaxValue)
    {
        switch (OwnFile.Read(path, LongestReadable))
        {
            case FileReading.Content content:
                return Parse(content.Bytes, last);
            case FileReading.Failed failed:
                return new([], 0, FileErrors.Describe("read", path, failed.Errno, Setting));
            case FileReading.NotAFile not:
                return new([], 0, $"the history {path} {not.What}: move it away");
            default:
                return new([], 0, null);
        }
    }

    private int LongestReadable => 16 * Math.Max(keepBytes, 1 << 16);

    private static HistoryReading Parse(byte[] bytes, int last)
    {
        // From the end, so that asking for the last few does not parse them all.
        var records = new List<HistoryRecord>();
        int skipped = 0;
        int end = bytes.Length;
        while (end > 0 && records.Count < last)
        {
            int start = bytes.AsSpan(0, end).LastIndexOf((byte)'\n') + 1;
            ReadOnlyMemory<byte> line = bytes.AsMemory(start, end - start);
            if (!line.Span.Trim(" \t\r"u8).IsEmpty)
            {
                if (HistoryRecord.FromLine(line) is { } record)
                    records.Add(record);
                else
                    skipped++;
            }
            end = start - 1;
        }
        records.Reverse();
        return new(records, skipped, null);
    }

    private static unsafe bool EndsInNewline(SafeFileHandle file, long size)
    {
        byte last = 0;
        return size == 0 || (Native.ReadHandleAt(file, &last, 1, size - 1) == 1 && last == (byte)'\n');
    }

    /// <summary>Cuts the oldest lines off once the file is a tenth over a bound: so a trim is rare. A trim that
    /// fails is tried again after the next record; the record itself is safe.</summary>
    private void Trim(long size)
    {
        const int ShortestLine = 128;
        bool tooLong = size > keepBytes + (keepBytes / 10);
        if (!tooLong && size < (long)keepRecords * ShortestLine)
            return;
        if (OwnFile.Read(path, LongestReadable) is not FileReading.Content content)
            return;
        ReadOnlySpan<byte> bytes = content.Bytes;
        int lines = bytes.Count((byte)'\n');
        if (!tooLong && lines <= keepRecords + (keepRecords / 10))
            return;
        int start = bytes.Length;
        for (int kept = 0; kept < keepRecords && start > 0; kept++)
        {
            int before = bytes[..(start - 1)].LastIndexOf((byte)'\n') + 1;
            if (bytes.Length - before > keepBytes && kept > 0)
                break;
            start = before;
        }
        _ = DurableFile.Replace(path, bytes[start..], Setting);
    }
}
