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

    /// <summary>Another is, or a process that is no instance has an flock on the file.</summary>
    /// <param name="Pid">The instance's process id, if it is known.</param>
    /// <param name="Strangers">For a sentence: which processes, if they are not instances; null if an instance, or an unknown process, has it.</param>
    internal sealed record HeldBy(int? Pid, string? Strangers = null) : InstanceLockReply
    {
        /// <summary>For a message: who has the lock, and what to do about a process that is not an instance.</summary>
        /// <param name="path">The lock file.</param>
        /// <param name="what">What an instance is, such as <c>upgrade</c>.</param>
        internal string Describe(string path, string what = "instance") => (Pid, Strangers) switch
        {
            (_, { } strangers) => $"{strangers} has an flock on {path} and is not an instance of dlm-updater: end that process, then start again",
            ({ } pid, _) => $"another {what} (pid {pid}) is running on this host",
            _ => $"another {what}, or a process that cannot be seen from here, has an flock on {path}: find it with 'lslocks' or 'fuser {path}'",
        };
    }

    /// <summary>The lock file cannot be used: exit 74.</summary>
    internal sealed record Unavailable(string Why) : InstanceLockReply;
}

/// <summary>One instance per host: an flock, which the kernel drops with the process however it ends. The file itself is never removed:
/// a lock on a file without a name would let the next one in.</summary>
internal sealed class InstanceLock : IDisposable
{
    private const string Setting = "[main] lock";
    private const int Tries = 100, Looks = 3, PidBytes = 64;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly SafeFileHandle file;

    private InstanceLock(SafeFileHandle file) => this.file = file;

    /// <summary>Tries. Waits for nobody who lives; but a killed instance keeps its lock until the kernel is done with it and with a child that it was
    /// just starting, so a holder that cannot be found is tried again for <paramref name="afterlife"/> (default 2 s). Then the file is replaced, if only
    /// processes of other users have an flock on it: the file of version 0.1.0 could be opened by every user.</summary>
    internal static InstanceLockReply TryTake(string path, TimeSpan? afterlife = null)
    {
        long tries = (long)((afterlife ?? TimeSpan.FromSeconds(2)) / Pause);
        for (int looks = Looks; ;)
        {
            InstanceLockReply reply = TryOnce(path, out SafeFileHandle? held);
            using (held)
            {
                if (held is null || reply is not InstanceLockReply.HeldBy { Pid: null })
                    return reply;
                if (tries-- <= 0)
                {
                    if (FreshLockFile.Replace(path, held) is { } fresh)
                        return Taken(fresh);
                    InstanceLockReply.HeldBy known = Identify(held);
                    if (known is not { Pid: null, Strangers: null } || --looks <= 0)
                        return known;
                }
            }
            Thread.Sleep(Pause);
        }
    }

    /// <summary>Which processes other than instances have an flock on the file, for a sentence; null if none can be seen. Opens and locks nothing.</summary>
    internal static string? Strangers(string path)
    {
        if (!Native.TryStat(path, out FileFacts facts))
            return null;
        int? recorded = OwnFile.Read(path, PidBytes) is FileReading.Content content ? Pid(content.Bytes) : null;
        List<FlockHolder> holders = FlockHolders.Find(facts, everywhere: false);
        return holders.Exists(h => IsInstance(h, recorded)) ? null : Names(holders);
    }

    /// <summary>The file's lock, or who has it; then <paramref name="held"/> is the file.</summary>
    private static InstanceLockReply TryOnce(string path, out SafeFileHandle? held)
    {
        held = null;
        for (int i = 0; i < Tries; i++)
        {
            SafeFileHandle file = Open(path, out string why);
            if (file.IsInvalid)
                return new InstanceLockReply.Unavailable(why);
            if (Native.LockHandle(file, Native.LOCK_EX | Native.LOCK_NB) != 0)
            {
                int errno = FileErrors.Last;
                if (errno == Native.EAGAIN)
                {
                    held = file;
                    return new InstanceLockReply.HeldBy(ProvedPid(file));
                }
                file.Dispose();
                if (errno == Native.EINTR)
                    continue;
                return new InstanceLockReply.Unavailable(FileErrors.Describe("lock", path, errno, Setting));
            }
            if (Native.TryStat(file, out FileFacts ours) && Native.TryStat(path, out FileFacts there) && ours.IsSameFile(there))
                return Taken(file);
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

    private static InstanceLockReply.Taken Taken(SafeFileHandle file)
    {
        // The pid is for people. Where it cannot be written (a full disk), the lock holds all the same.
        _ = Native.TruncateHandle(file, 0);
        _ = RegularFile.WriteAll(file, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n")));
        return new(new InstanceLock(file));
    }

    /// <summary>The pid in the file, if the kernel shows that this process has the lock: a killed instance leaves its pid, which any process may have by now.</summary>
    private static int? ProvedPid(SafeFileHandle file) =>
        LivingPid(file) is { } pid && Native.TryStat(file, out FileFacts facts) && FlockHolders.Examine(pid, facts) is { } holder && IsInstance(holder, pid) ? pid : null;

    private static InstanceLockReply.HeldBy Identify(SafeFileHandle file)
    {
        List<FlockHolder> holders = Native.TryStat(file, out FileFacts facts) ? FlockHolders.Find(facts, everywhere: true) : [];
        int? living = LivingPid(file);
        // None can be seen (no /proc, another container): the pid in the file is all there is.
        return holders.Count == 0 ? new(living)
            : holders.Find(h => IsInstance(h, living)) is { } instance ? new(instance.Pid)
            : new(null, Names(holders));
    }

    private static bool IsInstance(FlockHolder holder, int? recorded) =>
        !holder.IsForeign && (holder.CanWrite || !holder.IsProved) && (holder.Pid == recorded || FlockHolders.RunsThisProgram(holder.Pid));

    private static string? Names(List<FlockHolder> holders) => holders.Count == 0 ? null : string.Join(" and ", holders.Select(h => h.Describe()));

    private static int? LivingPid(SafeFileHandle file)
    {
        byte[] content = new byte[PidBytes];
        return RegularFile.ReadSomeAt(file, content, 0) is > 0 and var length && Pid(content.AsSpan(0, length)) is { } pid
            && (Native.kill(pid, 0) == 0 || FileErrors.Last == Native.EPERM) ? pid : null;
    }

    private static int? Pid(ReadOnlySpan<byte> content) =>
        int.TryParse(Encoding.ASCII.GetString(content).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0 ? pid : null;
}
