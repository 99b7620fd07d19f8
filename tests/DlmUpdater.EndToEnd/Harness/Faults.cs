namespace DlmUpdater.EndToEnd.Harness;

/// <summary>The faults that are plausible for a system call.</summary>
internal static class Faults
{
    private static readonly string[] Kills = ["kill-before", "kill-after"];

    private static readonly Dictionary<string, string[]> OfCall = Table(
        ("openat open", "EACCES EIO EMFILE ENFILE ENOMEM ENOSPC EROFS EINTR", "all=EMFILE"),
        ("read pread64", "EIO EINTR EAGAIN", "short"),
        ("write pwrite64 writev pwritev", "ENOSPC EIO EINTR EAGAIN EDQUOT", "short"),
        ("fsync fdatasync", "EIO ENOSPC", "all=EIO"),
        ("rename renameat renameat2 link", "EIO ENOSPC EROFS EACCES", "all=EROFS"),
        ("unlink unlinkat rmdir", "EIO EACCES EROFS", ""),
        ("mkdir mkdirat mknod mknodat", "ENOSPC EACCES EROFS EDQUOT", ""),
        ("stat lstat fstat newfstatat statx", "EACCES EIO ENOMEM ELOOP", ""),
        ("statfs fstatfs", "EACCES EIO ENOSYS", ""),
        ("access faccessat faccessat2", "EACCES EIO", ""),
        ("flock", "EINTR ENOLCK EIO", ""),
        ("fchmod chmod fchmodat", "EPERM EROFS EIO", ""),
        ("chown fchown fchownat", "EPERM EIO", ""),
        ("ftruncate fallocate", "EIO ENOSPC EINTR", ""),
        ("getdents64", "EIO EACCES", ""),
        ("readlink readlinkat", "EACCES EIO ENOENT", ""),
        ("pipe pipe2", "EMFILE ENFILE", "all=EMFILE"),
        ("fork vfork clone clone3", "EAGAIN ENOMEM", "all=EAGAIN"),
        ("poll ppoll select pselect6", "EINTR ENOMEM", ""),
        ("epoll_wait epoll_pwait", "EINTR", ""),
        ("kill tgkill pidfd_send_signal", "EPERM ESRCH", ""),
        ("waitid wait4", "EINTR ECHILD", ""),
        ("socket socketpair", "EMFILE ENFILE ENOBUFS EACCES EAFNOSUPPORT", ""),
        ("connect", "ECONNREFUSED ETIMEDOUT ENETUNREACH EACCES EAGAIN EINTR", ""),
        ("bind listen accept4 getsockname getpeername getsockopt setsockopt shutdown", "ENOBUFS EACCES", ""),
        ("sendto sendmsg", "ECONNRESET EPIPE EINTR ENOBUFS", "short"),
        ("recvfrom recvmsg", "ECONNRESET EINTR ETIMEDOUT", "short"),
        ("getrandom", "ENOSYS EAGAIN EINTR", ""),
        ("mmap mprotect mremap madvise mlock", "ENOMEM", ""),
        ("eventfd2 timerfd_create signalfd4 inotify_init1 epoll_create1 pidfd_open memfd_create", "EMFILE ENFILE ENOMEM ENOSYS", ""),
        ("epoll_ctl inotify_add_watch", "ENOMEM ENOSPC", ""),
        ("execve", "ENOENT EACCES ENOMEM EIO ETXTBSY", ""),
        ("chdir fchdir", "ENOENT EACCES EIO", ""),
        ("getcwd", "ENOENT EACCES", ""),
        ("dup dup2 dup3", "EMFILE EINTR EBUSY", ""),
        ("fcntl", "EMFILE ENOLCK EINVAL", ""),
        ("ioctl", "EIO EINVAL", ""),
        ("setpgid setsid", "EPERM ESRCH", ""),
        ("setresuid setresgid setgroups", "EPERM EAGAIN ENOMEM", ""),
        ("prctl", "EINVAL EPERM", ""),
        ("close_range membarrier", "ENOSYS EPERM", ""),
        ("getrlimit prlimit64", "EPERM", ""),
        ("uname sysinfo sched_getaffinity get_mempolicy", "EPERM ENOSYS", ""));

    /// <summary>The faults to cause at a call, killing included. A call that cannot fail is only killed at.</summary>
    internal static IEnumerable<string> Of(SystemCall call)
    {
        foreach (string kill in Kills) yield return kill;

        // The kernel frees the descriptor whatever it answers.
        if (call.Name == "close") yield return "late=EIO";

        foreach (string fault in OfCall.GetValueOrDefault(call.Name) ?? []) yield return fault;
    }

    private static Dictionary<string, string[]> Table(params (string Calls, string Errors, string More)[] rows)
    {
        var table = new Dictionary<string, string[]>();
        foreach (var (calls, errors, more) in rows)
        {
            string[] faults =
            [
                .. errors.Split(' ').Select(error => "fail=" + error),
                .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(fault => fault.StartsWith("all=", StringComparison.Ordinal) ? "fail-" + fault : fault),
            ];
            foreach (string call in calls.Split(' ')) table.Add(call, faults);
        }

        return table;
    }
}
