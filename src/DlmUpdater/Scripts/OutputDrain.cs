using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Reads on what a script prints whose start was killed: the script would wait for ever on a full pipe.</summary>
internal sealed unsafe class OutputDrain : IDisposable
{
    private const int MostReads = 64;

    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly OutputLines _lines;
    private readonly int _read;
    private int _write = -1;

    private OutputDrain(int read, Action<string> line) => (_read, _lines) = (read, new OutputLines(line));

    /// <summary>Opens the pipe at <paramref name="path"/>; null if there is none.</summary>
    public static OutputDrain? Open(string path, Action<string> line)
    {
        int fd = OwnFile.OpenPipe(path);
        return fd < 0 ? null : new OutputDrain(fd, line);
    }

    /// <summary>Reads what there is; never blocks, and ends also where more comes all the time.</summary>
    public void Read()
    {
        for (int i = 0; i < MostReads; i++)
        {
            nint got;
            fixed (byte* first = _buffer)
                got = Native.Files.read(_read, first, (nuint)_buffer.Length);
            if (got <= 0)
                return;
            _lines.Take(_buffer.AsSpan(0, (int)got));
        }
    }

    /// <summary>Borrows the open file that process <paramref name="pid"/> writes to (kernel 5.6), so that <see cref="Release"/> can make it
    /// non-blocking for a daemon that keeps it. Without it such a daemon waits once the pipe is full.</summary>
    public void Borrow(int pid)
    {
        if (_write >= 0 || FileFacts.Read(_read) is not { } ours)
            return;
        int handle = (int)Native.Process.syscall(Native.Process.SYS_pidfd_open, pid, 0, 0);
        if (handle < 0)
            return;
        for (int standard = 1; standard <= 2 && _write < 0; standard++)
        {
            int fd = (int)Native.Process.syscall(Native.Process.SYS_pidfd_getfd, handle, standard, 0);
            if (fd >= 0 && FileFacts.Read(fd) is { } theirs && theirs.IsSameFile(ours))
                _write = fd;
            else if (fd >= 0)
                _ = Native.Files.close(fd);
        }

        _ = Native.Files.close(handle);
    }

    /// <summary>The script is gone: reads the rest; what a daemon of it writes from now on is lost.</summary>
    public void Release()
    {
        Read();
        if (_write >= 0)
            OutputPipe.SetNonBlocking(_write);
        Read();
    }

    /// <summary>Closes it; a script that still runs keeps its pipe.</summary>
    public void Dispose()
    {
        _lines.End();
        if (_write >= 0)
            _ = Native.Files.close(_write);
        _ = Native.Files.close(_read);
    }
}
