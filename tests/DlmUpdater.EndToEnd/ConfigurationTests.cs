using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Wrong configurations: exit code 78, every complaint on a line of its own, nothing done and nothing made.</summary>
public sealed class ConfigurationTests
{
    [Theory]
    [InlineData("main", "state_dir", "relative/path")]
    [InlineData("main", "state", "/var/../etc/state")]
    [InlineData("main", "run_dir", "/")]
    [InlineData("main", "logretention", "never")]
    [InlineData("main", "loglevel", "loud")]
    [InlineData("lock", "service", "redis")]
    [InlineData("lock", "name", "two words")]
    [InlineData("lock", "name", ".hidden")]
    [InlineData("lock", "holder", "a b")]
    [InlineData("lock", "wait", "perhaps")]
    [InlineData("lock", "wait_max", "-1")]
    [InlineData("lock", "retry_interval", "0")]
    [InlineData("file", "slots", "0")]
    [InlineData("file", "slots", "many")]
    [InlineData("file", "directory", "locks")]
    [InlineData("foreman", "url", "ftp://foreman")]
    [InlineData("etcd", "endpoints", "http://user:pw@etcd")]
    [InlineData("fleetlock", "group", "a/b")]
    [InlineData("scripts", "timeout", "soon")]
    [InlineData("scripts", "timeout_update", "1y")]
    [InlineData("scripts", "checks", "guess")]
    [InlineData("scripts", "untrusted", "run")]
    [InlineData("scripts", "user_script_users", "a;b")]
    [InlineData("schedule", "date_constraint", "6:Tue")]
    [InlineData("schedule", "random_delay", "15 minutes")]
    [InlineData("schedule", "window", "Sat 23:30")]
    [InlineData("reboot", "strategy", "yolo")]
    [InlineData("reboot", "command", "systemctl 'reboot")]
    [InlineData("reboot", "timeout", "0")]
    [InlineData("log", "target", "syslog")]
    [InlineData("log", "format", "xml")]
    [InlineData("log", "retention", "0")]
    [InlineData("metrics", "textfile", "/var/lib/metrics.prom")]
    public void A_wrong_value_is_named_with_file_line_section_and_key(string section, string key, string value)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set(section, key, value);
        string[] before = host.Files();

        Ended ended = Agent.Run(host, "run").Expect(78);

        string line = Assert.Single(ended.ErrorLines);
        Assert.StartsWith($"dlm-updater: {host.Config}:{host.LineOf(section, key)}: [{section}] {key}: ", line, StringComparison.Ordinal);
        Assert.Equal("", ended.Output);
        Assert.Equal(before, host.Files());
        Assert.Empty(host.Log.Started);
    }

    [Fact]
    public void Every_complaint_comes_at_once_each_on_its_line()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false)
            .Set("lock", "wait", "perhaps").Set("file", "slots", "0").Set("reboot", "timeout", "soon").Set("log", "level", "loud");

        Ended ended = Agent.Run(host, "run").Expect(78);

        Assert.Equal(4, ended.ErrorLines.Length);
        Assert.All(ended.ErrorLines, line => Assert.Matches(@"config\.ini:\d+: \[\w+\] \w+: ", line));
    }

    [Fact]
    public void Malformed_lines_and_keys_given_twice_are_all_named()
    {
        using Sandbox host = new();
        File.AppendAllText(host.Config, "[unclosed\nno equals sign\n[lock]\nname = again\n");

        Ended ended = Agent.Run(host, "run").Expect(78);

        int last = File.ReadAllLines(host.Config).Length;
        Assert.Contains(ended.ErrorLines, line => line.Contains($"config.ini:{last - 3}: ", StringComparison.Ordinal));
        Assert.Contains(ended.ErrorLines, line => line.Contains($"config.ini:{last - 2}: ", StringComparison.Ordinal));
        Assert.Contains(ended.ErrorLines, line => line.Contains($"config.ini:{last}: ", StringComparison.Ordinal));
    }

    /// <summary>What would let a run begin at any hour although a window was meant.</summary>
    public static TheoryData<string> OpenDoors => ["empty", "quoted", "environment", "drop-in", "option", "misspelled key", "misspelled section", "misspelled variable"];

    [Theory]
    [MemberData(nameof(OpenDoors))]
    public void A_window_that_was_emptied_or_misspelled_starts_no_run(string door)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        StartAs start = Open(host, door, out string[] options);
        string[] before = host.Files();

        Ended ended = Agent.Run(host, start, "run", options).Expect(78);

        Assert.Matches("has no value: write|there is no such", Assert.Single(ended.ErrorLines));
        Assert.Equal("", ended.Output);
        Assert.Equal(before, host.Files());
        Assert.Empty(host.Log.Started);
        Directory.CreateDirectory(host.LockDirectory);
        if (options.Length == 0)
        {
            Assert.Contains(ended.ErrorLines[0]["dlm-updater: ".Length..], Agent.Run(host, start, "check").Expect(78).Output, StringComparison.Ordinal);
            Assert.Equal(ended.ErrorLines, Agent.Run(host, start, "plan").Expect(78).ErrorLines);
            Assert.Equal(ended.ErrorLines, Agent.Call(start, "lock", "acquire", "--config", host.Config).Expect(78).ErrorLines);
            Assert.Equal(ended.ErrorLines, Agent.Run(host, start, "shield", "--", "true").Expect(78).ErrorLines);
            foreach (string[] reading in (string[][])[["status"], ["history"], ["lock", "show"], ["lock", "release"]])
            {
                Ended read = Agent.Call(start, [.. reading, "--config", host.Config]).Expect(0);
                Assert.Contains($"dlm-updater: warning: {ended.ErrorLines[0]["dlm-updater: ".Length..]}", read.ErrorLines);
            }
        }

        // No run is open, so there is none to continue after a boot, and nothing begins.
        Agent.Run(host, start, "run", ["--after-reboot", .. options]).Expect(0);
        Assert.Empty(host.Log.Started);
    }

    [Theory]
    [MemberData(nameof(OpenDoors))]
    public void A_run_that_is_open_comes_back_with_a_warning_and_no_run_follows_it(string door)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        Agent.Run(host, "run").Expect(0);
        Assert.Equal("reboot/reboot", host.Log.Started[^1]);
        StartAs start = Open(host, door, out string[] options);

        Ended resumed = Agent.Run(host, start with { Boot = host.NextBoot() }, "run", options).Expect(0);

        Assert.Matches("has no value: write|there is no such", resumed.Error);
        Assert.Equal("post_update/20-health", host.Log.Started[^1]);
        Assert.Empty(host.Holders);

        int started = host.Log.Started.Length;
        Agent.Run(host, start, "run", options).Expect(78);
        Assert.Equal(started, host.Log.Started.Length);
    }

    [Fact]
    public void A_lock_that_an_empty_value_changes_is_not_that_of_the_open_run()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        Agent.Run(host, "run").Expect(0);
        host.Set("lock", "holder", "");

        Ended ended = Agent.Run(host, new StartAs { Boot = host.NextBoot() }, "run").Expect(78);

        Assert.Contains("but the configuration now says", ended.Error, StringComparison.Ordinal);
        Assert.Equal(["host-1"], host.Holders);
    }

    [Fact]
    public void Unknown_keys_are_warnings_for_who_wants_it()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("lock", "wiat_max", "5m").Set("main", "unknown_keys", "warn");

        Ended ended = Agent.Run(host, "run").Expect(0);

        Assert.Matches("wiat_max: there is no such key, and it is not read: did you mean wait_max", ended.Error);
    }

    private static StartAs Open(Sandbox host, string door, out string[] options)
    {
        options = [];
        var start = new StartAs();
        host.Set("schedule", "window", "00:00/23h59m");
        switch (door)
        {
            case "empty": host.Set("schedule", "window", ""); break;
            case "quoted": host.Set("schedule", "window", "\"\""); break;
            case "environment": start = new StartAs { Environment = new Dictionary<string, string> { ["DLM_UPDATER__SCHEDULE__WINDOW"] = "" } }; break;
            case "drop-in":
                Directory.CreateDirectory(host.Root + "/config.d");
                File.WriteAllText(host.Root + "/config.d/10.ini", "[schedule]\nwindow =\n");
                break;
            case "option": options = ["--date-constraint", ""]; break;
            case "misspelled key": host.Set("schedule", "windwo", "Sun 02:00/1h"); break;
            case "misspelled section": host.Set("shedule", "window", "Sun 02:00/1h"); break;
            default: start = new StartAs { Environment = new Dictionary<string, string> { ["DLM_UPDATER__SCHEDULE__WINDWO"] = "Sun 02:00/1h" } }; break;
        }

        return start;
    }

    [Fact]
    public void The_lock_service_must_be_named()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("lock", "service", null);

        Assert.Contains("[lock] service", Agent.Run(host, "run").Expect(78).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("status")]
    [InlineData("history")]
    [InlineData("reset")]
    public void A_missing_configuration_is_said_by_every_verb(string verb)
    {
        Ended ended = Agent.Call(verb, "--config", "/nonexistent/config.ini").Expect(78);

        Assert.Contains("/nonexistent/config.ini", Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
        Assert.Equal("", ended.Output);
    }

    [Fact]
    public void A_configuration_that_is_no_file_is_refused_and_never_waited_for()
    {
        using Sandbox host = new();
        File.Delete(host.Config);
        Directory.CreateDirectory(host.Config);
        Assert.Contains(host.Config, Assert.Single(Agent.Run(host, "run").Expect(78).ErrorLines), StringComparison.Ordinal);

        Directory.Delete(host.Config);
        _ = Binary.Tool("mkfifo", host.Config);
        Assert.Contains(host.Config, Assert.Single(Agent.Run(host, "run").Expect(78).ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_that_may_not_be_read_is_said()
    {
        using Sandbox host = new();
        File.SetUnixFileMode(host.Config, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Copy(Binary.Path, host.Root + "/dlm-updater");
        File.SetUnixFileMode(host.Root + "/dlm-updater", Sandbox.Executable);
        var nobody = new StartAs { Wrapper = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], Executable = host.Root + "/dlm-updater" };

        Ended ended = Agent.Run(host, nobody, "status").Expect(78);

        Assert.Contains(host.Config, Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void Status_without_root_says_what_only_root_can_read()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        File.SetUnixFileMode(host.Config, (UnixFileMode)0b110_100_100);
        Agent.Run(host, "run").Expect(0);
        File.Copy(Binary.Path, host.Root + "/dlm-updater");
        File.SetUnixFileMode(host.Root + "/dlm-updater", Sandbox.Executable);
        var nobody = new StartAs { Wrapper = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], Executable = host.Root + "/dlm-updater" };

        string status = Agent.Run(host, nobody, "status").Expect(0).Output;
        Assert.Contains("the reboot is requested", status, StringComparison.Ordinal);
        Assert.Contains($"only root can read {host.StateFile}, {host.HistoryFile}: run 'status' as root", status, StringComparison.Ordinal);
        Assert.Contains("next      unknown: ", status, StringComparison.Ordinal);
        Assert.Contains("run as root", Agent.Run(host, nobody, "history").Expect(74).Error, StringComparison.Ordinal);
        foreach (string file in Directory.GetFiles(host.StateDirectory).Concat(Directory.GetFiles(host.RunDirectory)).Concat(Directory.GetFiles(host.LockDirectory)))
            Assert.Equal(file.EndsWith("/last", StringComparison.Ordinal) ? (UnixFileMode)0b110_100_100 : (UnixFileMode)0b110_000_000, File.GetUnixFileMode(file));
    }

    [Fact]
    public void A_missing_script_directory_is_not_an_empty_one()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Directory.Delete(host.StageDirectory("post_update"), recursive: true);

        Ended ended = Agent.Run(host, "run").Expect(78);

        Assert.Contains(host.StageDirectory("post_update"), ended.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(host.LockFile));
        Assert.False(File.Exists(host.StateFile));
    }

    [Fact]
    public void A_file_in_the_place_of_a_script_directory_is_refused_before_the_lock()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Directory.Delete(host.StageDirectory("update"), recursive: true);
        File.WriteAllText(host.StageDirectory("update"), "");

        Assert.Contains(host.StageDirectory("update"), Agent.Run(host, "run").Expect(78).Error, StringComparison.Ordinal);
        Assert.False(File.Exists(host.LockFile));
    }

    [Fact]
    public void A_value_may_come_from_the_environment_and_is_named_so()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        var set = new StartAs { Environment = new Dictionary<string, string> { ["DLM_UPDATER__LOCK__WAIT"] = "perhaps" } };

        Assert.Contains("DLM_UPDATER__LOCK__WAIT", Assert.Single(Agent.Run(host, set, "run").Expect(78).ErrorLines), StringComparison.Ordinal);
    }
}
