using DlmUpdater.Configuration;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Tests.Configuration;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ConfigurationLoaderTests : IDisposable
{
    private const string Seed = """
        [main]
        log = /var/log/foreman_dlm_updater.log
        logretention = 7
        loglevel = DEBUG

        # prevents the script from running twice on the same host
        lock = /etc/foreman_dlm_updater/file.lock

        # this file keeps the state of the script (what is the next task to be executed)
        state = /etc/foreman_dlm_updater/state

        # the dlm lock that will be acquired
        lock_name = this_is_the_lock_name
        foreman_url = https://foreman.example.com

        client_crt = /etc/puppetlabs/puppet/ssl/certs/host.example.com.pem
        client_key = /etc/puppetlabs/puppet/ssl/private_keys/host.example.com.pem
        ca = /etc/ipa/ca.crt

        needs_update.d = /etc/foreman_dlm_updater/needs_update.d/
        pre_update.d = /etc/foreman_dlm_updater/pre_update.d/
        post_update.d = /etc/foreman_dlm_updater/post_update.d/
        needs_reboot.d = /etc/foreman_dlm_updater/needs_reboot.d/
        update.d = /etc/foreman_dlm_updater/update.d/
        reboot_cmd = /usr/sbin/reboot
        """;

    private readonly ConfigurationSandbox box = new();

    [Fact]
    public void The_configuration_of_foreman_dlm_updater_is_taken_unchanged()
    {
        UpdaterSettings s = box.Good(Seed);

        Assert.Equal(new LogSettings { Target = LogTarget.File, File = "/var/log/foreman_dlm_updater.log", Level = LogLevel.Debug }, s.Log);
        Assert.Equal("/etc/foreman_dlm_updater/file.lock", s.Paths.InstanceLock);
        Assert.Equal("/etc/foreman_dlm_updater/state", s.Paths.StateFile);
        Assert.Equal("/var/lib/dlm-updater", s.Paths.StateDirectory);
        Assert.Equal((LockServiceKind.Foreman, "this_is_the_lock_name"), (s.Lock.Service, s.Lock.Name));
        Assert.Equal(
            new ForemanSettings
            {
                Url = "https://foreman.example.com",
                Certificate = new ClientCertificate.Files(
                    "/etc/puppetlabs/puppet/ssl/certs/host.example.com.pem", "/etc/puppetlabs/puppet/ssl/private_keys/host.example.com.pem"),
                Ca = "/etc/ipa/ca.crt",
            },
            s.Foreman);
        foreach (ScriptStage stage in ScriptStages.All)
            Assert.Equal((stage.IsOptional() ? "/etc/dlm-updater/" : "/etc/foreman_dlm_updater/") + stage.DirectoryName(), s.Scripts.Directories[stage]);
        Assert.Equal<IEnumerable<string>>(["/usr/sbin/reboot"], s.Reboot.Command);
        Assert.Empty(s.Secrets);
    }

    [Fact]
    public void Every_key_of_the_new_sections_arrives()
    {
        UpdaterSettings s = box.Good("""
            [main]
            state_dir = /srv/state/
            run_dir = /run/other
            loglevel = CRITICAL
            reboot.d = /a/reboot.d
            [lock]
            service = FILE
            name = db-1.eu_x
            holder = host.example.com
            wait = no
            wait_max = 2h
            retry_interval = 30
            confirm_after = 0s
            unreachable_after = 1h
            [file]
            directory = /mnt//shared/./locks
            slots = 3
            [scripts]
            directory = /srv/scripts
            timeout = 10m
            timeout_update = none
            timeout_pre_update = 0
            timeout_on_failure = 5s
            checks = any-nonzero
            untrusted = skip
            user_script_users = alice, bob carol
            [schedule]
            date_constraint = 2:Tue,4:fri
            random_delay = 1h
            stable_delay = 90m
            [reboot]
            strategy = best-effort
            command = "systemctl reboot --message='dlm updater'"
            timeout = 20m
            [log]
            target = journal
            format = json
            retention = 30
            """);

        Assert.Equal(new PathSettings { StateDirectory = "/srv/state", StateFile = "/srv/state/state", InstanceLock = "/run/other/instance.lock", RunDirectory = "/run/other" }, s.Paths);
        Assert.Equal(
            new LockSettings
            {
                Service = LockServiceKind.File,
                Name = "db-1.eu_x",
                Holder = "host.example.com",
                Wait = false,
                WaitMax = TimeSpan.FromHours(2),
                RetryInterval = TimeSpan.FromSeconds(30),
                ConfirmAfter = TimeSpan.Zero,
                UnreachableAfter = TimeSpan.FromHours(1),
            },
            s.Lock);
        Assert.Equal(new FileLockSettings { Directory = "/mnt/shared/locks", Slots = 3 }, s.File);
        Assert.Equal("/a/reboot.d", s.Scripts.Directories[ScriptStage.Reboot]);
        Assert.Equal("/srv/scripts/update.d", s.Scripts.Directories[ScriptStage.Update]);
        Assert.Null(s.Scripts.Timeouts[ScriptStage.Update]);
        Assert.Null(s.Scripts.Timeouts[ScriptStage.PreUpdate]);
        Assert.Equal(TimeSpan.FromSeconds(5), s.Scripts.Timeouts[ScriptStage.OnFailure]);
        Assert.Equal(TimeSpan.FromMinutes(10), s.Scripts.Timeouts[ScriptStage.Reboot]);
        Assert.Equal((CheckRule.AnyNonZero, UntrustedRule.Skip), (s.Scripts.Checks, s.Scripts.Untrusted));
        Assert.Equal<IEnumerable<string>>(["alice", "bob", "carol"], s.Scripts.UserScriptUsers);
        Assert.Equal(new ScheduleSettings { DateConstraint = "2:Tue,4:fri", RandomDelay = TimeSpan.FromHours(1), StableDelay = TimeSpan.FromMinutes(90) }, s.Schedule);
        Assert.Equal((RebootStrategy.BestEffort, TimeSpan.FromMinutes(20)), (s.Reboot.Strategy, s.Reboot.Timeout));
        Assert.Equal<IEnumerable<string>>(["systemctl", "reboot", "--message=dlm updater"], s.Reboot.Command);
        Assert.Equal(new LogSettings { Target = LogTarget.Journal, Level = LogLevel.Error, Format = LogFormat.Json, RetentionDays = 30 }, s.Log);
    }

    [Fact]
    public void All_complaints_come_at_once_in_the_order_of_lines()
    {
        LoadedConfiguration loaded = box.Load("""
            stray = 1
            [lock]
            service = fil
            name = .web
            Name = again
            nonsense
            wait_max = 2weeks
            [skripts]
            timeout = 1
            [scripts]
            timout = 5m
            checks
            [main]
            lock_nme = x
            window = Sat 23:30/2h
            """);

        Assert.Null(loaded.Settings);
        Assert.Equal(
            [
                "config.ini:1: 'stray' stands before any [section]",
                "config.ini:3: [lock] service: 'fil' is none of file, foreman, dlmengine, etcd, fleetlock: did you mean file?",
                "config.ini:5: [lock] Name: is set a second time, first in line 4: remove one",
                "config.ini:6: the line is neither [section] nor key = value nor a comment; values cannot go over several lines",
                "config.ini:7: [lock] wait_max: '2weeks' is not a duration: write 90, 90s, 15m, 4h, 2d or 1h30m",
                "config.ini:8: [skripts]: there is no such section, and nothing in it is read: did you mean [scripts]?",
                "config.ini:11: [scripts] timout: there is no such key, and it is not read: did you mean timeout?",
                "config.ini:12: the line is neither [section] nor key = value nor a comment; values cannot go over several lines",
                "config.ini:14: [main] lock_nme: there is no such key, and it is not read: did you mean lock_name?",
                "config.ini:15: [main] window: there is no such key, and it is not read: did you mean [schedule] window?",
            ],
            loaded.Complaints.Select(box.Relative));
    }

    [Fact]
    public void Unknown_names_stop_new_runs_as_they_stop_check()
    {
        box.Environment["DLM_UPDATER__LOK__NAME"] = "x";
        const string Text = ConfigurationSandbox.Minimal + "nmae = y\n[other]\na = b\n[Other]\nc = d\n[schedule]\nwindwo = Sun 02:00/1h\n";

        foreach (bool strict in new[] { false, true })
        {
            LoadedConfiguration loaded = box.Load(Text, strict);
            Assert.NotNull(loaded.Settings);
            Assert.True(loaded.StopsNewRuns);
            Assert.All(loaded.Complaints, c => Assert.Equal(Severity.NewRuns, c.Severity));
            Assert.Equal(
                [
                    "config.ini:4: [lock] nmae: there is no such key, and it is not read: did you mean name?",
                    "config.ini:5: [other]: there is no such section, and nothing in it is read",
                    "config.ini:10: [schedule] windwo: there is no such key, and it is not read: did you mean window?",
                    "environment DLM_UPDATER__LOK__NAME: there is no such setting, and it is not read: did you mean DLM_UPDATER__LOCK__NAME?",
                ],
                loaded.Complaints.Select(box.Relative));
        }
    }

    [Theory]
    [InlineData("config.ini")]
    [InlineData("config.d/99.ini")]
    [InlineData("environment")]
    public void Unknown_names_are_warnings_where_unknown_keys_says_so_wherever_that_stands(string where)
    {
        const string Excuse = "[main]\nunknown_keys = warn\n";
        string text = ConfigurationSandbox.Minimal + "nmae = y\n[other]\na = b\n[band down]\nredy = x\n";
        if (where == "environment") box.Environment["DLM_UPDATER__MAIN__UNKNOWN_KEYS"] = "warn";
        else if (where == "config.ini") text += Excuse;
        else box.Write(where, Excuse);

        foreach (bool strict in new[] { false, true })
        {
            LoadedConfiguration loaded = box.Load(text, strict);
            Assert.False(loaded.StopsNewRuns);
            Assert.Equal([Severity.Warning, Severity.Warning, Severity.Warning], loaded.Complaints.Select(c => c.Severity));
        }

        Assert.Equal(Severity.NewRuns, Assert.Single(box.Load(text + "[file]\ndirectory =\n").Complaints, c => c.Text.Contains("directory", StringComparison.Ordinal)).Severity);
    }

    [Fact]
    public void Flags_win_over_environment_over_drop_ins_over_the_main_file()
    {
        box.Write("config.ini", ConfigurationSandbox.Minimal + "holder = main\nwait_max = 1\nretry_interval = 1\nconfirm_after = 1\n");
        box.Write("config.d/10.ini", "[lock]\nwait_max = 2\nretry_interval = 2\nconfirm_after = 2\n");
        box.Write("config.d/20.ini", "[LOCK]\nretry_interval = 3\nConfirm_After = 3\n");
        box.Environment["dlm_updater__lock__confirm_after"] = "4";
        box.Environment["DLM_UPDATER__LOCK__NAME"] = "env";
        box.Flags.Add(new ConfigurationOverride("lock", "name", "flag", "--name"));
        box.Flags.Add(new ConfigurationOverride("lock", "name", "second", "--name"));

        LockSettings l = box.Good().Lock;

        Assert.Equal(("main", 2, 3, 4, "second"),
            (l.Holder, (int)l.WaitMax!.Value.TotalSeconds, (int)l.RetryInterval.TotalSeconds, (int)l.ConfirmAfter.TotalSeconds, l.Name));
    }

    [Fact]
    public void A_later_layer_wins_in_either_spelling()
    {
        box.Write("config.ini", "[main]\nlock_name = a\nforeman_url = https://a\n");
        box.Write("config.d/10.ini", "[lock]\nname = b\n[foreman]\nurl = https://b/\n");
        Assert.Equal(("b", "https://b"), (box.Good(strict: false).Lock.Name, box.Good(strict: false).Foreman!.Url));

        box.Environment["DLM_UPDATER__MAIN__LOCK_NAME"] = "c";
        Assert.Equal("c", box.Good(strict: false).Lock.Name);
    }

    [Fact]
    public void Two_spellings_in_one_file_must_not_contradict_each_other()
    {
        Assert.Equal("same", box.Good("[main]\nlock_name = same\n[lock]\nservice = file\nname = same\n").Lock.Name);

        Assert.Equal(
            ["config.ini:5: [lock] name: contradicts [main] lock_name (config.ini:2), which sets the same: keep one"],
            box.Errors("[main]\nlock_name = a\n[lock]\nservice = file\nname = b\n").Select(e => e.Replace(box.Directory + "/", "")));
        Assert.Contains("[foreman] url: contradicts [main] foreman_url",
            Assert.Single(box.Errors("[main]\nlock_name = a\nforeman_url = https://a\n[foreman]\nurl = https://b\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void For_an_open_run_an_empty_value_means_what_it_meant_in_0_1_0()
    {
        box.Write("config.d/10.ini", "[lock]\nwait_max =\n[schedule]\ndate_constraint =\n");
        LoadedConfiguration loaded = box.Load(ConfigurationSandbox.Minimal + "wait_max = 5m\n[schedule]\ndate_constraint = 1:Mon\n");
        Assert.Equal(((TimeSpan?)null, null), (loaded.Settings!.Lock.WaitMax, loaded.Settings.Schedule.DateConstraint));
        Assert.Equal([Severity.NewRuns, Severity.NewRuns], loaded.Complaints.Select(c => c.Severity));

        box.Environment["DLM_UPDATER__LOCK__NAME"] = " ";
        Assert.Contains("[lock] name: the lock has no name", Assert.Single(box.Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void Dots_of_keys_are_underscores_in_the_environment()
    {
        box.Environment["DLM_UPDATER__MAIN__NEEDS_UPDATE_D"] = "/srv/checks";
        box.Environment["DLM_UPDATER_PHASE"] = "update";
        box.Environment["DLM_UPDATER_LOCK_NAME"] = "other";
        box.Environment["PATH"] = "/bin";

        UpdaterSettings s = box.Good(ConfigurationSandbox.Minimal);

        Assert.Equal("/srv/checks", s.Scripts.Directories[ScriptStage.NeedsUpdate]);
        Assert.Equal("web", s.Lock.Name);
    }

    [Fact]
    public void Two_variables_that_differ_only_in_case_must_not_contradict_each_other()
    {
        box.Environment["DLM_UPDATER__LOCK__HOLDER"] = "a";
        box.Environment["dlm_updater__lock__holder"] = "b";
        Assert.Contains("contradicts [lock] holder (environment DLM_UPDATER__LOCK__HOLDER)", Assert.Single(box.Errors(ConfigurationSandbox.Minimal)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_control_character_in_the_environment_is_refused()
    {
        box.Environment["DLM_UPDATER__LOCK__HOLDER"] = "a\nb";
        Assert.Contains("U+000A", Assert.Single(box.Errors(ConfigurationSandbox.Minimal)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_flag_that_is_not_in_the_catalog_is_a_bug_here()
    {
        box.Flags.Add(new ConfigurationOverride("lock", "nme", "x", "--name"));
        Assert.Throws<ArgumentException>(() => box.Load(ConfigurationSandbox.Minimal));
    }

    [Fact]
    public void A_bad_flag_is_named_as_it_was_written()
    {
        box.Flags.Add(new ConfigurationOverride("schedule", "date_constraint", "9:Tue", "--date_constraint"));
        Assert.StartsWith("--date_constraint: [schedule] date_constraint: '9:Tue' is not a date constraint", Assert.Single(box.Errors(ConfigurationSandbox.Minimal)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_relative_path_is_taken_from_the_working_directory()
    {
        box.Write("sub/my.ini", ConfigurationSandbox.Minimal);
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { File = "./sub/my.ini", WorkingDirectory = box.Directory });
        Assert.NotNull(loaded.Settings);
        Assert.Equal([box.Directory + "/sub/my.ini"], loaded.Files);
    }

    [Theory]
    [InlineData("window = Sat 23:30/2h\ntime_zone = Europe/Berlin", null)]
    [InlineData("window = 23:30/2h\ntime_zone = local", null)]
    [InlineData("window = 23:30/2h", null)]
    [InlineData("window = Sat 23:30", "'Sat 23:30' is not a window")]
    [InlineData("window = Sat 25:30/2h", "'25:30' in 'Sat 25:30/2h' is not a time of day")]
    [InlineData("window = Sat 23:30/2h\ntime_zone = Europe/Brelin", "[schedule] time_zone: this host knows no time zone 'Europe/Brelin'")]
    public void A_window_and_its_zone_are_checked_together(string schedule, string? complaint)
    {
        string text = ConfigurationSandbox.Minimal + $"[schedule]\n{schedule}\n";
        if (complaint is null) box.Good(text);
        else Assert.Contains(complaint, Assert.Single(box.Errors(text)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_later_version_brings_is_refused_not_ignored()
    {
        Assert.Contains("metrics are not in this version",
            Assert.Single(box.Errors(ConfigurationSandbox.Minimal + "[metrics]\ntextfile = /var/x.prom\n")), StringComparison.Ordinal);
    }

    public void Dispose() => box.Dispose();
}
