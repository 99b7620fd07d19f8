using System.Diagnostics;
using System.Globalization;

namespace DlmUpdater.Bench;

/// <summary>What the benchmarks have in common: a launcher that counts, and the words of a report.</summary>
internal static class Measuring
{
    /// <summary>Forks, executes and waits, so that the counters are those of the program alone. A child that .NET starts would have the
    /// bench's own memory as the floor of its ru_maxrss: the kernel notes the peak of the address space that exec replaces, and with vfork or
    /// posix_spawn that is the parent's. Here it is the launcher's, which is smaller than anything measured; its first line says how small.
    /// The counters are those of wait4: the program and all it waited for, so the CPU time of the checks is in both numbers.</summary>
    private const string Launcher = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/resource.h>
        #include <sys/wait.h>
        #include <time.h>
        #include <unistd.h>

        static void measure(const char *name, char **command)
        {
            struct timespec from, to;
            struct rusage used;
            int status;
            clock_gettime(CLOCK_MONOTONIC, &from);
            pid_t child = fork();
            if (child == 0)
            {
                int nothing = open("/dev/null", O_RDWR);
                dup2(nothing, 0); dup2(nothing, 1); dup2(nothing, 2);
                if (command[0] == NULL) _exit(0);
                execv(command[0], command);
                _exit(127);
            }
            wait4(child, &status, 0, &used);
            clock_gettime(CLOCK_MONOTONIC, &to);
            printf("%s %ld %ld %ld %d\n", name, (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000,
                used.ru_utime.tv_sec * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_sec * 1000000 + used.ru_stime.tv_usec,
                used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128);
            fflush(stdout);
        }

        /* launcher PAIRS A... -- B... */
        int main(int argc, char **argv)
        {
            int split = 2;
            while (split < argc && strcmp(argv[split], "--") != 0) split++;
            if (split < argc) argv[split] = NULL;
            char **a = argv + 2, **b = split < argc ? argv + split + 1 : argv + argc, *none[] = { NULL };
            measure("floor", none);
            for (int i = -3; i < atoi(argv[1]); i++)
            {
                /* The first three are for the caches. Who goes first alternates. */
                const char *an = i < 0 ? "warm" : "a", *bn = i < 0 ? "warm" : "b";
                if (i & 1) { if (b[0]) measure(bn, b); measure(an, a); }
                else { measure(an, a); if (b[0]) measure(bn, b); }
            }
            return 0;
        }
        """;

    internal static string Met(bool goal) => goal ? "met" : "NOT met";

    internal static IEnumerable<double> Ratios(Sample[] samples)
    {
        Sample[] a = [.. samples.Where(s => s.Name == "a")], b = [.. samples.Where(s => s.Name == "b")];
        return a.Zip(b, (x, y) => x.WallUs / y.WallUs);
    }

    internal static string Compile(string place)
    {
        File.WriteAllText(place + "/launcher.c", Launcher);
        _ = Output("gcc", "-O2", "-static", "-o", place + "/launcher", place + "/launcher.c");
        return place + "/launcher";
    }

    internal static Sample[] Measure(string launcher, int pairs, string[] a, string[] b)
    {
        string text = Output(launcher, [pairs.ToString(CultureInfo.InvariantCulture), .. a, "--", .. b]);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Sample.Parse)];
    }

    private static string Output(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} ended with {process.ExitCode}");
    }

    internal static int Fail(string why)
    {
        Console.Error.WriteLine(why);
        return 1;
    }

    internal static void Line(FormattableString text) => Console.WriteLine(FormattableString.Invariant(text));

    internal static void Line(string text) => Console.WriteLine(text);

    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
