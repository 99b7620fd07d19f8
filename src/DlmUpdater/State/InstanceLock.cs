using System.Globalization;
using System.Text;
using DlmUpdater.Host;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.State;

/// <summary>The answer to an attempt at being the one instance of a host.</summary>
internal abstract record InstanceLockReply
{
    /// <summary>We are. Disposing of <paramref name="Lock"/> ends it.</summary>
    internal sealed record Taken(InstanceLock Lock) : InstanceLockReply;

    /// <summary>Another is. <paramref name="Pid"/>: its process id, if it could be told.</summary>
    internal sealed record HeldBy(int? Pid) : InstanceLockReply;

    /// <summary>The lock file cannot be used: exit 74.</summary>
    internal sealed record Unavailable(string Why) : InstanceLockReply;
}

/// <summary>One instance per host: an flock, which the kernel drops with the process however it ends. The file itself is never removed:
/// a lock on a file without a name would let the next one in.</summary>
internal sealed class InstanceLock : IDisposable
{
    private const string Setting = "[main] lock";
    private const int Tries = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly SafeFileHandle file;

    private InstanceLock(SafeFileHandle file) => this.file = file;

    /// <summary>Tries. Waits for nobody who lives; but a killed instance keeps its lock until the kernel is done with it and with a child that it was
    /// just starting, so a holder that cannot be found is tried again for <paramref name="afterlife"/> (default 2 s).</summary>
    internal static InstanceLockReply TryTake(string path, TimeSpan? afterlife = null)
    {
        long tries = (long)((afterlife ?? TimeSpan.FromSeconds(2)) / Pause);
        while (true)
        {
            InstanceLockReply reply = TryOnce(path);
            if (reply is not InstanceLockReply.HeldBy { Pid: null } || tries-- <= 0)
                return reply;
            Thread.Sleep(Pause);
        }
    }

    private static InstanceLockReply TryOnce(string path)
    {
        for (int i = 0; i < Tries; i++)
        {
            SafeFileHandle file = Open(path, out string why);
            if (file.IsInvalid)
                return new InstanceLockReply.Unavailable(why);
            if (Native.LockHandle(file, Native.LOCK_EX | Native.LOCK_NB) != 0)
            {
                int errno = FileErrors.Last;
                using (file)
                {
                    if (errno == Native.EINTR)
                        continue;
                    return errno == Native.EAGAIN
                        ? new InstanceLockReply.HeldBy(LivingPid(file))
                        : new InstanceLockReply.Unavailable(FileErrors.Describe("lock", path, errno, Setting));
                }
            }
            if (Native.TryStat(file, out FileFacts ours) && Native.TryStat(path, out FileFacts there) && ours.IsSameFile(there))
            {
                WritePid(file);
                return new InstanceLockReply.Taken(new InstanceLock(file));
            }
            // Somebody removed or replaced the file between our open and our lock: what we locked guards nothing.
            file.Dispose();
        }
        return new InstanceLockReply.Unavailable($"cannot lock {path}: the file is replaced again and again: find out what removes it");
    }

    /// <summary>Ends it. The pid goes first, so that nobody is told of a process that has ended.</summary>
    public void Dispose()
    {
        if (!file.IsClosed)
            _ = Native.TruncateHandle(file, 0);
        file.Dispose();
    }

    private static SafeFileHandle Open(string path, out string why)
    {
        SafeFileHandle file = OwnFile.OpenHandle(path, Native.O_RDWR, out OwnFileError error, out _);
        if (error.Errno == Native.ENOENT)
        {
            int errno = DurableFile.MakeDirectories(Path.GetDirectoryName(path) ?? "/");
            if (errno == 0)
                file = OwnFile.OpenHandle(path, Native.O_RDWR, out error, out _);
            else
                error = new(errno);
        }
        why = error.Errno == 0 ? "" : error.Describe("lock", path, Setting);
        return file;
    }

    private static void WritePid(SafeFileHandle file)
    {
        // The pid is for people. Where it cannot be written (a full disk), the lock holds all the same.
        _ = Native.TruncateHandle(file, 0);
        _ = RegularFile.WriteAll(file, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n")));
    }

    private static int? LivingPid(SafeFileHandle file)
    {
        byte[]? content = RegularFile.ReadAll(file, 64, out _);
        return content is not null
            && int.TryParse(Encoding.ASCII.GetString(content).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            && pid > 0
            && (Native.kill(pid, 0) == 0 || FileErrors.Last == Native.EPERM)
            ? pid
            : null;
    }
}
