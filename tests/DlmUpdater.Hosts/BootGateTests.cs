using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>The boot gate on a host that boots: after its reboot a run goes on with post_update only if systemd's boot-complete.target, and every check that it
/// requires, has succeeded.</summary>
public sealed class BootGateTests : IDisposable
{
    private const string Notes = "/var/lib/notes", Told = "/var/lib/told";

    private readonly Host host = Installed.Host("gate");

    public BootGateTests()
    {
        Configure("5s");
        host.Script("needs_update", "10-due", "[ -e /var/lib/updated ]")
            .Script("update", "10-update", ": > /var/lib/updated; sync")
            .Script("needs_reboot", "10-yes", "exit 1")
            .Script("post_update", "10-up", $"echo up >> {Notes}")
            .Script("on_failure", "10-tell", $"echo \"$*\" >> {Told}");
    }

    public void Dispose() => host.Dispose();

    private string[] Noted => host.Read(Notes).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void A_check_that_fails_keeps_the_host_out_until_it_succeeds()
    {
        Check("[ ! -e /var/lib/bad ]");
        host.Write("/var/lib/bad", "");

        Reboot();
        EndsWith82("check.service");
        Assert.Contains("check.service (failed, exit-code)", host.Says("dlm-updater status"), StringComparison.Ordinal);
        Assert.Contains("boot-complete.target", host.Says("dlm-updater plan"), StringComparison.Ordinal);

        // The same gate for a run by hand and for the timer's unit.
        host.AsUnit("dlm-updater run").Expect(82);
        host.Run("systemctl start dlm-updater.service").Expect(1);
        Assert.Empty(Noted);
        Assert.True(IsHeld);

        host.Run("rm /var/lib/bad").Expect(0);
        host.Run("systemctl start dlm-updater.service").Expect(0);
        IsDone();
    }

    [Fact]
    public void A_check_that_was_never_started_because_of_what_it_needs_keeps_the_host_out()
    {
        host.Write("/etc/systemd/system/needed.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
        Check("true", "Requires=needed.service\nAfter=needed.service\n");

        Reboot();
        EndsWith82("check.service needed.service");
        Assert.Contains("check.service (never started)", host.Says("dlm-updater status"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_that_is_not_ordered_before_the_target_counts_although_the_target_is_active()
    {
        // Without the default dependencies the target is not ordered after it either.
        Check("[ ! -e /var/lib/bad ]", "DefaultDependencies=no\nAfter=local-fs.target\n", before: "");
        host.Write("/var/lib/bad", "");

        Reboot();
        EndsWith82("check.service");
        Assert.Equal("active", host.Says("systemctl is-active boot-complete.target"));
    }

    [Fact]
    public void A_check_that_succeeds_late_is_waited_for()
    {
        Configure("2m");
        Check($"sleep 4; echo checked >> {Notes}");

        Reboot();
        host.Wait("the run is done", () => Noted.Contains("up"));
        Assert.Equal(["checked", "up"], Noted);
        IsDone();
    }

    [Fact]
    public void A_check_that_fails_first_is_started_again_while_there_is_time()
    {
        Configure("100s");
        Check($"echo tried >> {Notes}; [ $(grep -c tried {Notes}) -ge 3 ]");

        Reboot();
        host.Wait("the run is done", () => Noted.Contains("up"));
        Assert.Equal("up", Noted[^1]);
        IsDone();
    }

    [Fact]
    public void A_check_that_hangs_ends_with_82_when_the_time_is_over_and_a_stop_during_the_wait_with_75()
    {
        Configure("10m");
        Check("exec sleep infinity");

        Reboot();
        host.Wait("the run waits", () => host.Run("dlm-updater status").Output.Contains("boot checks: boot-complete.target is inactive: check.service (", StringComparison.Ordinal));
        host.Run("systemctl stop dlm-updater-resume.service").Expect(0);
        Assert.Equal("inactive", host.Run("systemctl is-active dlm-updater-resume.service").Output.Trim());
        Assert.Contains("\"exit_code\": 75", host.Says("dlm-updater status --output json"), StringComparison.Ordinal);
        Assert.Equal("", host.Read(Told));

        Configure("3s");
        host.Run("systemctl start dlm-updater-resume.service").Expect(1);
        EndsWith82("check.service");
    }

    [Fact]
    public void Without_checks_there_is_nothing_to_wait_for()
    {
        Reboot();
        host.Settle();
        Assert.Equal(["up"], Noted);
        Assert.Equal("active", host.Says("systemctl is-active boot-complete.target"));
        IsDone();
    }

    [Fact]
    public void Systemds_own_check_for_failed_units_is_not_kept_shut_by_our_own_failed_unit()
    {
        host.Link("/etc/systemd/system/boot-complete.target.requires/systemd-boot-check-no-failures.service", "/lib/systemd/system/systemd-boot-check-no-failures.service");
        host.Write("/etc/systemd/system/web.service", "[Service]\nType=oneshot\nExecStart=/usr/bin/test ! -e /var/lib/bad\n[Install]\nWantedBy=multi-user.target\n");
        host.Link("/etc/systemd/system/multi-user.target.wants/web.service", "/etc/systemd/system/web.service");

        Reboot(() => host.Write("/var/lib/bad", ""));
        EndsWith82("systemd-boot-check-no-failures.service web.service");
        Assert.Equal("failed", host.Run("systemctl is-failed dlm-updater-resume.service").Output.Trim());

        host.Run("rm /var/lib/bad; systemctl start web.service").Expect(0);
        host.Run("systemctl start dlm-updater.service").Expect(0);
        IsDone();
        Assert.NotEqual("failed", host.Run("systemctl is-failed dlm-updater-resume.service").Output.Trim());
    }

    [Fact]
    public void All_of_post_update_runs_again_on_a_later_boot()
    {
        host.Script("post_update", "20-health", "[ ! -e /var/lib/bad ]");
        Reboot(() => host.Write("/var/lib/bad", ""));
        host.Wait("the run has stopped", () => host.Read(Told).Length > 0);
        Assert.Equal(["up"], Noted);

        host.Run("rm /var/lib/bad; sync").Expect(0);
        string boot = host.BootId;
        host.Run("systemctl reboot");
        host.NextBoot(boot);
        host.Settle();

        Assert.Equal(["up", "up"], Noted);
        IsDone();
    }

    [Fact]
    public void The_units_have_no_fault_that_systemd_finds()
    {
        host.Boot().Settle();
        Assert.Equal("", host.Run("systemd-analyze verify --man=no dlm-updater.service dlm-updater-resume.service dlm-updater.timer").Expect(0).Output);
        foreach (string unit in (string[])["dlm-updater.service", "dlm-updater-resume.service"])
        {
            Assert.Contains("boot-complete.target", host.Says($"systemctl show -P Wants {unit}"), StringComparison.Ordinal);
            foreach (string forbidden in (string[])["Requires", "Requisite", "BindsTo", "After"])
                Assert.DoesNotContain("boot-complete.target", host.Says($"systemctl show -P {forbidden} {unit}"), StringComparison.Ordinal);
        }
    }

    private bool IsHeld => host.Says("dlm-updater lock show --output json").Contains(host.Says("cat /etc/machine-id"), StringComparison.Ordinal);

    private void Configure(string timeout) => host.Write("/etc/dlm-updater/config.ini",
        $"[lock]\nservice = file\nname = fleet\n[file]\ndirectory = /var/lib/dlm-updater/locks\n[reboot]\ncommand = systemctl reboot\nboot_complete_timeout = {timeout}\n");

    private void Check(string body, string unit = "", string before = "Before=boot-complete.target\n")
    {
        host.Write("/usr/local/sbin/check", $"#!/bin/sh\n{body}\n", isExecutable: true);
        host.Write("/etc/systemd/system/check.service", $"[Unit]\n{before}{unit}[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/sbin/check\n");
        host.Link("/etc/systemd/system/boot-complete.target.requires/check.service", "/etc/systemd/system/check.service");
    }

    /// <summary>A run by hand on the first boot, which has no gate, up to the boot after its reboot.</summary>
    private void Reboot(Action? before = null)
    {
        host.Boot();
        before?.Invoke();
        string boot = host.BootId;
        host.Run("dlm-updater run");
        host.NextBoot(boot);
    }

    private void EndsWith82(string units)
    {
        host.Wait("on_failure.d is told", () => host.Read(Told).Length > 0);
        host.Wait("the start has ended", () => host.Run("systemctl is-active dlm-updater-resume.service").Output.Trim() == "failed");
        Assert.Equal($"fleet True True reboot {units} 82", host.Read(Told).Split('\n')[0]);
        Assert.Equal("82", host.Says("systemctl show -P ExecMainStatus dlm-updater-resume.service"));
        Assert.DoesNotContain("up", Noted);
        Assert.True(IsHeld, "the lock was released");
        Assert.Contains("\"phase\": \"reboot\"", host.Says("dlm-updater status --output json"), StringComparison.Ordinal);
    }

    private void IsDone()
    {
        host.Wait("the run is done", () => host.Run("dlm-updater status --output json").Output.Contains("\"phase\": \"none\"", StringComparison.Ordinal));
        Assert.Contains("up", Noted);
        Assert.False(IsHeld, "the lock is still held");
    }
}
