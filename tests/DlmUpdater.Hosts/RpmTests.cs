using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>The .rpm with its scripts and presets, by rpm itself, on a host with systemd. (Its dependencies have other names on a Debian host.)</summary>
public sealed class RpmTests : IDisposable
{
    private const string Config = "/etc/dlm-updater/config.ini", Rpm = "rpm --nodeps --dbpath /var/lib/rpm";

    private readonly Host host = new("host-1");

    public RpmTests()
    {
        host.Copy(Ground.Rpm, "/root/dlm-updater.rpm").Boot();
        host.Run($"{Rpm} -i /root/dlm-updater.rpm").Expect(0);
    }

    public void Dispose() => host.Dispose();

    [Fact]
    public void Installing_starts_nothing_and_enables_only_what_goes_on_after_a_reboot()
    {
        Assert.Equal("disabled", host.Run("systemctl is-enabled dlm-updater.timer").Output.Trim());
        Assert.Equal("enabled", host.Run("systemctl is-enabled dlm-updater-resume.service").Output.Trim());
        Assert.Equal("inactive\ninactive\ninactive", host.Run("systemctl is-active dlm-updater.timer dlm-updater.service dlm-updater-resume.service").Output.Trim());
        Assert.Equal("", host.Says($"{Rpm} -V dlm-updater"));
        Assert.Contains("[lock]", host.Run("dlm-updater check").Expect(78).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Installing_again_over_it_keeps_the_admins_timer_and_configuration_and_removing_keeps_what_he_wrote()
    {
        host.Write(Config, "[lock]\nservice = file\n");
        host.Run("systemctl enable --now dlm-updater.timer").Expect(0);
        host.Script("update", "10-mine", "exit 0");

        host.Run($"{Rpm} -U --replacepkgs /root/dlm-updater.rpm").Expect(0);
        Assert.Equal("[lock]\nservice = file\n", host.Read(Config));
        Assert.Equal("enabled", host.Says("systemctl is-enabled dlm-updater.timer"));
        Assert.Equal("active", host.Says("systemctl is-active dlm-updater.timer"));

        host.Write("/var/lib/dlm-updater/state", "x");
        Assert.Contains("a run is open on this host", host.Run($"{Rpm} -e dlm-updater").Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal("not-found", host.Run("systemctl show -P LoadState dlm-updater.timer").Output.Trim());
        Assert.Equal("[lock]\nservice = file\n", host.Read(Config + ".rpmsave"));
        Assert.Equal("10-mine", host.Says("ls /etc/dlm-updater/update.d"));
        Assert.Equal("x", host.Read("/var/lib/dlm-updater/state"));
        host.Run("test ! -e /usr/bin/dlm-updater").Expect(0);
    }
}
