using System.Diagnostics;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>What other users can do to the files that a run writes: nothing.</summary>
public sealed class WrittenFilesTests : IDisposable
{
    private static readonly string[] Nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    private readonly Sandbox host = new Sandbox().Cycle(reboot: false);
    private readonly List<Process> started = [];

    public void Dispose()
    {
        foreach (Process process in started)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
        host.Dispose();
    }

    [Fact]
    public void No_other_user_may_open_a_file_of_a_run_but_the_record_of_the_last_start()
    {
        host.Script("update", "30-look", $"find {host.StateDirectory} {host.RunDirectory} {host.LockDirectory} -mindepth 1 ! -perm 0600 ! -perm 0700 ! -name last -exec ls -ld {{}} + > $ROOT/marks/open");
        host.Set("main", "log", host.Root + "/agent.log");

        Agent.Run(host, "run").Expect(0);

        Assert.Equal("", File.ReadAllText(host.Root + "/marks/open"));
        Assert.Equal("644 600", Mode(host.RunDirectory + "/last") + " " + Mode(host.Root + "/agent.log"));
        Assert.Equal("755 755 700", Mode(host.StateDirectory) + " " + Mode(host.RunDirectory) + " " + Mode(host.LockDirectory));
    }

    /// <summary>Version 0.1.0 left them with mode 0644.</summary>
    [Theory]
    [InlineData("-x")]
    [InlineData("-s")]
    public void A_users_flock_on_every_file_of_an_older_version_stops_nothing(string kind)
    {
        host.Script("post_update", "30-once", ":");
        File.WriteAllText(host.StageDirectory("post_update") + "/30-once", "#!/bin/sh\n# dlm: run=once\nexit 0\n");
        Agent.Run(host, "run").Expect(0);
        File.Delete(host.Root + "/marks/updated");
        string[] files = [.. new[] { host.StateDirectory, host.RunDirectory, host.LockDirectory }.SelectMany(Directory.GetFiles)];
        Assert.Contains(files, f => f.EndsWith("/upgrade-history", StringComparison.Ordinal));
        Assert.Contains(files, f => f.EndsWith("/instance.lock", StringComparison.Ordinal));
        File.SetUnixFileMode(host.LockDirectory, Sandbox.Executable);
        foreach (string file in files.Where(f => !f.EndsWith(".guard", StringComparison.Ordinal)))
        {
            File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);
            Hold([.. Nobody], $"exec 9<{file}; flock {kind} 9");
        }

        Agent.Run(host, "run").Expect(0);

        Assert.Contains("10-start", host.Log.Started.Last(s => s.StartsWith("post_update/10", StringComparison.Ordinal)), StringComparison.Ordinal);
        foreach (string file in files.Where(f => File.Exists(f) && !f.EndsWith("/last", StringComparison.Ordinal))) Assert.Equal("600", Mode(file));
    }

    [Fact]
    public void A_process_of_root_that_keeps_the_instance_lock_is_named_wherever_an_admin_looks()
    {
        Agent.Run(host, "run").Expect(0);
        Process holder = Hold([], $"exec 9<{host.RunDirectory}/instance.lock; flock 9");
        string named = $"pid {holder.Id} of uid 0 (";

        Ended run = Agent.Run(host, "run").Expect(75);
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
        Assert.Contains("is not an instance of dlm-updater: end that process", run.Error, StringComparison.Ordinal);
        Assert.Contains(named, Agent.Run(host, "check").Expect(78).Output, StringComparison.Ordinal);
        Assert.Contains("blocked   " + named, Agent.Run(host, "status").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains(named, Agent.Status(host).GetProperty("instance_lock_held_by").GetString(), StringComparison.Ordinal);
    }

    /// <summary>The base library takes an flock on what it opens, and reads a zone that it cannot open as UTC.</summary>
    [Fact]
    public void A_users_flock_on_the_time_zones_does_not_move_the_window()
    {
        Directory.CreateDirectory(host.Root + "/zones");
        File.Copy("/usr/share/zoneinfo/Asia/Tokyo", host.Root + "/zones/Tokyo");
        host.Set("schedule", "time_zone", "Tokyo").Set("schedule", "window", "Mon-Sun 00:00/24h");
        Hold(Nobody, $"exec 9<{host.Root}/zones/Tokyo; flock -x 9");
        var zones = new StartAs { Environment = new Dictionary<string, string> { ["TZDIR"] = host.Root + "/zones" } };

        Agent.Run(host, zones, "run").Expect(0);
    }

    private Process Hold(string[] privileges, string shell)
    {
        Process holder = Process.Start(new ProcessStartInfo("setpriv", [.. privileges, "sh", "-c", $"{shell} && echo held; read x; exit 0"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        started.Add(holder);
        Assert.Equal("held", holder.StandardOutput.ReadLine());
        return holder;
    }

    private static string Mode(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8);
}
