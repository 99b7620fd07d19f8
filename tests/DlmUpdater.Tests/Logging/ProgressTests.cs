using System.Net.Sockets;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Logging;
using DlmUpdater.Tests.Host;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Logging;

public sealed class ProgressTests : IDisposable
{
    private static readonly Script Apt = new(ScriptStage.Update, "20-apt", "/etc/x/20-apt", ScriptHeader.None, null, null);
    private static readonly RunEvent.ScriptStarting Starting = new(Phase.Update, Apt, 2, 5);
    private static readonly RunEvent.ScriptEnded Over = new(Phase.Update, Apt, new ScriptResult.Exited(0, TimeSpan.FromSeconds(1)));
    private static readonly RunEvent.LockWaiting Waiting =
        new(new LockIdentity("foreman", "web", "host1"), "held by db1, token hunter2", [], TimeSpan.FromMinutes(1));

    private readonly Scratch scratch = new();
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 11, 22, 20, 30, 50, TimeSpan.Zero));

    private string Live => scratch.File("progress");

    public void Dispose() => scratch.Dispose();

    private RunEvent.PhaseEntered Entered(Phase phase) => new("r1", phase, clock.GetUtcNow());

    private static RunEvent.Ended Ended() => new(new RunReport(Ending.Done, "all done", "r1", 1, Phase.LockRelease, false));

    [Fact]
    public void A_terminal_shows_one_line_that_ticks()
    {
        using var terminal = new PseudoTerminal(80);
        using var line = new TerminalLine(terminal.Fd, new LineOutput(new OutputDescriptor(terminal.Fd), WaitBudget.OfThisProcess));
        using var progress = new Progress(line, null, null, new Redactor(["hunter2"]), clock);
        string Row() => new Screen(80).Feed(terminal.Written()).Rows[^1];

        progress.On(Entered(Phase.Update));
        progress.On(Starting);
        progress.Tick(Phase.Update, "20-apt", TimeSpan.FromSeconds(92.7));
        Assert.Equal("update  20-apt  [2/5]  1m 32s", Row());
        progress.Tick(Phase.Update, "10-old", TimeSpan.FromSeconds(99));
        Assert.Equal("", Row());
        progress.On(Over);
        Assert.Equal("update  0s", Row());
        progress.On(Entered(Phase.LockGet));
        progress.On(Waiting);
        progress.Tick(Phase.LockGet, null, TimeSpan.FromMinutes(12));
        Assert.Equal("lock_get  waiting for lock web at foreman: held by db1, token ***  12m 00s", Row());
        progress.On(Ended());
        Assert.Equal("", Row());
    }

    [Fact]
    public void The_service_manager_hears_every_event_and_few_ticks()
    {
        using Socket socket = SystemdNotifyTests.Listen(scratch.File("notify"));
        using var progress = new Progress(null, SystemdNotify.To(scratch.File("notify")), null, new Redactor(["hunter2"]), clock);
        progress.On(new RunEvent.Started("r1", 1, false, Phase.NeedsUpdate));
        progress.On(Entered(Phase.Update));
        progress.On(Starting);
        for (int second = 1; second <= 25; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            progress.Tick(Phase.Update, "20-apt", TimeSpan.FromSeconds(second));
        }

        progress.On(Over);
        progress.On(Waiting);
        progress.On(new RunEvent.Note("not for here"));
        progress.On(Ended());
        string[] heard =
        [
            "READY=1\nSTATUS=needs_update", "STATUS=update", "STATUS=update: 20-apt, 2 of 5", "STATUS=update: 20-apt, 2 of 5, running 10s",
            "STATUS=update: 20-apt, 2 of 5, running 20s", "STATUS=update", "STATUS=update: waiting for lock web at foreman: held by db1, token ***",
            "STOPPING=1\nSTATUS=all done",
        ];
        Assert.Equal(heard, heard.Select(_ => SystemdNotifyTests.Receive(socket)));
        Assert.Equal(0, socket.Available);
    }

    [Fact]
    public void Another_process_sees_the_run_and_then_its_end()
    {
        using var progress = new Progress(null, null, new ProgressFile(Live), new Redactor(["hunter2"]), clock);
        Assert.Null(ProgressFile.Read(Live));
        progress.On(Entered(Phase.LockGet));
        progress.On(Waiting);
        Assert.Equal("lock web at foreman: held by db1, token ***", ProgressFile.Read(Live)!.WaitingFor);
        progress.On(Entered(Phase.Update));
        clock.Advance(TimeSpan.FromSeconds(5));
        progress.On(Starting);

        ProgressSnapshot seen = ProgressFile.Read(Live)!;
        Assert.Equal((Environment.ProcessId, "r1", "update", "20-apt", 2, 5, (string?)null),
            (seen.Pid, seen.RunId, seen.Phase, seen.Script, seen.Index, seen.Count, seen.WaitingFor));
        Assert.Equal((clock.GetUtcNow() - TimeSpan.FromSeconds(5), clock.GetUtcNow(), clock.GetUtcNow()), (seen.PhaseSince, seen.ScriptStarted, seen.Updated));
        using (JsonDocument json = JsonDocument.Parse(File.ReadAllText(Live)))
        {
            Assert.Equal(
                ["pid", "pid_started", "run_id", "phase", "phase_since", "script", "script_started", "index", "count", "waiting_for", "updated", "check"],
                json.RootElement.EnumerateObject().Select(p => p.Name));
        }

        Assert.Equal("600", Scratch.Mode(Live));
        progress.On(Ended());
        Assert.Empty(Directory.GetFiles(scratch.Path));
        progress.On(Starting);
        Assert.Empty(Directory.GetFiles(scratch.Path));
    }

    [Fact]
    public void A_shorter_text_leaves_nothing_of_a_longer_one()
    {
        using var file = new ProgressFile(Live);
        file.Write(new ProgressSnapshot { WaitingFor = new string('x', 3000) });
        file.Write(new ProgressSnapshot { Phase = "update" });
        file.Write(new ProgressSnapshot { WaitingFor = "y\"\n\ud800" });
        Assert.Equal("y\"\n\ufffd", ProgressFile.Read(Live)!.WaitingFor);
        Assert.DoesNotContain("xx", File.ReadAllText(Live), StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_with_any_other_byte_in_it_is_not_believed()
    {
        using var file = new ProgressFile(Live);
        file.Write(new ProgressSnapshot { Phase = "update", Script = "10-apt" });
        byte[] whole = File.ReadAllBytes(Live);
        Assert.NotNull(ProgressJson.Read(whole));
        int end = whole.AsSpan().LastIndexOf((byte)'"');
        for (int i = 0; i < end; i++)
        {
            byte[] torn = [.. whole];
            torn[i] ^= 1;
            Assert.Null(ProgressJson.Read(torn));
        }
    }

    [Fact]
    public async Task A_reader_never_sees_a_mixture()
    {
        using var stop = new CancellationTokenSource();
        Task writer = Task.Run(() =>
        {
            using var file = new ProgressFile(Live);
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                string all = new((char)('a' + i % 26), 10 + i * 37 % 3000);
                file.Write(new ProgressSnapshot { RunId = all, Script = all, WaitingFor = all });
                Thread.SpinWait(i * 101 % 5000);
            }
        });
        int seen = 0;
        for (long start = Environment.TickCount64; seen < 500 && Environment.TickCount64 - start < 10_000;)
        {
            if (ProgressFile.Read(Live) is not { } snapshot) continue;
            seen++;
            Assert.Equal((snapshot.RunId, snapshot.RunId), (snapshot.Script, snapshot.WaitingFor));
        }

        await stop.CancelAsync();
        await writer;
        Assert.Equal(500, seen);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"pid":"one"}""")]
    [InlineData("""{"pid":-1}""")]
    [InlineData("""{"pid":99999999999}""")]
    [InlineData("""{"pid":1,"phase":7}""")]
    [InlineData("""{"pid":4194304999}""")]
    public void A_reader_takes_anything(string content)
    {
        File.WriteAllText(Live, content);
        Assert.Null(ProgressFile.Read(Live));
    }

    [Fact]
    public void A_reader_is_not_held_up_by_what_is_no_file()
    {
        Directory.CreateDirectory(Live);
        Assert.Null(ProgressFile.Read(Live));
        Assert.Null(ProgressFile.Read("/dev/zero"));
        File.WriteAllBytes(scratch.File("big"), new byte[1_000_000]);
        Assert.Null(ProgressFile.Read(scratch.File("big")));
        using var fifo = System.Diagnostics.Process.Start("mkfifo", scratch.File("fifo"));
        fifo.WaitForExit();
        Assert.Null(ProgressFile.Read(scratch.File("fifo")));
    }

    [Fact]
    public void A_run_that_was_killed_is_not_shown()
    {
        using var sleeper = System.Diagnostics.Process.Start("sleep", "60");
        long started = long.Parse(File.ReadAllText($"/proc/{sleeper.Id}/stat").Split(' ')[21], System.Globalization.CultureInfo.InvariantCulture);
        void Write(long start)
        {
            var text = new System.Buffers.ArrayBufferWriter<byte>();
            ProgressJson.Write(text, new ProgressSnapshot { Pid = sleeper.Id, PidStarted = start, Phase = "update" });
            File.WriteAllBytes(Live, text.WrittenSpan);
        }

        Write(started);
        Assert.Equal("update", ProgressFile.Read(Live)?.Phase);
        Write(started - 1);
        Assert.Null(ProgressFile.Read(Live));
        Write(started);
        sleeper.Kill();
        sleeper.WaitForExit();
        Assert.Null(ProgressFile.Read(Live));
    }

    [Fact]
    public void A_leftover_or_a_link_at_the_path_is_replaced_not_followed()
    {
        File.WriteAllText(scratch.File("precious"), "precious");
        File.CreateSymbolicLink(Live, scratch.File("precious"));
        using var file = new ProgressFile(Live);
        file.Write(new ProgressSnapshot { Phase = "update" });
        Assert.Equal("precious", File.ReadAllText(scratch.File("precious")));
        Assert.Equal("update", ProgressFile.Read(Live)!.Phase);
    }

    [Fact]
    public void Without_a_run_directory_a_run_is_no_worse()
    {
        using var progress = new Progress(null, null, new ProgressFile(scratch.File("missing/progress")), Redactor.None, clock);
        progress.On(Entered(Phase.Update));
        progress.On(Starting);
        progress.On(Ended());
    }

    [Fact]
    public void Every_listener_hears_every_event_in_order()
    {
        var heard = new List<string>();
        var events = new Events(new Listener("a", heard), new Listener("b", heard));
        events.On(Starting);
        events.On(Over);
        Assert.Equal(["a ScriptStarting", "b ScriptStarting", "a ScriptEnded", "b ScriptEnded"], heard);
    }

    private sealed class Listener(string name, List<string> heard) : IRunEvents
    {
        public void On(RunEvent happened) => heard.Add($"{name} {happened.GetType().Name}");
    }
}
