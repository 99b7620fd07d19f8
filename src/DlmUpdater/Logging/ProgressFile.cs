using System.Buffers;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>The live file of a run, <c>progress</c> in the run directory: there while a run runs, for <c>status</c> and monitoring. One write
/// on an open descriptor per event, nothing is synced: it costs microseconds, and the run directory does not outlive a boot anyway.
/// A checksum tells a reader that it looked in the middle of a write.</summary>
internal sealed class ProgressFile(string path) : IDisposable
{
    private const int Largest = 65536;

    private readonly ArrayBufferWriter<byte> buffer = new(512);
    private readonly (int Pid, long Started) us = (Environment.ProcessId, ProcessStart.OfUs());
    private int fd = -1;
    private int length;
    private bool done;

    /// <summary>Writes <paramref name="snapshot"/>, and creates the file at the first call. Only the holder of the instance lock may call
    /// it. Without a file (a read-only or full run directory) a run is no worse.</summary>
    internal void Write(ProgressSnapshot snapshot)
    {
        if (done || (fd < 0 && !Create())) return;
        buffer.ResetWrittenCount();
        ProgressJson.Write(buffer, snapshot with { Pid = us.Pid, PidStarted = us.Started });

        // What an earlier, longer text left behind the end is overwritten with blanks, which JSON allows.
        int used = buffer.WrittenCount;
        if (used < length)
        {
            buffer.GetSpan(length - used)[..(length - used)].Fill((byte)' ');
            buffer.Advance(length - used);
        }

        length = buffer.WrittenCount;
        _ = Descriptor.WriteAt(fd, buffer.WrittenSpan, 0);
    }

    /// <summary>Removes the file. Nothing is written any more.</summary>
    public void Dispose()
    {
        if (fd >= 0)
        {
            _ = Native.UnlinkPath(path);
            _ = Native.Files.close(fd);
        }

        fd = -1;
        done = true;
    }

    /// <summary>What the run at <paramref name="path"/> is doing. Null if none is running: no file, not readable, not understood, or its
    /// process is gone.</summary>
    internal static ProgressSnapshot? Read(string path)
    {
        // A text that was caught in the middle of a write has a wrong checksum, and is whole a moment later.
        const int looks = 20;
        for (int i = 0; i < looks && Content(path) is { } text; i++)
        {
            if (ProgressJson.Read(text) is { } snapshot) return ProcessStart.IsAlive(snapshot.Pid, snapshot.PidStarted) ? snapshot : null;
            Thread.Yield();
        }

        return null;
    }

    private bool Create()
    {
        // Not through a link and not into a file that a reader of an earlier run still has open.
        _ = Native.UnlinkPath(path);
        fd = OwnFile.CreateAnew(path, Native.O_WRONLY);
        done = fd < 0;
        return fd >= 0;
    }

    private static byte[]? Content(string path) => OwnFile.Read(path, Largest) is FileReading.Content { Bytes: { Length: > 0 } bytes } ? bytes : null;
}
