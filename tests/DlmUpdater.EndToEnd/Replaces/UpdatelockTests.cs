using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd.Replaces;

/// <summary>The client script of the Foreman DLM plugin, by its name and as a verb.</summary>
public sealed class UpdatelockTests : IDisposable
{
    private readonly OldHost _host = new("updatelock");
    private readonly ForemanServer _foreman;

    public UpdatelockTests()
    {
        Sandbox.MakeDirectory(Box.LockDirectory);
        _foreman = new ForemanServer(Box.LockDirectory);
        Box.Cycle(reboot: false);
        (string certificate, string key, string ca) = ForemanHost.Certificate(Box, _foreman, ForemanHost.A);
        _host.WriteEtc("dlm-updater/config.ini", $"""
            [main]
            foreman_url = {_foreman.Url}
            lock_name = {ForemanServer.LockName}
            client_crt = {certificate}
            client_key = {key}
            ca = {ca}
            [lock]
            confirm_after = 0s
            wait = false
            [scripts]
            directory = {Box.ScriptDirectory}
            [reboot]
            command = {Box.RebootCommand}

            """);
    }

    private Sandbox Box => _host.Box;

    public void Dispose()
    {
        _host.Dispose();
        _foreman.Dispose();
    }

    [Fact]
    public void Lock_status_and_release_say_what_is_so_on_stdout_with_the_prefix()
    {
        Assert.Equal("[updatelock]: the lock 'this_is_the_lock_name' is free\n", Only(Updatelock("status")));
        Assert.Equal("[updatelock]: this host holds the lock 'this_is_the_lock_name' now\n", Only(Updatelock("lock")));
        Assert.Equal(ForemanHost.A, _foreman.Holder);
        Assert.Equal("[updatelock]: the lock 'this_is_the_lock_name' is held by this host\n", Only(Updatelock("status")));
        Assert.Equal("[updatelock]: the lock 'this_is_the_lock_name' is given back\n", Only(Updatelock("release")));
        Assert.Null(_foreman.Holder);
    }

    [Fact]
    public void The_verb_is_the_same()
    {
        Assert.StartsWith("[updatelock]: ", _host.Call("dlm-updater", "updatelock", "status").Expect(0).Output, StringComparison.Ordinal);
        _host.Call("dlm-updater", "updatelock", "lock").Expect(0);
        Assert.Equal(ForemanHost.A, _foreman.Holder);
    }

    [Fact]
    public void Another_hosts_lock_is_an_error_and_is_left_alone()
    {
        _foreman.Admin(plugin => plugin.Holder = ForemanHost.B);
        Assert.Contains(ForemanHost.B, Updatelock("status").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains(ForemanHost.B, Error(Updatelock("lock")), StringComparison.Ordinal);
        Assert.Contains("was left alone", Error(Updatelock("release")), StringComparison.Ordinal);
        Assert.Equal(ForemanHost.B, _foreman.Holder);
    }

    [Fact]
    public void A_release_at_boot_of_a_host_that_holds_nothing_is_no_failure_and_no_write()
    {
        Assert.Contains("nothing to give back", Only(Updatelock("release")), StringComparison.Ordinal);
        Assert.DoesNotContain("DELETE", _foreman.Methods);
    }

    [Fact]
    public void A_disabled_lock_is_an_error()
    {
        _foreman.Admin(plugin => plugin.Enabled = false);
        Assert.Contains("disabled", Error(Updatelock("lock")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lock_that_does_not_exist_is_free()
    {
        _foreman.Admin(plugin => plugin.Exists = false);
        Assert.Contains("so it is free", Updatelock("status").Expect(0).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(500)]
    [InlineData(302)]
    public void Every_other_status_is_an_error(int status)
    {
        foreach (string word in (string[])["status", "lock", "release"])
        {
            _foreman.Forgive();
            _foreman.Fail([.. Enumerable.Repeat(status, 20)]);
            Assert.NotEmpty(Error(Updatelock(word)));
        }
    }

    [Theory]
    [InlineData]
    [InlineData("status", "lock")]
    [InlineData("upgrade")]
    public void Wrong_words_show_the_usage_and_are_exit_code_1(params string[] words) =>
        Assert.Equal("Usage: updatelock [ update | release | status | lock ]\n", _host.Call("updatelock", words).Expect(1).Output);

    [Fact]
    public void Update_is_one_whole_run()
    {
        Ended ended = Updatelock("update").Expect(0);
        Assert.Contains("[updatelock]: the run is done", ended.Output, StringComparison.Ordinal);
        Assert.Equal(10, Box.Log.Started.Length);
        Assert.Null(_foreman.Holder);
    }

    [Fact]
    public void A_failing_package_manager_stops_the_run_and_keeps_the_lock()
    {
        Box.Script("update", "20-install", "finish 1");
        Assert.Contains("the run has stopped", Error(Updatelock("update")), StringComparison.Ordinal);
        Assert.DoesNotContain(Box.Log.Started, s => s.StartsWith("needs_reboot", StringComparison.Ordinal));
        Assert.Equal(ForemanHost.A, _foreman.Holder);

        // The unit that releases at boot leaves a stopped run its lock.
        Assert.Contains("dlm-updater run", Updatelock("release").Expect(1).Error, StringComparison.Ordinal);
        Assert.Equal(ForemanHost.A, _foreman.Holder);
    }

    [Fact]
    public void The_release_after_the_reboot_of_a_run_goes_on_with_that_run()
    {
        Box.Cycle(reboot: true);
        Updatelock("update").Expect(0);
        Assert.Equal("reboot/reboot", Box.Log.Started[^1]);

        // On the same boot there is nothing to go on with yet.
        Updatelock("release").Expect(1);
        Assert.Equal(ForemanHost.A, _foreman.Holder);

        _host.Call("updatelock", Box.NextBoot(), "release").Expect(0);
        Assert.Equal("post_update/20-health", Box.Log.Started[^1]);
        Assert.Null(_foreman.Holder);
    }

    [Fact]
    public void A_host_that_is_not_well_after_the_reboot_keeps_the_lock()
    {
        Box.Cycle(reboot: true);
        Updatelock("update").Expect(0);
        Box.Script("post_update", "20-health", "finish 1");
        _host.Call("updatelock", Box.NextBoot(), "release").Expect(1);
        Assert.Equal(ForemanHost.A, _foreman.Holder);
    }

    [Fact]
    public void A_busy_lock_is_exit_code_1_and_nothing_is_touched()
    {
        _foreman.Admin(plugin => plugin.Holder = ForemanHost.B);
        Updatelock("update").Expect(1);
        Assert.DoesNotContain(Box.Log.Started, s => s.StartsWith("pre_update", StringComparison.Ordinal));
    }

    [Fact]
    public void Hooks_are_asked_in_order_before_the_lock_and_their_output_is_shown()
    {
        Hook("20-second", "echo second >&2");
        Hook("10-first", "echo first; env | grep -c FOREMAN || :");
        Ended ended = Updatelock("update").Expect(0);
        Assert.StartsWith("first\n0\nsecond\n[updatelock]: ", ended.Output, StringComparison.Ordinal);
        Assert.Contains("post_update/20-health", Box.Log.Started);
    }

    [Fact]
    public void A_hook_that_fails_or_cannot_be_trusted_ends_it_before_the_lock()
    {
        string hook = Hook("10-first", "exit 3");
        Assert.Contains("the hook /etc/updatelock/pre-update.d/10-first failed: exit code 3", Error(Updatelock("update")), StringComparison.Ordinal);
        File.WriteAllText(hook, "#!/bin/sh\nexit 0\n");
        File.SetUnixFileMode(hook, (UnixFileMode)0b111_111_111);
        Assert.Contains("is refused", Error(Updatelock("update")), StringComparison.Ordinal);
        Assert.Empty(_foreman.Requests);
        Assert.Empty(Box.Log.Lines);
    }

    [Fact]
    public void Hooks_do_not_hold_up_a_run_that_is_open()
    {
        string bad = Box.Script("post_update", "15-bad", "finish 1");
        Updatelock("update").Expect(1);
        File.Delete(bad);
        Hook("10-no", "exit 1");
        Updatelock("update").Expect(0);
        Assert.Null(_foreman.Holder);
    }

    [Theory]
    [InlineData("environment")]
    [InlineData("file")]
    public void Server_and_lock_may_stand_in_the_environment_under_the_scripts_own_names(string where)
    {
        string config = File.ReadAllText(_host.Etc + "/dlm-updater/config.ini").Replace($"foreman_url = {_foreman.Url}\n", "", StringComparison.Ordinal)
            .Replace($"lock_name = {ForemanServer.LockName}\n", "", StringComparison.Ordinal);
        _host.WriteEtc("dlm-updater/config.ini", config);
        Updatelock("status").Expect(1);
        if (where == "file")
        {
            _host.WriteEtc("default/updatelock", $"# the server\nFOREMAN_DLM_URL=\"{_foreman.Url}/api/dlmlocks/\"\nLOCKNAME={ForemanServer.LockName}\n");
        }
        else
        {
            _host.Environment["FOREMAN_DLM_URL"] = _foreman.Url;
            _host.Environment["LOCKNAME"] = ForemanServer.LockName;
        }

        Assert.Contains($"'{ForemanServer.LockName}' is free", Updatelock("status").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_terminal_gets_colours_and_NO_COLOR_none()
    {
        string link = Box.Root + "/updatelock";
        _ = Updatelock("status");
        string Shown(string before) => Binary.Command("unshare", "-m", "sh", "-c", $"mount --bind {_host.Etc} /etc && {before} exec script -qec '{link} status' /dev/null").Output;
        Assert.Contains("\e[32m[updatelock]: ", Shown("TERM=xterm"), StringComparison.Ordinal);
        Assert.DoesNotContain("\e[", Shown("NO_COLOR=1"), StringComparison.Ordinal);
    }

    private static string Only(Ended ended)
    {
        Assert.Equal("", ended.Expect(0).Error);
        return ended.Output;
    }

    private static string Error(Ended ended)
    {
        Assert.Contains("[updatelock] ERROR: ", ended.Expect(1).Error, StringComparison.Ordinal);
        return ended.Error;
    }

    private Ended Updatelock(string word) => _host.Call("updatelock", word);

    private string Hook(string name, string body)
    {
        string path = $"{Box.ScriptDirectory}/pre-update.d/{name}";
        Sandbox.MakeDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, Sandbox.Executable);
        return path;
    }
}
