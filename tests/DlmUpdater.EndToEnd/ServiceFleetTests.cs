using System.Diagnostics;
using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;
using Xunit.Abstractions;

namespace DlmUpdater.EndToEnd;

/// <summary>A whole fleet wants to update at the same moment, at each lock service.</summary>
public sealed class ServiceFleetTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("etcd v3", 30)]
    [InlineData("etcd v2", 30)]
    [InlineData("airlock", 30)]
    [InlineData("file", 30)]
    [InlineData("poseidon", 30)]
    [InlineData("dlmengine", 30)]
    [InlineData("foreman", 30)]
    public async Task However_many_hosts_wait_no_more_than_the_slots_go_on_and_all_of_them_finish(string service, int count)
    {
        var hosts = new List<Sandbox> { new("host-01.example") };
        try
        {
            for (int i = 2; i <= count; i++) hosts.Add(new Sandbox($"host-{i:00}.example", hosts[0]));
            await using LockServer server = await LockServer.Start(service, hosts[0]);
            foreach (Sandbox host in hosts)
            {
                server.Join(host);
                host.Script("needs_update", "10-due", "finish 1");
                host.Script("pre_update", "10-drain");
                host.Script("update", "10-install", "sleep 0.05");
                host.Script("needs_reboot", "10-no");
                host.Script("post_update", "10-health");
            }

            var clock = Stopwatch.StartNew();
            Agent[] agents = [.. hosts.Select(host => Agent.Start(host, new StartAs(), "run"))];
            foreach (Agent agent in agents)
            {
                using (agent) agent.Wait().Expect(0);
            }

            TimeSpan whole = clock.Elapsed;
            double[] waited = [.. hosts.Select(Waited).Order()];
            output.WriteLine($"{service}: {count} hosts, {server.Slots} slots, all done after {whole.TotalSeconds:0.0} s; "
                + $"waited for the lock {waited[0]:0.0} s at least, {waited[count / 2]:0.0} s in the middle, {waited[^1]:0.0} s at most");

            Assert.InRange(await server.MostHolders(), 0, server.Slots);
            Assert.Empty(await server.Holders());
            Assert.InRange(Most(hosts[0].Log.Lines), 1, server.Slots);
            Assert.All(hosts, host => Assert.Equal(
                ["needs_update/10-due", "pre_update/10-drain", "update/10-install", "needs_reboot/10-no", "post_update/10-health"],
                hosts[0].Log.Lines.Where(l => l.What == "start" && l.Host == host.Holder).Select(l => l.Full)));
            // Somebody is always the last; starved would be who waits on while others could have had no more to wait for.
            Assert.True(waited[^1] <= whole.TotalSeconds, $"one waited {waited[^1]} s, and the whole fleet took {whole.TotalSeconds} s");
        }
        finally
        {
            foreach (Sandbox host in Enumerable.Reverse(hosts)) host.Dispose();
        }
    }

    /// <summary>How many hosts were between the start of pre_update and the end of post_update at the same moment, at most.</summary>
    private static int Most(ScriptLine[] lines)
    {
        var inside = new HashSet<string>();
        int most = 0;
        foreach (ScriptLine line in lines.Where(l => l.Stage != "needs_update"))
        {
            if (line is { What: "end", Stage: "post_update" }) inside.Remove(line.Host);
            else inside.Add(line.Host);
            most = Math.Max(most, inside.Count);
        }

        return most;
    }

    private static double Waited(Sandbox host)
    {
        using JsonDocument history = JsonDocument.Parse(Agent.Run(host, "history", "--output", "json").Expect(0).Output);
        return history.RootElement.GetProperty("starts")[0].GetProperty("waited_seconds").GetDouble();
    }
}
