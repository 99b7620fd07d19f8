using static DlmUpdater.Bench.Measuring;

namespace DlmUpdater.Bench;

/// <summary>What a start with nothing to do costs, as it happens every night on every host: <c>dlm-updater run</c> with five trivial checks,
/// beside <c>run-parts</c> on the same directory, in interleaved pairs. Only ratios of one run are worth anything; nothing here fails for time.</summary>
internal static class NoOpBench
{
    private const int Pairs = 60, Checks = 5, Starts = 40;
    private const double WallGoal = 1.5, RssGoalMiB = 10, SizeGoalMiB = 7.5;

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
}
