using DlmUpdater.Configuration;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Tests.Configuration.Adopted;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class DlmEngineUpdaterSettingsTests : IDisposable
{
    private const string Needed = "main_api_lockname=web\nmain_api_endpoint=https://dlm.example.com/api/v2/\nmain_api_secretid=id-1\nmain_api_secret=\"s3cr3t #1\"\n";

    private readonly ConfigurationSandbox _box = new();

    public void Dispose() => _box.Dispose();

    [Fact]
    public void The_env_of_DLMEngineUpdater_is_taken_unchanged_with_its_defaults()
    {
        UpdaterSettings s = Good(Needed);

        Assert.Equal((LockServiceKind.DlmEngine, "web"), (s.Lock.Service, s.Lock.Name));
        Assert.Equal(("https://dlm.example.com", 2, "id-1", "s3cr3t #1"), (s.DlmEngine!.Url, s.DlmEngine.Api, s.DlmEngine.SecretId, s.DlmEngine.Secret.Reveal()));
        Assert.Equal("s3cr3t #1", Assert.Single(s.Secrets));
        Assert.Equal((false, TimeSpan.FromHours(1), TimeSpan.FromSeconds(35)), (s.Lock.Wait, s.Lock.WaitMax, s.Lock.RetryInterval));
        Assert.Equal((LogTarget.File, "/var/log/dlm_engine_updater/dlm_engine_updater.log", LogLevel.Debug, 7), (s.Log.Target, s.Log.File, s.Log.Level, s.Log.RetentionDays));
        Assert.Equal(("/etc/dlm_engine_updater/state", "/etc/dlm_engine_updater/lock"), (s.Paths.StateFile, s.Paths.InstanceLock));
        foreach (ScriptStage stage in ScriptStages.All) Assert.Equal("/etc/dlm_engine_updater/" + stage.DirectoryName(), s.Scripts.Directories[stage]);
        Assert.Equal((MissingRule.Empty, UntrustedRule.Skip, RebootStrategy.Lock), (s.Scripts.Missing, s.Scripts.Untrusted, s.Reboot.Strategy));
    }

    [Fact]
    public void Every_setting_is_taken()
    {
        UpdaterSettings s = Good(Needed + """
            main_api_ca=/etc/ca.pem
            main_log_level=WARNING
            main_log_retention=30
            main_log_file=/var/log/x.log
            main_basedir=/opt/dlm/
            main_wait=true
            main_waitmax=600
            main_userscriptusers=["alice", "bob"]
            """);
        Assert.Equal("/etc/ca.pem", s.DlmEngine!.Ca);
        Assert.Equal((LogLevel.Warning, 30, "/var/log/x.log"), (s.Log.Level, s.Log.RetentionDays, s.Log.File));
        Assert.Equal(("/opt/dlm/state", "/opt/dlm/update.d"), (s.Paths.StateFile, s.Scripts.Directories[ScriptStage.Update]));
        Assert.Equal((true, TimeSpan.FromMinutes(10)), (s.Lock.Wait, s.Lock.WaitMax));
        Assert.Equal("alice bob", string.Join(' ', s.Scripts.UserScriptUsers));
    }

    [Theory]
    [InlineData("MAIN_API_LOCKNAME")]
    [InlineData("main_api_lockname")]
    [InlineData("Main_Api_lockName")]
    public void The_environment_wins_over_the_file_in_any_case(string name)
    {
        _box.Environment[name] = "db";
        Assert.Equal("db", Good(Needed).Lock.Name);
    }

    [Fact]
    public void Names_in_the_file_are_read_in_any_case_and_the_last_one_counts() =>
        Assert.Equal("last", Good(Needed + "MAIN_API_LOCKNAME=first\nMain_api_lockName=last\n").Lock.Name);

    [Fact]
    public void The_environment_alone_is_enough()
    {
        foreach (string line in Needed.TrimEnd().Split('\n')) _box.Environment[line.Split('=')[0].ToUpperInvariant()] = line.Split('=', 2)[1].Trim('"');
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { File = _box.Directory + "/.env", Environment = _box.Environment });
        Assert.Equal([], loaded.Complaints.Select(c => c.Text));
        Assert.Equal("web", loaded.Settings!.Lock.Name);
    }

    [Fact]
    public void Without_file_and_environment_the_file_is_missing()
    {
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { File = _box.Directory + "/.env", Environment = _box.Environment });
        Assert.Equal(".env: does not exist: create it, or name another with --config", _box.Relative(Assert.Single(loaded.Complaints)));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("True")]
    [InlineData("1")]
    [InlineData("yes")]
    public void Noop_asks_no_service_and_needs_no_credentials(string word)
    {
        LoadedConfiguration loaded = Load($"main_api_noop={word}\nmain_api_lockname=sample\nmain_api_endpoint=https://api.example.com/dlm\n");
        Assert.Equal(RebootStrategy.Reboot, loaded.Settings!.Reboot.Strategy);
        Assert.Contains("is not DLMEngine's API", Assert.Single(loaded.Complaints).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Noop_false_takes_the_lock() => Assert.Equal(RebootStrategy.Lock, Good(Needed + "main_api_noop=false\n").Reboot.Strategy);

    [Theory]
    [InlineData("https://h.example.com/api/v1/", "https://h.example.com", 1)]
    [InlineData("https://h.example.com/api/v2", "https://h.example.com", 2)]
    [InlineData("https://h.example.com/dlm/api/v2//", "https://h.example.com/dlm", 2)]
    public void The_endpoint_is_split_into_url_and_api(string endpoint, string url, int api)
    {
        DlmEngineSettings engine = Good(Needed + $"main_api_endpoint={endpoint}\n").DlmEngine!;
        Assert.Equal((url, api), (engine.Url, engine.Api));
    }

    [Fact]
    public void Complaints_name_the_variable_and_its_line_and_no_secret()
    {
        LoadedConfiguration loaded = Load(Needed + "main_api_endpoint=https://h.example.com/\nmain_log_retention=many\nmain_userscriptusers=alice\nmain=[]\nmain_wait=perhaps\n");
        Assert.Null(loaded.Settings);
        string[] texts = [.. loaded.Complaints.Select(_box.Relative)];
        Assert.Equal(
            [
                ".env:5: main_api_endpoint: 'https://h.example.com/' is not DLMEngine's API: it ends in /api/v2/ or /api/v1/",
                ".env:6: main_log_retention: 'many' is not a number from 1 to 3650",
                ".env:7: main_userscriptusers: 'alice' is not a JSON list of names, such as [\"user1\", \"user2\"]",
                ".env:8: main: the value is not a JSON object: correct it, or write one variable for each value, such as main_api_lockname",
                ".env:9: main_wait: 'perhaps' is neither true nor false",
            ],
            texts.Where(t => !t.Contains("is not set", StringComparison.Ordinal)));
        Assert.DoesNotContain(loaded.Complaints, c => c.Text.Contains("s3cr3t", StringComparison.Ordinal));
    }

    [Fact]
    public void An_unknown_name_is_a_warning_with_the_nearest_one_and_an_error_of_check()
    {
        Complaint complaint = Assert.Single(Load(Needed + "main_api_lockame=x\n").Complaints);
        Assert.Equal((Severity.Warning, ".env:5: main_api_lockame: there is no such setting, and it is not read: did you mean main_api_lockname?"), (complaint.Severity, _box.Relative(complaint)));
        Assert.True(Load(Needed + "main_api_lockame=x\n", strict: true).StopsNewRuns);
    }

    [Fact]
    public void Each_Python_plug_in_is_named_once_with_what_to_use_instead()
    {
        LoadedConfiguration loaded = Load(Needed + "plugin_dummy_enabled=true\nplugin_dummy_config_key1=v\nplugin_slack_config_url=https://x.example.com\n");
        Assert.NotNull(loaded.Settings);
        Assert.Equal([".env:5: plugin dummy: ", ".env:7: plugin slack: "], loaded.Complaints.Select(c => _box.Relative(c).Split("a Python")[0]));
        Assert.All(loaded.Complaints, c => Assert.Matches("phase_hooks.d.*notify. command", c.Text));
    }

    [Fact]
    public void A_secret_that_every_user_can_read_is_said_every_time_but_the_host_goes_on_updating()
    {
        LoadedConfiguration loaded = _box.LoadFile(".env", Needed);
        Assert.NotNull(loaded.Settings);
        Assert.Contains("main_api_secret: the file that holds this secret can be used by every user of this host", Assert.Single(loaded.Complaints).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_others_can_write_is_not_used()
    {
        string path = _box.Write(".env", Needed);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_000);
        Assert.Null(ConfigurationLoader.Load(new ConfigurationRequest { File = path }).Settings);
    }

    [Fact]
    public void The_INI_file_of_versions_before_1_0_is_taken_unchanged()
    {
        string path = _box.Write("dlm_engine_updater/config.ini", """
            [main]
            lock = /etc/dlm_engine_updater/i_am_running
            state = /etc/dlm_engine_updater/state
            log = /var/log/dlm_engine_updater.log
            log_retention = 9
            log_level = INFO
            lock_name = test
            endpoint=http://localhost:9000/api/v1/
            secret=abc
            secret_id=id
            ca = /etc/ca.pem
            wait = true
            wait_max = 100
            needs_update.d = /etc/dlm_engine_updater/needs_update.d/
            ext_notify.d = /etc/dlm_engine_updater/ext_notify.d/
            reboot_cmd = /sbin/reboot
            """);
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { File = path, Strict = true });
        Assert.Equal([], loaded.Complaints.Select(c => c.Text));
        UpdaterSettings s = loaded.Settings!;
        Assert.Equal((LockServiceKind.DlmEngine, "test", true, TimeSpan.FromSeconds(100)), (s.Lock.Service, s.Lock.Name, s.Lock.Wait, s.Lock.WaitMax));
        Assert.Equal(("http://localhost:9000", 1, "id", "abc", "/etc/ca.pem"), (s.DlmEngine!.Url, s.DlmEngine.Api, s.DlmEngine.SecretId, s.DlmEngine.Secret.Reveal(), s.DlmEngine.Ca));
        Assert.Equal((LogLevel.Info, 9), (s.Log.Level, s.Log.RetentionDays));
        Assert.Equal("/etc/dlm_engine_updater/ext_notify.d", s.Scripts.Directories[ScriptStage.ExtNotify]);
    }

    [Theory]
    [InlineData("main_waitmax=0", 1)]
    [InlineData("main_waitmax=+90", 90)]
    [InlineData("main_waitmax=3_600", 3600)]
    [InlineData("main_waitmax=60.0", 60)]
    public void Numbers_are_read_as_there(string line, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Good(Needed + line + "\n").Lock.WaitMax);

    [Theory]
    [InlineData("main_log_retention=0", 3650)]
    [InlineData("main_log_retention=007", 7)]
    [InlineData("main_log_retention=99999", 3650)]
    public void No_number_of_log_files_that_it_took_is_refused(string line, int days) => Assert.Equal(days, Good(Needed + line + "\n").Log.RetentionDays);

    [Fact]
    public void A_JSON_object_stands_for_the_settings_in_it_and_each_of_them_wins_by_itself()
    {
        UpdaterSettings s = Good("""
            main={"wait": true, "log": {"retention": 9, "level": "INFO"}}
            main_api={"lockname": "web", "endpoint": "https://dlm.example.com/api/v2/", "secretid": "i", "secret": "s"}
            main_log_level=ERROR

            """);
        Assert.Equal(("web", true, 9, LogLevel.Error), (s.Lock.Name, s.Lock.Wait, s.Log.RetentionDays, s.Log.Level));
        Assert.Equal("https://dlm.example.com", s.DlmEngine!.Url);
    }

    private UpdaterSettings Good(string content)
    {
        LoadedConfiguration loaded = Load(content, strict: true);
        Assert.Equal([], loaded.Complaints.Select(c => c.Text));
        return loaded.Settings!;
    }

    private LoadedConfiguration Load(string content, bool strict = false)
    {
        string path = _box.Write(".env", content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        return ConfigurationLoader.Load(new ConfigurationRequest { File = path, Environment = _box.Environment, Strict = strict });
    }
}
