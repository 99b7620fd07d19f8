using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>What an earlier release left on a host whose run was stopped is read, and the run is finished. The files were recorded from the
/// release itself (Fixtures/record.sh);
/// with the two packages on hosts that boot this is tested again in DlmUpdater.Hosts.</summary>
public sealed partial class CompatibilityTests
{
    private const string Release = "0.1.0";

    /// <summary>What was still to be run when it was stopped in a phase.</summary>
    private static readonly Dictionary<string, string[]> Left = new()
    {
        ["pre_update"] = ["pre_update/30-second", "update/20-first", "update/30-second", "needs_reboot/10-yes", "post_update/20-first", "post_update/30-second"],
        ["update"] = ["update/30-second", "needs_reboot/10-yes", "post_update/20-first", "post_update/30-second"],
        ["needs_reboot"] = ["needs_reboot/10-yes", "post_update/20-first", "post_update/30-second"],
        ["reboot"] = ["post_update/20-first", "post_update/30-second"],
        ["post_update"] = ["post_update/30-second"],
        ["lock_release"] = [],
        ["killed"] = ["update/30-second", "needs_reboot/10-yes", "post_update/20-first", "post_update/30-second"],
    };

    [Theory]
    [InlineData("pre_update")]
    [InlineData("update")]
    [InlineData("needs_reboot")]
    [InlineData("post_update")]
    [InlineData("lock_release")]
    [InlineData("killed")]
    public void A_run_of_an_earlier_release_goes_on_where_it_stopped(string phase)
    {
        using Sandbox host = Recorded(phase, onThisBoot: true);

        Finishes(host, phase, Left[phase]);
    }

    [Theory]
    [InlineData("pre_update")]
    [InlineData("update")]
    [InlineData("needs_reboot")]
    [InlineData("reboot")]
    [InlineData("post_update")]
    [InlineData("lock_release")]
    [InlineData("killed")]
    public void A_run_of_an_earlier_release_goes_on_after_a_reboot(string phase)
    {
        using Sandbox host = Recorded(phase, onThisBoot: false);

        // A success of post_update on an earlier boot says nothing about this one.
        Finishes(host, phase, phase is "post_update" or "lock_release" ? ["post_update/20-first", "post_update/30-second"] : Left[phase]);
    }

    [Fact]
    public void A_wait_of_an_earlier_release_for_the_lock_begins_again_as_a_new_run()
    {
        using Sandbox host = Recorded("lock_get", onThisBoot: true);
        Assert.Equal(["host-2"], host.Holders);
        Assert.Equal("lock_get", Agent.Status(host).GetProperty("phase").GetString());

        Ended busy = Agent.Run(host, new StartAs { Environment = new Dictionary<string, string> { ["DLM_UPDATER__LOCK__WAIT"] = "false" } }, "run");
        Assert.Equal(75, busy.Code);
        Assert.Equal(["host-2"], host.Holders);

        var asOther = new StartAs { Environment = new Dictionary<string, string> { ["DLM_UPDATER__LOCK__HOLDER"] = "host-2", ["DLM_UPDATER__MAIN__STATE_DIR"] = host.Root + "/other" } };
        Agent.Call(asOther, "lock", "release", "--config", host.Config).Expect(0);
        Agent.Run(host, "run").Expect(0);

        Assert.Contains("pre_update/10-once", host.Log.Started);
        Assert.Empty(host.Holders);
        Assert.False(File.Exists(host.StateFile));
    }

    [Fact]
    public void History_last_start_and_what_runs_once_are_read()
    {
        using Sandbox host = Recorded("none", onThisBoot: true);

        using (var history = System.Text.Json.JsonDocument.Parse(Agent.Run(host, "history", "--output", "json").Expect(0).Output))
        {
            System.Text.Json.JsonElement start = history.RootElement.GetProperty("starts").EnumerateArray().Single();
            Assert.Equal(("done", 0), (start.GetProperty("ending").GetString(), start.GetProperty("exit_code").GetInt32()));
            Assert.Equal(9, start.GetProperty("scripts").GetArrayLength());
        }

        Assert.Equal(0, Agent.Status(host).GetProperty("last").GetProperty("exit_code").GetInt32());
        Agent.Run(host, "run").Expect(0);
        Assert.DoesNotContain("pre_update/10-once", host.Log.Started);
        Assert.Contains("pre_update/20-first", host.Log.Started);
        Assert.Equal(2, File.ReadAllLines(host.HistoryFile).Length);
    }

    private static void Finishes(Sandbox host, string phase, string[] left)
    {
        string run = RunId().Match(File.ReadAllText(host.StateFile)).Groups[1].Value;
        Assert.Equal([host.Holder], host.Holders);
        Assert.Equal(phase == "killed" ? "update" : phase, Agent.Status(host).GetProperty("phase").GetString());
        Agent.Run(host, "plan").Expect(0);

        Agent.Run(host, "run").Expect(0);

        Assert.Equal(left, host.Log.Started);
        Assert.All(host.Log.Lines, line => Assert.True(line.Held && line.RunId == run, $"{line.Full}: {line}"));
        Assert.Empty(host.Holders);
        Assert.False(File.Exists(host.StateFile));
        Assert.Equal(phase is "killed" ? 1 : 2, File.ReadAllLines(host.HistoryFile).Count(line => line.Contains(run, StringComparison.Ordinal)));
    }

    /// <summary>A host with what was recorded on it.</summary>
    private static Sandbox Recorded(string name, bool onThisBoot)
    {
        string from = Path.Combine(AppContext.BaseDirectory, "Fixtures", Release, name);
        var host = new Sandbox();
        host.Script("needs_update", "10-due", "finish 1");
        string once = host.Script("pre_update", "10-once");
        File.WriteAllText(once, File.ReadAllText(once).Replace("#!/bin/sh\n", "#!/bin/sh\n# dlm: run=once\n", StringComparison.Ordinal));
        foreach (string phase in new[] { "pre_update", "update", "post_update" })
        {
            host.Script(phase, "20-first");
            host.Script(phase, "30-second");
        }

        host.Script("needs_reboot", "10-yes");
        foreach (string directory in new[] { "state", "run", "locks" })
        {
            Sandbox.MakeDirectory($"{host.Root}/{directory}");
            foreach (string file in Directory.GetFiles($"{from}/{directory}"))
            {
                string to = $"{host.Root}/{directory}/{Path.GetFileName(file)}";
                File.WriteAllBytes(to, File.ReadAllBytes(file));
                File.SetUnixFileMode(to, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }
        }

        // Its own configuration too, with the reboot command that writes to the log of the scripts.
        File.WriteAllText(host.Config, File.ReadAllText(from + "/config.ini").Replace("@ROOT@", host.Root, StringComparison.Ordinal)
            .Replace("/bin/true", host.RebootCommand, StringComparison.Ordinal));
        if (File.Exists(host.StateFile)) File.WriteAllBytes(host.StateFile, WithBoot(File.ReadAllText(host.StateFile), onThisBoot ? Boot.Real : Guid.NewGuid().ToString("D")));
        return host;
    }

    /// <summary>The state as it would be if it had been written on boot <paramref name="id"/>, with its checksum.</summary>
    private static byte[] WithBoot(string state, string id)
    {
        string stat = File.ReadAllText("/proc/1/stat");
        string started = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
        string body = BootOf().Replace(state[..state.LastIndexOf(",\"check\"", StringComparison.Ordinal)], $"\"boot\":{{\"id\":\"{id}\",\"init_started\":{started}}}");
        uint crc = ~Encoding.UTF8.GetBytes(body).Aggregate(0xffffffffu, (sum, one) =>
        {
            sum ^= one;
            for (int bit = 0; bit < 8; bit++) sum = (sum >> 1) ^ ((sum & 1) * 0xedb88320u);
            return sum;
        });
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{body},\"check\":\"{crc:x8}\"}}\n"));
    }

    [GeneratedRegex("\"run_id\":\"([^\"]+)\"")]
    private static partial Regex RunId();

    [GeneratedRegex("\"boot\":\\{[^}]*\\}")]
    private static partial Regex BootOf();
}
