using static DlmUpdater.Bench.Measuring;

namespace DlmUpdater.Bench;

/// <summary>What a thousand trivial scripts cost as an upgrade, every time and once, beside <c>run-parts</c> on the same directory: per script what trust, log, record and
/// flush come to.</summary>
internal static class UpgradeBench
{
    private const int Pairs = 5, Scripts = 1000;

    /// <summary>Measures <paramref name="binary"/> and prints. 0, or 1 if something could not be measured.</summary>
    internal static int Run(string binary)
    {
        string place = "/var/lib/dlm-updater-bench-" + Guid.NewGuid().ToString("N");
        string run = Directory.Exists("/dev/shm") ? "/dev/shm/" + Path.GetFileName(place) : place + "/run";
        try
        {
            string every = Host(place + "/every", run, "default", "always"), once = Host(place + "/once", run, "upgrade", "once");
            string launcher = Compile(place);
            Line($"{Scripts} scripts that do nothing, {Pairs} interleaved pairs, medians");
            Line("                          wall ms    CPU ms  peak MiB");
            return Pair(launcher, "every time", [binary, "upgrade", "-y", "-q", "--config", every], place + "/every/up/default") is not 0 and var failed ? failed
                : Pair(launcher, "once", ["/bin/sh", "-c", $"rm -rf {place}/once/state; exec \"$0\" \"$@\"", binary, "upgrade", "-y", "-q", "--config", once], place + "/once/up/upgrade");
        }
        finally
        {
            if (Directory.Exists(place)) Directory.Delete(place, recursive: true);
            if (Directory.Exists(run)) Directory.Delete(run, recursive: true);
        }
    }

    private static int Pair(string launcher, string name, string[] upgrade, string directory)
    {
        Sample[] pairs = Measure(launcher, Pairs, upgrade, ["/usr/bin/run-parts", directory]);
        if (Array.Find(pairs, s => s.Exit != 0) is { } failed) return Fail($"a measured program ended with {failed.Exit}");
        var (ours, theirs) = (Medians.Of(pairs, "a"), Medians.Of(pairs, "b"));
        Line($"upgrade, {name,-13} {ours}");
        Line($"run-parts              {theirs}");
        Line($"ratio                  {ours.WallMs / theirs.WallMs,10:0.00}{ours.CpuMs / theirs.CpuMs,10:0.00}{ours.RssMiB / theirs.RssMiB,10:0.00}    " +
            $"(overhead per script {(ours.WallMs - theirs.WallMs) / Scripts:0.000} ms wall, {(ours.CpuMs - theirs.CpuMs) / Scripts:0.000} ms CPU)");
        return 0;
    }

    private static string Host(string place, string run, string kind, string how)
    {
        const UnixFileMode mode = (UnixFileMode)0b111_101_101;
        string directory = $"{place}/up/{kind}";
        Directory.CreateDirectory(directory);
        foreach (string made in (string[])[Path.GetDirectoryName(place)!, place, place + "/up", directory]) File.SetUnixFileMode(made, mode);
        for (int i = 1; i <= Scripts; i++)
        {
            string script = $"{directory}/{i:0000}_nothing";
            File.WriteAllText(script, $"#!/bin/sh\n# dlm: run={how} description=nothing\nexit 0\n");
            File.SetUnixFileMode(script, mode);
        }

        File.WriteAllText(place + "/config.ini",
            $"[main]\nstate_dir = {place}/state\nrun_dir = {run}\nlock = {run}/instance.lock\n[upgrade]\ndirectory = {place}/up\nlock = false\n");
        return place + "/config.ini";
    }
}
