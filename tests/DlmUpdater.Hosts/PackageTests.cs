using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>The .deb on a Debian host, by apt: installed, replaced in the middle of a run, removed, purged.</summary>
public sealed class PackageTests : IDisposable
{
    private const string Config = "/etc/dlm-updater/config.ini";

    private readonly Host host = new("host-1");

    public PackageTests() => host.Copy(Ground.Package, Installed.Package).Boot();

    public void Dispose() => host.Dispose();

    [Fact]
    public void Installing_starts_nothing_and_enables_only_what_goes_on_after_a_reboot()
    {
        Installed.Install(host).Expect(0);

        Assert.Equal("disabled", host.Run("systemctl is-enabled dlm-updater.timer").Output.Trim());
        Assert.Equal("inactive", host.Run("systemctl is-active dlm-updater.timer").Output.Trim());
        Assert.Equal("enabled", host.Run("systemctl is-enabled dlm-updater-resume.service").Output.Trim());
        Assert.Equal("inactive\ninactive", host.Run("systemctl is-active dlm-updater.service dlm-updater-resume.service").Output.Trim());
        Assert.Equal("", host.Says("ls -A /var/lib/dlm-updater"));
        Assert.Equal("config.ini\nneeds_reboot.d\nneeds_update.d\non_failure.d\npost_update.d\npre_update.d\nupdate.d", host.Says("ls /etc/dlm-updater"));
        Assert.Contains("[lock]", host.Run("dlm-updater check").Expect(78).Output, StringComparison.Ordinal);
        Assert.Equal("", host.Says("systemd-analyze verify dlm-updater.service dlm-updater-resume.service dlm-updater-recover.service dlm-updater.timer 2>&1 | grep -v 'man '; true"));
    }

    [Fact]
    public void The_timer_of_an_admin_and_his_configuration_outlive_an_upgrade_of_the_package()
    {
        Installed.Install(host).Expect(0);
        host.Write(Config, "[lock]\nservice = file\n");
        host.Run("systemctl enable --now dlm-updater.timer").Expect(0);
        Newer();

        host.Run("DEBIAN_FRONTEND=noninteractive apt-get install -y /root/newer.deb </dev/null").Expect(0);

        Assert.Equal("9.9.9", host.Says("dpkg-query -W -f '${Version}' dlm-updater"));
        Assert.Equal("[lock]\nservice = file\n", host.Read(Config));
        Assert.Equal("enabled", host.Says("systemctl is-enabled dlm-updater.timer"));
        Assert.Equal("active", host.Says("systemctl is-active dlm-updater.timer"));
    }

    [Fact]
    public void A_run_that_replaces_its_own_package_goes_on_to_its_end_and_gives_the_lock_back()
    {
        Installed.Install(host).Expect(0);
        Newer();
        host.Write(Config, "[lock]\nservice = file\nname = fleet\n[file]\ndirectory = /var/lib/dlm-updater/locks\n[reboot]\ncommand = systemctl reboot\n");
        host.Script("needs_update", "10-due", "[ -e /var/lib/updated ]");
        host.Script("update", "10-apt", "DEBIAN_FRONTEND=noninteractive apt-get install -y /root/newer.deb </dev/null");
        host.Script("update", "20-after", ": > /var/lib/updated; stat -c %i /proc/$PPID/exe /usr/bin/dlm-updater > /var/lib/inodes");
        host.Script("needs_reboot", "10-no", "exit 0");
        host.Script("post_update", "10-well", "dpkg-query -W -f '${Version}' dlm-updater > /var/lib/well");

        host.Run("systemctl start dlm-updater.service").Expect(0);

        Assert.Equal("9.9.9", host.Read("/var/lib/well"));
        string[] inodes = host.Read("/var/lib/inodes").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEqual(inodes[0], inodes[1]);
        Assert.Contains("\"phase\": \"none\"", host.Says("dlm-updater status --output json"), StringComparison.Ordinal);
        Assert.Equal("", host.Says("grep -l machine /var/lib/dlm-updater/locks/* 2>/dev/null; true"));
        Assert.Equal("success", host.Says("systemctl show -P Result dlm-updater.service"));
    }

    [Fact]
    public void Removing_keeps_configuration_and_state_and_says_that_a_run_is_open_and_purging_leaves_nothing()
    {
        Installed.Install(host).Expect(0);
        host.Write(Config, "[lock]\nservice = file\nname = fleet\n[file]\ndirectory = /var/lib/dlm-updater/locks\n[reboot]\ncommand = systemctl reboot\n");
        host.Script("needs_update", "10-due", "exit 1");
        host.Script("update", "10-broken", "exit 3");
        host.Run("dlm-updater run").Expect(1);

        string said = host.Run("apt-get remove -y dlm-updater </dev/null").Expect(0).Output;
        Assert.Contains("a run is open on this host", said, StringComparison.Ordinal);
        Assert.Contains("fleet", host.Read(Config), StringComparison.Ordinal);
        Assert.Contains("10-broken", host.Says("ls /etc/dlm-updater/update.d"), StringComparison.Ordinal);
        Assert.Contains("state", host.Says("ls /var/lib/dlm-updater"), StringComparison.Ordinal);
        Assert.Equal("not-found", host.Run("systemctl show -P LoadState dlm-updater.timer").Output.Trim());

        host.Run("apt-get purge -y dlm-updater </dev/null").Expect(0);
        Assert.Equal("", host.Says("find / -xdev -name '*dlm*updater*' -not -path '/proc/*' -not -path '/root/*' -not -path '/var/log/journal/*' -not -path '/run/*'"));
    }

    /// <summary>The same package with a higher version and another executable.</summary>
    private void Newer() => host.Run(
        "set -e; cd /root; rm -rf newer; dpkg-deb -R dlm-updater.deb newer; sed -i 's/^Version: .*/Version: 9.9.9/' newer/DEBIAN/control; " +
        "printf x >> newer/usr/bin/dlm-updater; dpkg-deb -b newer newer.deb >/dev/null; rm -rf newer").Expect(0);
}
