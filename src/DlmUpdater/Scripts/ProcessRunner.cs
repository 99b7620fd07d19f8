using System.Runtime.InteropServices;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>The waits of a runner, all real time.</summary>
internal sealed record RunnerLimits
{
    /// <summary>How long output is still read after the script's end, where something keeps the pipe open.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>From SIGTERM to SIGKILL after a timeout.</summary>
    public TimeSpan KillGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often progress is told.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>False: as on a kernel before 5.3.</summary>
    public bool UsePidFd { get; init; } = true;
}

/// <summary>Runs processes, one at a time, on the calling thread. The thread waits in one poll for output, the child's end, a
/// cancel and the next deadline; there is no thread pool in it.</summary>
internal sealed class ProcessRunner(TimeProvider time, RunnerLimits limits)
{
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>Makes this process fit to start others, once, before its first thread: umask 022, working directory /, no inherited
    /// descriptor passed on, a writer to a closed pipe gets an error instead of a signal, ended children wait to be reaped.</summary>
    public static void PrepareThisProcess()
    {
        Descriptors.FillStandard();
        Descriptors.CloseOthersOnExec();
        _ = Native.Process.umask(0b000_010_010);
        _ = Native.Process.chdir("/");
        _ = Native.Process.signal(Native.Process.SIGPIPE, Native.Process.SIG_IGN);

        // A parent that ignores SIGCHLD hands that on, and the kernel would then throw every exit code away.
        nint old = Native.Process.signal(Native.Process.SIGCHLD, Native.Process.SIG_DFL);
        if (old is not Native.Process.SIG_IGN and not Native.Process.SIG_ERR)
            _ = Native.Process.signal(Native.Process.SIGCHLD, old);
    }

    /// <summary>Runs <paramref name="request"/> to its end.</summary>
    /// <param name="request">What to run.</param>
    /// <param name="line">Told of each line of its output. While it runs the process is held back by its full pipe.</param>
    /// <param name="tick">Told the time since the start, about once a second.</param>
    /// <param name="started">Told the pid, right after the start.</param>
    /// <param name="cancel">Asks the process group to stop, and waits for the process.</param>
    public ScriptResult Run(ProcessRequest request, Action<string> line, Action<TimeSpan>? tick, Action<int>? started, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested)
            return new ScriptResult.Interrupted(128 + Native.SIGTERM, TimeSpan.Zero);
        if (!Descriptors.TryPipe(out int read, out int write))
            return new ScriptResult.NotStarted($"no pipe for its output: {Marshal.GetLastPInvokeErrorMessage()}");

        long start = time.GetTimestamp();
        int pid = ProcessStart.Start(request, write, out string why);
        _ = Native.Files.close(write);
        try
        {
            if (pid == 0)
                return new ScriptResult.NotStarted(why);
            started?.Invoke(pid);
            using var exit = new ChildExit(pid, limits.UsePidFd);
            using var wake = new WakeDescriptor();
            using CancellationTokenRegistration registration = cancel.UnsafeRegister(static w => ((WakeDescriptor)w!).Wake(), wake);
            var watch = new ProcessWatch(time, limits, request, pid, start, exit);
            return watch.Run(read, wake.Fd, _buffer, new OutputLines(line), tick, cancel);
        }
        finally
        {
            _ = Native.Files.close(read);
        }
    }
}
