using System.Globalization;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Signals from the first to the last moment of a start, and those that would end it for nothing.</summary>
public sealed class SignalTests
{
    private const string Works = ": > $ROOT/marks/works\nn=0\nwhile [ ! -e $ROOT/marks/go ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n + 1)); done";

    private static readonly StartAs Nohup = new() { Wrapper = ["/usr/bin/env", "--ignore-signal=HUP,INT"] };

    private static bool Catches(Agent agent, int signal) => (Processes.SignalMask(agent.Pid, "SigCgt") & (1UL << (signal - 1))) > 0;

    private static bool Holds(Agent agent, int signal) => (Processes.SignalMask(agent.Pid, "SigBlk") & (1UL << (signal - 1))) > 0;

    private static void Kill(int pid, int signal) => _ = Binary.Command("sh", "-c", string.Create(CultureInfo.InvariantCulture, $"kill -{signal} {pid}"));

    [Fact]
    public void A_signal_before_the_configuration_is_read_ends_with_75_and_a_line()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("needs_update", "10-never", "sleep 60");
        for (int i = 0; i < 5; i++)
        {
            using Agent agent = Agent.Start(host, new StartAs(), "run");
            // As early as its first instruction in every other turn; then it waits to be handled.
            bool early = i % 2 == 0;
            while (!(early && Holds(agent, 15)) && !Catches(agent, 15) && !agent.HasEnded) Thread.Yield();
            agent.Signal("TERM");

            Assert.Contains("interrupted", agent.Wait().Expect(75).Error, StringComparison.Ordinal);
            Assert.False(File.Exists(host.StateFile));
        }
    }

    /// <summary>What ended with an unhandled ObjectDisposedException and 134 about once in a hundred starts.</summary>
    [Fact]
    public void A_signal_in_the_last_moments_leaves_the_exit_code_as_it_is()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        File.WriteAllText(host.Root + "/marks/updated", "");
        var codes = new List<int>();
        for (int i = 0; i < 40; i++)
        {
            using Agent agent = Agent.Start(host, new StartAs(), "run");
            Processes.Until(() => host.Log.Lines.Count(l => l is { Full: "needs_update/20-due", What: "end" }) > i || agent.HasEnded, "the last check");
            for (int wait = 0; wait < i * 200; wait++) Thread.SpinWait(20);
            agent.Signal("TERM");
            Ended ended = agent.Wait();
            codes.Add(ended.Code);
            Assert.True(ended.Code is 0 or 75, $"exit code {ended.Code} in start {i}\n{ended.Error}");
            Assert.DoesNotContain("Unhandled", ended.Error, StringComparison.Ordinal);
        }

        Assert.Contains(0, codes);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("run", "--help")]
    [InlineData("upgrade", "history")]
    public void What_only_looks_ends_by_a_signal_also_while_nothing_reads_its_output(params string[] call)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string pipe = host.Root + "/unread";
        _ = Binary.Tool("mkfifo", pipe);
        using var open = new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 1);
        _ = Binary.Command("sh", "-c", $"head -c 65536 /dev/zero > {pipe}");
        var unread = new StartAs { Wrapper = ["/bin/sh", "-c", $"exec \"$@\" > {pipe} 2>&1", "sh"] };
        string[] configured = call[^1] == "--help" ? call : [.. call, "--config", host.Config];
        using Agent agent = Agent.Start(unread, configured);
        while (Holds(agent, 15) || !Processes.Runs(agent.Pid, Binary.Path)) Thread.Yield();
        Thread.Sleep(100);

        agent.Signal("TERM");

        Assert.Equal(128 + 15, agent.Wait().Code);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("HUP")]
    [InlineData("QUIT")]
    public void Each_signal_that_asks_to_stop_stops_the_script_and_keeps_the_run(string signal)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "trap 'finish 143' TERM INT HUP QUIT\n: > $ROOT/marks/works\nwhile :; do sleep 0.1; done");
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        Processes.Until(() => File.Exists(host.Root + "/marks/works"), "the script");

        agent.Signal(signal);

        Assert.Contains("interrupted", agent.Wait().Expect(75).Error, StringComparison.Ordinal);
        Assert.Equal([host.Holder], host.Holders);
        Assert.True(File.Exists(host.StateFile));
    }

    [Fact]
    public void Signals_that_say_nothing_about_a_run_do_not_end_it_and_scripts_have_their_default()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "while read -r key mask; do [ $key = SigIgn: ] && echo $mask > $ROOT/marks/ignored; done < /proc/self/status\n" + Works);
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        Processes.Until(() => File.Exists(host.Root + "/marks/works"), "the script");

        // USR1, USR2, PIPE, ALRM, STKFLT, XCPU, XFSZ, VTALRM, PROF, IO, PWR and real-time signals.
        foreach (int signal in (int[])[10, 12, 13, 14, 16, 24, 25, 26, 27, 29, 30, 40, 50, 64]) Kill(agent.Pid, signal);
        Thread.Sleep(50);
        Assert.False(agent.HasEnded);
        File.WriteAllText(host.Root + "/marks/go", "");

        agent.Wait().Expect(0);
        Assert.Equal(0UL, ulong.Parse(File.ReadAllText(host.Root + "/marks/ignored"), NumberStyles.AllowHexSpecifier | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture));
    }

    [Fact]
    public void What_the_caller_ignores_stays_ignored_and_SIGTERM_still_stops()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "trap 'finish 143' TERM\n: > $ROOT/marks/works\nwhile :; do sleep 0.1; done");
        using Agent agent = Agent.Start(host, Nohup, "run");
        Processes.Until(() => File.Exists(host.Root + "/marks/works"), "the script");

        agent.Signal("HUP");
        agent.Signal("INT");
        Thread.Sleep(100);
        Assert.False(agent.HasEnded);
        Assert.DoesNotContain("interrupted", agent.ErrorSoFar, StringComparison.Ordinal);

        agent.Signal("TERM");
        agent.Wait().Expect(75);
    }

    [Fact]
    public void A_command_under_the_shield_inherits_what_the_caller_ignores_and_nothing_else()
    {
        using var host = new Sandbox();
        string[] command = ["shield", "--config", host.Config, "--", "sed", "-n", "s/^SigIgn:\\s*//p", "/proc/self/status"];

        Assert.Equal(0UL, Ignored(new StartAs()));
        Assert.Equal(3UL, Ignored(Nohup));

        // Without the two that the C library keeps for itself, which it does not let anything change.
        ulong Ignored(StartAs how) => ulong.Parse(Agent.Call(how, command).Expect(0).Output, NumberStyles.AllowHexSpecifier | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture)
            & ~0x180000000UL;
    }

    /// <summary>SIGXFSZ is ignored, so that the write itself fails.</summary>
    [Fact]
    public void A_limit_on_the_size_of_files_is_74_not_a_signal()
    {
        using var host = new Sandbox();

        Ended ended = Agent.Run(host, new StartAs { Wrapper = ["/bin/sh", "-c", "ulimit -f 0; exec \"$@\"", "sh"] }, "run").Expect(74);

        Assert.Contains("File too large", ended.Error, StringComparison.Ordinal);
    }

    /// <summary>It may hold the lock then, which must not be left without a word.</summary>
    [Fact]
    public async Task A_signal_ends_a_call_of_a_lock_service_by_hand_with_75_and_what_is_known()
    {
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        using Sandbox host = new Sandbox().Set("file", "directory", null).Set("lock", "service", "fleetlock")
            .Set("fleetlock", "url", string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((System.Net.IPEndPoint)silent.LocalEndpoint).Port}"));
        using Agent agent = Agent.Start(new StartAs(), "lock", "acquire", "--config", host.Config);
        using System.Net.Sockets.Socket asked = await silent.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(60));

        agent.Signal("TERM");

        Assert.Contains("interrupted", agent.Wait().Expect(75).Error, StringComparison.Ordinal);
    }
}
