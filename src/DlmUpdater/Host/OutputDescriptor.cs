using System.Globalization;
using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

/// <summary>A descriptor that this process was given to write to: stdout, stderr. A write never blocks in the kernel, where no signal and no timeout
/// would reach it. The descriptor's own flags stay as they are, since the caller shares them.</summary>
internal sealed unsafe class OutputDescriptor
{
    /// <summary>Where poll says that there is room, a pipe takes so much without blocking (PIPE_BUF).</summary>
    internal const int PipeBuffer = 4096;

    private enum Way
    {
        Unknown,

        /// <summary>Never waits for a reader: a file, /dev/null.</summary>
        Direct,

        /// <summary>A description of our own that does not block.</summary>
        Own,

        /// <summary>A socket: each call says that it does not block.</summary>
        Socket,

        /// <summary>Without /proc, or where it is forbidden to open it again: as much as fits for certain, after a poll.</summary>
        Polled,
    }

    private readonly int fd;
    private readonly bool reopens;
    private Way way;
    private int target;
    private int most;

    /// <summary>Writes to <paramref name="fd"/>; <paramref name="reopens"/> false: as without /proc.</summary>
    internal OutputDescriptor(int fd, bool reopens = true)
    {
        this.fd = fd;
        this.reopens = reopens;
        Close();
    }

    /// <summary>Writes as much of <paramref name="bytes"/> as there is room for. Returns 0 if that was all, EAGAIN if there was no room for the rest, or
    /// another errno.</summary>
    /// <param name="bytes">What to write.</param>
    /// <param name="written">How much went out.</param>
    internal int TryWrite(ReadOnlySpan<byte> bytes, out int written)
    {
        if (way == Way.Unknown) Find();
        written = 0;
        fixed (byte* start = bytes)
        {
            while (written < bytes.Length)
            {
                if (way == Way.Polled && !HasRoom(0)) return Native.EAGAIN;
                nuint length = (nuint)Math.Min(bytes.Length - written, most);
                nint count = way == Way.Socket
                    ? Native.NotifySend(target, start + written, length, Native.MSG_DONTWAIT | Native.MSG_NOSIGNAL, null, 0)
                    : Native.Files.write(target, start + written, length);
                int error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (count > 0) written += (int)count;
                else if (count == 0) return Native.ENOSPC;
                else if (error != Native.EINTR) return error;
            }
        }

        return 0;
    }

    /// <summary>Waits until there is room, at most <paramref name="limit"/>; false if there is none then, or a signal ended the wait.</summary>
    internal bool WaitForRoom(TimeSpan limit) => HasRoom((int)Math.Clamp(Math.Ceiling(limit.TotalMilliseconds), 0, int.MaxValue));

    /// <summary>Closes what was opened for this; the next write opens it again.</summary>
    internal void Close()
    {
        if (way == Way.Own) _ = Native.Files.close(target);
        (way, target, most) = (Way.Unknown, fd, int.MaxValue);
    }

    private bool HasRoom(int milliseconds)
    {
        const short pollOut = 4;
        var entry = new Native.Process.PollFd { Fd = target, Events = pollOut };
        return Native.Process.poll(&entry, 1, milliseconds) > 0;
    }

    private void Find()
    {
        bool isTerminal = Terminal.IsTerminal(fd);
        FileKind? kind = Native.TryStat(fd, out FileFacts facts) ? facts.Kind : null;
        if (kind == FileKind.Socket) way = Way.Socket;
        else if (kind != FileKind.Fifo && !isTerminal) way = Way.Direct;
        else if (reopens && Reopen() is >= 0 and int own) (way, target) = (Way.Own, own);
        else (way, most) = (Way.Polled, isTerminal ? 1 : PipeBuffer);
    }

    /// <summary>The same pipe or terminal through a description of our own. Never a file: that would begin at its start.</summary>
    private int Reopen() => Native.Files.open(
        string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{fd}"), Native.O_WRONLY | Native.O_NONBLOCK | Native.O_NOCTTY | Native.O_CLOEXEC, 0);
}
