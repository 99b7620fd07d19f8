using System.Runtime.InteropServices;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>The command that listens to a run (<c>[notify] command</c>): lines go to its stdin. It can neither hold a run up nor stop it: what it does not take is
/// kept for a while, then dropped and counted.</summary>
internal sealed unsafe class NotifyCommand : IDisposable
{
    /// <summary>How much is kept of what it does not take, in bytes, beside what the pipe holds.</summary>
    internal const int QueueBytes = 256 * 1024;

    private readonly System.Threading.Lock _gate = new();
    private readonly string _name;
    private readonly int _pid;
    private readonly TimeProvider _time;
    private byte[] _queue = [];
    private int _from, _length;
    private int _pipe;
    private int _dropped;
    private int _error;

    private NotifyCommand(string name, int pid, int pipe, TimeProvider time) => (_name, _pid, _pipe, _time) = (name, pid, pipe, time);

    /// <summary>Starts it. Null, and why not: then the run goes on without it.</summary>
    /// <param name="argv">The command in words; the first is looked up in the fixed PATH if it has no slash.</param>
    /// <param name="variables">Environment beside what every process gets. Not the run's id: by that the scripts of a killed start are found.</param>
    /// <param name="time">For its limits, real time.</param>
    /// <param name="why">Why it was not started.</param>
    internal static NotifyCommand? Start(IReadOnlyList<string> argv, IEnumerable<string> variables, TimeProvider time, out string why)
    {
        if (new ProgramTrust(Native.geteuid()).Find(argv, out why) is not { } path)
            return null;
        why = "no pipe, or no /dev/null, for it";
        int* ends = stackalloc int[2];
        int nothing = Native.Files.open("/dev/null", Native.O_RDWR | Native.O_CLOEXEC, 0);
        if (nothing < 0 || Native.Files.pipe2(ends, Native.O_CLOEXEC) != 0) return null;
        (int read, int write) = (ends[0], ends[1]);
        _ = Native.Files.fcntl(write, Native.Files.F_SETFL, Native.O_NONBLOCK);
        int pid = ProcessStart.Start(
            new ProcessRequest { Path = path, Arguments = [path, .. argv.Skip(1)], Environment = [.. ScriptEnvironment.Plain(UserAccount.Own()), .. variables], Input = read }, nothing, out why);
        _ = Native.Files.close(read);
        _ = Native.Files.close(nothing);
        if (pid != 0) return new NotifyCommand(path, pid, write, time);
        _ = Native.Files.close(write);
        why = $"{path}: {why}";
        return null;
    }

    /// <summary>Sends whole lines. Never waits, never throws; may be called from several threads.</summary>
    internal void Send(byte[] lines)
    {
        lock (_gate)
        {
            if (_pipe < 0 || _error != 0)
            {
                _dropped++;
                return;
            }

            Push();
            int written = _length == 0 && _error == 0 ? Write(lines) : 0;
            if (written == lines.Length) return;

            // The rest of a line that went out in part must follow; a line of which nothing went out may be left away as a whole.
            if (_length + lines.Length - written > QueueBytes && written == 0) _dropped++;
            else Keep(lines.AsSpan(written));
        }
    }

    /// <summary>Sends what was kept, as far as it is taken now. Called about once a second.</summary>
    internal void Flush()
    {
        lock (_gate) Push();
    }

    /// <summary>Sends what was kept, closes its stdin, and waits for its end; what then still runs is ended. Null if all was taken and it ended with 0, else one
    /// line for the log.</summary>
    /// <param name="limit">How long it may take in all.</param>
    /// <param name="grace">How long after SIGTERM before SIGKILL.</param>
    internal string? Close(TimeSpan limit, TimeSpan grace)
    {
        long start = _time.GetTimestamp();
        TimeSpan Left() => limit - _time.GetElapsedTime(start);
        lock (_gate)
        {
            if (_pipe < 0) return null;
            for (Push(); _length > 0 && _error == 0 && Left() > TimeSpan.Zero; Push()) Wait(_pipe, writable: true, Left());
            _ = Native.Files.close(_pipe);
            _pipe = -1;
        }

        using var exit = new ChildExit(_pid, usePidFd: true);
        string how = "";
        if (!Ended(exit, Left()))
        {
            how = $"did not end within {limit.TotalSeconds:0.#} s and was ended";
            _ = Native.kill(-_pid, Native.SIGTERM);
            if (!Ended(exit, grace)) _ = Native.kill(-_pid, Native.SIGKILL);
        }

        int status = exit.Reap() ?? 0;
        int signal = status & 0x7f, code = (status >> 8) & 0xff;
        if (how.Length == 0 && signal != 0) how = $"was killed by signal {signal}";
        else if (how.Length == 0 && code != 0) how = $"ended with exit code {code}";
        int lost = _dropped + (_length > 0 ? 1 : 0);
        if (lost > 0) how += $"{(how.Length > 0 ? ", and " : "")}did not take everything: {(_dropped > 0 ? $"{_dropped} lines were left away" : "the last lines were left away")}";
        return how.Length == 0 ? null : $"[notify] command {_name} {how}";
    }

    /// <inheritdoc/>
    public void Dispose() => _ = Close(TimeSpan.Zero, TimeSpan.Zero);

    private void Push()
    {
        if (_length == 0 || _error != 0 || _pipe < 0) return;
        int written = Write(_queue.AsSpan(_from, _length));
        _from += written;
        _length -= written;
    }

    private void Keep(ReadOnlySpan<byte> rest)
    {
        if (_queue.Length < _length + rest.Length || _from + _length + rest.Length > _queue.Length)
        {
            byte[] larger = _queue.Length < _length + rest.Length ? new byte[Math.Max(QueueBytes, _length + rest.Length)] : _queue;
            _queue.AsSpan(_from, _length).CopyTo(larger);
            (_queue, _from) = (larger, 0);
        }

        rest.CopyTo(_queue.AsSpan(_from + _length));
        _length += rest.Length;
    }

    /// <summary>How many bytes the pipe took. Any error but a full pipe ends the sending.</summary>
    private int Write(ReadOnlySpan<byte> bytes)
    {
        int done = 0;
        fixed (byte* start = bytes)
        {
            while (done < bytes.Length)
            {
                nint count = Native.Files.write(_pipe, start + done, (nuint)(bytes.Length - done));
                int error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (count > 0) done += (int)count;
                else if (error == Native.EAGAIN) break;
                else if (error != Native.EINTR)
                {
                    _error = error == 0 ? -1 : error;
                    break;
                }
            }
        }

        return done;
    }

    private bool Ended(ChildExit exit, TimeSpan limit)
    {
        // Again after a signal, which ends a wait early.
        long start = _time.GetTimestamp();
        for (TimeSpan left = limit; !exit.HasEnded() && left > TimeSpan.Zero; left = limit - _time.GetElapsedTime(start)) Wait(exit.Fd, writable: false, left);
        return exit.HasEnded();
    }

    private static void Wait(int fd, bool writable, TimeSpan limit)
    {
        const short PollIn = 1, PollOut = 4;
        var entry = new Native.Process.PollFd { Fd = fd, Events = writable ? PollOut : PollIn };
        _ = Native.Process.poll(&entry, 1, (int)Math.Clamp(limit.TotalMilliseconds, 1, int.MaxValue));
    }
}
