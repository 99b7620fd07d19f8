using System.Runtime.InteropServices;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Watches one started process to its end: output, timeout, interrupt, survivors, drain.</summary>
/// <remarks>What the process leaves behind when it ends by itself is a daemon. What it leaves once it was signalled still does its work (a
/// package manager under a shell that has died, or that traps the signal and exits): that is waited for as the process itself is.</remarks>
internal sealed unsafe class ProcessWatch(
    TimeProvider time, RunnerLimits limits, ProcessRequest request, RunnerEvents events, ProcessSession session, long start, ChildExit exit)
{
    // Looking for survivors means reading /proc; only after a signal, and less often the longer it takes.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20), LongestPause = TimeSpan.FromSeconds(1);

    // How long the dead of a killed session are waited for.
    private static readonly TimeSpan Dying = TimeSpan.FromSeconds(1);

    // Reads of a whole buffer: as much as the pipe takes.
    private const int MostDrained = 32;

    private bool _interrupted, _timedOut, _ended, _survives, _open = true;
    private TimeSpan? _killAt, _killedAt, _reportedAt;
    private TimeSpan _endedAt, _nextLook, _nextTick, _pause = FirstPause;

    // Set when nothing of the session is waited for any more: how long the rest of the output is read.
    private TimeSpan? _drainUntil;

    /// <summary>True if the output was read to its end: no other process has it open.</summary>
    public bool IsAtEnd => !_open;

    private TimeSpan Elapsed => time.GetElapsedTime(start);

    private bool IsSignalled => _interrupted || _timedOut;

    /// <summary>Returns when the process has ended and its output is read, or no longer waited for.</summary>
    public ScriptResult Run(OutputPipe output, WakeDescriptor wake, byte[] buffer, CancellationToken cancel, CancellationToken atOnce)
    {
        var lines = new OutputLines(events.Line);
        _nextTick = limits.Tick;
        while (true)
        {
            TimeSpan now = Elapsed;
            if (!_ended && exit.HasEnded())
                End(now, output, buffer, lines);
            if (_drainUntil is null)
                Decide(now, cancel);
            if (_drainUntil is null && _interrupted && atOnce.IsCancellationRequested)
                return Abandoned(now, lines);
            if (_drainUntil is null && IsSignalled && now >= _nextLook)
                Look(now, output, buffer, lines);
            if (now >= _drainUntil || (_drainUntil is not null && !_open))
                break;
            if (_drainUntil is null && now >= _nextTick)
            {
                events.Tick?.Invoke(now);
                _nextTick = now + limits.Tick;
            }

            if (Poll(_open ? output.Read : -1, wake, _ended ? -1 : exit.Fd, Pause(now)))
                _open = Read(output.Read, buffer, lines) != 0;
        }

        lines.End();
        return Result(exit.Reap()) with { StillRuns = _survives };
    }

    private void End(TimeSpan now, OutputPipe output, byte[] buffer, OutputLines lines)
    {
        _ended = true;
        _endedAt = now;
        _nextLook = now;
        _pause = FirstPause;
        if (!IsSignalled)
            Release(now, output, buffer, lines);
    }

    /// <summary>Nothing is waited for any more but what is in the pipe.</summary>
    private void Release(TimeSpan now, OutputPipe output, byte[] buffer, OutputLines lines)
    {
        for (int i = 0; i < MostDrained && Read(output.Read, buffer, lines) > 0; i++)
        {
        }

        output.Release();
        _drainUntil = now + limits.Drain;
    }

    /// <summary>Timeout, interrupt, and the kill that follows them. A limit holds for the survivors too.</summary>
    private void Decide(TimeSpan now, CancellationToken cancel)
    {
        if (!_interrupted && cancel.IsCancellationRequested)
        {
            Ask(request.InterruptGrace is { } grace ? now + grace : null);
            _interrupted = true;
        }

        if (!_timedOut && request.Limit is { } limit && now >= limit)
        {
            Ask(now + limits.KillGrace);
            _timedOut = true;
        }

        if (_killedAt is null && now >= _killAt)
            Kill(now);
    }

    private void Ask(TimeSpan? killAt)
    {
        // Stored before the act: a start that is killed now leaves the next one to wait for the session.
        if (!IsSignalled)
            events.Asking?.Invoke();
        session.Ask(session.Members());
        if (killAt < _killAt || _killAt is null)
            _killAt = killAt;
    }

    private void Kill(TimeSpan now)
    {
        session.Kill(session.Members());
        _killedAt ??= now;
        _pause = FirstPause;
        _nextLook = now + _pause;
    }

    /// <summary>Looks for what runs of a session that was signalled, and names it. The process itself is not collected yet, so the
    /// session's number cannot be another's.</summary>
    private void Look(TimeSpan now, OutputPipe output, byte[] buffer, OutputLines lines)
    {
        List<ProcessStat> members = session.Members();
        if (_ended && members.Count == 0)
        {
            Release(now, output, buffer, lines);
            return;
        }

        if (_killedAt is { } killed)
        {
            session.Kill(members);

            // A process dies when the kernel gets to it. One that cannot (a dead disk) is left to the next start.
            if (_ended && now >= killed + Dying)
            {
                _survives = true;
                Release(now, output, buffer, lines);
                return;
            }
        }

        if (_reportedAt is null || now >= _reportedAt + limits.Remind)
        {
            _reportedAt = now;
            if (members.Count > 0)
                events.Waiting?.Invoke(ProcessSession.Describe(members));
        }

        _nextLook = now + _pause;
        _pause = _pause * 1.5 < LongestPause ? _pause * 1.5 : LongestPause;
    }

    private TimeSpan Pause(TimeSpan now)
    {
        if (_drainUntil is { } drained)
            return drained - now;
        TimeSpan until = _nextTick;
        if (IsSignalled && _nextLook < until)
            until = _nextLook;
        if (!_timedOut && request.Limit < until)
            until = request.Limit.Value;
        if (_killedAt is null && _killAt < until)
            until = _killAt.Value;
        return until - now;
    }

    /// <summary>Waits; true if there is output to read.</summary>
    private static bool Poll(int output, WakeDescriptor wake, int ended, TimeSpan pause)
    {
        Native.Process.PollFd* fds = stackalloc Native.Process.PollFd[3];
        fds[0] = new() { Fd = output, Events = Native.Process.POLLIN };
        fds[1] = new() { Fd = wake.Fd, Events = Native.Process.POLLIN };
        fds[2] = new() { Fd = ended, Events = Native.Process.POLLIN };
        int milliseconds = (int)Math.Clamp(Math.Ceiling(pause.TotalMilliseconds), 0, 1000);
        int ready = Native.Process.poll(fds, 3, milliseconds);
        if (ready > 0 && fds[1].Returned != 0)
            wake.Reset();
        return ready > 0 && fds[0].Returned != 0;
    }

    /// <summary>Reads once, so that a flood cannot keep a deadline waiting. Returns how much, 0 at the end of the output, or -1 if there is
    /// nothing now.</summary>
    private static int Read(int output, byte[] buffer, OutputLines lines)
    {
        nint got;
        fixed (byte* first = buffer)
            got = Native.Files.read(output, first, (nuint)buffer.Length);
        if (got < 0)
            return Marshal.GetLastPInvokeError() is Native.EAGAIN or Native.EINTR ? -1 : 0;
        lines.Take(buffer.AsSpan(0, (int)got));
        return (int)got;
    }

    /// <summary>A second signal: this process ends, and leaves what still runs, its output and the running marker to the next
    /// start.</summary>
    private ScriptResult.Interrupted Abandoned(TimeSpan now, OutputLines lines)
    {
        lines.End();
        return new ScriptResult.Interrupted(128 + Native.SIGTERM, _ended ? _endedAt : now) { StillRuns = true };
    }

    private ScriptResult Result(int? status)
    {
        if (status is not { } known)
            return new ScriptResult.NotStarted("its exit status was taken by somebody else, so how it ended is not known");
        int signal = known & 0x7f, code = (known >> 8) & 0xff;
        if (_interrupted)
            return new ScriptResult.Interrupted(signal == 0 ? code : 128 + signal, _endedAt);
        if (_timedOut)
            return new ScriptResult.TimedOut(request.Limit!.Value, _endedAt);
        return signal == 0 ? new ScriptResult.Exited(code, _endedAt) : new ScriptResult.Signalled(signal, _endedAt);
    }
}
