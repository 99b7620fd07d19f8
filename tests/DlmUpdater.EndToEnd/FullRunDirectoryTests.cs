using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>A run directory without space, as when anything else fills /run: a real file system of its own.</summary>
public sealed class FullRunDirectoryTests
{
    private static Sandbox Host(bool reboot)
    {
        Sandbox host = new Sandbox().Cycle(reboot);
        host.Mount(host.RunDirectory, "-t", "tmpfs", "-o", "size=64k,mode=0755", "tmpfs");
        return host;
    }

    private static string Fill(Sandbox host) => $"cat /dev/zero > {host.RunDirectory}/filler 2> /dev/null";

    [Fact]
    public void A_run_directory_that_is_full_from_the_start_starts_nothing_and_is_74()
    {
        using Sandbox host = Host(reboot: false);
        _ = Binary.Command("sh", "-c", Fill(host));

        Ended ended = Agent.Run(host, "run").Expect(74);

        Assert.Contains($"cannot write {host.RunDirectory}/running: No space left on device", ended.Error, StringComparison.Ordinal);
        Assert.Empty(host.Log.Started);
        Assert.Empty(host.Holders);
        Assert.False(File.Exists(host.RunDirectory + "/running"));
    }

    [Theory]
    [InlineData("needs_update")]
    [InlineData("pre_update")]
    [InlineData("update")]
    [InlineData("needs_reboot")]
    [InlineData("post_update")]
    public void A_run_directory_that_fills_up_on_the_way_stops_no_script(string stage)
    {
        using Sandbox host = Host(reboot: false);
        host.Script(stage, "05-fill", Fill(host));

        Ended ended = Agent.Run(host, "run");

        // What shows the last start cannot be written, and that alone is 74: everything of the run is done.
        Assert.Contains(ended.Code, new[] { 0, 74 });
        Assert.Equal("post_update/20-health", host.Log.Started[^1]);
        Assert.Empty(host.Holders);
        Assert.False(File.Exists(host.StateFile));
    }

    [Fact]
    public void A_full_run_directory_does_not_keep_a_host_from_coming_back()
    {
        using Sandbox host = Host(reboot: true);
        Agent.Run(host, "run").Expect(0);
        Assert.Equal("reboot", Agent.Status(host).GetProperty("phase").GetString());
        _ = Binary.Command("sh", "-c", Fill(host));

        Ended ended = Agent.Run(host, new StartAs { Boot = host.NextBoot() }, "run");

        Assert.Contains("post_update runs without the running marker, to bring the host back", ended.Error, StringComparison.Ordinal);
        Assert.Contains(ended.Code, new[] { 0, 74 });
        Assert.Equal(["post_update/10-start", "post_update/20-health"], host.Log.Started[^2..]);
        Assert.Empty(host.Holders);
        Assert.False(File.Exists(host.StateFile));
    }

    [Fact]
    public void A_run_directory_without_inodes_does_not_keep_a_host_from_coming_back()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        host.Mount(host.RunDirectory, "-t", "tmpfs", "-o", "nr_inodes=20,mode=0755", "tmpfs");
        Agent.Run(host, "run").Expect(0);
        _ = Binary.Command("sh", "-c", $"i=0; while : > {host.RunDirectory}/filler$i; do i=$((i+1)); done 2> /dev/null");

        Ended ended = Agent.Run(host, new StartAs { Boot = host.NextBoot() }, "run");

        Assert.Contains(ended.Code, new[] { 0, 74 });
        Assert.Equal(["post_update/10-start", "post_update/20-health"], host.Log.Started[^2..]);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void A_script_that_cannot_be_started_for_want_of_space_keeps_the_lock_and_runs_when_there_is_room()
    {
        using Sandbox host = Host(reboot: false);
        host.Script("update", "10-fetch", "[ -e $ROOT/marks/once ] && finish 0\n: > $ROOT/marks/once\nfinish 3");
        Agent.Run(host, "run").Expect(1);
        _ = Binary.Command("sh", "-c", Fill(host));

        Assert.Contains("update/10-fetch was not started", Agent.Run(host, "run").Expect(74).Error, StringComparison.Ordinal);
        Assert.Equal([host.Holder], host.Holders);

        File.Delete(host.RunDirectory + "/filler");
        Agent.Run(host, "run").Expect(0);
        Assert.Equal(2, host.Log.Started.Count(s => s == "update/10-fetch"));
    }
}
