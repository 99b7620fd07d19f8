using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>run --init</c>: the init step of a container.</summary>
public sealed class InitTests : IDisposable
{
    private readonly Sandbox host = new Sandbox().Cycle(reboot: true);

    public void Dispose() => host.Dispose();

    [Fact]
    public void It_updates_without_asking_for_a_reboot_talks_on_stdout_and_does_nothing_the_second_time()
    {
        Ended first = Agent.Run(host, "run", "--init").Expect(0);
        string[] started = host.Log.Started;
        Ended second = Agent.Run(host, "run", "--init").Expect(0);

        Assert.Equal("", first.Error);
        Assert.Contains("post_update", first.Output, StringComparison.Ordinal);
        Assert.Equal(
            ["needs_update/10-never", "needs_update/20-due", "pre_update/10-drain", "pre_update/20-stop", "update/10-fetch", "update/20-install", "post_update/10-start", "post_update/20-health"],
            started);
        Assert.Empty(host.Holders);
        Assert.Equal([.. started, "needs_update/10-never", "needs_update/20-due"], host.Log.Started);
        Assert.Equal("", second.Error);
    }

    [Fact]
    public void Neither_a_directory_of_reboot_checks_nor_a_reboot_command_is_needed()
    {
        host.Set("reboot", "command", null);
        Directory.Delete(host.StageDirectory("needs_reboot"), recursive: true);
        Agent.Run(host, "run", "--init").Expect(0);
    }

    [Fact]
    public void A_script_that_fails_keeps_state_and_lock_for_the_next_container_on_another_node_too()
    {
        host.Script("update", "50-breaks", "[ -e $ROOT/marks/repaired ] || finish 3");
        Ended failed = Agent.Run(host, "run", "--init").Expect(1);
        Assert.Contains("50-breaks", failed.Output, StringComparison.Ordinal);
        Assert.NotEmpty(host.Holders);

        File.WriteAllText(host.Root + "/marks/repaired", "");
        Agent.Run(host, new StartAs { Boot = host.NextBoot() }, "run", "--init").Expect(0);
        Assert.Empty(host.Holders);
        Assert.Single(host.Log.Started, s => s == "update/20-install");
    }

    [Fact]
    public void A_run_that_waits_for_a_reboot_is_left_to_the_host()
    {
        Agent.Run(host, "run").Expect(0);
        Assert.Contains("the open run waits for a reboot", Agent.Run(host, "run", "--init").Expect(78).Output, StringComparison.Ordinal);
        Assert.NotEmpty(host.Holders);
    }
}
