using System.Globalization;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>A second instance, and signals.</summary>
public sealed class InstanceTests
{
    /// <summary>A script that works until it is asked to stop, and says so.</summary>
    private const string UntilAsked = "[ -e $ROOT/marks/asked ] && finish 0\ntrap ': > $ROOT/marks/asked; note asked; finish 143' TERM INT\nsleep 60 &\nwait $!";

    [Fact]
    public void A_second_instance_ends_at_once_and_names_the_first()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = host.Gate();
        host.Script("pre_update", "10-drain", gate.Wait);
        using Agent first = Agent.Start(host, new StartAs(), "run");
        host.Log.WaitForStart("pre_update/10-drain");
        int before = host.Log.Lines.Length;

        Ended second = Agent.Run(host, "run").Expect(75);

        Assert.Contains($"pid {first.Pid.ToString(CultureInfo.InvariantCulture)}", second.Error, StringComparison.Ordinal);
        Assert.Equal(before, host.Log.Lines.Length);
        gate.Open();
        first.Wait().Expect(0);
        Assert.Equal(10, host.Log.Started.Length);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public void A_signal_stops_the_script_keeps_the_run_and_the_next_start_goes_on(string signal)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", UntilAsked);
        host.Script("on_failure", "10-tell");
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        host.Log.WaitForStart("update/10-fetch");
        Thread.Sleep(50);

        agent.Signal(signal);
        Ended stopped = agent.Wait().Expect(75);

        Assert.Contains("interrupted", stopped.Error, StringComparison.Ordinal);
        Assert.Contains(host.Log.Lines, l => l is { What: "note", Extra: "asked" });
        Assert.DoesNotContain("on_failure/10-tell", host.Log.Started);
        Assert.Equal([host.Holder], host.Holders);
        Assert.Equal("update", Agent.Status(host).GetProperty("phase").GetString());

        Agent.Run(host, "run").Expect(0);
        Assert.Equal(2, host.Log.Started.Count(s => s == "update/10-fetch"));
        Assert.Single(host.Log.Started, s => s == "pre_update/20-stop");
        Assert.Equal("2", host.Log.Lines.Last(l => l.Full == "update/10-fetch").Attempt);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void A_signal_while_waiting_for_the_lock_leaves_no_run_behind()
    {
        using Sandbox holder = new Sandbox("host-1").Cycle(reboot: true);
        Agent.Run(holder, "run").Expect(0);
        using Sandbox host = new Sandbox("host-2", fleet: holder).Cycle(reboot: false).Set("lock", "retry_interval", "1h");
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        Processes.Until(() => Agent.Status(host).GetProperty("running") is { ValueKind: System.Text.Json.JsonValueKind.Object } r && r.GetProperty("waiting_for").GetString() is not null, "waiting");

        agent.Signal("TERM");
        agent.Wait().Expect(75);

        Assert.False(File.Exists(host.StateFile));
        Assert.Equal(["host-1"], host.Holders);
    }

    [Fact]
    public void A_signal_while_a_check_runs_leaves_no_run_behind()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("needs_update", "20-due", UntilAsked);
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        host.Log.WaitForStart("needs_update/20-due");
        Thread.Sleep(50);

        agent.Signal("TERM");
        agent.Wait().Expect(75);

        Assert.False(File.Exists(host.StateFile));
        Assert.False(File.Exists(host.LockFile));
    }

    [Fact]
    public void A_script_that_runs_too_long_is_ended_with_all_it_started()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("scripts", "timeout_pre_update", "1s");
        host.Script("pre_update", "20-stop", "sleep 271 &\nsleep 271");

        Ended ended = Agent.Run(host, "run").Expect(1);

        Assert.Contains("timed out after 1 s", ended.Error, StringComparison.Ordinal);
        Assert.Contains("timeout_pre_update", ended.Error, StringComparison.Ordinal);
        Assert.Empty(Processes.Mentioning(host.Root));
        Assert.Equal([host.Holder], host.Holders);
    }
}
