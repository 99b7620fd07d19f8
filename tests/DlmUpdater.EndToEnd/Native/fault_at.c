/* Runs a program, counts its system calls, and makes one of them fail, end half done, or be the last one.
 *
 *   fault_at [-t TRACE] [-r REPORT] [-w WHO -c CALL -n NUMBER -p PART -f FAULT] -- PROGRAM ARGUMENT...
 *
 *   -t  write one line per system call: who, call, number, what it was called with
 *   -r  write the same line for the call that was hit
 *   -w  agent: the program and its threads; child: what it forks, until that is another program
 *   -c  the name of the call; -n its number, from 1, among the calls of that name
 *   -p  only calls with PART in what they are called with count
 *   -f  fail=ERRNO      the call is not made and returns that error
 *       fail-all=ERRNO  from this call on, each call of this name
 *       late=ERRNO      the call is made and returns that error
 *       short           a read or write of half the length
 *       kill-before     SIGKILL instead of the call
 *       kill-after      SIGKILL when it has been made
 *
 * Ends with the program's exit code, or 128 + the signal that ended it. By ptrace(2) and not by a preloaded library: that does not see the
 * calls that the C library makes for itself (posix_spawn, getpwuid_r, opendir, the loader), and needs a dynamic program. strace(1) injects
 * faults too, but counts for each thread alone, follows the scripts as well, and cannot kill after a call or shorten it. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

struct call { long number; const char *name; int path; /* which argument is a path; -1 = the first is a descriptor, -2 = neither */ };

#define CALL(name, path) { SYS_##name, #name, path },
static const struct call calls[] = {
#include "fault_calls.h"
};

enum fault { NONE, FAIL, FAIL_ALL, LATE, SHORT, KILL_BEFORE, KILL_AFTER };

static const char *want_who = "agent", *want_call, *want_part;
static long want_number, matched;
static enum fault fault;
static long fault_errno;
static FILE *trace, *report;

static pid_t program;
static int running = 0; /* the program has been executed */
static int hit = 0;
static long counts[2][sizeof calls / sizeof *calls];

/* What is to be done at the end of the call that a thread is in. */
struct thread { pid_t id; int is_child, is_known; long set; int has_set, kill; };
static struct thread threads[512];

static struct thread *thread_of(pid_t id)
{
    struct thread *unused = NULL;
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
    {
        if (threads[i].id == id) return &threads[i];
        if (threads[i].id == 0 && unused == NULL) unused = &threads[i];
    }
    if (unused == NULL) { fprintf(stderr, "fault_at: too many threads\n"); exit(125); }
    memset(unused, 0, sizeof *unused);
    unused->id = id;
    return unused;
}

static int is_child(struct thread *thread)
{
    if (!thread->is_known)
    {
        char path[64], line[256];
        int group = 0;
        snprintf(path, sizeof path, "/proc/%d/status", thread->id);
        FILE *status = fopen(path, "re");
        while (status != NULL && fgets(line, sizeof line, status) != NULL) if (sscanf(line, "Tgid: %d", &group) == 1) break;
        if (status != NULL) fclose(status);
        thread->is_child = group != program;
        thread->is_known = 1;
    }
    return thread->is_child;
}

static void describe(pid_t id, const struct call *call, const unsigned long long *arguments, char *into, size_t size)
{
    into[0] = 0;
    if (call->path >= 0)
    {
        char text[PATH_MAX];
        struct iovec here = { text, 256 }, there = { (void *)(uintptr_t)arguments[call->path], 256 };
        /* The string may end just before a page that does not exist. */
        size_t to_page = 4096 - ((uintptr_t)there.iov_base & 4095);
        ssize_t got = process_vm_readv(id, &here, 1, &there, 1, 0);
        if (got < 0) { here.iov_len = there.iov_len = to_page < 256 ? to_page : 256; got = process_vm_readv(id, &here, 1, &there, 1, 0); }
        if (got > 0) snprintf(into, size, "%.*s", (int)strnlen(text, (size_t)got), text);
    }
    else if (call->path == -1 && (long long)arguments[0] >= 0)
    {
        char link[64], target[PATH_MAX];
        snprintf(link, sizeof link, "/proc/%d/fd/%d", id, (int)arguments[0]);
        ssize_t got = readlink(link, target, sizeof target - 1);
        snprintf(into, size, "%d %.*s", (int)arguments[0], got > 0 ? (int)got : 0, target);
    }
    for (char *c = into; *c != 0; c++) if (*c == '\n' || *c == '\t') *c = ' ';
}

static void skip_call(pid_t id)
{
#if defined __x86_64__
    ptrace(PTRACE_POKEUSER, id, offsetof(struct user_regs_struct, orig_rax), -1L);
#elif defined __aarch64__
    int none = -1;
    struct iovec io = { &none, sizeof none };
    ptrace(PTRACE_SETREGSET, id, NT_ARM_SYSTEM_CALL, &io);
#else
#error "not this processor"
#endif
}

static void set_result(pid_t id, long result)
{
#if defined __x86_64__
    ptrace(PTRACE_POKEUSER, id, offsetof(struct user_regs_struct, rax), result);
#else
    struct user_pt_regs regs;
    struct iovec io = { &regs, sizeof regs };
    ptrace(PTRACE_GETREGSET, id, NT_PRSTATUS, &io);
    regs.regs[0] = (unsigned long)result;
    ptrace(PTRACE_SETREGSET, id, NT_PRSTATUS, &io);
#endif
}

/* The third argument is the length in read, write, pread64, pwrite64, sendto and recvfrom. */
static void halve_length(pid_t id, unsigned long long length)
{
    if (length < 2) return;
#if defined __x86_64__
    ptrace(PTRACE_POKEUSER, id, offsetof(struct user_regs_struct, rdx), length / 2);
#else
    struct user_pt_regs regs;
    struct iovec io = { &regs, sizeof regs };
    ptrace(PTRACE_GETREGSET, id, NT_PRSTATUS, &io);
    regs.regs[2] = length / 2;
    ptrace(PTRACE_SETREGSET, id, NT_PRSTATUS, &io);
#endif
}

static void at_entry(struct thread *thread, const struct ptrace_syscall_info *info)
{
    size_t which = 0;
    while (which < sizeof calls / sizeof *calls && calls[which].number != (long)info->entry.nr) which++;
    if (which == sizeof calls / sizeof *calls) return;
    const struct call *call = &calls[which];
    const char *who = is_child(thread) ? "child" : "agent";
    long number = ++counts[thread->is_child][which];
    int here = want_call != NULL && strcmp(call->name, want_call) == 0 && strcmp(who, want_who) == 0;
    if (here && want_part != NULL)
    {
        char what[PATH_MAX];
        describe(thread->id, call, info->entry.args, what, sizeof what);
        here = strstr(what, want_part) != NULL;
    }
    if (here)
    {
        long at = want_part != NULL ? ++matched : number;
        here = at == want_number || (fault == FAIL_ALL && at > want_number);
    }
    if (trace != NULL || (here && report != NULL && !hit))
    {
        char what[PATH_MAX];
        describe(thread->id, call, info->entry.args, what, sizeof what);
        if (trace != NULL) fprintf(trace, "%s\t%s\t%ld\t%s\n", who, call->name, number, what);
        if (here && report != NULL && !hit) { fprintf(report, "%s\t%s\t%ld\t%s\n", who, call->name, number, what); fflush(report); }
    }
    if (!here) return;
    hit = 1;
    switch (fault)
    {
        case FAIL: case FAIL_ALL: skip_call(thread->id); thread->set = -fault_errno; thread->has_set = 1; break;
        case LATE: thread->set = -fault_errno; thread->has_set = 1; break;
        case SHORT: halve_length(thread->id, info->entry.args[2]); break;
        case KILL_BEFORE: if (!thread->is_child) skip_call(thread->id); kill(program, SIGKILL); break;
        case KILL_AFTER: thread->kill = 1; break;
        case NONE: break;
    }
}

static void at_exit(struct thread *thread)
{
    if (thread->has_set) { set_result(thread->id, thread->set); thread->has_set = 0; }
    if (thread->kill) { thread->kill = 0; kill(program, SIGKILL); }
}

static int errno_of(const char *name)
{
    static const struct { const char *name; int number; } names[] = {
#define E(name) { #name, name },
        E(EPERM) E(ENOENT) E(ESRCH) E(EINTR) E(EIO) E(E2BIG) E(ENOEXEC) E(EBADF) E(ECHILD) E(EAGAIN) E(ENOMEM) E(EACCES) E(EBUSY) E(EEXIST) E(ENODEV) E(EINVAL) E(ENFILE) E(EMFILE)
        E(ETXTBSY) E(EFBIG) E(ENOSPC) E(EROFS) E(EPIPE) E(ENOLCK) E(ENOSYS) E(ELOOP) E(ENOBUFS) E(ENETUNREACH) E(EHOSTUNREACH) E(ECONNRESET) E(ECONNREFUSED) E(ETIMEDOUT)
        E(EOPNOTSUPP) E(EDQUOT) E(ESTALE) E(EAFNOSUPPORT)
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) if (strcmp(names[i].name, name) == 0) return names[i].number;
    fprintf(stderr, "fault_at: unknown error '%s'\n", name);
    exit(125);
}

static void parse_fault(const char *text)
{
    const char *is = strchr(text, '=');
    if (is != NULL) fault_errno = errno_of(is + 1);
    size_t length = is != NULL ? (size_t)(is - text) : strlen(text);
    static const char *names[] = { "", "fail", "fail-all", "late", "short", "kill-before", "kill-after" };
    for (size_t i = 1; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0) { fault = (enum fault)i; return; }
    fprintf(stderr, "fault_at: unknown fault '%s'\n", text);
    exit(125);
}

int main(int count, char **arguments)
{
    int option;
    while ((option = getopt(count, arguments, "+t:r:w:c:n:p:f:")) != -1)
    {
        switch (option)
        {
            case 't': trace = fopen(optarg, "ae"); break;
            case 'r': report = fopen(optarg, "ae"); break;
            case 'w': want_who = optarg; break;
            case 'c': want_call = optarg; break;
            case 'n': want_number = atol(optarg); break;
            case 'p': want_part = optarg; break;
            case 'f': parse_fault(optarg); break;
            default: return 125;
        }
    }
    program = fork();
    if (program == 0)
    {
        raise(SIGSTOP);
        execv(arguments[optind], arguments + optind);
        perror(arguments[optind]);
        _exit(125);
    }
    int status;
    waitpid(program, &status, WUNTRACED);
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, program, 0, options) != 0) { perror("fault_at: ptrace"); kill(program, SIGKILL); return 125; }
    kill(program, SIGCONT);

    int code = 125;
    for (;;)
    {
        pid_t id = waitpid(-1, &status, __WALL);
        if (id < 0) { if (errno == EINTR) continue; break; }
        if (WIFEXITED(status) || WIFSIGNALED(status))
        {
            thread_of(id)->id = 0;
            if (id == program) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        int signal = WSTOPSIG(status), event = status >> 16;
        struct thread *thread = thread_of(id);
        if (signal == (SIGTRAP | 0x80))
        {
            struct ptrace_syscall_info info;
            if (running && ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) > 0)
            {
                if (info.op == PTRACE_SYSCALL_INFO_ENTRY) at_entry(thread, &info);
                else if (info.op == PTRACE_SYSCALL_INFO_EXIT) at_exit(thread);
            }
            ptrace(PTRACE_SYSCALL, id, 0, 0);
        }
        else if (event == PTRACE_EVENT_EXEC)
        {
            if (is_child(thread)) { thread->id = 0; if (thread->kill) kill(program, SIGKILL); ptrace(PTRACE_DETACH, id, 0, 0); continue; }
            running = 1;
            ptrace(PTRACE_SYSCALL, id, 0, 0);
        }
        else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) ptrace(PTRACE_LISTEN, id, 0, 0);
        else if (event != 0) ptrace(PTRACE_SYSCALL, id, 0, 0);
        else ptrace(PTRACE_SYSCALL, id, 0, signal);
    }
    if (trace != NULL) fclose(trace);
    if (report != NULL) fclose(report);
    return code;
}
