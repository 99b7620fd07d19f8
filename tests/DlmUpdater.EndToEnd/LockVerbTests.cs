using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>lock show|acquire|release|enable|disable</c> over the file service.</summary>
public sealed class LockVerbTests
{
    [Fact]
    public void Acquire_takes_the_lock_show_tells_of_it_and_release_gives_it_back()
    {
        using var host = new Sandbox();
        Assert.Contains("held by this host (host-1)", Lock(host, "acquire").Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(["host-1"], host.Holders);
        Lock(host, "acquire").Expect(0);
        Assert.Equal(["host-1"], host.Holders);

        JsonElement shown = Shown(host);
        Assert.Equal("e2e", shown.GetProperty("name").GetString());
        Assert.Equal(1, shown.GetProperty("slots").GetInt32());
        Assert.True(shown.GetProperty("enabled").GetBoolean());
        JsonElement holder = Assert.Single(shown.GetProperty("holders").EnumerateArray());
        Assert.Equal("host-1", holder.GetProperty("id").GetString());
        Assert.True(holder.GetProperty("is_us").GetBoolean());
        Assert.InRange(holder.GetProperty("since").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.True(holder.TryGetProperty("name", out _));
        Assert.Contains("host-1), this host, since", Lock(host, "show").Expect(0).Output, StringComparison.Ordinal);

        Assert.Contains("is released", Lock(host, "release").Expect(0).Output, StringComparison.Ordinal);
        Assert.Empty(host.Holders);
        Assert.Contains("nothing to release", Lock(host, "release").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_hosts_lock_is_busy_and_is_never_released()
    {
        using var other = new Sandbox("host-2");
        using var host = new Sandbox("host-1", fleet: other);
        Lock(other, "acquire").Expect(0);

        Ended busy = Lock(host, "acquire").Expect(75);
        Assert.Contains("host-2", busy.Error, StringComparison.Ordinal);
        Ended left = Lock(host, "release").Expect(0);
        Assert.Contains("host-2", left.Output, StringComparison.Ordinal);
        Assert.Contains("left alone", left.Output, StringComparison.Ordinal);

        Assert.Equal(["host-2"], host.Holders);
        Assert.False(Assert.Single(Shown(host).GetProperty("holders").EnumerateArray()).GetProperty("is_us").GetBoolean());
    }

    [Fact]
    public void A_disabled_lock_keeps_new_holders_out_and_lets_the_present_one_go()
    {
        using var host = new Sandbox();
        Lock(host, "acquire").Expect(0);
        Assert.Contains("is disabled now", Lock(host, "disable").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("nothing changed", Lock(host, "disable").Expect(0).Output, StringComparison.Ordinal);
        Assert.False(Shown(host).GetProperty("enabled").GetBoolean());
        Lock(host, "release").Expect(0);
        Assert.Contains("lock enable", Lock(host, "acquire").Expect(75).Error, StringComparison.Ordinal);
        Assert.Empty(host.Holders);

        Assert.Contains("is enabled now", Lock(host, "enable").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("nothing changed", Lock(host, "enable").Expect(0).Output, StringComparison.Ordinal);
        Lock(host, "acquire").Expect(0);
    }

    [Fact]
    public void A_lock_that_nobody_used_yet_can_be_disabled()
    {
        using var host = new Sandbox();
        Lock(host, "disable").Expect(0);
        Lock(host, "acquire").Expect(75);
    }

    [Theory]
    [InlineData("acquire")]
    [InlineData("release")]
    public void A_stopped_run_owns_its_lock(string verb)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "finish 3");
        Agent.Run(host, "run").Expect(1);
        string before = File.ReadAllText(host.LockFile);

        Ended refused = Lock(host, verb).Expect(1);

        Assert.Contains("phase update", refused.Error, StringComparison.Ordinal);
        Assert.Contains("'dlm-updater run'", refused.Error, StringComparison.Ordinal);
        Assert.Contains("reset --release", refused.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(host.LockFile));
    }

    [Fact]
    public void A_state_that_cannot_be_read_keeps_the_lock_too()
    {
        using var host = new Sandbox();
        Lock(host, "acquire").Expect(0);
        Sandbox.MakeDirectory(host.StateDirectory);
        File.WriteAllText(host.StateFile, "{");

        Lock(host, "release").Expect(65);
        Assert.Equal(["host-1"], host.Holders);
    }

    [Fact]
    public void While_an_instance_runs_the_lock_is_its_business()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = host.Gate();
        host.Script("needs_update", "10-never", gate.Wait);
        using Agent first = Agent.Start(host, new StartAs(), "run");
        host.Log.WaitForStart("needs_update/10-never");

        Assert.Contains($"pid {first.Pid}", Lock(host, "acquire").Expect(75).Error, StringComparison.Ordinal);
        Assert.Contains($"pid {first.Pid}", Lock(host, "release").Expect(75).Error, StringComparison.Ordinal);
        Lock(host, "show").Expect(0);
        gate.Open();
        first.Wait().Expect(0);
    }

    [Fact]
    public void A_lock_file_that_cannot_be_understood_is_a_refusal_and_is_left_alone()
    {
        using var host = new Sandbox();
        Sandbox.MakeDirectory(host.LockDirectory);
        File.WriteAllText(host.LockFile, "{ \"version\": 1 ");

        foreach (string verb in (string[])["show", "acquire", "release", "enable", "disable"])
            Assert.Contains(host.LockFile, Lock(host, verb).Expect(77).Error, StringComparison.Ordinal);
        Assert.Equal("{ \"version\": 1 ", File.ReadAllText(host.LockFile));
    }

    [Theory]
    [InlineData("acquire")]
    [InlineData("disable")]
    public void A_directory_above_that_is_missing_is_said_and_not_made(string verb)
    {
        using var host = new Sandbox();
        host.Set("file", "directory", host.Root + "/volume/locks");

        Assert.Contains("mount", Lock(host, verb).Expect(77).Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(host.Root + "/volume"));
    }

    [Fact]
    public void Without_a_service_there_is_no_lock()
    {
        using var host = new Sandbox();
        host.Set("lock", "service", null).Set("lock", "name", null).Set("reboot", "strategy", "reboot");

        foreach (string verb in (string[])["show", "acquire", "release", "enable", "disable"])
            Assert.Contains("[lock] service", Lock(host, verb).Expect(78).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Lock_alone_is_wrong_usage() => Assert.Equal("", Agent.Call("lock").Expect(2).Output);

    private static Ended Lock(Sandbox host, string verb, params string[] arguments) => Agent.Call(["lock", verb, "--config", host.Config, .. arguments]);

    private static JsonElement Shown(Sandbox host)
    {
        using JsonDocument document = JsonDocument.Parse(Lock(host, "show", "--output", "json").Expect(0).Output);
        return document.RootElement.Clone();
    }
}
