using System.Runtime.InteropServices;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Watches one started process to its end: output, timeout, interrupt, drain.</summary>
internal sealed unsafe class ProcessWatch(
    TimeProvider time, RunnerLimits limits, ProcessRequest request, int pid, long start, ChildExit exit)
{
    // Looking for survivors of a group means reading /proc; only after a timeout.
    private static readonly TimeSpan GroupPause = TimeSpan.FromMilliseconds(20);

    // How long the dead of a killed group are waited for.
    private static readonly TimeSpan Dying = TimeSpan.FromSeconds(1);

    private bool _interrupted, _timedOut, _killed, _ended, _groupGone;
    private TimeSpan? _killAt;
    private TimeSpan _endedAt, _drainUntil, _nextTick;

    private TimeSpan Elapsed => time.GetElapsedTime(start);

    /// <summary>Returns when the process has ended and its output is read, or no longer waited for.</summary>
    public ScriptResult Run(int output, int wake, byte[] buffer, OutputLines lines, Action<TimeSpan>? tick, CancellationToken cancel)
    {
        bool open = true;
        _nextTick = limits.Tick;
        while (true)
        {
            TimeSpan now = Elapsed;
            if (!_ended && exit.HasEnded())
                End(now);
            if (!_ended)
                Decide(now, cancel);
            if (_ended && FinishGroup(now) && (!open || now >= _drainUntil))
                break;
            if (!_ended && now >= _nextTick)
            {
                tick?.Invoke(now);
                _nextTick = now + limits.Tick;
            }

            bool readable = Poll(open ? output : -1, _interrupted ? -1 : wake, _ended ? -1 : exit.Fd, Pause(now));
            if (readable)
                open = Read(output, buffer, lines);
        }

        lines.End();
        return Result(exit.Reap());
    }

    private void End(TimeSpan now)
    {
        _ended = true;
        _endedAt = now;
        _drainUntil = now + limits.Drain;
        _groupGone = !_timedOut;
    }

    /// <summary>Timeout, interrupt, and the kill that follows them.</summary>
    private void Decide(TimeSpan now, CancellationToken cancel)
    {
        if (!_interrupted && cancel.IsCancellationRequested)
        {
            _interrupted = true;
            Ask(request.InterruptGrace is { } grace ? now + grace : null);
        }

        if (!_timedOut && request.Limit is { } limit && now >= limit)
        {
            _timedOut = true;
            Ask(now + limits.KillGrace);
        }

        if (!_killed && now >= _killAt)
            Kill();
    }

    private void Ask(TimeSpan? killAt)
    {
        // A stopped process takes SIGTERM only when it goes on.
        _ = Native.kill(-pid, Native.SIGTERM);
        _ = Native.kill(-pid, Native.Process.SIGCONT);
        if (killAt < _killAt || _killAt is null)
            _killAt = killAt;
    }

    private void Kill()
    {
        _killed = true;
        _ = Native.kill(-pid, Native.SIGKILL);
    }

    /// <summary>After a timeout nothing of the group may live on. True when that is so; always after an end without a timeout.
    /// The process itself is not reaped yet, so the group's number cannot be anyone else's.</summary>
    private bool FinishGroup(TimeSpan now)
    {
        if (_groupGone)
            return true;
        if (!_killed && now >= _killAt)
            Kill();

        // Also after SIGKILL: a process dies when the kernel gets to it. One that cannot (a dead disk) is not waited for.
        if (now < _killAt + Dying && ProcessTable.Find(p => p.Group == pid).Count > 0)
            return false;
        _groupGone = true;
        _drainUntil = now + limits.Drain;
        return true;
    }

    private TimeSpan Pause(TimeSpan now)
    {
        TimeSpan until = _ended ? _drainUntil : _nextTick;
        if (!_groupGone && _ended)
            until = now + GroupPause;
        if (!_ended && !_timedOut && request.Limit < until)
            until = request.Limit.Value;
        if (!_killed && _killAt < until)
            until = _killAt.Value;
        return until - now;
    }

    /// <summary>Waits; true if there is output to read.</summary>
    private static bool Poll(int output, int wake, int ended, TimeSpan pause)
    {
        Native.Process.PollFd* fds = stackalloc Native.Process.PollFd[3];
        fds[0] = new() { Fd = output, Events = Native.Process.POLLIN };
        fds[1] = new() { Fd = wake, Events = Native.Process.POLLIN };
        fds[2] = new() { Fd = ended, Events = Native.Process.POLLIN };
        int milliseconds = (int)Math.Clamp(Math.Ceiling(pause.TotalMilliseconds), 0, 1000);
        return Native.Process.poll(fds, 3, milliseconds) > 0 && fds[0].Returned != 0;
    }

    /// <summary>Reads once, so that a flood cannot keep a deadline waiting; false at the end of the output.</summary>
    private static bool Read(int output, byte[] buffer, OutputLines lines)
    {
        nint got;
        fixed (byte* first = buffer)
            got = Native.Files.read(output, first, (nuint)buffer.Length);
        if (got < 0)
            return Marshal.GetLastPInvokeError() is Native.EAGAIN or Native.EINTR;
        lines.Take(buffer.AsSpan(0, (int)got));
        return got > 0;
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
