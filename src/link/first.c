/* Runs before the runtime does. A runtime that gets no descriptor, thread or memory while it starts ends with 255, SIGABRT or SIGSEGV
   and says nothing: here that becomes one line and an exit code of the manual (75, try later). Nothing of the program has run by then. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TRY_LATER = 75, FAILED_TO_START = 255 };

/* What a run needs at the same time, with some to spare: the runtime 3, log, instance lock, state, a script's pipe and pidfd, a
   connection. */
enum { DESCRIPTORS = 16 };

extern int __real_main(int count, char **arguments);

static int refuse(const char *what, const char *why)
{
  char line[512];
  int length = snprintf(line, sizeof line, "dlm-updater: cannot start: %s%s%s; nothing was done; "
                        "raise the limit (ulimit, LimitNOFILE=, TasksMax=, MemoryMax=) or run it again later\n",
                        what, *why ? ": " : "", why);
  if (length > 0 && write(2, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1) < 0)
    return TRY_LATER;
  return TRY_LATER;
}

static volatile sig_atomic_t started, children;

/* Program.cs calls this first. */
void dlm_updater_started(void)
{
  started = 1;
}

/* A child was started (1) or has ended (-1). Children are started and reaped by one thread at a time. */
void dlm_updater_child(int change)
{
  children += change;
}

/* The runtime has ended the program: it got no thread or no memory (SIGABRT), or did not look at malloc's answer (SIGSEGV). Before the
   program has begun, and by SIGABRT while no script runs, this is a refusal like any other. Otherwise the process ends by the signal, so
   that the unit of OnFailure= takes over the script's output, and a crash can be looked into; but not without a word. */
static void crashed(int number)
{
  static const char early[] = "dlm-updater: cannot start: the runtime crashed, as it does without memory; nothing was done; run it again later\n";
  static const char late[] = "dlm-updater: the runtime crashed (out of memory, or a bug: please report it); the next start resumes an open run\n";
  static const char idle[] = "dlm-updater: the operating system gave the runtime no thread or no memory; the next start resumes an open run\n";
  if (!started)
    (void)!write(2, early, sizeof early - 1);
  else if (number == SIGABRT && children <= 0)
    (void)!write(2, idle, sizeof idle - 1);
  else
    (void)!write(2, late, sizeof late - 1);
  if (!started || (number == SIGABRT && children <= 0))
    _exit(TRY_LATER);
  signal(number, SIG_DFL);
  raise(number);
}

/* Where stdin, stdout or stderr is closed the next file to be opened gets its number: the pipe by which the runtime hands signals over,
   for example, and then the bytes of a log line are taken for signals. */
static void fill_standard(void)
{
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_NOCTTY) < 0)
      (void)!open("/", O_RDONLY | O_DIRECTORY);
}

/* Nothing handles them yet, and a run that is asked to stop must not end without a word: they wait until Signals.cs handles them, or lets them through. */
static void hold_signals(void)
{
  sigset_t asking;
  sigemptyset(&asking);
  sigaddset(&asking, SIGTERM);
  sigaddset(&asking, SIGINT);
  sigaddset(&asking, SIGHUP);
  sigaddset(&asking, SIGQUIT);
  sigprocmask(SIG_BLOCK, &asking, NULL);
}

int __wrap_main(int count, char **arguments)
{
  hold_signals();
  fill_standard();
  struct sigaction action = { .sa_handler = crashed, .sa_flags = SA_ONSTACK };
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGABRT, &action, NULL);
  int last = fcntl(0, F_DUPFD_CLOEXEC, DESCRIPTORS);
  int error = errno;
  if (last < 0)
    return refuse("too few file descriptors", error == EINVAL ? "the limit is below 17" : strerror(error));
  close(last);

  int code = __real_main(count, arguments);
  /* Not of a program that has begun: 'shield' passes the exit code of its command on. */
  return !started && (code & 255) == FAILED_TO_START ? refuse("the runtime got too little memory, threads or file descriptors", "") : code;
}
