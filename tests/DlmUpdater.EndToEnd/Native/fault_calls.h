/* The calls that are counted, and which argument says what they are about; included by fault_at.c. Left out are those that cannot fail. */
#ifdef SYS_accept4
CALL(accept4, -1)
#endif
#ifdef SYS_access
CALL(access, 0)
#endif
#ifdef SYS_bind
CALL(bind, -1)
#endif
#ifdef SYS_brk
CALL(brk, -2)
#endif
#ifdef SYS_capset
CALL(capset, -2)
#endif
#ifdef SYS_chdir
CALL(chdir, 0)
#endif
#ifdef SYS_chmod
CALL(chmod, 0)
#endif
#ifdef SYS_chown
CALL(chown, 0)
#endif
#ifdef SYS_clock_nanosleep
CALL(clock_nanosleep, -2)
#endif
#ifdef SYS_clone
CALL(clone, -2)
#endif
#ifdef SYS_clone3
CALL(clone3, -2)
#endif
#ifdef SYS_close
CALL(close, -1)
#endif
#ifdef SYS_close_range
CALL(close_range, -2)
#endif
#ifdef SYS_connect
CALL(connect, -1)
#endif
#ifdef SYS_copy_file_range
CALL(copy_file_range, -1)
#endif
#ifdef SYS_creat
CALL(creat, 0)
#endif
#ifdef SYS_dup
CALL(dup, -1)
#endif
#ifdef SYS_dup2
CALL(dup2, -1)
#endif
#ifdef SYS_dup3
CALL(dup3, -1)
#endif
#ifdef SYS_epoll_create1
CALL(epoll_create1, -2)
#endif
#ifdef SYS_epoll_ctl
CALL(epoll_ctl, -1)
#endif
#ifdef SYS_epoll_pwait
CALL(epoll_pwait, -1)
#endif
#ifdef SYS_epoll_wait
CALL(epoll_wait, -1)
#endif
#ifdef SYS_eventfd2
CALL(eventfd2, -2)
#endif
#ifdef SYS_execve
CALL(execve, 0)
#endif
#ifdef SYS_faccessat
CALL(faccessat, 1)
#endif
#ifdef SYS_faccessat2
CALL(faccessat2, 1)
#endif
#ifdef SYS_fadvise64
CALL(fadvise64, -1)
#endif
#ifdef SYS_fallocate
CALL(fallocate, -1)
#endif
#ifdef SYS_fchdir
CALL(fchdir, -1)
#endif
#ifdef SYS_fchmod
CALL(fchmod, -1)
#endif
#ifdef SYS_fchmodat
CALL(fchmodat, 1)
#endif
#ifdef SYS_fchown
CALL(fchown, -1)
#endif
#ifdef SYS_fchownat
CALL(fchownat, 1)
#endif
#ifdef SYS_fcntl
CALL(fcntl, -1)
#endif
#ifdef SYS_fdatasync
CALL(fdatasync, -1)
#endif
#ifdef SYS_flock
CALL(flock, -1)
#endif
#ifdef SYS_fork
CALL(fork, -2)
#endif
#ifdef SYS_fstat
CALL(fstat, -1)
#endif
#ifdef SYS_fstatfs
CALL(fstatfs, -1)
#endif
#ifdef SYS_fsync
CALL(fsync, -1)
#endif
#ifdef SYS_ftruncate
CALL(ftruncate, -1)
#endif
#ifdef SYS_get_mempolicy
CALL(get_mempolicy, -2)
#endif
#ifdef SYS_getcwd
CALL(getcwd, -2)
#endif
#ifdef SYS_getdents64
CALL(getdents64, -1)
#endif
#ifdef SYS_getpeername
CALL(getpeername, -1)
#endif
#ifdef SYS_getrandom
CALL(getrandom, -2)
#endif
#ifdef SYS_getrlimit
CALL(getrlimit, -2)
#endif
#ifdef SYS_getrusage
CALL(getrusage, -2)
#endif
#ifdef SYS_getsockname
CALL(getsockname, -1)
#endif
#ifdef SYS_getsockopt
CALL(getsockopt, -1)
#endif
#ifdef SYS_getxattr
CALL(getxattr, 0)
#endif
#ifdef SYS_inotify_add_watch
CALL(inotify_add_watch, 1)
#endif
#ifdef SYS_inotify_init1
CALL(inotify_init1, -2)
#endif
#ifdef SYS_inotify_rm_watch
CALL(inotify_rm_watch, -2)
#endif
#ifdef SYS_ioctl
CALL(ioctl, -1)
#endif
#ifdef SYS_kill
CALL(kill, -2)
#endif
#ifdef SYS_lchown
CALL(lchown, 0)
#endif
#ifdef SYS_link
CALL(link, 1)
#endif
#ifdef SYS_linkat
CALL(linkat, 3)
#endif
#ifdef SYS_listen
CALL(listen, -1)
#endif
#ifdef SYS_lseek
CALL(lseek, -1)
#endif
#ifdef SYS_lstat
CALL(lstat, 0)
#endif
#ifdef SYS_madvise
CALL(madvise, -2)
#endif
#ifdef SYS_membarrier
CALL(membarrier, -2)
#endif
#ifdef SYS_memfd_create
CALL(memfd_create, -2)
#endif
#ifdef SYS_mkdir
CALL(mkdir, 0)
#endif
#ifdef SYS_mkdirat
CALL(mkdirat, 1)
#endif
#ifdef SYS_mknod
CALL(mknod, 0)
#endif
#ifdef SYS_mknodat
CALL(mknodat, 1)
#endif
#ifdef SYS_mlock
CALL(mlock, -2)
#endif
#ifdef SYS_mmap
CALL(mmap, -2)
#endif
#ifdef SYS_mount
CALL(mount, 0)
#endif
#ifdef SYS_mprotect
CALL(mprotect, -2)
#endif
#ifdef SYS_mremap
CALL(mremap, -2)
#endif
#ifdef SYS_munlock
CALL(munlock, -2)
#endif
#ifdef SYS_munmap
CALL(munmap, -2)
#endif
#ifdef SYS_nanosleep
CALL(nanosleep, -2)
#endif
#ifdef SYS_newfstatat
CALL(newfstatat, 1)
#endif
#ifdef SYS_open
CALL(open, 0)
#endif
#ifdef SYS_openat
CALL(openat, 1)
#endif
#ifdef SYS_openat2
CALL(openat2, 1)
#endif
#ifdef SYS_pidfd_open
CALL(pidfd_open, -2)
#endif
#ifdef SYS_pidfd_send_signal
CALL(pidfd_send_signal, -2)
#endif
#ifdef SYS_pipe
CALL(pipe, -2)
#endif
#ifdef SYS_pipe2
CALL(pipe2, -2)
#endif
#ifdef SYS_poll
CALL(poll, -2)
#endif
#ifdef SYS_ppoll
CALL(ppoll, -2)
#endif
#ifdef SYS_prctl
CALL(prctl, -2)
#endif
#ifdef SYS_pread64
CALL(pread64, -1)
#endif
#ifdef SYS_preadv
CALL(preadv, -1)
#endif
#ifdef SYS_prlimit64
CALL(prlimit64, -2)
#endif
#ifdef SYS_pselect6
CALL(pselect6, -2)
#endif
#ifdef SYS_pwrite64
CALL(pwrite64, -1)
#endif
#ifdef SYS_pwritev
CALL(pwritev, -1)
#endif
#ifdef SYS_read
CALL(read, -1)
#endif
#ifdef SYS_readlink
CALL(readlink, 0)
#endif
#ifdef SYS_readlinkat
CALL(readlinkat, 1)
#endif
#ifdef SYS_readv
CALL(readv, -1)
#endif
#ifdef SYS_recvfrom
CALL(recvfrom, -1)
#endif
#ifdef SYS_recvmsg
CALL(recvmsg, -1)
#endif
#ifdef SYS_rename
CALL(rename, 1)
#endif
#ifdef SYS_renameat
CALL(renameat, 3)
#endif
#ifdef SYS_renameat2
CALL(renameat2, 3)
#endif
#ifdef SYS_rmdir
CALL(rmdir, 0)
#endif
#ifdef SYS_sched_getaffinity
CALL(sched_getaffinity, -2)
#endif
#ifdef SYS_select
CALL(select, -2)
#endif
#ifdef SYS_sendfile
CALL(sendfile, -1)
#endif
#ifdef SYS_sendmsg
CALL(sendmsg, -1)
#endif
#ifdef SYS_sendto
CALL(sendto, -1)
#endif
#ifdef SYS_setgroups
CALL(setgroups, -2)
#endif
#ifdef SYS_setitimer
CALL(setitimer, -2)
#endif
#ifdef SYS_setpgid
CALL(setpgid, -2)
#endif
#ifdef SYS_setresgid
CALL(setresgid, -2)
#endif
#ifdef SYS_setresuid
CALL(setresuid, -2)
#endif
#ifdef SYS_setsid
CALL(setsid, -2)
#endif
#ifdef SYS_setsockopt
CALL(setsockopt, -1)
#endif
#ifdef SYS_setxattr
CALL(setxattr, 0)
#endif
#ifdef SYS_shutdown
CALL(shutdown, -1)
#endif
#ifdef SYS_signalfd4
CALL(signalfd4, -2)
#endif
#ifdef SYS_socket
CALL(socket, -2)
#endif
#ifdef SYS_socketpair
CALL(socketpair, -2)
#endif
#ifdef SYS_splice
CALL(splice, -1)
#endif
#ifdef SYS_stat
CALL(stat, 0)
#endif
#ifdef SYS_statfs
CALL(statfs, 0)
#endif
#ifdef SYS_statx
CALL(statx, 1)
#endif
#ifdef SYS_symlink
CALL(symlink, 0)
#endif
#ifdef SYS_symlinkat
CALL(symlinkat, 2)
#endif
#ifdef SYS_sysinfo
CALL(sysinfo, -2)
#endif
#ifdef SYS_tgkill
CALL(tgkill, -2)
#endif
#ifdef SYS_timerfd_create
CALL(timerfd_create, -2)
#endif
#ifdef SYS_timerfd_settime
CALL(timerfd_settime, -1)
#endif
#ifdef SYS_tkill
CALL(tkill, -2)
#endif
#ifdef SYS_truncate
CALL(truncate, 0)
#endif
#ifdef SYS_umask
CALL(umask, -2)
#endif
#ifdef SYS_umount2
CALL(umount2, 0)
#endif
#ifdef SYS_uname
CALL(uname, -2)
#endif
#ifdef SYS_unlink
CALL(unlink, 0)
#endif
#ifdef SYS_unlinkat
CALL(unlinkat, 1)
#endif
#ifdef SYS_utimensat
CALL(utimensat, 1)
#endif
#ifdef SYS_vfork
CALL(vfork, -2)
#endif
#ifdef SYS_wait4
CALL(wait4, -2)
#endif
#ifdef SYS_waitid
CALL(waitid, -2)
#endif
#ifdef SYS_write
CALL(write, -1)
#endif
#ifdef SYS_writev
CALL(writev, -1)
#endif
