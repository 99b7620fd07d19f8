using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Output that nothing reads, or that cannot be written.</summary>
public sealed class OutputTests
{
    private const string Floods = "n=0\nwhile [ $n -lt 5000 ]; do echo \"a line of a script that prints much $n\"; n=$((n + 1)); done";

    /// <summary>Both streams of the program in a pipe that is open and that nothing reads.</summary>
    private sealed class UnreadPipe : IDisposable
    {
        private readonly FileStream open;

        internal UnreadPipe(Sandbox host)
        {
            Path = host.Root + "/unread";
            _ = Binary.Tool("mkfifo", Path);
            open = new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 1);
        }

        internal string Path { get; }

        internal StartAs Start => new() { Wrapper = ["/bin/sh", "-c", $"exec \"$@\" 2> {Path}", "sh"] };

        public void Dispose() => open.Dispose();
    }

    [Fact]
    public void A_run_whose_stderr_nothing_reads_ends_as_any_other()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", Floods);
        using var unread = new UnreadPipe(host);

        Agent.Run(host, unread.Start, "run").Expect(0);

        Assert.Empty(host.Holders);
        Assert.Equal(10, host.Log.Started.Length);
    }

    [Fact]
    public void A_signal_stops_a_run_whose_stderr_nothing_reads()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", $"trap 'finish 143' TERM\n{Floods}\n: > $ROOT/marks/works\nwhile :; do echo more; done");
        using var unread = new UnreadPipe(host);
        using Agent agent = Agent.Start(host, unread.Start, "run");
        Processes.Until(() => File.Exists(host.Root + "/marks/works"), "the flood");

        agent.Signal("TERM");
        agent.Wait().Expect(75);

        Assert.Equal([host.Holder], host.Holders);
        Assert.Equal("update", Agent.Status(host).GetProperty("phase").GetString());
    }

    [Fact]
    public void A_script_that_asks_in_a_loop_fills_no_disk()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("log", "script_limit", "64K").Set("main", "log", null);
        host.Script("update", "10-ask", "n=0\nwhile [ $n -lt 20000 ]; do echo 'Continue? [y/N]'; n=$((n + 1)); done");
        string log = host.Root + "/updater.log";
        host.Set("main", "log", log);

        Agent.Run(host, "run").Expect(0);

        Assert.InRange(new FileInfo(log).Length, 32 << 10, 128 << 10);
        string text = File.ReadAllText(log);
        Assert.Contains("update/10-ask: has printed 64 KiB today; the rest is not logged ([log] script_limit)", text, StringComparison.Ordinal);
        Assert.Matches("update/10-ask: [0-9]+ lines of its output .* not logged", text);
    }

    [Fact]
    public void A_log_that_is_a_pipe_without_room_holds_nothing_up()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", Floods);
        using var unread = new UnreadPipe(host);
        host.Set("main", "log", unread.Path);

        // The lines go to stderr instead; that the log could not be written is exit code 74.
        Assert.Contains("cannot be written", Agent.Run(host, "run").Expect(74).Error, StringComparison.Ordinal);

        Assert.Empty(host.Holders);
    }

    [Fact]
    public void A_full_disk_behind_stdout_is_74()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        var full = new StartAs { Wrapper = ["/bin/sh", "-c", "exec \"$@\" > /dev/full", "sh"] };

        foreach (string verb in (string[])["status", "history", "plan"])
            Assert.Contains("standard output cannot be written", Agent.Run(host, full, verb).Expect(74).Error, StringComparison.Ordinal);
    }

    /// <summary>With stderr closed the next file that is opened would become it, and get the messages.</summary>
    [Fact]
    public void With_stderr_closed_no_file_gets_the_messages()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "finish 3");
        var closed = new StartAs { Wrapper = ["/bin/sh", "-c", "exec \"$@\" 2>&-", "sh"] };
        Agent.Run(host, closed, "run").Expect(1);

        Agent.Call(closed, "lock", "acquire", "--config", host.Config).Expect(1);

        foreach (string file in host.Files().Select(f => host.Root + "/" + f).Where(File.Exists))
            Assert.DoesNotContain("dlm-updater:", File.ReadAllText(file), StringComparison.Ordinal);
    }
}
