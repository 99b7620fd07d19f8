using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>A run that one release began is finished by the other, whose package has replaced it meanwhile: stopped in each phase, in both
/// directions, with the real packages.</summary>
public sealed class CompatibilityTests : IDisposable
{
    private const string Old = "/root/old.deb", New = "/root/new.deb", Log = "/var/lib/log", State = "/var/lib/dlm-updater/state";

    private static readonly string[] Phases = ["lock_get", "pre_update", "update", "needs_reboot", "post_update", "lock_release"];

    private readonly Host host = new("host-1");

    public CompatibilityTests()
    {
        host.Copy(Ground.OldPackage, Old).Copy(Ground.Package, New).Boot();
        Install(Old);
        Cycle();
    }

    public void Dispose() => host.Dispose();

    [Fact]
    public void A_run_of_the_earlier_release_is_finished_by_this_one_from_each_phase()
    {
        foreach (string phase in Phases)
        {
            string run = Stop(phase);
            Install(New);

            host.Run("systemctl start dlm-updater.service").Expect(0);
            Finished(phase, run);
            Install(Old);
        }
    }

    [Fact]
    public void A_run_of_this_release_is_finished_by_the_earlier_one_or_refused_with_its_lock_kept()
    {
        Install(New);
        foreach (string phase in Phases)
        {
            string run = Stop(phase);
            byte[] state = System.Text.Encoding.UTF8.GetBytes(host.Read(State));
            Install(Old);

            // The version rises only for what an older agent would do wrong.
            if (host.Read(State).Contains("\"version\":1,", StringComparison.Ordinal))
            {
                host.Run("systemctl start dlm-updater.service").Expect(0);
                Finished(phase, run);
                Install(New);
            }
            else
            {
                Assert.Contains("version", host.Run("dlm-updater run").Expect(65).Output, StringComparison.Ordinal);
                Assert.Equal(state, System.Text.Encoding.UTF8.GetBytes(host.Read(State)));
                if (phase != "lock_get") Assert.Contains("\"id\"", host.Read("/var/lib/locks/fleet.json"), StringComparison.Ordinal);
                Install(New);
                host.Run("systemctl start dlm-updater.service").Expect(0);
                Finished(phase, run);
            }
        }
    }

    [Theory]
    [InlineData(Old, New)]
    [InlineData(New, Old)]
    public void A_run_that_waits_for_its_reboot_is_finished_by_the_other_release_after_it(string before, string after)
    {
        Install(before);
        host.Run($"rm -rf {Log} /var/lib/updated; : > /var/lib/reboot");
        host.Write("/etc/dlm-updater/config.ini", host.Read("/etc/dlm-updater/config.ini").Replace("systemctl reboot", "/bin/true", StringComparison.Ordinal));
        host.Run("dlm-updater run").Expect(0);
        Assert.Contains("\"phase\":\"reboot\"", host.Read(State), StringComparison.Ordinal);
        Install(after);

        string boot = host.BootId;
        host.Run("systemctl --no-block reboot");
        host.NextBoot(boot);
        host.Wait("the run is done", () => host.Read(State).Length == 0);

        Assert.Equal(1, host.Read(Log).Split('\n').Count(line => line == "start post_update/30-second"));
        Free();
    }

    [Fact]
    public void A_run_of_the_earlier_release_that_replaces_its_own_package_and_reboots_is_finished_by_this_one()
    {
        host.Run($"rm -rf {Log} /var/lib/updated; : > /var/lib/reboot");
        host.Script("update", "15-apt", $"DEBIAN_FRONTEND=noninteractive apt-get install -y {New} </dev/null");
        string boot = host.BootId;

        host.Run("systemctl start --no-block dlm-updater.service");
        host.NextBoot(boot);
        host.Wait("the run is done", () => host.Read(State).Length == 0);

        Assert.Equal(Order(), host.Read(Log).Split('\n').Where(line => line.StartsWith("start ", StringComparison.Ordinal)).Select(line => line[6..]));
        Free();
        Assert.Contains("\"ending\": \"done\"", host.Says("dlm-updater history --output json"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_that_outlived_its_killed_agent_of_the_earlier_release_is_waited_for_by_this_one()
    {
        host.Run($"rm -rf {Log} /var/lib/updated");
        host.Script("update", "20-first", Body("update", "20-first", "[ -e /var/lib/slow ] || { : > /var/lib/slow; sleep 15; }"));
        Assert.Equal(137, host.Run("dlm-updater run & agent=$!; sleep 3; kill -9 $agent; wait $agent").Code);
        Install(New);

        host.Run("dlm-updater run").Expect(0);

        string[] lines = host.Read(Log).Split('\n');
        Assert.Equal(["start update/20-first", "end update/20-first", "start update/20-first", "end update/20-first"], lines.Where(l => l.EndsWith(" update/20-first", StringComparison.Ordinal)));
        Free();
    }

    private static string Body(string phase, string name, string body) => $"echo start {phase}/{name} >> {Log}\n{body}\necho end {phase}/{name} >> {Log}";

    private static string[] Order() =>
    [
        "needs_update/10-due", "pre_update/20-first", "pre_update/30-second", "update/20-first", "update/30-second", "needs_reboot/10-yes", "post_update/20-first", "post_update/30-second",
    ];

    /// <summary>Two scripts in each phase; the second fails while /var/lib/stop names its phase.</summary>
    private void Cycle()
    {
        host.Run("mkdir -p /var/lib/locks");
        host.Write("/etc/dlm-updater/config.ini", "[lock]\nservice = file\nname = fleet\nretry_interval = 1s\n[file]\ndirectory = /var/lib/locks\n[reboot]\ncommand = systemctl reboot\n");
        host.Script("needs_update", "10-due", Body("needs_update", "10-due", "") + "\n[ -e /var/lib/updated ]");
        foreach (string phase in (string[])["pre_update", "update", "post_update"])
        {
            host.Script(phase, "20-first", Body(phase, "20-first", ""));
            host.Script(phase, "30-second", Body(phase, "30-second", $"[ \"$(cat /var/lib/stop 2>/dev/null)\" != {phase} ] || exit 3" + (phase == "update" ? "\n: > /var/lib/updated" : "")));
        }

        host.Script("needs_reboot", "10-yes", Body("needs_reboot", "10-yes", "[ \"$(cat /var/lib/stop 2>/dev/null)\" != needs_reboot ] || exit 127") + "\n[ ! -e /var/lib/reboot ]");
        host.Script("post_update", "40-away", "[ \"$(cat /var/lib/stop 2>/dev/null)\" != lock_release ] || mv /var/lib/locks /var/lib/away");
    }

    /// <summary>A run that stops in a phase; its id.</summary>
    private string Stop(string phase)
    {
        host.Run($"rm -rf {Log} /var/lib/updated; echo {phase} > /var/lib/stop");
        if (phase == "lock_get")
        {
            host.Run("DLM_UPDATER__LOCK__HOLDER=other dlm-updater lock acquire").Expect(0);
            Assert.Equal(137, host.Run("dlm-updater run & agent=$!; sleep 3; kill -9 $agent; wait $agent").Code);
            host.Run("DLM_UPDATER__LOCK__HOLDER=other DLM_UPDATER__MAIN__STATE_DIR=/var/lib/other dlm-updater lock release").Expect(0);
        }
        else
        {
            Assert.NotEqual(0, host.Run("dlm-updater run").Code);
        }

        host.Run("[ ! -e /var/lib/away ] || mv /var/lib/away /var/lib/locks; rm /var/lib/stop").Expect(0);
        string state = host.Read(State);
        Assert.Contains($"\"phase\":\"{phase}\"", state, StringComparison.Ordinal);
        int at = state.IndexOf("\"run_id\":\"", StringComparison.Ordinal) + 10;
        return state[at..state.IndexOf('"', at)];
    }

    /// <summary>What was recorded before was not repeated, the rest was run, and nothing is left.</summary>
    private void Finished(string phase, string run)
    {
        string[] ended = [.. host.Read(Log).Split('\n').Where(line => line.StartsWith("end ", StringComparison.Ordinal)).Select(line => line[4..])];
        Assert.Equal(phase == "lock_get" ? ["needs_update/10-due", .. Order()] : Order(), ended);
        Assert.Equal("", host.Read(State));
        Free();
        if (phase != "lock_get") Assert.Contains(run, host.Read("/var/lib/dlm-updater/history.jsonl"), StringComparison.Ordinal);
        Assert.Equal("", host.Says("ls -A /var/lib/dlm-updater | grep -v -x -e history.jsonl -e state -e upgrade-history; true"));
    }

    private void Free() => Assert.Contains("\"holders\": []", host.Read("/var/lib/locks/fleet.json"), StringComparison.Ordinal);

    private void Install(string package) =>
        host.Run($"DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends --allow-downgrades {package} </dev/null").Expect(0);
}
