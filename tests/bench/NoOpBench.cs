using System.Diagnostics;
using System.Globalization;

namespace DlmUpdater.Bench;

/// <summary>What a start with nothing to do costs, as it happens every night on every host: <c>dlm-updater run</c> with five trivial checks,
/// beside <c>run-parts</c> on the same directory, in interleaved pairs. Only ratios of one run are worth anything; nothing here fails for time.</summary>
internal static class NoOpBench
{
    private const int Pairs = 60, Checks = 5, Starts = 40;
    private const double WallGoal = 1.5, RssGoalMiB = 10, SizeGoalMiB = 7.5;

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

    /// <summary>Measures <paramref name="binary"/> and prints. 0, or 1 if something could not be measured.</summary>
    internal static int Run(string binary)
    {
        if (!File.Exists(binary)) return Fail($"{binary} does not exist: build it with 'make build'");
        if (!File.Exists("/usr/bin/run-parts")) return Fail("/usr/bin/run-parts is missing: apt-get install debianutils");
        if (Environment.UserName != "root") return Fail("run this as root: scripts are trusted only where nobody but root can write");

        string place = "/var/lib/dlm-updater-bench-" + Guid.NewGuid().ToString("N");
        try
        {
            string config = Host(place);
            string launcher = Compile(place);
            string checks = place + "/scripts/needs_update.d";
            Sample[] pairs = Measure(launcher, Pairs, [binary, "run", "--config", config], ["/usr/bin/run-parts", checks]);
            Sample[] starts = Measure(launcher, Starts, [binary, "version"], ["/bin/true"]);
            if (Array.Find([.. pairs, .. starts], s => s.Exit != 0) is { } failed) return Fail($"a measured program ended with {failed.Exit}");
            Print(binary, pairs, starts);
            return 0;
        }
        finally
        {
            if (Directory.Exists(place)) Directory.Delete(place, recursive: true);
            string run = "/dev/shm/" + Path.GetFileName(place);
            if (Directory.Exists(run)) Directory.Delete(run, recursive: true);
        }
    }

    private static void Print(string binary, Sample[] pairs, Sample[] starts)
    {
        double size = new FileInfo(binary).Length / 1048576.0;
        var (ours, theirs) = (Medians.Of(pairs, "a"), Medians.Of(pairs, "b"));
        var (version, nothing) = (Medians.Of(starts, "a"), Medians.Of(starts, "b"));
        double ratio = Median(Ratios(pairs));

        Line($"{Pairs} interleaved pairs, medians; {Checks} checks that say no; floor of the memory numbers: {pairs.First(s => s.Name == "floor").RssKiB} KiB");
        Line("                          wall ms    CPU ms  peak MiB");
        Line($"dlm-updater run        {ours}");
        Line($"run-parts              {theirs}");
        Line($"ratio                  {ours.WallMs / theirs.WallMs,10:0.00}{ours.CpuMs / theirs.CpuMs,10:0.00}{ours.RssMiB / theirs.RssMiB,10:0.00}    (wall, median of the pairs' own ratios: {ratio:0.00})");
        Line($"dlm-updater version    {version}");
        Line($"/bin/true              {nothing}");
        Line($"binary: {size:0.00} MiB");
        Line($"goal wall ≤ {WallGoal:0.0} × run-parts: {Met(ratio <= WallGoal)}; peak ≤ {RssGoalMiB:0} MiB: {Met(ours.RssMiB <= RssGoalMiB)}; binary ≤ {SizeGoalMiB:0.0} MiB: {Met(size <= SizeGoalMiB)}");
    }

    private static string Met(bool goal) => goal ? "met" : "NOT met";

    private static IEnumerable<double> Ratios(Sample[] samples)
    {
        Sample[] a = [.. samples.Where(s => s.Name == "a")], b = [.. samples.Where(s => s.Name == "b")];
        return a.Zip(b, (x, y) => x.WallUs / y.WallUs);
    }

    /// <summary>A host with checks that say no.</summary>
    private static string Host(string place)
    {
        const UnixFileMode mode = (UnixFileMode)0b111_101_101;
        Directory.CreateDirectory(place, mode);
        foreach (string stage in new[] { "needs_update", "pre_update", "update", "needs_reboot", "post_update" })
        {
            Directory.CreateDirectory($"{place}/scripts/{stage}.d");
            File.SetUnixFileMode($"{place}/scripts", mode);
            File.SetUnixFileMode($"{place}/scripts/{stage}.d", mode);
        }

        for (int i = 1; i <= Checks; i++)
        {
            string check = $"{place}/scripts/needs_update.d/{i}0-check";
            File.WriteAllText(check, "#!/bin/sh\nexit 0\n");
            File.SetUnixFileMode(check, mode);
        }

        // The run directory is on a tmpfs, as /run is on every host that systemd boots.
        string run = Directory.Exists("/dev/shm") ? "/dev/shm/" + Path.GetFileName(place) : place + "/run";
        File.WriteAllText(place + "/config.ini",
            $"[main]\nstate_dir = {place}/state\nrun_dir = {run}\nlock = {run}/instance.lock\n[lock]\nservice = file\nname = bench\nholder = bench\n" +
            $"[file]\ndirectory = {place}/locks\n[scripts]\ndirectory = {place}/scripts\n");
        return place + "/config.ini";
    }

    private static string Compile(string place)
    {
        File.WriteAllText(place + "/launcher.c", Launcher);
        _ = Output("gcc", "-O2", "-static", "-o", place + "/launcher", place + "/launcher.c");
        return place + "/launcher";
    }

    private static Sample[] Measure(string launcher, int pairs, string[] a, string[] b)
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

    private static int Fail(string why)
    {
        Console.Error.WriteLine(why);
        return 1;
    }

    private static void Line(FormattableString text) => Console.WriteLine(FormattableString.Invariant(text));

    private static void Line(string text) => Console.WriteLine(text);

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>One process.</summary>
    private sealed record Sample(string Name, double WallUs, double CpuUs, long RssKiB, int Exit)
    {
        internal static Sample Parse(string line)
        {
            string[] words = line.Split(' ');
            return new Sample(words[0], Number(words[1]), Number(words[2]), Number(words[3]), (int)Number(words[4]));
        }

        private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);
    }

    /// <summary>The medians of one program.</summary>
    private sealed record Medians(double WallMs, double CpuMs, double RssMiB)
    {
        internal static Medians Of(Sample[] samples, string name)
        {
            Sample[] own = [.. samples.Where(s => s.Name == name)];
            return new Medians(Median(own.Select(s => s.WallUs)) / 1000, Median(own.Select(s => s.CpuUs)) / 1000, Median(own.Select(s => (double)s.RssKiB)) / 1024);
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{WallMs,10:0.00}{CpuMs,10:0.00}{RssMiB,10:0.00}");
    }
}
