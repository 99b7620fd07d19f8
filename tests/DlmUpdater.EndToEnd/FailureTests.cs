using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Scripts that fail, and giving a run up.</summary>
public sealed class FailureTests
{
    [Fact]
    public void A_script_that_fails_keeps_the_lock_and_after_the_repair_the_run_goes_on_there()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "echo the mirror is away\nfinish 7");
        host.Script("on_failure", "10-tell", "note \"$*\"");

        Ended failed = Agent.Run(host, "run").Expect(1);

        Assert.Contains("update/10-fetch failed: exit code 7", failed.Error, StringComparison.Ordinal);
        Assert.Contains("update/10-fetch> the mirror is away", failed.Error, StringComparison.Ordinal);
        Assert.Equal($"e2e True True update {host.ScriptDirectory}/update.d/10-fetch 7", host.Log.Lines.Single(l => l.What == "note").Extra);
        Assert.Equal("update", host.Log.Lines.Single(l => l.What == "note").Phase);
        Assert.Equal([host.Holder], host.Holders);
        Assert.Equal(1, Agent.Status(host).GetProperty("last").GetProperty("exit_code").GetInt32());

        host.Script("update", "10-fetch");
        Agent.Run(host, "run").Expect(0);

        Assert.Equal(2, host.Log.Started.Count(s => s == "update/10-fetch"));
        Assert.All(new[] { "pre_update/10-drain", "pre_update/20-stop", "needs_update/20-due" }, s => Assert.Single(host.Log.Started, s));
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void A_health_check_that_fails_keeps_the_lock()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("post_update", "20-health", "finish 1");

        Agent.Run(host, "run").Expect(1);
        Assert.Equal([host.Holder], host.Holders);

        Agent.Run(host, "run").Expect(1);
        Assert.Equal(2, host.Log.Started.Count(s => s == "post_update/20-health"));
        Assert.Single(host.Log.Started, s => s == "post_update/10-start");
    }

    [Theory]
    [InlineData("finish 126")]
    [InlineData("finish 127")]
    [InlineData("no-such-command-anywhere; finish $?")]
    [InlineData("kill -s SEGV $$")]
    [InlineData("kill -s KILL $$")]
    public void A_check_that_could_not_run_is_no_answer(string body)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("needs_update", "10-never", body);
        host.Script("on_failure", "10-tell", "note \"$*\"");

        Ended ended = Agent.Run(host, "run").Expect(1);

        Assert.Contains("needs_update/10-never gave no answer", ended.Error, StringComparison.Ordinal);
        Assert.Equal(["needs_update/10-never", "on_failure/10-tell"], host.Log.Started);
        Assert.StartsWith($"e2e False True needs_update {host.ScriptDirectory}/needs_update.d/10-never ", host.Log.Lines.Single(l => l.What == "note").Extra, StringComparison.Ordinal);
        Assert.False(File.Exists(host.LockFile));
        Assert.False(File.Exists(host.StateFile));
    }

    [Fact]
    public void A_reboot_check_that_could_not_run_requests_no_reboot()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        host.Script("needs_reboot", "20-kernel", "kill -s KILL $$");

        Agent.Run(host, "run").Expect(1);

        Assert.DoesNotContain("reboot/reboot", host.Log.Started);
        Assert.Equal([host.Holder], host.Holders);
    }

    [Fact]
    public void With_any_nonzero_every_other_exit_is_a_yes()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("scripts", "checks", "any-nonzero");
        host.Script("needs_update", "10-never", "finish 127");

        Agent.Run(host, "run").Expect(0);

        Assert.Equal("post_update/20-health", host.Log.Started[^1]);
    }

    [Fact]
    public void Run_once_is_once()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string script = host.Script("update", "10-fetch");
        File.WriteAllText(script, "#!/bin/sh\n# dlm: run=once\n" + File.ReadAllText(script)["#!/bin/sh\n".Length..]);

        Agent.Run(host, "run").Expect(0);
        File.Delete(host.Root + "/marks/updated");
        Agent.Run(host, "run").Expect(0);

        Assert.Single(host.Log.Started, s => s == "update/10-fetch");
        Assert.Equal(2, host.Log.Started.Count(s => s == "update/20-install"));
    }

    [Fact]
    public void Reset_asks_first_and_needs_a_terminal_to_ask_on()
    {
        using Sandbox host = Open();

        Ended asked = Agent.Run(host, new StartAs { Input = "yes\n" }, "reset").Expect(2);

        Assert.Contains("--yes", asked.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(host.StateFile));

        Ended no = Terminal(host, "no\n");
        Assert.True(no.Code == 2 && File.Exists(host.StateFile), no.Output);
        Ended yes = Terminal(host, "yes\n");
        Assert.True(yes.Code == 0 && !File.Exists(host.StateFile), yes.Output);
    }

    [Fact]
    public void Reset_gives_the_run_up_and_says_that_the_lock_stays()
    {
        using Sandbox host = Open();
        byte[] state = File.ReadAllBytes(host.StateFile);

        Ended ended = Agent.Run(host, "reset", "--yes").Expect(0);

        Assert.Contains("--release gives it back", ended.Error, StringComparison.Ordinal);
        Assert.Equal([host.Holder], host.Holders);
        Assert.False(File.Exists(host.StateFile));
        Assert.Equal(state, File.ReadAllBytes(host.StateFile + ".reset"));
    }

    [Fact]
    public void Reset_with_release_gives_the_lock_back()
    {
        using Sandbox host = Open();

        Agent.Run(host, "reset", "--yes", "--release").Expect(0);

        Assert.Empty(host.Holders);
        Assert.False(File.Exists(host.StateFile));
        Agent.Run(host, "reset", "--yes").Expect(0);
    }

    [Fact]
    public void After_a_reset_status_no_longer_asks_for_the_repair_of_the_run()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "exit 1");
        Assert.Contains("repair the host", Agent.Run(host, "run").Expect(1).Error, StringComparison.Ordinal);

        Agent.Run(host, "reset", "--yes").Expect(0);

        string status = Agent.Run(host, "status").Expect(0).Output;
        Assert.DoesNotContain("repair", status, StringComparison.Ordinal);
        Assert.Contains("was reset", status, StringComparison.Ordinal);
        Assert.Contains("open in phase update, was reset", Agent.Run(host, "history").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Reset_refuses_while_a_run_runs()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = host.Gate();
        host.Script("update", "10-fetch", gate.Wait);
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        host.Log.WaitForStart("update/10-fetch");

        Ended refused = Agent.Run(host, "reset", "--yes", "--release").Expect(75);

        Assert.Contains($"pid {agent.Pid}", refused.Error, StringComparison.Ordinal);
        Assert.Equal([host.Holder], host.Holders);
        gate.Open();
        agent.Wait().Expect(0);
    }

    [Fact]
    public void Reset_frees_a_host_from_a_state_that_cannot_be_understood()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Directory.CreateDirectory(host.StateDirectory);
        File.WriteAllText(host.StateFile, "garbage");
        Agent.Run(host, "run").Expect(65);

        Agent.Run(host, "reset", "--yes").Expect(0);

        Agent.Run(host, "run").Expect(0);
        Assert.Equal("post_update/20-health", host.Log.Started[^1]);
    }

    private static Sandbox Open()
    {
        Sandbox host = new Sandbox().Cycle(reboot: true);
        Agent.Run(host, "run").Expect(0);
        return host;
    }

    private static Ended Terminal(Sandbox host, string answer) =>
        Agent.Call(new StartAs { Executable = "/usr/bin/script", Input = answer }, "-qec", $"{Binary.Path} reset --config {host.Config}", "/dev/null");
}
