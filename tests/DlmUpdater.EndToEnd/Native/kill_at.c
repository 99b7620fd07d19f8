/* Loaded into dlm-updater with LD_PRELOAD: counts the C library calls by which anything is persisted or started, and ends the process
 * with SIGKILL at the one that KILL_AT names.
 *
 *   KILL_AT    the number of the call, from 1; not set = only count
 *   KILL_HOW   before | after the call, or torn: a write writes its first half (any other call is as before)
 *   KILL_TRACE a file that gets one line per call: its name, a tab, what it was called with
 *
 * Writes count only where they go to a regular file: a log line on a pipe persists nothing. What goes over the network counts where it
 * goes over the internet protocols; a receive counts once there is something, so that before it means: come, but not seen. Its own calls go straight to the kernel. */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum how { BEFORE, AFTER, TORN };

static atomic_long calls;
static long kill_at = -1;
static enum how kill_how = BEFORE;
static int trace = -1;

__attribute__((constructor)) static void prepare(void)
{
    const char *at = getenv("KILL_AT"), *how = getenv("KILL_HOW"), *file = getenv("KILL_TRACE");
    if (at != NULL) kill_at = atol(at);
    if (how != NULL) kill_how = strcmp(how, "after") == 0 ? AFTER : strcmp(how, "torn") == 0 ? TORN : BEFORE;
    if (file != NULL)
    {
        /* High and close-on-exec: it must neither take a descriptor that the program counts on, nor reach a script. */
        int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        trace = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 200);
        syscall(SYS_close, fd);
    }
}

static void die(void)
{
    syscall(SYS_kill, (pid_t)syscall(SYS_getpid), SIGKILL);
    for (;;) pause();
}

/* True if this is the call. */
static int count(const char *name, const char *what)
{
    long number = atomic_fetch_add(&calls, 1) + 1;
    if (trace >= 0)
    {
        char line[512];
        size_t used = 0;
        for (; *name != 0 && used < 100; name++) line[used++] = *name;
        line[used++] = '\t';
        for (; *what != 0 && used < sizeof line - 1; what++) line[used++] = *what;
        line[used++] = '\n';
        syscall(SYS_write, trace, line, used);
    }
    return number == kill_at;
}

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

#define CALL(type, name, parameters, arguments, what)                   \
    type name parameters                                                \
    {                                                                   \
        static type (*real) parameters;                                 \
        if (real == NULL) real = (type (*) parameters)next(#name);      \
        int here = count(#name, what);                                  \
        if (here && kill_how != AFTER) die();                           \
        type result = real arguments;                                   \
        int error = errno;                                              \
        if (here) die();                                                \
        errno = error;                                                  \
        return result;                                                  \
    }

CALL(int, rename, (const char *from, const char *to), (from, to), to)
CALL(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), to)
CALL(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), (a, from, b, to, flags), to)
CALL(int, link, (const char *from, const char *to), (from, to), to)
CALL(int, unlink, (const char *path), (path), path)
CALL(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), path)
CALL(int, rmdir, (const char *path), (path), path)
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), path)
CALL(int, fsync, (int fd), (fd), "")
CALL(int, fdatasync, (int fd), (fd), "")
CALL(int, flock, (int fd, int operation), (fd, operation), "")
CALL(int, fchmod, (int fd, mode_t mode), (fd, mode), "")
CALL(int, ftruncate, (int fd, off_t length), (fd, length), "")
CALL(int, ftruncate64, (int fd, off64_t length), (fd, length), "")
CALL(int, posix_spawn,
    (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]),
    (pid, path, actions, attributes, argv, envp), path)
CALL(int, posix_spawnp,
    (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]),
    (pid, path, actions, attributes, argv, envp), path)
CALL(pid_t, fork, (void), (), "")

static int is_regular(int fd)
{
    struct stat facts;
    return fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
}

/* A write that can be torn: the first half reaches the file, then the process is gone. */
#define WRITE(name, parameters, arguments, half)                                    \
    ssize_t name parameters                                                         \
    {                                                                               \
        static ssize_t (*real) parameters;                                          \
        if (real == NULL) real = (ssize_t (*) parameters)next(#name);               \
        int here = is_regular(fd) && count(#name, "");                              \
        if (here && kill_how == TORN) { ssize_t written = real half; (void)written; } \
        if (here && kill_how != AFTER) die();                                       \
        ssize_t result = real arguments;                                            \
        int error = errno;                                                          \
        if (here) die();                                                            \
        errno = error;                                                              \
        return result;                                                              \
    }

WRITE(write, (int fd, const void *bytes, size_t length), (fd, bytes, length), (fd, bytes, length / 2))
WRITE(pwrite, (int fd, const void *bytes, size_t length, off_t at), (fd, bytes, length, at), (fd, bytes, length / 2, at))
WRITE(pwrite64, (int fd, const void *bytes, size_t length, off64_t at), (fd, bytes, length, at), (fd, bytes, length / 2, at))
WRITE(writev, (int fd, const struct iovec *parts, int number), (fd, parts, number), (fd, parts, number / 2))
WRITE(pwritev, (int fd, const struct iovec *parts, int number, off_t at), (fd, parts, number, at), (fd, parts, number / 2, at))

/* Only the opens that create. */
#define OPEN(name)                                                                              \
    int name(const char *path, int flags, ...)                                                  \
    {                                                                                           \
        static int (*real)(const char *, int, ...);                                             \
        if (real == NULL) real = (int (*)(const char *, int, ...))next(#name);                  \
        va_list rest;                                                                           \
        va_start(rest, flags);                                                                  \
        mode_t mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(rest, int) : 0;                   \
        va_end(rest);                                                                           \
        int here = (flags & O_CREAT) != 0 && count(#name, path);                                \
        if (here && kill_how != AFTER) die();                                                   \
        int result = real(path, flags, mode);                                                   \
        int error = errno;                                                                      \
        if (here) die();                                                                        \
        errno = error;                                                                          \
        return result;                                                                          \
    }

OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                            \
    int name(int at, const char *path, int flags, ...)                                          \
    {                                                                                           \
        static int (*real)(int, const char *, int, ...);                                        \
        if (real == NULL) real = (int (*)(int, const char *, int, ...))next(#name);             \
        va_list rest;                                                                           \
        va_start(rest, flags);                                                                  \
        mode_t mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(rest, int) : 0;                   \
        va_end(rest);                                                                           \
        int here = (flags & O_CREAT) != 0 && count(#name, path);                                \
        if (here && kill_how != AFTER) die();                                                   \
        int result = real(at, path, flags, mode);                                               \
        int error = errno;                                                                      \
        if (here) die();                                                                        \
        errno = error;                                                                          \
        return result;                                                                          \
    }

OPENAT(openat)
OPENAT(openat64)

static int is_network(int fd)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && (domain == AF_INET || domain == AF_INET6);
}

#define SEND(name, parameters, arguments)                                   \
    ssize_t name parameters                                                 \
    {                                                                       \
        static ssize_t (*real) parameters;                                  \
        if (real == NULL) real = (ssize_t (*) parameters)next(#name);       \
        int here = is_network(fd) && count(#name, "");                      \
        if (here && kill_how != AFTER) die();                               \
        ssize_t result = real arguments;                                    \
        int error = errno;                                                  \
        if (here) die();                                                    \
        errno = error;                                                      \
        return result;                                                      \
    }

#define RECEIVE(name, parameters, arguments)                                \
    ssize_t name parameters                                                 \
    {                                                                       \
        static ssize_t (*real) parameters;                                  \
        if (real == NULL) real = (ssize_t (*) parameters)next(#name);       \
        ssize_t result = real arguments;                                    \
        int error = errno;                                                  \
        if (result > 0 && is_network(fd) && count(#name, "")) die();        \
        errno = error;                                                      \
        return result;                                                      \
    }

SEND(send, (int fd, const void *bytes, size_t length, int flags), (fd, bytes, length, flags))
SEND(sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
RECEIVE(recv, (int fd, void *bytes, size_t length, int flags), (fd, bytes, length, flags))
RECEIVE(recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
