using System.Diagnostics;
using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Several hosts, one lock.</summary>
public sealed class FleetTests
{
    [Fact]
    public void A_host_that_waits_is_woken_when_the_lock_is_given_back()
    {
        using Sandbox first = new Sandbox("host-1").Cycle(reboot: false);
        Gate gate = first.Gate();
        first.Script("post_update", "20-health", gate.Wait);
        using Sandbox second = new Sandbox("host-2", fleet: first).Cycle(reboot: false).Set("lock", "retry_interval", "1h");
        using Agent one = Agent.Start(first, new StartAs(), "run");
        first.Log.WaitForStart("post_update/20-health");
        using Agent two = Agent.Start(second, new StartAs(), "run");
        Processes.Until(() => Waits(second), "host-2 waits");
        Assert.Contains("host-1", Agent.Status(second).GetProperty("running").GetProperty("waiting_for").GetString(), StringComparison.Ordinal);
        Thread.Sleep(100);
        Assert.DoesNotContain(first.Log.Lines, l => l is { Host: "host-2", Stage: not "needs_update" });

        gate.Open();
        one.Wait().Expect(0);
        var clock = Stopwatch.StartNew();
        two.Wait().Expect(0);

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"it was woken only after {clock.Elapsed}");
        Assert.All(first.Log.Lines.Where(l => l.Stage != "needs_update"), l => Assert.True(l.Held));
        Assert.Empty(first.Holders);
    }

    [Fact]
    public void Five_hosts_never_take_more_than_two_slots()
    {
        using Sandbox first = new Sandbox("host-1").Set("file", "slots", "2").Cycle(reboot: false, "sleep 0.01");
        Sandbox[] hosts = [first, .. Enumerable.Range(2, 4).Select(i => new Sandbox($"host-{i}", fleet: first).Set("file", "slots", "2").Set("lock", "retry_interval", "1h").Cycle(reboot: false, "sleep 0.01"))];
        first.Set("lock", "retry_interval", "1h");
        try
        {
            Agent[] agents = [.. hosts.Select(host => Agent.Start(host, new StartAs(), "run"))];
            foreach (Agent agent in agents)
            {
                using (agent) agent.Wait().Expect(0);
            }

            ScriptLine[] lines = first.Log.Lines;
            var inside = new HashSet<string>();
            int most = 0;
            foreach (ScriptLine line in lines.Where(l => l.Stage != "needs_update"))
            {
                Assert.True(line.Held, $"{line.Host}: {line.Full} without the lock");
                if (line is { What: "end", Full: "post_update/20-health" }) inside.Remove(line.Host);
                else inside.Add(line.Host);
                most = Math.Max(most, inside.Count);
            }

            Assert.Equal(2, most);
            Assert.All(hosts, host => Assert.Equal(10, lines.Count(l => l.What == "start" && l.Host == host.Holder)));
            Assert.Empty(first.Holders);
        }
        finally
        {
            foreach (Sandbox host in hosts.Skip(1)) host.Dispose();
        }
    }

    [Fact]
    public void Without_waiting_a_busy_lock_is_said_and_no_run_is_left_behind()
    {
        using Sandbox first = new Sandbox("host-1").Cycle(reboot: true);
        Agent.Run(first, "run").Expect(0);
        using Sandbox second = new Sandbox("host-2", fleet: first).Cycle(reboot: false).Set("lock", "wait", "false");

        Ended ended = Agent.Run(second, "run").Expect(75);

        Assert.Contains("host-1", ended.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(second.StateFile));
        Assert.Equal(["host-1"], second.Holders);
    }

    [Fact]
    public void A_lock_that_another_host_took_meanwhile_stops_the_run()
    {
        using Sandbox first = new Sandbox("host-1").Cycle(reboot: false);
        first.Script("update", "10-fetch", "finish 3");
        Agent.Run(first, "run").Expect(1);

        // An admin frees the lock of a host that is taken for dead, and another one gets it.
        File.Delete(first.LockFile);
        using Sandbox second = new Sandbox("host-2", fleet: first).Cycle(reboot: true);
        Agent.Run(second, "run").Expect(0);
        int before = first.Log.Lines.Length;

        Ended ended = Agent.Run(first, "run").Expect(79);

        Assert.Contains("host-2", ended.Error, StringComparison.Ordinal);
        Assert.Equal(before, first.Log.Lines.Length);
        Assert.Equal(["host-2"], first.Holders);
    }

    private static bool Waits(Sandbox host) =>
        Agent.Status(host).GetProperty("running") is { ValueKind: JsonValueKind.Object } running && running.GetProperty("waiting_for").ValueKind == JsonValueKind.String;
}
