using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.EndToEnd.Replaces;

/// <summary>A host of foreman_dlm_updater on which nothing was changed but the program.</summary>
public sealed class ForemanDlmUpdaterTests : IDisposable
{
    private const string Tool = "foreman_dlm_updater";
    private const string Directory_ = "/etc/" + Tool;

    private readonly OldHost _host = new(Tool);
    private readonly ForemanServer _foreman;

    public ForemanDlmUpdaterTests()
    {
        Sandbox.MakeDirectory(Box.LockDirectory);
        _foreman = new ForemanServer(Box.LockDirectory);
        _host.Environment["DLM_UPDATER__LOCK__CONFIRM_AFTER"] = "0s";
        Configure();
    }

    private Sandbox Box => _host.Box;

    public void Dispose()
    {
        _host.Dispose();
        _foreman.Dispose();
    }

    [Fact]
    public void Called_bare_by_its_name_it_is_a_whole_run()
    {
        Box.Cycle(reboot: true);

        _host.Call(Tool).Expect(0);
        Assert.Equal("reboot/reboot", Box.Log.Started[^1]);
        Assert.Equal(ForemanHost.A, _foreman.Holder);
        Assert.True(File.Exists(Box.ScriptDirectory + "/state"), "the state is where foreman_dlm_updater had it");

        _host.Call(Tool, Box.NextBoot(), "--after_reboot").Expect(0);
        Assert.Equal("post_update/20-health", Box.Log.Started[^1]);
        Assert.Null(_foreman.Holder);
        Assert.False(File.Exists(Box.ScriptDirectory + "/state"));

        // Nothing is open: only a boot.
        int before = Box.Log.Lines.Length;
        _host.Call(Tool, "--after_reboot").Expect(0);
        Assert.Equal(before, Box.Log.Lines.Length);
    }

    [Fact]
    public void Another_file_is_named_with_cfg()
    {
        Box.Cycle(reboot: false);
        File.Copy(Box.ScriptDirectory + "/config.ini", _host.Etc + "/another.ini");
        File.Delete(Box.ScriptDirectory + "/config.ini");
        _host.Call(Tool, "--cfg", "/etc/another.ini").Expect(0);
        Assert.Contains("post_update/20-health", Box.Log.Started);
    }

    [Fact]
    public void Without_a_configuration_of_our_own_it_is_found_and_said()
    {
        Box.Cycle(reboot: false);
        _host.WriteEtc("dlm-updater/config.ini", "# all of it is a comment\n[lock]\n");

        _host.Call("dlm-updater", "run").Expect(0);

        Assert.Contains("post_update/20-health", Box.Log.Started);
        Assert.Contains($"/etc/dlm-updater/config.ini sets nothing: {Directory_}/config.ini of foreman_dlm_updater is used in its place", Log(), StringComparison.Ordinal);
        Assert.Contains("is used in its place", _host.Call("dlm-updater", "check").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_old_name_goes_on_with_our_own_configuration_when_the_old_one_is_gone()
    {
        Box.Cycle(reboot: false);
        File.Delete(Box.ScriptDirectory + "/config.ini");
        _host.WriteEtc("dlm-updater/config.ini", $"[lock]\nservice = file\nname = mine\nholder = host-1\n[file]\ndirectory = {Box.LockDirectory}\n[scripts]\ndirectory = {Directory_}\n");
        _host.Call(Tool).Expect(0);
        Assert.Contains("post_update/20-health", Box.Log.Started);
        Assert.Empty(_foreman.Requests);
    }

    [Theory]
    [InlineData("pre_update", "pre_update/10-drain")]
    [InlineData("update", "update/10-fetch")]
    [InlineData("do_update", "update/10-fetch")]
    [InlineData("needs_reboot", "needs_reboot/10-no")]
    [InlineData("lock_release", null)]
    public void Its_state_file_is_gone_on_with_in_any_phase(string word, string? first)
    {
        Box.Cycle(reboot: false);
        _host.Write("state", word + "\n");
        _foreman.Admin(plugin => plugin.Holder = ForemanHost.A);

        _host.Call(Tool).Expect(0);

        Assert.Equal(first, Box.Log.Started.FirstOrDefault());
        Assert.Null(_foreman.Holder);
        Assert.False(File.Exists(Box.ScriptDirectory + "/state"));
    }

    [Theory]
    [InlineData("check_update")]
    [InlineData("needs_update")]
    [InlineData("lock_get")]
    public void A_state_before_the_lock_is_a_fresh_start(string word)
    {
        Box.Cycle(reboot: false);
        _host.Write("state", word + "\n");
        _host.Call(Tool).Expect(0);
        Assert.Equal("needs_update/10-never", Box.Log.Started[0]);
        Assert.Equal("post_update/20-health", Box.Log.Started[^1]);
    }

    [Theory]
    [InlineData("reboot")]
    [InlineData("post_update")]
    public void A_state_over_the_reboot_goes_on_with_post_update_after_a_boot_and_asks_again_without_one(string word)
    {
        Box.Cycle(reboot: false);
        _foreman.Admin(plugin => plugin.Holder = ForemanHost.A);
        _host.Write("state", word + "\n");
        File.SetLastWriteTimeUtc(Box.ScriptDirectory + "/state", DateTime.UtcNow.AddYears(-1));

        _host.Call(Tool, Box.NextBoot(), "--after_reboot").Expect(0);

        Assert.Equal(["post_update/10-start", "post_update/20-health"], Box.Log.Started);
        Assert.Null(_foreman.Holder);
    }

    [Fact]
    public void A_reboot_that_did_not_happen_never_gives_the_lock_back()
    {
        Box.Cycle(reboot: true);
        _host.Environment["DLM_UPDATER__REBOOT__TIMEOUT"] = "1s";
        _host.Call(Tool).Expect(0);

        Thread.Sleep(1100);
        Assert.Contains("did not reboot", _host.Call(Tool).Expect(80).Error, StringComparison.Ordinal);

        Assert.DoesNotContain(Box.Log.Started, s => s.StartsWith("post_update", StringComparison.Ordinal));
        Assert.Equal(ForemanHost.A, _foreman.Holder);
    }

    [Fact]
    public void Scripts_run_in_the_order_of_their_names()
    {
        foreach (string name in (string[])["30-c", "10-a", "2-z", "20-b"]) Box.Script("update", name);
        Box.Script("needs_update", "10-due", "finish 1");
        Box.Script("needs_reboot", "10-no");
        _host.Call(Tool).Expect(0);
        Assert.Equal(["update/10-a", "update/2-z", "update/20-b", "update/30-c"], Box.Log.Started.Where(s => s.StartsWith("update/", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_check_that_cannot_run_is_not_an_answer_and_the_old_rule_is_there_on_request()
    {
        Box.Cycle(reboot: false);
        Box.Script("needs_update", "10-never", "no_such_command; finish $?");
        File.WriteAllText(Box.Root + "/marks/updated", "");
        Assert.Contains("gave no answer", _host.Call(Tool).Expect(1).Error, StringComparison.Ordinal);
        Assert.Empty(_foreman.Requests);

        _host.Environment["DLM_UPDATER__SCRIPTS__CHECKS"] = "any-nonzero";
        _host.Call(Tool).Expect(0);
        Assert.Contains("update/20-install", Box.Log.Started);
    }

    [Fact]
    public void A_page_of_HTML_in_place_of_an_answer_is_a_message()
    {
        Box.Cycle(reboot: false);
        using var proxy = new TestServer(_ => "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 16\r\n\r\n<html>Bad</html>"u8.ToArray(), _foreman.Authority.Issue("foreman.example"));
        Configure(proxy.Url);
        _host.Environment["DLM_UPDATER__LOCK__WAIT_MAX"] = "1s";
        Ended ended = _host.Call(Tool).Expect(69);
        Assert.Contains("is not a lock of Foreman (is not valid JSON", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Box.Log.Started, s => s.StartsWith("pre_update", StringComparison.Ordinal));
    }

    [Fact]
    public void An_empty_state_file_as_a_power_cut_left_it_stops_with_a_message()
    {
        Box.Cycle(reboot: false);
        _host.Write("state", "");
        _host.Call(Tool).Expect(65);
        Assert.True(File.Exists(Box.ScriptDirectory + "/state"));
        Assert.Empty(_foreman.Requests);
    }

    [Fact]
    public void A_hung_script_is_ended_by_its_timeout()
    {
        Box.Cycle(reboot: false);
        Box.Script("post_update", "15-hangs", "exec sleep 300");
        _host.Environment["DLM_UPDATER__SCRIPTS__TIMEOUT_POST_UPDATE"] = "1s";
        Assert.Contains("timeout_post_update", _host.Call(Tool).Expect(1).Error + Log(), StringComparison.Ordinal);
        Assert.Equal(ForemanHost.A, _foreman.Holder);
    }

    [Fact]
    public void A_key_that_is_missing_is_named()
    {
        string config = Box.ScriptDirectory + "/config.ini";
        _host.Write("config.ini", string.Join('\n', File.ReadAllLines(config).Where(l => !l.StartsWith("lock_name", StringComparison.Ordinal))));
        Assert.Contains("config.ini: [main] lock_name: the lock has no name", _host.Call(Tool).Expect(78).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_keeps_every_key()
    {
        Box.Cycle(reboot: false);
        string[] keys =
        [
            "log", "logretention", "loglevel", "lock", "state", "lock_name", "foreman_url", "client_crt", "client_key", "ca",
            "needs_update.d", "pre_update.d", "update.d", "needs_reboot.d", "post_update.d", "reboot_cmd",
        ];
        Ended imported = _host.Call("dlm-updater", "import", Directory_ + "/config.ini").Expect(0);
        Assert.All(keys, key => Assert.Contains($"# [main] {key} ({Directory_}/config.ini:", imported.Output, StringComparison.Ordinal));

        File.WriteAllText(_host.Etc + "/mine.ini", imported.Output);
        _host.Call("dlm-updater", "run", "--config", "/etc/mine.ini").Expect(0);
        Assert.Contains("post_update/20-health", Box.Log.Started);
    }

    private string Log() => File.ReadAllText(Box.Root + "/old.log");

    private void Configure(string? url = null)
    {
        (string certificate, string key, string ca) = ForemanHost.Certificate(Box, _foreman, ForemanHost.A);
        _host.Write("config.ini", $"""
            [main]
            log = {Box.Root}/old.log
            logretention = 7
            loglevel = DEBUG
            lock = {Directory_}/file.lock
            state = {Directory_}/state
            lock_name = {ForemanServer.LockName}
            foreman_url = {url ?? _foreman.Url}
            client_crt = {certificate}
            client_key = {key}
            ca = {ca}
            needs_update.d = {Directory_}/needs_update.d/
            pre_update.d = {Directory_}/pre_update.d/
            post_update.d = {Directory_}/post_update.d/
            needs_reboot.d = {Directory_}/needs_reboot.d/
            update.d = {Directory_}/update.d/
            reboot_cmd = {Box.RebootCommand}

            """);
    }
}
