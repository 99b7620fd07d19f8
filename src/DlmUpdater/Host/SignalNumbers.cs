namespace DlmUpdater.Host;

/// <summary>The signals of signal(7) by what this program does about them. The numbers are those of x86-64 and arm64.</summary>
internal static class SignalNumbers
{
    /// <summary>The highest signal of the kernel.</summary>
    internal const int Last = 64;

    private const int SIGUSR1 = 10, SIGUSR2 = 12, SIGPIPE = 13, SIGALRM = 14, SIGSTKFLT = 16, SIGTTOU = 22, SIGXCPU = 24, SIGXFSZ = 25, SIGVTALRM = 26, SIGPROF = 27,
        SIGIO = 29, SIGPWR = 30, FirstReal = 32;

    /// <summary>Those that end or stop a process by default although they say nothing about it that it must end for. SIGXFSZ ignored, a write
    /// beyond the limit fails with EFBIG. SIGTTOU ignored, a background job writes to the terminal in spite of <c>stty tostop</c>
    /// instead of being stopped with the lock. Left alone are those that tell of a fault (SIGSEGV, SIGABRT and the like), those
    /// by which a user stops a job (SIGTSTP, SIGTTIN), and what cannot be ignored.</summary>
    internal static IEnumerable<int> Needless { get; } =
    [
        SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGSTKFLT, SIGTTOU, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR,
        .. Enumerable.Range(FirstReal, Last - FirstReal + 1),
    ];
}
