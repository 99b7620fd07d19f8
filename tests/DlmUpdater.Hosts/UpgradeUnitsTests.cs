using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>Scripted upgrades between real systemd units: a back end whose start returns two seconds before it answers, and a service that needs it.</summary>
public sealed class UpgradeUnitsTests : IDisposable
{
    private const string Notes = "/var/lib/notes";

    /// <summary>What a script notes of the lock.</summary>
    private string held = "";

    private readonly Host host = Installed.Host("katello");

    public UpgradeUnitsTests()
    {
        host.Write("/etc/systemd/system/db.service", """
            [Service]
            ExecStart=/bin/sh -c 'rm -f /run/db.sock; sleep 2; exec systemd-socket-activate -a --inetd -l /run/db.sock /bin/cat'
            [Install]
            WantedBy=multi-user.target
            """);
        host.Write("/etc/systemd/system/web.service", """
            [Unit]
            After=db.service
            [Service]
            ExecStart=/bin/sleep infinity
            [Install]
            WantedBy=multi-user.target
            """);
        foreach (string unit in (string[])["db", "web"]) host.Link($"/etc/systemd/system/multi-user.target.wants/{unit}.service", $"/etc/systemd/system/{unit}.service");
        host.Write("/etc/dlm-updater/config.ini", """
            [upgrade]
            lock = false
            [band down]
            services = web.service db.service
            [band backends]
            services = db.service
            ready = unix:/run/db.sock
            ready_timeout = 10s
            [band all]
            services = web.service
            """);
    }

    public void Dispose() => host.Dispose();

    private string[] Noted => host.Read(Notes).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Units_are_down_then_back_ends_answer_then_all_is_up()
    {
        Once("0010_files");
        Once("3010_rows");
        Once("6010_pages");
        host.Boot();

        host.AsUnit("dlm-updater upgrade -y").Expect(0);

        Assert.Equal(["0010_files web=inactive db=inactive", "3010_rows web=inactive db=active answers", "6010_pages web=active db=active answers"], Noted);
    }

    [Fact]
    public void A_reboot_in_the_middle_goes_on_at_the_script_that_did_not_finish_with_the_units_of_its_band()
    {
        Once("0010_files");
        Once("3010_rows");
        Once("3020_kernel", "[ -e /var/lib/rebooted ] || { : > /var/lib/rebooted; sync; systemctl reboot; sleep 60; }");
        Once("6010_pages");
        host.Boot();
        string before = host.BootId;

        host.AsUnit("dlm-updater upgrade -y");
        host.NextBoot(before);
        Assert.Equal("active", host.Says("systemctl is-active web"));
        host.AsUnit("dlm-updater upgrade -y").Expect(0);

        Assert.Equal(
            [
                "0010_files web=inactive db=inactive", "3010_rows web=inactive db=active answers", "3020_kernel web=inactive db=active answers",
                "3020_kernel web=inactive db=active answers", "6010_pages web=active db=active answers",
            ],
            Noted);
    }

    [Fact]
    public void As_the_update_of_a_run_it_goes_on_after_the_power_came_back_and_the_lock_was_held_all_the_time()
    {
        host.Write("/etc/dlm-updater/config.ini", host.Read("/etc/dlm-updater/config.ini").Replace("lock = false", "", StringComparison.Ordinal) + """

            [lock]
            service = file
            name = fleet
            [file]
            directory = /var/lib/dlm-updater/locks
            [reboot]
            command = systemctl reboot
            """);
        held = "$(dlm-updater lock show --output json | grep -q \"$(cat /etc/machine-id)\" && echo ' held')";
        foreach (string phase in (string[])["needs_update.d", "update.d"]) host.Link($"/etc/dlm-updater/{phase}/50-upgrade", $"/usr/share/dlm-updater/hooks/upgrade/{phase}/50-upgrade");
        host.Write("/etc/dlm-updater/needs_reboot.d/10-no", "#!/bin/sh\nexit 0\n", isExecutable: true);
        Once("0010_files");
        Once("3010_rows", "[ -e /var/lib/cut ] || { : > /var/lib/cut; sync; sleep 60; }");
        Once("6010_pages");
        host.Boot();

        host.Run("systemd-run --quiet dlm-updater run").Expect(0);
        host.Wait("the second script has begun", () => host.Run("test -e /var/lib/cut").Code == 0);
        host.PowerCut();
        host.Boot().Settle();

        // What goes on at boot by itself is the package's unit.
        Assert.Equal(
            ["0010_files web=inactive db=inactive held", "3010_rows web=inactive db=active answers held", "3010_rows web=inactive db=active answers held", "6010_pages web=active db=active answers held"],
            Noted);
        Assert.DoesNotContain(host.Says("cat /etc/machine-id"), host.Says("dlm-updater lock show --output json"), StringComparison.Ordinal);
        Assert.Contains("\"phase\": \"none\"", host.Says("dlm-updater status --output json"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_unit_that_never_answers_stops_the_upgrade_with_its_name_and_the_rest_stays_down()
    {
        host.Write("/etc/systemd/system/db.service", "[Service]\nExecStart=/bin/sleep infinity\n");
        host.Write("/etc/dlm-updater/config.ini", host.Read("/etc/dlm-updater/config.ini").Replace("10s", "2s", StringComparison.Ordinal));
        Once("3010_rows");
        Once("6010_pages");
        host.Boot();

        string said = host.AsUnit("dlm-updater upgrade -y").Expect(1).Output;

        Assert.Contains("/run/db.sock", said, StringComparison.Ordinal);
        Assert.Empty(Noted);
        Assert.Equal("active", host.Says("systemctl is-active db"));
    }

    [Fact]
    public void A_unit_that_cannot_start_is_named_with_what_systemd_says()
    {
        host.Write("/etc/systemd/system/db.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
        Once("3010_rows");
        host.Boot();

        string said = host.AsUnit("dlm-updater upgrade -y").Expect(1).Output;

        Assert.Contains("db.service", said, StringComparison.Ordinal);
        Assert.Contains("failed", said, StringComparison.Ordinal);
        Assert.Empty(Noted);
    }

    [Fact]
    public void A_unit_that_died_in_its_band_is_named_before_the_next_band_begins()
    {
        Once("3010_rows", "systemctl kill -s KILL db; sleep 0.2");
        Once("6010_pages");
        host.Boot();

        string said = host.AsUnit("dlm-updater upgrade -y").Expect(1).Output;

        Assert.Contains("db.service", said, StringComparison.Ordinal);
        Assert.Equal(["3010_rows web=active db=active answers"], Noted);
    }

    [Fact]
    public void A_unit_that_does_not_exist_is_named_and_no_script_runs()
    {
        host.Write("/etc/dlm-updater/config.ini", host.Read("/etc/dlm-updater/config.ini").Replace("services = web.service db.service", "services = nosuch.service", StringComparison.Ordinal));
        Once("0010_files");
        host.Boot();

        string said = host.AsUnit("dlm-updater upgrade -y").Expect(1).Output;

        Assert.Contains("nosuch.service", said, StringComparison.Ordinal);
        Assert.Empty(Noted);
    }

    /// <summary>A script that runs once and notes what it finds up.</summary>
    private void Once(string name, string more = ":") => host.Write($"/etc/dlm-updater/upgrade/upgrade/{name}", $"""
        #!/bin/sh
        # dlm: run=once description=does {name}
        answers=$(echo hello | timeout 1 sh -c 'test -S /run/db.sock && systemctl -q is-active db && echo " answers"')
        echo "{name} web=$(systemctl is-active web) db=$(systemctl is-active db)$answers{held}" >> {Notes}
        {more}
        """ + "\n", isExecutable: true);
}
