/* Runs before the runtime does. A runtime that gets no descriptor, thread or memory while it starts ends with 255 or SIGSEGV and says
   nothing: here that becomes one line and an exit code of the manual (75, try later). Nothing of the program has run by then. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { TRY_LATER = 75, FAILED_TO_START = 255 };

/* What a run needs at the same time, with some to spare: the runtime 3, log, instance lock, state, a script's pipe and pidfd, a connection. */
enum { DESCRIPTORS = 16 };

extern int __real_main(int count, char **arguments);

static int refuse(const char *what, const char *why)
{
  char line[512];
  int length = snprintf(line, sizeof line, "dlm-updater: cannot start: %s%s%s; nothing was done; raise the limit (ulimit, LimitNOFILE=, TasksMax=, MemoryMax=) or run it again later\n",
                        what, *why ? ": " : "", why);
  if (length > 0 && write(2, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1) < 0)
    return TRY_LATER;
  return TRY_LATER;
}

/* Where stdin, stdout or stderr is closed the next file to be opened gets its number: the pipe by which the runtime hands signals over,
   for example, and then the bytes of a log line are taken for signals. */
static void fill_standard(void)
{
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_NOCTTY) < 0)
      (void)!open("/", O_RDONLY | O_DIRECTORY);
}

int __wrap_main(int count, char **arguments)
{
  fill_standard();
  int last = fcntl(0, F_DUPFD_CLOEXEC, DESCRIPTORS);
  int error = errno;
  if (last < 0)
    return refuse("too few file descriptors", error == EINVAL ? "the limit is below 17" : strerror(error));
  close(last);

  int code = __real_main(count, arguments);
  return (code & 255) == FAILED_TO_START ? refuse("the runtime got too little memory, threads or file descriptors", "") : code;
}
