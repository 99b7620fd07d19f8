using System.Runtime.InteropServices;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Notices the end of a child without delay, and reaps it only when told: until then its pid and group cannot be anyone else's.</summary>
internal sealed unsafe class ChildExit : IDisposable
{
    private const int WNOHANG = 1;

    private readonly int _pid;
    private int _counted = 1;
    private readonly int _pidFd;
    private readonly WakeDescriptor? _wake;
    private readonly Thread? _waiter;

    /// <summary>Watches child <paramref name="pid"/>: by a pidfd (kernel 5.3), else by a thread that waits for it.</summary>
    public ChildExit(int pid, bool usePidFd)
    {
        _pid = pid;
        _pidFd = usePidFd ? (int)Native.Process.syscall(Native.Process.SYS_pidfd_open, pid, 0, 0) : -1;
        if (_pidFd >= 0)
            return;

        _wake = new WakeDescriptor();
        _waiter = new Thread(Wait, 128 * 1024) { IsBackground = true, Name = "child" };
        _waiter.Start();
    }

    /// <summary>Readable once the child has ended.</summary>
    public int Fd => _wake?.Fd ?? _pidFd;

    /// <summary>True if the child has ended; it stays a zombie.</summary>
    public bool HasEnded()
    {
        byte* info = stackalloc byte[Native.Process.OpaqueBytes];
        new Span<int>(info, 8).Clear();
        int said = Native.Process.waitid(Native.Process.P_PID, _pid, info, Native.Process.WEXITED | Native.Process.WNOWAIT | WNOHANG);
        return said == 0 ? ((int*)info)[4] != 0 : Marshal.GetLastPInvokeError() != Native.EINTR;
    }

    /// <summary>Reaps the ended child and gives its wait status; null if somebody else has reaped it.</summary>
    public int? Reap()
    {
        int status;
        int said;
        do
            said = Native.Process.waitpid(_pid, &status, 0);
        while (said < 0 && Marshal.GetLastPInvokeError() == Native.EINTR);
        if (Interlocked.Exchange(ref _counted, 0) == 1)
            Native.CountChild(-1);
        return said == _pid ? status : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_pidFd >= 0)
            _ = Native.Files.close(_pidFd);

        // The thread ends with the child. It is not joined where the child lives on: then the descriptor must stay open too.
        if (_waiter is null || !_waiter.Join(HasEnded() ? Timeout.Infinite : 0))
            return;
        _wake?.Dispose();
    }

    private void Wait()
    {
        byte* info = stackalloc byte[Native.Process.OpaqueBytes];
        while (Native.Process.waitid(Native.Process.P_PID, _pid, info, Native.Process.WEXITED | Native.Process.WNOWAIT) < 0
            && Marshal.GetLastPInvokeError() == Native.EINTR)
        {
        }

        _wake!.Wake();
    }
}
