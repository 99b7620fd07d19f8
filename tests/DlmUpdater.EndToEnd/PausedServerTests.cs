using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Etcd;

namespace DlmUpdater.EndToEnd;

/// <summary>A real etcd that stands still in the middle of a run: its port is open, and nothing answers.</summary>
public sealed class PausedServerTests
{
    private const string Key = "com.coreos.airlock/groups/web/v1/semaphore";

    [Theory]
    [InlineData("update", "needs_reboot/10-no")]
    [InlineData("post_update", null)]
    public async Task What_needs_the_lock_waits_until_the_server_goes_on(string stage, string? next)
    {
        await using EtcdServer etcd = await EtcdServer.Start();
        using Sandbox host = new Sandbox("host-1").Cycle(reboot: false).Set("file", "directory", null).Set("lock", "service", "etcd").Set("lock", "retry_interval", "1s")
            .Set("etcd", "endpoints", etcd.Url).Set("etcd", "group", "web");
        Gate gate = host.Gate();
        host.Script(stage, "30-last", gate.Wait);
        using Agent run = Agent.Start(host, new StartAs(), "run");
        host.Log.WaitForStart($"{stage}/30-last");

        etcd.Pause();
        gate.Open();
        host.Log.WaitFor(l => l is { What: "end" } && l.Full == $"{stage}/30-last");
        Thread.Sleep(1500);
        bool hasEnded = run.HasEnded;
        string[] started = host.Log.Started;
        etcd.Resume();

        Assert.False(hasEnded);
        if (next is not null) Assert.DoesNotContain(next, started);
        run.Wait().Expect(0);
        if (next is not null) Assert.Contains(next, host.Log.Started);
        Assert.Equal("""{"total_slots":1,"holders":[]}""", await etcd.Get(Key));
        Assert.False(File.Exists(host.StateFile));
    }

    [Fact]
    public async Task A_server_that_is_dead_is_said_and_the_next_start_finishes_when_it_is_back()
    {
        await using EtcdServer etcd = await EtcdServer.Start();
        using Sandbox host = new Sandbox("host-1").Cycle(reboot: false).Set("file", "directory", null).Set("lock", "service", "etcd").Set("lock", "retry_interval", "1s")
            .Set("lock", "wait_max", "1s").Set("etcd", "endpoints", etcd.Url).Set("etcd", "group", "web");
        Gate gate = host.Gate();
        host.Script("update", "30-last", gate.Wait);
        using Agent run = Agent.Start(host, new StartAs(), "run");
        host.Log.WaitForStart("update/30-last");
        await etcd.Stop();
        gate.Open();

        Ended ended = run.Wait().Expect(69);

        Assert.Contains("cannot connect", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("needs_reboot/10-no", host.Log.Started);
        await etcd.Start();
        Assert.Equal("""{"total_slots":1,"holders":["host-1"]}""", await etcd.Get(Key));
        Agent.Run(host, "run").Expect(0);
        Assert.Equal("""{"total_slots":1,"holders":[]}""", await etcd.Get(Key));
    }
}
