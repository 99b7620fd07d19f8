using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>lock list|unlock|set-max|events|watch</c> over the file service.</summary>
public sealed class LockAdminVerbTests
{
    [Fact]
    public void List_shows_every_lock_and_marks_the_configured_one()
    {
        using var host = new Sandbox();
        Lock(host, "acquire").Expect(0);
        host.Set("lock", "name", "other");
        Lock(host, "disable").Expect(0);

        string[] lines = Lock(host, "list").Expect(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(3, lines.Length);
        Assert.Matches(@"^  e2e +enabled +1 of 1 +.*host-1\), this host, since ", lines[1]);
        Assert.Matches(@"^\* other +disabled +0 of 1 +-$", lines[2]);
        using JsonDocument json = JsonDocument.Parse(Lock(host, "list", "--output", "json").Expect(0).Output);
        Assert.Equal(["e2e", "other"], json.RootElement.GetProperty("locks").EnumerateArray().Select(l => l.GetProperty("name").GetString()));
    }

    [Fact]
    public void Unlock_frees_the_slot_of_a_dead_host_and_keeps_who_and_why()
    {
        using var dead = new Sandbox("host-2");
        using var host = new Sandbox("host-1", fleet: dead);
        Lock(dead, "acquire").Expect(0);

        Ended ended = Lock(host, "unlock", "host-2", "--yes", "--reason", "its disk is gone").Expect(0);

        Assert.Empty(host.Holders);
        Assert.Contains("is free", ended.Output, StringComparison.Ordinal);
        Assert.Contains("its disk is gone", ended.Error, StringComparison.Ordinal);
        string history = Agent.Run(host, "history").Expect(0).Output;
        Assert.Contains("the slot of host-2 at the lock 'e2e' was freed by hand: its disk is gone (uid 0)", history, StringComparison.Ordinal);
        Assert.Contains("nothing to free", Lock(host, "unlock", "host-2", "--yes").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Unlock_touches_nobody_but_the_named_holder()
    {
        using var host = new Sandbox();
        Lock(host, "acquire").Expect(0);

        Assert.Contains("host-1", Lock(host, "unlock", "host-9", "--yes").Expect(2).Error, StringComparison.Ordinal);

        Assert.Equal(["host-1"], host.Holders);
    }

    [Fact]
    public void Unlock_asks_and_without_a_terminal_it_does_nothing()
    {
        using var host = new Sandbox();
        Lock(host, "acquire").Expect(0);

        Assert.Contains("--yes", Lock(host, "unlock", "host-1").Expect(2).Error, StringComparison.Ordinal);
        Assert.Equal(["host-1"], host.Holders);

        string command = $"{Binary.Path} lock unlock host-1 --config {host.Config}";
        Ended no = Agent.Call(new StartAs { Executable = "/usr/bin/script", Input = "no\n" }, "-qec", command, "/dev/null");
        Assert.Equal(2, no.Code);
        Assert.Equal(["host-1"], host.Holders);
        Ended yes = Agent.Call(new StartAs { Executable = "/usr/bin/script", Input = "yes\n" }, "-qec", command, "/dev/null");
        Assert.Equal(0, yes.Code);
        Assert.Contains("the next one begins beside it", yes.Output, StringComparison.Ordinal);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void Unlock_leaves_the_lock_of_an_open_run_of_this_host_alone()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "finish 3");
        Agent.Run(host, "run").Expect(1);

        Assert.Contains("phase update", Lock(host, "unlock", "host-1", "--yes").Expect(1).Error, StringComparison.Ordinal);

        Assert.Equal(["host-1"], host.Holders);
    }

    [Fact]
    public void What_the_service_cannot_do_it_says()
    {
        using var host = new Sandbox();
        Assert.Contains("'file' has no number of slots", Lock(host, "set-max", "3").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("'file' keeps no record", Lock(host, "events").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("from 1", Lock(host, "set-max", "0").Expect(2).Error, StringComparison.Ordinal);
        Assert.Contains("from 1", Lock(host, "set-max", "many").Expect(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Watch_tells_every_change_at_once_until_it_is_interrupted()
    {
        using var host = new Sandbox();
        using Agent watch = Agent.Start(new StartAs(), "lock", "watch", "--config", host.Config, "--output", "json");
        Processes.Until(() => Lines(watch).Length == 1, "the first line");
        Lock(host, "acquire").Expect(0);
        Processes.Until(() => Lines(watch).Length == 2, "the grant");
        Lock(host, "release").Expect(0);
        Processes.Until(() => Lines(watch).Length == 3, "the release");

        watch.Signal("INT");

        Assert.Equal("", watch.Wait().Expect(0).Error);
        Assert.Equal([0, 1, 0], Lines(watch).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("holders").GetArrayLength()));
    }

    private static string[] Lines(Agent agent) => agent.OutputSoFar.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static Ended Lock(Sandbox host, string verb, params string[] arguments) => Agent.Call(["lock", verb, "--config", host.Config, .. arguments]);
}
