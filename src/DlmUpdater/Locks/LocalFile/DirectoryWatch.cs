using DlmUpdater.Host;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Locks.LocalFile;

/// <summary>Waits until a file of a directory changes, or is cancelled, in one poll(2): no thread, no timer.</summary>
internal sealed class DirectoryWatch : IDisposable
{
    private const uint Changes = Native.IN_MOVED_TO | Native.IN_CLOSE_WRITE | Native.IN_DELETE | Native.IN_DELETE_SELF | Native.IN_MOVE_SELF;
    private const uint Gone = Native.IN_DELETE_SELF | Native.IN_MOVE_SELF;
    private const uint Ignored = 0x8000, Overflow = 0x4000;

    private readonly SafeFileHandle inotify;
    private readonly WakeDescriptor wake;
    private readonly byte[] fileName;

    private DirectoryWatch(SafeFileHandle inotify, WakeDescriptor wake, string fileName)
    {
        this.inotify = inotify;
        this.wake = wake;
        this.fileName = System.Text.Encoding.UTF8.GetBytes(fileName);
    }

    /// <summary>Begins to watch: from here on no change is missed. Null where the host cannot (no directory, limits used up).</summary>
    internal static DirectoryWatch? Start(string directory, string fileName)
    {
        SafeFileHandle inotify = Native.NewInotify();
        var wake = new WakeDescriptor();
        if (!inotify.IsInvalid && wake.Fd >= 0 && Native.WatchPath(inotify, directory, Changes) >= 0)
            return new DirectoryWatch(inotify, wake, fileName);
        inotify.Dispose();
        wake.Dispose();
        return null;
    }

    /// <summary>Waits at most that long. True if the file may have changed; false after the time, or early.</summary>
    internal unsafe bool Wait(TimeSpan atMost, CancellationToken cancel)
    {
        using CancellationTokenRegistration registration = cancel.UnsafeRegister(static wake => ((WakeDescriptor)wake!).Wake(), wake);
        Native.Process.PollFd* descriptors = stackalloc Native.Process.PollFd[2];
        descriptors[0] = new() { Fd = (int)inotify.DangerousGetHandle(), Events = Native.Process.POLLIN };
        descriptors[1] = new() { Fd = wake.Fd, Events = Native.Process.POLLIN };
        // Rounded up: a poll of 0 ms in a loop would burn the processor for the last part of a millisecond.
        int milliseconds = (int)Math.Clamp(Math.Ceiling(atMost.TotalMilliseconds), 0, int.MaxValue);
        int ready = Native.Process.poll(descriptors, 2, milliseconds);
        cancel.ThrowIfCancellationRequested();
        return ready > 0 && (descriptors[0].Returned & Native.Process.POLLIN) != 0 && ReadEvents();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        inotify.Dispose();
        wake.Dispose();
    }

    private unsafe bool ReadEvents()
    {
        byte* buffer = stackalloc byte[4096];
        bool ours = false;
        nint length;
        while ((length = Native.ReadHandle(inotify, buffer, 4096)) > 0)
        {
            // struct inotify_event: int wd, u32 mask, u32 cookie, u32 len, then len bytes of name, padded with NUL.
            var events = new ReadOnlySpan<byte>(buffer, (int)length);
            while (events.Length >= 16)
            {
                uint mask = BitConverter.ToUInt32(events[4..]);
                int nameLength = BitConverter.ToInt32(events[12..]);
                ReadOnlySpan<byte> name = events.Slice(16, nameLength).TrimEnd((byte)0);
                ours |= (mask & (Gone | Ignored | Overflow)) != 0 || name.SequenceEqual(fileName);
                events = events[(16 + nameLength)..];
            }
        }
        return ours;
    }
}
