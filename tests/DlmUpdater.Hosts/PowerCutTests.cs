using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>The power goes in the middle of each phase, and comes back: the package's unit goes on, no script that ended runs again, and the lock is given back.</summary>
public sealed class PowerCutTests : IAsyncLifetime
{
    private Fleet fleet = null!;

    public async Task InitializeAsync() => fleet = await Fleet.Start();

    public async Task DisposeAsync() => await fleet.DisposeAsync();

    [Theory]
    [InlineData("needs_update")]
    [InlineData("pre_update")]
    [InlineData("update")]
    [InlineData("needs_reboot")]
    [InlineData("reboot")]
    [InlineData("post_update")]
    public async Task In_a_phase_with_scripts_it_goes_on_with_the_script_that_was_hit(string phase)
    {
        Host host = fleet.Join("db1");
        Fleet.StandStill(host, phase);
        host.Boot().Settle();

        host.Run("systemctl start --no-block dlm-updater.service").Expect(0);
        host.Wait($"{phase} has begun", () => fleet.Has("cut"));
        if (phase != "needs_update") Assert.Contains("db1", await fleet.Semaphore(), StringComparison.Ordinal);
        host.PowerCut();
        host.Boot().Settle();

        // Nothing was open yet: the next timer begins afresh.
        if (phase == "needs_update") host.Run("systemctl start --no-block dlm-updater.service").Expect(0);
        await Done(host, again: phase);
    }

    [Fact]
    public async Task While_it_waits_for_the_lock_nothing_is_held_and_the_next_start_begins_afresh()
    {
        Host host = fleet.Join("db1");
        host.Boot().Settle();
        host.Run("DLM_UPDATER__LOCK__HOLDER=other dlm-updater lock acquire").Expect(0);

        host.Run("systemctl start --no-block dlm-updater.service").Expect(0);
        host.Wait("it waits", () => host.Run("dlm-updater status").Output.Contains("held by other", StringComparison.Ordinal));
        host.PowerCut();
        host.Boot().Settle();
        Assert.Contains("\"phase\": \"none\"", host.Says("dlm-updater status --output json"), StringComparison.Ordinal);
        Assert.DoesNotContain(fleet.Log, l => l.Phase == "pre_update");
        Assert.DoesNotContain("db1", await fleet.Semaphore(), StringComparison.Ordinal);
        host.Run("DLM_UPDATER__LOCK__HOLDER=other dlm-updater lock release").Expect(0);
        host.Run("systemctl start --no-block dlm-updater.service").Expect(0);

        await Done(host, again: null);
    }

    [Fact]
    public async Task While_it_gives_the_lock_back_it_does_so_after_the_boot()
    {
        Host host = fleet.Join("db1");
        host.Script("post_update", "20-last", ": > /fleet/about; while [ ! -e /fleet/go ]; do sleep 0.1; done");
        host.Boot().Settle();

        host.Run("systemctl start --no-block dlm-updater.service").Expect(0);
        string boot = host.BootId;
        host.NextBoot(boot);
        host.Wait("the last script runs", () => fleet.Has("about"));
        fleet.Etcd.Pause();
        fleet.Tell("go");
        host.Wait("it gives the lock back", () => host.Read("/var/lib/dlm-updater/state").Contains("lock_release", StringComparison.Ordinal));
        host.PowerCut();
        fleet.Etcd.Resume();
        Assert.Contains("db1", await fleet.Semaphore(), StringComparison.Ordinal);
        host.Boot();

        // The health that was proved on an earlier boot does not count on this one.
        await Done(host, again: null, isProvedAgain: true);
    }

    /// <summary>Each phase's script ended exactly once (post_update once on each of two boots if <paramref name="isProvedAgain"/>), after the boot in which it had
    /// to, and nothing is held.</summary>
    private async Task Done(Host host, string? again, bool isProvedAgain = false)
    {
        host.Wait("it is done", () => fleet.Log.Any(l => l is { Word: "end", Phase: "post_update" }) && host.Run("dlm-updater status --output json").Output.Contains("\"phase\": \"none\"", StringComparison.Ordinal));
        host.Settle();
        Assert.DoesNotContain("db1", await fleet.Semaphore(), StringComparison.Ordinal);
        foreach (string phase in (string[])["pre_update", "update", "needs_reboot", "post_update"])
        {
            int proofs = isProvedAgain && phase == "post_update" ? 2 : 1;
            string[] boots = [.. fleet.Log.Where(l => l.Word == "end" && l.Phase == phase).Select(l => l.Boot)];
            Assert.Equal(proofs, boots.Length);
            Assert.Equal(proofs, boots.Distinct().Count());
            Assert.Equal(phase == again ? 2 : proofs, fleet.Log.Count(l => l.Word == "begin" && l.Phase == phase));
        }

        string before = fleet.Log.Single(l => l is { Word: "end", Phase: "needs_reboot" }).Boot, after = fleet.Log.Last(l => l is { Word: "end", Phase: "post_update" }).Boot;
        Assert.NotEqual(before, after);
    }
}
