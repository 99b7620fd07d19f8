using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>The ready hooks for apt and for failed units, enabled as an admin does, with a real repository.</summary>
public sealed class AptHooksTests : IDisposable
{
    private readonly Host host = Installed.Host("host-1");

    public AptHooksTests()
    {
        host.Write("/etc/dlm-updater/config.ini", "[lock]\nservice = file\nname = fleet\n[file]\ndirectory = /var/lib/dlm-updater/locks\n[reboot]\ncommand = systemctl reboot\n");
        host.Write("/etc/apt/sources.list", "deb [trusted=yes] file:/srv/repo ./\n");
        host.Boot().Settle();
        host.Run("dlm-updater hooks enable apt && dlm-updater hooks enable failed-units").Expect(0);
        Publish("1.0", "exit 0");
        host.Run("apt-get -qq update && apt-get -qq install -y fleet-demo </dev/null").Expect(0);
        // An admin's change to a configuration file stays.
        host.Run("echo changed >> /etc/fleet-demo.conf").Expect(0);
    }

    public void Dispose() => host.Dispose();

    [Fact]
    public void An_upgrade_that_asks_for_a_reboot_is_found_installed_rebooted_for_and_proved()
    {
        Publish("2.0", "[ \"$1\" != configure ] || : > /run/reboot-required");
        string boot = host.BootId;

        host.Run("systemctl start --no-block dlm-updater.service").Expect(0);
        host.NextBoot(boot);
        host.Settle();

        Assert.Equal("2.0", host.Says("dpkg-query -W -f '${Version}' fleet-demo"));
        Assert.Equal("setting 1.0\nchanged", host.Says("cat /etc/fleet-demo.conf"));
        Assert.Contains("\"phase\": \"none\"", host.Says("dlm-updater status --output json"), StringComparison.Ordinal);
        Assert.DoesNotContain("pre_update: begins", host.Run("dlm-updater run").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_package_that_cannot_be_configured_stops_the_run_and_is_repaired_by_the_next()
    {
        Publish("2.0", "[ \"$1\" != configure ] || [ -e /root/repaired ]");
        host.Run("systemctl start dlm-updater.service").Expect(1);
        Assert.Contains("update", host.Says("dlm-updater status"), StringComparison.Ordinal);

        host.Run(": > /root/repaired; systemctl start dlm-updater.service").Expect(0);
        Assert.Equal("ii ", host.Says("dpkg-query -W -f '${db:Status-Abbrev}' fleet-demo"));
    }

    /// <summary>A colleague runs apt or dpkg in the middle of the night: no version of apt waits for the lists, and dpkg waits for nothing.</summary>
    [Theory]
    [InlineData("apt-get -o APT::Update::Pre-Invoke::='while [ ! -e /root/go ]; do sleep 1; done' update")]
    [InlineData("dpkg -i /root/slow.deb")]
    public void A_lock_of_apt_that_another_program_has_is_waited_for(string colleague)
    {
        host.Write("/root/slow/DEBIAN/control", "Package: slow\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: takes its time\n");
        host.Write("/root/slow/DEBIAN/postinst", "#!/bin/sh\nwhile [ ! -e /root/go ]; do sleep 1; done\n", isExecutable: true);
        host.Run("dpkg-deb -b /root/slow /root/slow.deb").Expect(0);
        Publish("2.0", "exit 0");
        host.Run($"systemd-run --unit=colleague /bin/sh -c \"{colleague}\"").Expect(0);
        host.Run("for i in $(seq 60); do if grep -q POSIX /proc/locks && systemctl is-active -q colleague; then break; fi; sleep 1; done; sleep 2");

        host.Run("systemctl start --no-block dlm-updater.service").Expect(0);
        host.Run("for i in $(seq 90); do if journalctl -u dlm-updater.service | grep -q 'another program has a lock of apt'; then : > /root/go; exit 0; fi; sleep 1; done; journalctl -u dlm-updater.service; exit 9").Expect(0);
        host.Run("while systemctl show -p ActiveState dlm-updater.service | grep -q activating; do sleep 1; done; systemctl show -p Result dlm-updater.service | grep -q success || { journalctl -u dlm-updater.service; exit 9; }").Expect(0);
        Assert.Equal("2.0", host.Says("dpkg-query -W -f '${Version}' fleet-demo"));
        Assert.Contains("\"phase\": \"none\"", host.Says("dlm-updater status --output json"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_repository_that_is_away_is_no_answer_and_not_a_no()
    {
        host.Write("/etc/apt/sources.list", "deb [trusted=yes] file:/srv/away ./\n");
        Assert.Contains("20-apt", host.Run("dlm-updater run").Expect(1).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_unit_that_failed_keeps_the_lock_until_it_is_well()
    {
        Publish("2.0", "exit 0");
        host.Write("/etc/systemd/system/broken.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
        host.Run("systemctl daemon-reload; systemctl start broken.service");
        Assert.Contains("broken.service", host.Run("dlm-updater run").Expect(1).Output, StringComparison.Ordinal);
        Assert.Contains("post_update", host.Says("dlm-updater status"), StringComparison.Ordinal);

        host.Run("systemctl reset-failed broken.service; dlm-updater run").Expect(0);
        Assert.Contains("\"phase\": \"none\"", host.Says("dlm-updater status --output json"), StringComparison.Ordinal);
    }

    /// <summary>Puts a version of the package into the repository.</summary>
    private void Publish(string version, string postinst)
    {
        host.Write("/root/demo/DEBIAN/control", $"Package: fleet-demo\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: shows an upgrade\n");
        host.Write("/root/demo/DEBIAN/conffiles", "/etc/fleet-demo.conf\n");
        host.Write("/root/demo/DEBIAN/postinst", $"#!/bin/sh\n{postinst}\n", isExecutable: true);
        host.Write("/root/demo/etc/fleet-demo.conf", $"setting {version}\n");
        host.Run("""
            set -e
            mkdir -p /srv/repo; cd /srv/repo; rm -f *.deb
            dpkg-deb -b /root/demo fleet-demo.deb >/dev/null
            { dpkg-deb -f fleet-demo.deb; echo "Filename: ./fleet-demo.deb"; echo "Size: $(stat -c %s fleet-demo.deb)"; echo "SHA256: $(sha256sum fleet-demo.deb | cut -d' ' -f1)"; } > Packages
            """).Expect(0);
    }
}
