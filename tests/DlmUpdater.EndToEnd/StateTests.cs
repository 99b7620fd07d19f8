using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>States that cannot be understood or written: nothing is begun, nothing is lost, the lock does not leak.</summary>
public sealed class StateTests
{
    [Theory]
    [InlineData("")]
    [InlineData("\0\0\0\0")]
    [InlineData("{\"version\":1,\"run_id\":\"x\"")]
    [InlineData("{\"version\":99,\"run_id\":\"x\",\"phase\":\"update\"}")]
    [InlineData("rebooot\n")]
    [InlineData("[]")]
    public void A_state_that_cannot_be_understood_stops_the_run_and_is_kept_byte_for_byte(string content)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Directory.CreateDirectory(host.StateDirectory);
        File.WriteAllText(host.StateFile, content);

        Ended ended = Agent.Run(host, "run").Expect(65);

        Assert.Contains("dlm-updater reset", ended.Error, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(host.StateFile));
        Assert.Empty(host.Log.Started);
        Assert.False(File.Exists(host.LockFile));
        Assert.Equal("unknown", Agent.Status(host).GetProperty("phase").GetString());
        Agent.Run(host, "run", "--after-reboot").Expect(65);
    }

    [Fact]
    public void One_changed_byte_of_a_state_is_seen()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        Agent.Run(host, "run").Expect(0);
        byte[] bytes = File.ReadAllBytes(host.StateFile);
        bytes[bytes.AsSpan().IndexOf("\"attempt\":1"u8) + 10] = (byte)'2';
        File.WriteAllBytes(host.StateFile, bytes);

        Agent.Run(host, "run").Expect(65);
        Assert.Equal(bytes, File.ReadAllBytes(host.StateFile));
    }

    [Theory]
    [InlineData("post_update", true, "post_update/10-start")]
    [InlineData("post_update", false, "needs_reboot/10-no")]
    [InlineData("update", false, "update/10-fetch")]
    [InlineData("reboot", true, "post_update/10-start")]
    public void A_word_that_an_older_tool_left_is_gone_on_with(string word, bool rebooted, string first)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Directory.CreateDirectory(host.StateDirectory);
        File.WriteAllText(host.StateFile, word + "\n");
        if (rebooted) File.SetLastWriteTimeUtc(host.StateFile, DateTime.UtcNow.AddDays(-400));

        Agent.Run(host, "run").Expect(0);

        Assert.Equal(first, host.Log.Started[0]);
        Assert.Equal("post_update/20-health", host.Log.Started[^1]);
        Assert.Empty(host.Holders);
        Assert.False(File.Exists(host.StateFile));
    }

    [Fact]
    public void A_full_disk_stops_the_run_before_the_lock()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Mount(host.StateDirectory, "-t", "tmpfs", "-o", "size=64k,mode=0755", "tmpfs");
        Fill(host.StateDirectory);

        Ended ended = Agent.Run(host, "run").Expect(74);

        Assert.Contains("No space left", ended.Error, StringComparison.Ordinal);
        Assert.All(host.Log.Started, s => Assert.StartsWith("needs_update/", s, StringComparison.Ordinal));
        Assert.Empty(host.Holders);
        Assert.All(Directory.GetFileSystemEntries(host.StateDirectory), path => Assert.Contains(Path.GetFileName(path), new[] { "filler", "history.jsonl" }));
    }

    [Fact]
    public void A_disk_that_fills_up_on_the_way_stops_the_run_with_the_lock_kept_and_goes_on_when_there_is_room()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Mount(host.StateDirectory, "-t", "tmpfs", "-o", "size=64k,mode=0755", "tmpfs");
        host.Script("update", "10-fetch", $"[ -e $ROOT/marks/full ] || cat /dev/zero > {host.StateDirectory}/filler 2> /dev/null\n: > $ROOT/marks/full");

        Agent.Run(host, "run").Expect(74);
        Assert.Equal("update/10-fetch", host.Log.Started[^1]);
        Assert.Equal([host.Holder], host.Holders);
        Assert.Equal("update", Agent.Status(host).GetProperty("phase").GetString());

        Agent.Run(host, "run").Expect(74);
        Assert.Equal("update/10-fetch", host.Log.Started[^1]);

        File.Delete(host.StateDirectory + "/filler");
        Agent.Run(host, "run").Expect(0);
        Assert.Equal(2, host.Log.Started.Count(s => s == "update/10-fetch"));
        Assert.Single(host.Log.Started, s => s == "pre_update/10-drain");
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void A_read_only_state_directory_stops_the_run_before_the_lock()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Directory.CreateDirectory(host.StateDirectory);

        Ended ended = Agent.Run(host, new StartAs { Prepare = ReadOnly(host.StateDirectory) }, "run").Expect(74);

        Assert.Contains(host.StateDirectory, ended.Error, StringComparison.Ordinal);
        Assert.Contains("state_dir", ended.Error, StringComparison.Ordinal);
        Assert.All(host.Log.Started, s => Assert.StartsWith("needs_update/", s, StringComparison.Ordinal));
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void A_read_only_run_directory_stops_the_run_before_anything()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Directory.CreateDirectory(host.RunDirectory);

        Ended ended = Agent.Run(host, new StartAs { Prepare = ReadOnly(host.RunDirectory) }, "run").Expect(74);

        Assert.Contains(host.RunDirectory, ended.Error, StringComparison.Ordinal);
        Assert.Empty(host.Log.Started);
    }

    [Fact]
    public void A_log_file_that_cannot_be_written_stops_the_run_before_anything()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("main", "log", "/proc/nothing/updater.log");

        Ended ended = Agent.Run(host, "run").Expect(74);

        Assert.Contains("/proc/nothing/updater.log", ended.Error, StringComparison.Ordinal);
        Assert.Empty(host.Log.Started);
    }

    [Fact]
    public void A_history_that_cannot_be_written_is_said_and_the_run_is_over_all_the_same()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Directory.CreateDirectory(host.HistoryFile);

        Ended ended = Agent.Run(host, "run").Expect(74);

        Assert.Contains(host.HistoryFile, ended.Error, StringComparison.Ordinal);
        Assert.Equal("post_update/20-health", host.Log.Started[^1]);
        Assert.Empty(host.Holders);
        Assert.False(File.Exists(host.StateFile));
    }

    [Fact]
    public void A_start_under_another_lock_than_the_open_run_is_refused()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        Agent.Run(host, "run").Expect(0);
        host.Set("lock", "name", "another");

        Ended ended = Agent.Run(host, new StartAs { Boot = host.NextBoot() }, "run").Expect(78);

        Assert.Contains("e2e", ended.Error, StringComparison.Ordinal);
        Assert.Contains("another", ended.Error, StringComparison.Ordinal);
        Assert.Equal([host.Holder], host.Holders);
    }

    private static string ReadOnly(string directory) =>
        $"mount --bind {directory} {directory} && mount -o remount,bind,ro {directory} || exit 99";

    private static void Fill(string directory)
    {
        using var file = new FileStream(directory + "/filler", FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] page = new byte[4096];
        try
        {
            for (int i = 0; i < 1000; i++) file.Write(page);
            Assert.Fail("the disk did not fill up");
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }
}
