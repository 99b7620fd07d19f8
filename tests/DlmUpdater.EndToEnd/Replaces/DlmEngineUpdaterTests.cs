using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd.Replaces;

/// <summary>A host of DLMEngineUpdater on which nothing was changed but the program.</summary>
public sealed class DlmEngineUpdaterTests : IDisposable
{
    private const string Tool = "dlm_engine_updater";

    private readonly OldHost _host = new(Tool);
    private readonly EngineServer _server = new();

    private Sandbox Box => _host.Box;

    public void Dispose()
    {
        _host.Dispose();
        _server.Dispose();
    }

    [Theory]
    [InlineData("dlm_engine_updater")]
    [InlineData("dlm-engine-updater")]
    public void Called_bare_by_its_name_it_is_a_whole_run_with_reboot_and_notifications(string name)
    {
        Box.Cycle(reboot: true);
        Box.Script("reboot", "10-reboot");
        Box.Script("ext_notify", "10-tell", "note \"$*\"");
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");

        _host.Call(name).Expect(0);

        Assert.Equal("reboot/10-reboot", Box.Log.Started.Last(s => !s.StartsWith("ext_notify", StringComparison.Ordinal)));
        Assert.Equal("web", Assert.Single(_server.Engine.Locks).Key);
        Assert.True(File.Exists(Box.ScriptDirectory + "/state"), "the state is where DLMEngineUpdater had it");

        _host.Call(name, Box.NextBoot(), "--after_reboot").Expect(0);

        Assert.Empty(_server.Engine.Locks);
        Assert.False(File.Exists(Box.ScriptDirectory + "/state"));
        const string D = "/etc/dlm_engine_updater/";
        Assert.Equal(
            [
                $"web False True needs_update {D}needs_update.d/10-never 0", $"web False True needs_update {D}needs_update.d/20-due 1",
                "web True True main none 0",
                $"web True True pre_update {D}pre_update.d/10-drain 0", $"web True True pre_update {D}pre_update.d/20-stop 0",
                $"web True True update {D}update.d/10-fetch 0", $"web True True update {D}update.d/20-install 0",
                $"web True True needs_reboot {D}needs_reboot.d/10-no 0", $"web True True needs_reboot {D}needs_reboot.d/20-kernel 1",
                $"web True True reboot {D}reboot.d/10-reboot 0",
                $"web True True post_update {D}post_update.d/10-start 0", $"web True True post_update {D}post_update.d/20-health 0",
                "web False False main none 0",
            ],
            Notes());

        _host.Call(name).Expect(0);
        Assert.Equal("web False False main none 0", Notes()[^1]);
    }

    [Fact]
    public void Without_a_configuration_of_our_own_it_is_found_and_said()
    {
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");
        Box.Script("needs_update", "10-due", "finish 0");

        _host.Call("dlm-updater", "run").Expect(0);

        Assert.Equal(["needs_update/10-due"], Box.Log.Started);
        Assert.Contains("/etc/dlm-updater/config.ini sets nothing: /etc/dlm_engine_updater/.env of DLMEngineUpdater is used in its place", File.ReadAllText(Box.Root + "/old.log"), StringComparison.Ordinal);
        Assert.Contains("next", _host.Call("dlm-updater", "plan").Expect(0).Output, StringComparison.Ordinal);
        _host.Call("dlm-updater", "status").Expect(0);
    }

    [Fact]
    public void Directories_that_are_missing_are_empty()
    {
        foreach (string stage in Sandbox.Stages) Directory.Delete(Box.StageDirectory(stage));
        Box.Script("needs_update", "10-due", "finish 7");
        Box.Script("reboot", "10-reboot");
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");

        _host.Call(Tool).Expect(0);

        // needs_reboot without a script means reboot.
        Assert.Equal(["needs_update/10-due", "reboot/10-reboot"], Box.Log.Started);
    }

    [Fact]
    public void Noop_asks_nobody_and_says_so()
    {
        Box.Cycle(reboot: false);
        _host.Write(".env", $"main_api_noop=true\nmain_api_lockname=sample-lock\nmain_log_file={Box.Root}/old.log\n");
        Box.Script("pre_update", "30-name", "note $DLM_ENGINE_UPDATER_LOCK_NAME/$DLM_ENGINE_UPDATER_PHASE");

        _host.Call(Tool).Expect(0);

        Assert.Contains("post_update/20-health", Box.Log.Started);
        Assert.Contains("sample-lock/pre_update", Notes());
        Assert.Contains("goes on without the lock", File.ReadAllText(Box.Root + "/old.log"), StringComparison.Ordinal);
        Assert.Empty(_server.Asked);
    }

    [Fact]
    public void A_busy_lock_is_not_waited_for_unless_main_wait_says_so()
    {
        Box.Cycle(reboot: false);
        _server.Engine.Locks["web"] = "other.example";
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");

        Ended ended = _host.Call(Tool).Expect(75);

        Assert.Contains("other.example", ended.Error, StringComparison.Ordinal);
        Assert.Equal("other.example", _server.Engine.Locks["web"]);
    }

    [Fact]
    public void A_network_blip_before_the_lock_is_waited_out()
    {
        Box.Cycle(reboot: false);
        _host.Write(".env", _server.Env + $"main_wait=true\nmain_log_file={Box.Root}/old.log\n");
        _host.Environment["DLM_UPDATER__LOCK__RETRY_INTERVAL"] = "1s";
        _server.Blip(1);

        _host.Call(Tool).Expect(0);

        Assert.Contains("post_update/20-health", Box.Log.Started);
    }

    [Fact]
    public void Refused_credentials_stop_at_once_and_are_not_tried_for_an_hour()
    {
        Box.Cycle(reboot: false);
        _host.Write(".env", _server.Env + $"main_api_secret=wrong\nmain_wait=true\nmain_log_file={Box.Root}/old.log\n");
        _host.Call(Tool).Expect(77);
        Assert.Single(_server.Asked);
    }

    [Theory]
    [InlineData("pre_update", "pre_update/10-drain")]
    [InlineData("update", "update/10-fetch")]
    [InlineData("needs_reboot", "needs_reboot/10-no")]
    [InlineData("post_update", "post_update/10-start")]
    [InlineData("lock_release", null)]
    public void Its_state_file_is_gone_on_with_in_any_phase(string word, string? first)
    {
        Box.Cycle(reboot: false);
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");
        _host.Write("state", word + "\n");
        _server.Engine.Locks["web"] = System.Net.Dns.GetHostName();
        _host.Environment["DLM_UPDATER__LOCK__HOLDER"] = System.Net.Dns.GetHostName();

        // An old post_update on the boot on which it was written is asked again whether a reboot is due.
        _host.Call(Tool).Expect(0);

        if (first is not null && word != "post_update") Assert.Equal(first, Box.Log.Started[0]);
        Assert.DoesNotContain(Box.Log.Started, s => s.StartsWith("needs_update", StringComparison.Ordinal));
        Assert.Empty(_server.Engine.Locks);
        Assert.False(File.Exists(Box.ScriptDirectory + "/state"));
    }

    [Fact]
    public void Garbage_in_the_state_file_stops_with_a_message_and_the_file_stays()
    {
        Box.Cycle(reboot: false);
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");
        _host.Write("state", "garbage\n");
        Assert.Contains("dlm-updater reset", _host.Call(Tool).Expect(65).Error, StringComparison.Ordinal);
        Assert.Equal("garbage\n", File.ReadAllText(Box.ScriptDirectory + "/state"));
        Assert.Empty(_server.Asked);
    }

    [Fact]
    public void A_date_constraint_never_stops_a_run_that_is_open()
    {
        Box.Cycle(reboot: false);
        string bad = Box.Script("post_update", "15-bad", "finish 1");
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");
        _host.Call(Tool).Expect(1);
        File.Delete(bad);

        // A day that is not today.
        string day = DateTime.Now.AddDays(2).ToString("ddd", System.Globalization.CultureInfo.InvariantCulture);
        _host.Call(Tool, "--date_constraint", $"1:{day}").Expect(0);

        Assert.Equal("post_update/20-health", Box.Log.Started[^1]);
        Assert.Empty(_server.Engine.Locks);

        int before = Box.Log.Lines.Length;
        _host.Call(Tool, "--date_constraint", $"1:{day},2:{day}", "--random_sleep", "0").Expect(0);
        Assert.Equal(before, Box.Log.Lines.Length);
    }

    [Fact]
    public void A_failing_script_is_told_to_on_failure_d_with_six_arguments_and_the_lock_stays()
    {
        Box.Cycle(reboot: false);
        Box.Script("update", "15-bad", "finish 9");
        Box.Script("on_failure", "10-tell", "note \"$*\"");
        Box.Script("ext_notify", "10-tell", "note \"notify $5\"");
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");

        _host.Call(Tool).Expect(1);

        Assert.Equal("web True True update /etc/dlm_engine_updater/update.d/15-bad 9", Notes()[^1]);
        Assert.DoesNotContain(Notes(), n => n.Contains("notify /etc/dlm_engine_updater/update.d/15-bad", StringComparison.Ordinal));
        Assert.NotEmpty(_server.Engine.Locks);
    }

    [Fact]
    public void Scripts_of_users_run_as_them_between_those_of_root_by_name_and_without_sudo()
    {
        Box.Cycle(reboot: false);
        string home = "/var/lib/dlm-updater-e2e-home-" + Guid.NewGuid().ToString("N");
        try
        {
            foreach (string stage in (string[])["pre_update", "post_update", "update"])
            {
                string directory = $"{home}/dlm_engine_updater/{stage}.d";
                Directory.CreateDirectory(directory);
                File.WriteAllText(directory + "/15-mine", $"#!/bin/sh\necho \"$(id -un) $USER $HOME $DLM_ENGINE_UPDATER_PHASE\" >> {home}/said\n");
                File.SetUnixFileMode(directory + "/15-mine", (UnixFileMode)0b111_101_101);
            }

            _ = Binary.Tool("chown", "-R", "4242:4242", home);
            File.AppendAllText(_host.Etc + "/passwd", $"e2euser:x:4242:4242::{home}:/bin/sh\n");
            _host.Write(".env", _server.Env + $"main_userscriptusers=[\"e2euser\", \"gone\"]\nmain_log_file={Box.Root}/old.log\n");

            _host.Call(Tool).Expect(0);

            Assert.Equal([$"e2euser e2euser {home} pre_update", $"e2euser e2euser {home} post_update"], File.ReadAllLines(home + "/said"));
            string log = File.ReadAllText(Box.Root + "/old.log");
            Assert.Matches("(?s)pre_update/10-drain: done.*pre_update/e2euser/15-mine: done.*pre_update/20-stop: done", log);
            Assert.Contains("user gone", log, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    [Fact]
    public void What_it_passed_over_is_passed_over_and_said_and_what_it_ran_is_never_lost_silently()
    {
        Box.Cycle(reboot: false);
        string mode = Box.Script("update", "15-not-executable");
        File.SetUnixFileMode(mode, (UnixFileMode)0b110_100_100);
        string writable = Box.Script("update", "16-group-writable");
        File.SetUnixFileMode(writable, (UnixFileMode)0b111_111_101);
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");

        _host.Call(Tool).Expect(0);

        Assert.DoesNotContain(Box.Log.Started, s => s.Contains("15-not", StringComparison.Ordinal) || s.Contains("16-group", StringComparison.Ordinal));
        Assert.Contains("15-not-executable is skipped", File.ReadAllText(Box.Root + "/old.log"), StringComparison.Ordinal);

        // It looked at files only; a script in a directory that others can change would be lost.
        File.Delete(Box.Root + "/marks/updated");
        File.SetUnixFileMode(Box.StageDirectory("pre_update"), (UnixFileMode)0b111_111_101);
        int before = Box.Log.Lines.Length;
        _host.Call(Tool).Expect(1);
        Assert.DoesNotContain(Box.Log.Lines[before..], l => l.Stage is "pre_update" or "update");
        Assert.Empty(_server.Engine.Locks);
    }

    [Fact]
    public void Check_names_each_Python_plug_in_and_its_replacement()
    {
        Box.Cycle(reboot: false);
        _host.Write(".env", _server.Env + $"plugin_dummy_enabled=true\nplugin_dummy_config_key1=x\nmain_log_file={Box.Root}/old.log\n");
        string output = _host.Call("dlm-updater", "check").Output;
        Assert.Contains("plugin dummy: a Python plug-in cannot be loaded", output, StringComparison.Ordinal);
        Assert.Contains("phase_hooks.d", output, StringComparison.Ordinal);
        Assert.Contains("[notify] command", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hook_in_place_of_a_plug_in_can_veto_and_an_error_in_it_is_a_veto()
    {
        Box.Cycle(reboot: false);
        Box.Script("phase_hooks", "10-ask", "[ \"$1 $2\" != \"pre pre_update\" ] || no_such_command_at_all || finish $?");
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");

        _host.Call(Tool).Expect(1);

        Assert.DoesNotContain(Box.Log.Started, s => s.StartsWith("pre_update", StringComparison.Ordinal));
        Assert.NotEmpty(_server.Engine.Locks);
    }

    [Fact]
    public void Its_log_format_is_there_on_request()
    {
        Box.Script("needs_update", "10-due", "echo from a script; finish 0");
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");
        _host.Environment["DLM_UPDATER__LOG__FORMAT"] = "python";

        _host.Call(Tool).Expect(0);

        string[] lines = File.ReadAllLines(Box.Root + "/old.log");
        Assert.All(lines, line => Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}UTC - (DEBUG|INFO|WARNING|ERROR) - MainThread - .", line));
        Assert.Contains(lines, line => line.EndsWith(" - INFO - MainThread - from a script", StringComparison.Ordinal));
    }

    [Fact]
    public void Import_writes_what_then_runs_the_same()
    {
        Box.Cycle(reboot: false);
        _host.Write(".env", _server.Env + $"main_log_file={Box.Root}/old.log\n");

        _host.Call("dlm-updater", "import", "/etc/dlm_engine_updater/.env", "--write", "/etc/dlm_engine_updater/new.ini").Expect(0);
        Ended printed = _host.Call("dlm-updater", "import", "/etc/dlm_engine_updater/.env").Expect(0);

        string written = Box.ScriptDirectory + "/new.ini";
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(written));
        Assert.Contains("secret = " + DlmUpdater.Tests.Locks.DlmEngine.FakeEngine.Secret, File.ReadAllText(written), StringComparison.Ordinal);
        Assert.DoesNotContain(DlmUpdater.Tests.Locks.DlmEngine.FakeEngine.Secret, printed.Output + printed.Error, StringComparison.Ordinal);
        _host.Call("dlm-updater", "import", "/etc/dlm_engine_updater/.env", "--write", "/etc/dlm_engine_updater/new.ini").Expect(74);

        // Under a name of our own.
        File.Move(written, _host.Etc + "/mine.ini");
        File.Delete(Box.ScriptDirectory + "/.env");
        _host.Call("dlm-updater", "run", "--config", "/etc/mine.ini").Expect(0);
        Assert.Contains("post_update/20-health", Box.Log.Started);
        Assert.Empty(_server.Engine.Locks);
    }

    private string[] Notes() => [.. Box.Log.Lines.Where(l => l.What == "note").Select(l => l.Extra)];
}
