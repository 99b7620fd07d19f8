using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>Nobody shuts a host down in the middle of a script by mistake, and the run itself is not in its own way.</summary>
public sealed class InhibitorTests : IDisposable
{
    private const string List = "systemd-inhibit --list --no-legend";

    private readonly Host host = Installed.Host("host-1");

    public InhibitorTests() => host.Write("/etc/dlm-updater/config.ini",
        "[lock]\nservice = file\nname = fleet\n[file]\ndirectory = /var/lib/dlm-updater/locks\n[reboot]\ncommand = /usr/local/sbin/reboot-now\n")
        .Script("needs_update", "10-due", $"{List} > /var/lib/in-needs_update; [ -e /var/lib/updated ]");

    public void Dispose() => host.Dispose();

    [Fact]
    public void Scripts_run_under_it_and_it_is_gone_before_the_reboot_is_asked_for()
    {
        host.Script("update", "10-look", $"sleep 0.5; {List} > /var/lib/in-update; : > /var/lib/updated");
        host.Script("post_update", "10-look", $"sleep 0.5; {List} > /var/lib/in-post_update");
        host.Write("/usr/local/sbin/reboot-now", $"#!/bin/sh\n{List} > /var/lib/in-reboot\nexec systemctl reboot\n", isExecutable: true);
        host.Boot().Settle();
        string boot = host.BootId;

        host.Run("systemctl start --no-block dlm-updater.service").Expect(0);
        host.NextBoot(boot);
        host.Settle();

        Assert.Equal("", host.Read("/var/lib/in-needs_update"));
        Assert.Matches("dlm-updater .* shutdown:sleep +an update is running +block", host.Read("/var/lib/in-update"));
        Assert.Equal("", host.Read("/var/lib/in-reboot"));
        Assert.Contains("dlm-updater", host.Read("/var/lib/in-post_update"), StringComparison.Ordinal);
        Assert.Equal("", host.Says(List));
    }

    [Fact]
    public void An_upgrade_by_hand_runs_under_it_too()
    {
        host.Write("/etc/dlm-updater/upgrade/upgrade/0010_look", $"#!/bin/sh\n# dlm: run=once description=looks\nsleep 0.5; {List} > /var/lib/in-upgrade\n", isExecutable: true);
        host.Boot().Settle();
        host.Run("dlm-updater upgrade -y").Expect(0);
        Assert.Contains("dlm-updater", host.Read("/var/lib/in-upgrade"), StringComparison.Ordinal);
        Assert.Equal("", host.Says(List));
    }

    [Fact]
    public void It_ends_with_a_run_that_is_killed()
    {
        host.Script("update", "10-long", ": > /var/lib/here; sleep 60");
        host.Boot().Settle();
        host.Run("systemctl start --no-block dlm-updater.service").Expect(0);
        host.Wait("it is held", () => host.Says(List).Contains("dlm-updater", StringComparison.Ordinal));

        host.Run("kill -9 $(systemctl show -P MainPID dlm-updater.service)").Expect(0);

        host.Wait("it is gone", () => host.Says(List).Length == 0);
        Assert.NotEqual("", host.Says("pgrep -x sleep"));
    }
}
