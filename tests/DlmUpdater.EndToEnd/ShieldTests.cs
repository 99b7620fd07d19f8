using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>shield</c>: a command under the lock.</summary>
public sealed class ShieldTests
{
    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 7", 7)]
    [InlineData("exit 255", 255)]
    [InlineData("kill -9 $$", 137)]
    public void The_command_runs_under_the_lock_and_its_exit_status_is_ours(string end, int expected)
    {
        using var host = new Sandbox();
        string seen = host.Root + "/seen";

        Ended ended = Shield(host, "--", "sh", "-c", $"cp {host.LockFile} {seen}; echo to stdout; pwd; {end}").Expect(expected);

        Assert.Contains("host-1", File.ReadAllText(seen), StringComparison.Ordinal);
        Assert.Equal("to stdout\n/\n", ended.Output);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void Options_of_the_command_are_its_own_and_it_has_our_environment_and_stdin()
    {
        using var host = new Sandbox();
        var how = new StartAs { Input = "typed\n", Environment = new Dictionary<string, string> { ["SHIELDED"] = "by whom" } };
        Ended ended = Agent.Call(how, "shield", "--config", host.Config, "--", "sh", "-c", "read -r line; echo \"$line $SHIELDED $1\"", "--", "--wait").Expect(0);
        Assert.Equal("typed by whom --wait\n", ended.Output);
    }

    [Fact]
    public void A_busy_lock_runs_nothing()
    {
        using var other = new Sandbox("host-2");
        using var host = new Sandbox("host-1", fleet: other);
        Agent.Call("lock", "acquire", "--config", other.Config).Expect(0);

        Assert.Contains("host-2", Shield(host, "--", "touch", host.Root + "/ran").Expect(75).Error, StringComparison.Ordinal);

        Assert.False(File.Exists(host.Root + "/ran"));
        Assert.Equal(["host-2"], host.Holders);
    }

    [Fact]
    public void With_wait_it_runs_as_soon_as_the_lock_is_free()
    {
        using var other = new Sandbox("host-2");
        using var host = new Sandbox("host-1", fleet: other);
        Agent.Call("lock", "acquire", "--config", other.Config).Expect(0);
        using Agent shield = Agent.Start(host, new StartAs(), "shield", "--wait", "--", "touch", host.Root + "/ran");
        Processes.Until(() => shield.ErrorSoFar.Contains("waiting for the lock 'e2e': held by", StringComparison.Ordinal), "the wait");
        Assert.False(File.Exists(host.Root + "/ran"));

        Agent.Call("lock", "release", "--config", other.Config).Expect(0);

        shield.Wait().Expect(0);
        Assert.True(File.Exists(host.Root + "/ran"));
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void Interrupted_while_it_waits_it_runs_nothing_and_holds_nothing()
    {
        using var other = new Sandbox("host-2");
        using var host = new Sandbox("host-1", fleet: other);
        Agent.Call("lock", "acquire", "--config", other.Config).Expect(0);
        using Agent shield = Agent.Start(host, new StartAs(), "shield", "--wait", "--", "touch", host.Root + "/ran");
        Processes.Until(() => shield.ErrorSoFar.Contains("waiting for the lock", StringComparison.Ordinal), "the wait");

        shield.Signal("TERM");

        shield.Wait().Expect(75);
        Assert.False(File.Exists(host.Root + "/ran"));
        Assert.Equal(["host-2"], host.Holders);
    }

    [Fact]
    public void A_signal_reaches_the_command_and_the_lock_is_given_back()
    {
        using var host = new Sandbox();
        string ready = host.Root + "/ready";
        using Agent shield = Agent.Start(host, new StartAs(), "shield", "--", "sh", "-c", $"trap 'exit 9' TERM; touch {ready}; while :; do sleep 0.05; done");
        Processes.Until(() => File.Exists(ready), "the command");

        shield.Signal("TERM");

        shield.Wait().Expect(9);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void A_lock_that_was_held_before_stays_held()
    {
        using var host = new Sandbox();
        Agent.Call("lock", "acquire", "--config", host.Config).Expect(0);

        Assert.Contains("stays held", Shield(host, "--", "true").Expect(0).Error, StringComparison.Ordinal);

        Assert.Equal(["host-1"], host.Holders);
    }

    [Fact]
    public void An_open_run_owns_the_lock_and_the_shield_runs_nothing()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "finish 3");
        Agent.Run(host, "run").Expect(1);

        Shield(host, "--", "touch", host.Root + "/ran").Expect(1);

        Assert.False(File.Exists(host.Root + "/ran"));
        Assert.Equal(["host-1"], host.Holders);
    }

    [Fact]
    public void A_run_that_starts_meanwhile_is_sent_away()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Assert.Equal("75\n", Shield(host, "--", "sh", "-c", $"{Binary.Path} run --config {host.Config} 2> /dev/null; echo $?").Expect(0).Output);
        Assert.Empty(host.Holders);
    }

    [Theory]
    [InlineData("/nowhere/at/all", 127)]
    [InlineData("/", 126)]
    public void A_command_that_cannot_be_started_gives_the_lock_back(string command, int expected)
    {
        using var host = new Sandbox();
        Assert.Contains(command, Shield(host, "--", command).Expect(expected).Error, StringComparison.Ordinal);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void Without_a_command_it_is_wrong_usage()
    {
        using var host = new Sandbox();
        Shield(host).Expect(2);
        Shield(host, "--").Expect(2);
    }

    private static Ended Shield(Sandbox host, params string[] arguments) => Agent.Call(["shield", "--config", host.Config, .. arguments]);
}
