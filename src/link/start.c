/* A glibc before 2.34 runs what a program hands it to run its constructors with; one of 2.34 or later runs them by itself if it is
   handed nothing, and what it is handed if it is. crt1.o of the later ones hands nothing. This hands it over: both run it, once. */
typedef void (*constructor)(int, char **, char **);

extern constructor __init_array_start[] __attribute__((visibility("hidden")));
extern constructor __init_array_end[] __attribute__((visibility("hidden")));
extern void _init(void);
extern int __real___libc_start_main(int (*)(int, char **, char **), int, char **, constructor, void (*)(void), void (*)(void), void *);

static void construct(int count, char **arguments, char **environment)
{
  _init();
  for (constructor *each = __init_array_start; each < __init_array_end; each++)
    (*each)(count, arguments, environment);
}

int __wrap___libc_start_main(int (*start)(int, char **, char **), int count, char **arguments, constructor init, void (*fini)(void),
                             void (*loader_fini)(void), void *stack)
{
  return __real___libc_start_main(start, count, arguments, init ? init : construct, fini, loader_fini, stack);
}
