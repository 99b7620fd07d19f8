using DlmUpdater.Core.Locking;
using DlmUpdater.Host;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Locks.LocalFile;

/// <summary>The flock under which a lock file is changed: held for milliseconds, dropped by the kernel if its holder dies.</summary>
internal sealed class LockGuard : IDisposable
{
    private readonly SafeFileHandle file;

    private LockGuard(SafeFileHandle file) => this.file = file;

    /// <summary>Waits for it, at most <paramref name="atMost"/>.</summary>
    /// <returns>The guard, or null with why and the error number (<see cref="Native.EAGAIN"/>: it was held all the time).</returns>
    internal static LockGuard? Take(string path, TimeSpan atMost, TimeProvider time, CancellationToken cancel, out string why, out int errno)
    {
        long start = time.GetTimestamp();
        int pause = 10;
        while (true)
        {
            if (cancel.IsCancellationRequested) throw new CutOffException($"the guard {path}", cancel) { NothingSent = true };
            // Read-only, so that closing it is no event for those who watch the directory.
            SafeFileHandle file = OwnFile.OpenHandle(path, Native.O_RDONLY, out OwnFileError error, out _);
            errno = error.Errno;
            if (errno == 0 && Native.LockHandle(file, Native.LOCK_EX | Native.LOCK_NB) != 0)
                errno = FileErrors.Last;
            if (errno == 0 && IsStill(file, path))
            {
                why = "";
                return new LockGuard(file);
            }
            bool isLast = errno is not (0 or Native.EAGAIN or Native.EINTR) || time.GetElapsedTime(start) >= atMost;
            string holder = isLast && errno == Native.EAGAIN ? Holder(file) : "";
            file.Dispose();
            why = errno == Native.EAGAIN
                ? $"{holder} has held {path} for {atMost.TotalSeconds:0.###} s: find it with 'fuser {path}'"
                : error.Errno != 0 ? error.Describe("lock", path, LockFile.Setting)
                : FileErrors.Describe("lock", path, errno, LockFile.Setting);
            // No error: the guard was removed between open and lock, and what we locked guards nothing. Try the new one.
            if (isLast)
                return null;
            if (errno == Native.EAGAIN)
            {
                // flock cannot wait with a limit, so it is asked again; held for milliseconds, it is soon free.
                _ = cancel.WaitHandle.WaitOne(pause);
                pause = Math.Min(pause + 10, 50);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static string Holder(SafeFileHandle file) =>
        Native.TryStat(file, out FileFacts facts) && FlockHolders.Find(facts, everywhere: true) is [var holder, ..] ? holder.Describe() : "another process";

    private static bool IsStill(SafeFileHandle file, string path) =>
        Native.TryStat(file, out FileFacts ours) && Native.TryStat(path, out FileFacts there) && ours.IsSameFile(there);
}
