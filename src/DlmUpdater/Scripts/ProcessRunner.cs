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

    /// <summary>How often the processes that are waited for after a signal are named again.</summary>
    public TimeSpan Remind { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>False: as on a kernel before 5.3.</summary>
    public bool UsePidFd { get; init; } = true;
}

/// <summary>Callbacks of a runner, on the thread that runs the process.</summary>
internal sealed record RunnerEvents
{
    /// <summary>Each line of the output. While it runs the process is held back by its full pipe.</summary>
    public Action<string> Line { get; init; } = static _ => { };

    /// <summary>The time since the start, about once a second.</summary>
    public Action<TimeSpan>? Tick { get; init; }

    /// <summary>The pid, right after the start.</summary>
    public Action<int>? Started { get; init; }

    /// <summary>The process, which still runs, is about to get its first signal: from now on what it leaves in its session is waited
    /// for.</summary>
    public Action? Asking { get; init; }

    /// <summary>After a signal: which processes are waited for, at first and every <see cref="RunnerLimits.Remind"/>.</summary>
    public Action<string>? Waiting { get; init; }
}

/// <summary>Runs processes, one at a time, on the calling thread. The thread waits in one poll for output, the child's end, a
/// cancel and the next deadline; there is no thread pool in it.</summary>
internal sealed class ProcessRunner(TimeProvider time, RunnerLimits limits, OutputPipe? pipe = null)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly OutputPipe _output = pipe ?? new OutputPipe(null);

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

    /// <summary>Runs <paramref name="request"/> to its end: the end of its process; and once a signal was sent while that still ran, of its
    /// session.</summary>
    /// <param name="request">What to run.</param>
    /// <param name="events">The callbacks.</param>
    /// <param name="cancel">Asks its session to stop, and waits for it.</param>
    /// <param name="atOnce">After a cancel: waits no longer. The result is then marked as <see cref="ScriptResult.StillRuns"/>.</param>
    public ScriptResult Run(ProcessRequest request, RunnerEvents events, CancellationToken cancel, CancellationToken atOnce = default)
    {
        if (cancel.IsCancellationRequested)
            return new ScriptResult.Interrupted(128 + Native.SIGTERM, TimeSpan.Zero);
        if (_output.Open(request.As) is { } noPipe)
            return new ScriptResult.NotStarted(noPipe);

        long start = time.GetTimestamp();
        int pid = ProcessStart.Start(request, _output.Write, out string why);
        if (pid == 0)
        {
            _output.Finish(atEnd: true);
            return new ScriptResult.NotStarted(why);
        }

        events.Started?.Invoke(pid);
        using var exit = new ChildExit(pid, limits.UsePidFd);
        using var wake = new WakeDescriptor();
        using CancellationTokenRegistration registration = cancel.UnsafeRegister(static w => ((WakeDescriptor)w!).Wake(), wake);
        using CancellationTokenRegistration second = atOnce.UnsafeRegister(static w => ((WakeDescriptor)w!).Wake(), wake);
        var watch = new ProcessWatch(time, limits, request, events, new ProcessSession(pid), start, exit);
        ScriptResult result = watch.Run(_output, wake, _buffer, cancel, atOnce);
        if (result.StillRuns)
            _output.Abandon();
        else
            _output.Finish(watch.IsAtEnd);
        return result;
    }
}
