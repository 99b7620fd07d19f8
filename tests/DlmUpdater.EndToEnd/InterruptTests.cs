using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>A signal to the agent while a script works: no second package manager ever runs beside the first one.</summary>
public sealed class InterruptTests
{
    /// <summary>A package manager that finishes its work when it is asked to stop, under a shell that does not.</summary>
    private static Gate PackageManager(Sandbox host)
    {
        Gate gate = host.Gate();
        string manager = host.Root + "/manager";
        File.WriteAllText(manager, $"#!/bin/sh\ntrap 'echo asked' TERM HUP INT\n. {host.Root}/lib.sh\nname=manager stage=work\nbegin\nuntil {gate.Wait}; do :; done\nfinish 0\n");
        File.SetUnixFileMode(manager, Sandbox.Executable);
        host.Script("update", "10-fetch", $"[ -e $ROOT/marks/once ] && finish 0\n: > $ROOT/marks/once\n{manager}\nfinish 0");
        return gate;
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("INT")]
    public void What_a_signalled_script_has_started_is_waited_for_and_named(string signal)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = PackageManager(host);
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        string pid = host.Log.WaitForStart("work/manager").Extra;

        agent.Signal(signal);
        Processes.Until(() => agent.ErrorSoFar.Contains($"waiting for pid {pid} (/bin/sh {host.Root}/manager)", StringComparison.Ordinal)
            || agent.ErrorSoFar.Contains($", pid {pid} (/bin/sh {host.Root}/manager)", StringComparison.Ordinal), "the log names it");
        Processes.Until(() => agent.ErrorSoFar.Contains("> asked", StringComparison.Ordinal), "it is asked");
        JsonElement running = Agent.Status(host).GetProperty("running");
        Assert.Contains($"pid {pid} (/bin/sh {host.Root}/manager)", running.GetProperty("waiting_for").GetString(),
            StringComparison.Ordinal);
        Agent.Run(host, "run").Expect(75);
        Assert.False(agent.HasEnded);

        gate.Open();
        Assert.Contains("interrupted", agent.Wait().Expect(75).Error, StringComparison.Ordinal);

        Agent.Run(host, "run").Expect(0);
        AssertNotBeside(host);
        Assert.Empty(host.Holders);
        Assert.Empty(Directory.GetFileSystemEntries(host.RunDirectory).Select(Path.GetFileName).Intersect(["running", "output",
            "progress"]));
    }

    [Fact]
    public void After_a_second_signal_the_next_start_waits_for_what_still_runs()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = PackageManager(host);
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        string pid = host.Log.WaitForStart("work/manager").Extra;
        agent.Signal("TERM");
        Processes.Until(() => agent.ErrorSoFar.Contains("> asked", StringComparison.Ordinal), "it is asked");

        // A second signal within a second belongs to the first.
        while (!agent.HasEnded)
        {
            agent.Signal("TERM");
            Thread.Sleep(200);
        }

        Assert.Contains("the next start waits for it", agent.Wait().Expect(75).Error, StringComparison.Ordinal);
        Assert.True(Directory.Exists($"/proc/{pid}"));
        using Agent next = Agent.Start(host, new StartAs(), "run");
        Processes.Until(() => next.ErrorSoFar.Contains($"pid {pid} (/bin/sh {host.Root}/manager)", StringComparison.Ordinal),
            "the next start names it");
        Assert.Contains($"pid {pid} ", Agent.Status(host).GetProperty("running").GetProperty("waiting_for").GetString(),
            StringComparison.Ordinal);
        Assert.Single(host.Log.Started, s => s == "update/10-fetch");
        Assert.Equal([host.Holder], host.Holders);

        gate.Open();

        next.Wait().Expect(0);
        AssertNotBeside(host);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void When_an_admin_has_ended_what_is_waited_for_the_start_continues()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        _ = PackageManager(host);
        using (Agent agent = Agent.Start(host, new StartAs(), "run"))
        {
            host.Log.WaitForStart("work/manager");
            agent.Signal("TERM");
            Processes.Until(() => agent.ErrorSoFar.Contains("> asked", StringComparison.Ordinal), "it is asked");
            _ = agent.Kill();
        }

        using Agent next = Agent.Start(host, new StartAs(), "run");
        Processes.Until(() => next.ErrorSoFar.Contains("but processes of it still run: waiting for them", StringComparison.Ordinal),
            "the next start waits");
        foreach (int pid in Processes.Mentioning(host.Root + "/manager")) Processes.Kill(pid);

        next.Wait().Expect(0);
        Assert.Equal(2, host.Log.Started.Count(s => s == "update/10-fetch"));
    }

    /// <summary>The script runs again only after what it had started before has ended.</summary>
    private static void AssertNotBeside(Sandbox host)
    {
        ScriptLine[] lines = host.Log.Lines;
        int ended = Array.FindIndex(lines, l => l is { What: "end", Full: "work/manager" });
        int again = Array.FindLastIndex(lines, l => l is { What: "start", Full: "update/10-fetch" });
        Assert.InRange(ended, 0, again);
    }
}
