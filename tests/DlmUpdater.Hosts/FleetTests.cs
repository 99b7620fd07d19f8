using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>Three hosts, one lock, as a night has it: the timer fires, a host updates, reboots, goes on by itself, proves health and gives the lock back; then the next.</summary>
public sealed class FleetTests : IAsyncLifetime
{
    private Fleet fleet = null!;

    public async Task InitializeAsync() => fleet = await Fleet.Start();

    public async Task DisposeAsync() => await fleet.DisposeAsync();

    [Fact]
    public async Task Three_hosts_update_one_after_the_other_by_their_timers_each_with_a_real_reboot()
    {
        Host[] hosts = [.. from name in (string[])["db1", "db2", "db3"] select fleet.Join(name)];
        foreach (Host host in hosts)
        {
            host.Write("/etc/systemd/system/dlm-updater.timer.d/soon.conf", "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/2\nRandomizedDelaySec=0\nAccuracySec=100ms\n");
            host.Link("/etc/systemd/system/timers.target.wants/dlm-updater.timer", "/lib/systemd/system/dlm-updater.timer");
            host.Boot();
        }

        foreach (Host host in hosts) host.Wait("all have updated", () => fleet.Log.Count(l => l is { Word: "end", Phase: "post_update" }) == 3);
        foreach (Host host in hosts) host.Wait("it is done", () => host.Run("dlm-updater status --output json").Output.Contains("\"phase\": \"none\"", StringComparison.Ordinal));
        string semaphore = await fleet.Semaphore();
        Assert.DoesNotContain("db", semaphore, StringComparison.Ordinal);

        // Under the lock one host at a time, in whole rows: whoever began goes on to its end before another begins.
        (string Host, string Word, string Phase, string Boot)[] locked = [.. fleet.Log.Where(l => l.Phase != "needs_update")];
        string[] order = [.. locked.Select(l => l.Host).Distinct()];
        Assert.Equal(3, order.Length);
        Assert.Equal(order.SelectMany(h => locked.Where(l => l.Host == h)), locked);
        foreach (string host in order)
        {
            var did = locked.Where(l => l.Host == host).ToArray();
            Assert.Equal(["begin pre_update", "end pre_update", "begin update", "end update", "begin needs_reboot", "end needs_reboot", "begin reboot", "begin post_update", "end post_update"], did.Select(l => $"{l.Word} {l.Phase}"));
            Assert.Single(did[..7].Select(l => l.Boot).Distinct());
            Assert.NotEqual(did[0].Boot, did[^1].Boot);
        }
    }
}
