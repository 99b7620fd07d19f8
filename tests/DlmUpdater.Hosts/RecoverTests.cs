using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>The agent is killed under its unit: what it left is read on and resumed by systemd, and nothing else is.</summary>
public sealed class RecoverTests : IDisposable
{
    private const string Unit = "dlm-updater.service", Recover = "dlm-updater-recover.service";

    private readonly Host host = Installed.Host("host-1");

    public RecoverTests() =>
        host.Write("/etc/dlm-updater/config.ini", "[lock]\nservice = file\nname = fleet\n[file]\ndirectory = /var/lib/dlm-updater/locks\n")
        .Script("needs_update", "10-due", "[ -e /var/lib/updated ]")
        .Script("needs_reboot", "10-no", "exit 0");

    public void Dispose() => host.Dispose();

    private string[] Starts => host.Read("/var/lib/starts").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private string Phase => host.Says("dlm-updater status --output json | grep '\"phase\"'").Trim();

    private void Work(string body) =>
        host.Script("update", "10-work", $"cat /proc/sys/kernel/random/boot_id >> /var/lib/starts\n{body}\n: > /var/lib/updated");

    private void StartAndWait(string file)
    {
        host.Run($"systemctl start --no-block {Unit}").Expect(0);
        host.Wait(file + " is there", () => host.Run($"test -e {file}").Code == 0);
    }

    private void Kill(string unit) => host.Run($"kill -9 $(systemctl show -P MainPID {unit})").Expect(0);

    private void WaitForEnd() => host.Wait("all units have ended", () =>
        host.Run($"systemctl is-active {Unit} {Recover} dlm-updater-resume.service").Output.Split('\n',
            StringSplitOptions.RemoveEmptyEntries).All(s => s is "inactive" or "failed"));

    [Fact]
    public void Dpkg_under_a_killed_agent_finishes_and_the_run_is_resumed()
    {
        host.Write("/root/probe/DEBIAN/control",
            "Package: probe\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: a probe\n");
        // More than the pipe takes, in fewer lines than the journal takes in half a minute.
        host.Write("/root/probe/DEBIAN/postinst",
            "#!/bin/sh\nset -e\n: > /var/lib/configuring\nuntil [ -e /var/lib/go ]; do sleep 0.1; done\n"
            + "long=$(head -c 1000 /dev/zero | tr '\\0' x)\ni=0; while [ $i -lt 3000 ]; do echo \"setting up part $i of the probe $long\"; i=$((i+1)); done\n", isExecutable: true);
        Work("dpkg -i /root/probe.deb || exit 1");
        host.Boot().Settle();
        host.Run("dpkg-deb --root-owner-group -b /root/probe /root/probe.deb").Expect(0);
        StartAndWait("/var/lib/configuring");

        Kill(Unit);
        host.Write("/var/lib/go", "");

        host.Wait("the run is done", () => Phase == "\"phase\": \"none\",");
        WaitForEnd();
        Assert.Equal(2, Starts.Length);
        Assert.Contains("install ok installed", host.Says("dpkg -s probe"), StringComparison.Ordinal);
        string said = host.Says($"journalctl --no-pager -o cat -u {Recover} | grep -v 'part [1-9]'");
        Assert.Contains("ended with result 'signal' (status 9): its agent was killed", said, StringComparison.Ordinal);
        Assert.Contains("setting up part 0 of the probe", said, StringComparison.Ordinal);
        Assert.Contains("part 2999", host.Says($"journalctl --no-pager -o cat -u {Recover} | grep 'part 2999' | head -1"),
            StringComparison.Ordinal);
        Assert.DoesNotContain(host.Says("cat /etc/machine-id"), host.Says("dlm-updater lock show --output json"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_start_that_failed_is_not_resumed()
    {
        Work("exit 3");
        host.Boot().Settle();

        Assert.NotEqual(0, host.Run($"systemctl start {Unit}").Code);

        host.Wait("the other unit has looked", () =>
            host.Says($"journalctl --no-pager -o cat -u {Recover}").Contains("was not killed, so nothing is resumed",
            StringComparison.Ordinal));
        WaitForEnd();
        Assert.Single(Starts);
        Assert.Equal("\"phase\": \"update\",", Phase);
    }

    [Fact]
    public void A_start_that_was_stopped_is_not_resumed_and_its_script_is_read_to_its_end()
    {
        host.Write($"/etc/systemd/system/{Unit}.d/50-soon.conf", "[Service]\nTimeoutStopSec=2s\n");
        Work("trap '' TERM\n: > /var/lib/here\nuntil [ -e /var/lib/go ]; do sleep 0.1; done\nhead -c 3000000 /dev/zero | tr '\\0' x | fold -w 100\n: > /var/lib/through");
        host.Boot().Settle();
        StartAndWait("/var/lib/here");

        host.Run($"systemctl stop {Unit}");
        Assert.Equal("timeout", host.Says($"systemctl show -P Result {Unit}"));
        host.Write("/var/lib/go", "");

        host.Wait("the script is read to its end", () => host.Run("test -e /var/lib/through").Code == 0);
        WaitForEnd();
        Assert.Single(Starts);
        Assert.Equal("\"phase\": \"update\",", Phase);
        host.Run("rm -f /var/lib/updated; dlm-updater run").Expect(0);
        Assert.Equal(2, Starts.Length);
    }

    [Fact]
    public void A_start_that_the_shutdown_has_killed_is_resumed_by_the_next_boot_only()
    {
        host.Write($"/etc/systemd/system/{Unit}.d/50-soon.conf", "[Service]\nTimeoutStopSec=2s\n");
        Work("trap '' TERM\n: > /var/lib/here\n[ $(wc -l < /var/lib/starts) -gt 1 ] || sleep 1000");
        host.Boot().Settle();
        string boot = host.BootId;
        StartAndWait("/var/lib/here");

        host.Run("systemctl reboot --ignore-inhibitors").Expect(0);
        host.NextBoot(boot);
        host.Settle();

        Assert.Equal([boot, host.BootId], Starts);
        Assert.Equal("\"phase\": \"none\",", Phase);
    }

    [Fact]
    public void The_unit_that_resumes_may_be_killed_too()
    {
        Work(": > /var/lib/here\nuntil [ -e /var/lib/go ]; do sleep 0.1; done");
        host.Boot().Settle();
        StartAndWait("/var/lib/here");
        Kill(Unit);
        host.Wait("it waits", () =>
            host.Says($"journalctl --no-pager -o cat -u {Recover}").Contains("still runs: waiting for it", StringComparison.Ordinal));

        Kill(Recover);
        host.Wait("it waits again", () =>
            host.Says($"journalctl --no-pager -o cat -u {Recover}").Split("still runs: waiting for it",
                StringSplitOptions.None).Length > 2);
        host.Write("/var/lib/go", "");

        host.Wait("the run is done", () => Phase == "\"phase\": \"none\",");
        WaitForEnd();
        Assert.Equal(2, Starts.Length);
    }
}
