using System.Diagnostics;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

public sealed class OutlivedScriptsTests : IDisposable
{
    private readonly TrustedDirectory _directory = new();
    private readonly List<string> _log = [];
    private readonly List<string> _output = [];
    private readonly List<string?> _waiting = [];
    private readonly List<int> _started = [];
    private readonly string _runId = "run-" + Guid.NewGuid().ToString("N");
    private readonly long _since = ProcessTable.UptimeTicks();

    public void Dispose()
    {
        foreach (int pid in _started)
        {
            new ProcessSession(pid).Kill(new ProcessSession(pid).Members());
            new ChildExit(pid, true).Reap();
        }

        _directory.Dispose();
    }

    private RunNoteFile File => new(_directory.Root + "/run");

    private bool Await(string? runId, ScriptSettings? settings = null, OutlivedLimits? limits = null, CancellationToken cancel = default)
    {
        // A wait that would never end fails the test instead.
        using var tooLong = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        tooLong.CancelAfter(TimeSpan.FromSeconds(20));
        return new OutlivedScripts(
            File, _directory.Root + "/run", TrustedDirectory.Boot, settings ?? _directory.Settings, TimeProvider.System,
            limits ?? new()
            {
                Look = TimeSpan.FromMilliseconds(10),
                KillGrace = TimeSpan.FromMilliseconds(200),
                Orphans = TimeSpan.FromMilliseconds(300)
            },
            new ScriptListener
            {
                Log = (_, message) =>
                {
                    // The script ends only once it is waited for: no clock decides this test.
                    _log.Add(message);
                    System.IO.File.WriteAllText(Flag, "");
                },
                Output = (phase, script, line) => _output.Add($"{phase.Name()} {script.Stage.Name()}/{script.Name}: {line}"),
                Waiting = _waiting.Add,
            }).Await(runId, tooLong.Token);
    }

    /// <summary>Starts a script as an agent does that is then killed: nobody reads, waits or clears the note.</summary>
    private int Start(string body, string script = "10-a")
    {
        string path = _directory.Shell("pre_update.d/" + script, body);
        var request = new ProcessRequest
        {
            Path = path,
            Arguments = [path],
            Environment = ScriptEnvironment.Build(TrustedDirectory.Context with { RunId = _runId }, script, "/", UserAccount.Own()),
        };
        var pipe = new OutputPipe(OutputPipe.PathIn(_directory.Root + "/run"));
        Assert.Null(pipe.Open(null));
        int pid = ProcessStart.Start(request, pipe.Write, out string why);
        pipe.Abandon();
        Assert.True(pid > 0, why);
        _started.Add(pid);
        return pid;
    }

    private RunNote Note(int pid = 0, TimeSpan? limit = null, string script = "10-a") =>
        new(_runId, "pre_update", script, TrustedDirectory.Boot, _since, limit, pid, pid == 0 ? 0 : ProcessTable.Read(pid)!.Value.StartTicks);

    private string Flag => _directory.Root + "/flag";

    private string UntilFlag => $"while [ ! -e {Flag} ]; do sleep 0.01; done";

    private void WaitsForTheScript(string? runId)
    {
        Assert.True(Await(runId));

        Assert.False(ProcessTable.Read(_started[0]) is { Runs: true });
        Assert.Contains(_log, l => l.Contains("script 10-a (pid ", StringComparison.Ordinal) && l.Contains("waiting for it", StringComparison.Ordinal));
        Assert.IsType<StoredNote.None>(File.Open());
    }

    [Fact]
    public void A_note_comes_back_as_it_was_written()
    {
        RunNote note = new("r", "update", "daemon/ö\n", new("b", 77), 123, TimeSpan.FromMilliseconds(1500), 42, 4711);
        Assert.Null(File.Write(note));
        Assert.Equal(note, Assert.IsType<StoredNote.Found>(File.Open()).Note);

        RunNote before = note with { Limit = null, Pid = 0, StartTicks = 0 };
        Assert.Null(File.Write(before));
        Assert.Equal(before, Assert.IsType<StoredNote.Found>(File.Open()).Note);
        Assert.Equal(["running"], Directory.GetFiles(_directory.Root + "/run").Select(Path.GetFileName));
    }

    [Fact]
    public void A_note_that_is_cut_at_any_byte_is_unreadable_and_never_wrong()
    {
        File.Write(Note());
        byte[] bytes = System.IO.File.ReadAllBytes(_directory.Root + "/run/running").AsSpan().TrimEnd((byte)' ').ToArray();
        for (int length = 1; length < bytes.Length; length++)
        {
            System.IO.File.WriteAllBytes(_directory.Root + "/run/running", bytes[..length]);
            Assert.IsType<StoredNote.Unreadable>(File.Open());
        }
    }

    [Fact]
    public void Without_note_and_run_there_is_nothing_to_wait_for()
    {
        Assert.True(Await(null));
        Assert.Empty(_log);
    }

    [Fact]
    public void A_noted_script_is_waited_for()
    {
        File.Write(Note(Start(UntilFlag)));

        WaitsForTheScript(_runId);
    }

    [Fact]
    public void A_noted_check_is_waited_for_although_no_run_is_open()
    {
        File.Write(Note(Start(UntilFlag)));

        WaitsForTheScript(null);
    }

    [Fact]
    public void A_kill_between_start_and_note_is_found_by_the_run_id()
    {
        File.Write(Note());
        Start(UntilFlag);

        WaitsForTheScript(_runId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"run_id\":\"x")]
    [InlineData("[]")]
    public void An_unreadable_note_means_look_for_it(string content)
    {
        System.IO.File.WriteAllText(_directory.Root + "/run/running", content);
        Start(UntilFlag);

        WaitsForTheScript(_runId);
    }

    [Fact]
    public void A_lost_note_means_look_for_the_script_itself()
    {
        Start(UntilFlag);

        WaitsForTheScript(_runId);
    }

    [Fact]
    public void A_note_of_another_boot_is_forgotten()
    {
        File.Write(Note(Start("sleep 60")) with { Boot = new("another-boot", 1) });

        Assert.True(Await(_runId));
        Assert.IsType<StoredNote.None>(File.Open());
    }

    [Fact]
    public void A_later_process_with_the_same_pid_is_not_the_script()
    {
        int pid = Start("sleep 60");
        File.Write(Note(pid) with { StartTicks = 1, RunId = "another" });

        Assert.True(Await("another"));
        Assert.True(ProcessTable.Read(pid) is { Runs: true });
    }

    [Fact]
    public void After_its_timeout_it_is_ended_with_its_group()
    {
        int pid = Start("trap '' TERM; (trap '' TERM; while :; do sleep 0.01; done) & while :; do sleep 0.01; done");
        File.Write(Note(pid, TimeSpan.FromMilliseconds(200)));
        var watch = Stopwatch.StartNew();

        Assert.True(Await(_runId));

        Assert.InRange(watch.ElapsedMilliseconds, 200, 5000);
        Assert.Empty(ProcessTable.Find(p => p.Group == pid));
        Assert.Contains(_log, l => l.Contains("has reached its timeout", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_note_the_configured_timeout_of_its_phase_counts()
    {
        int pid = Start("sleep 60");
        ScriptSettings settings = _directory.Settings;
        settings = settings with { Timeouts = settings.Timeouts.SetItem(ScriptStage.PreUpdate, TimeSpan.FromMilliseconds(100)) };

        Assert.True(Await(_runId, settings));
        Assert.False(ProcessTable.Read(pid) is { Runs: true });
    }

    [Fact]
    public void Cancelling_stops_the_waiting_and_not_the_script()
    {
        int pid = Start("sleep 60");
        File.Write(Note(pid));
        using var cancel = new CancellationTokenSource(100);

        Assert.False(Await(_runId, cancel: cancel.Token));

        Assert.True(ProcessTable.Read(pid) is { Runs: true });
        Assert.IsType<StoredNote.Found>(File.Open());
    }

    [Fact]
    public void A_zombie_is_not_waited_for()
    {
        int pid = Start("exit 0");
        var watch = Stopwatch.StartNew();
        while (ProcessTable.Read(pid) is { Runs: true } && watch.ElapsedMilliseconds < 5000)
            Thread.Sleep(5);
        File.Write(Note(pid));

        Assert.True(Await(_runId));
        Assert.Empty(_log);
    }

    [Fact]
    public void A_daemon_of_an_earlier_script_is_not_the_script()
    {
        // In a group of its own, as under "set -m" or timeout(1), of the same script, and older than the note.
        int daemon = Start("exec sleep 60");
        Thread.Sleep(30);
        File.Write(Note() with { SinceTicks = ProcessTable.UptimeTicks() });

        Assert.True(Await(_runId));
        Assert.Empty(_log);
        Assert.True(ProcessTable.Read(daemon) is { Runs: true });
    }

    [Fact]
    public void Without_a_note_a_job_in_a_group_of_its_own_is_not_the_script()
    {
        int daemon = Start("exec sleep 60");
        var watch = Stopwatch.StartNew();
        while (ProcessTable.Arguments(daemon) is not ["sleep", ..] && watch.ElapsedMilliseconds < 5000)
            Thread.Sleep(5);

        Assert.True(Await(_runId));
        Assert.True(ProcessTable.Read(daemon) is { Runs: true });
    }

    [Fact]
    public void What_a_dead_script_left_in_its_group_is_waited_for_but_not_for_ever_and_not_ended()
    {
        int pid = Start("sleep 60 & exit 0");
        var watch = Stopwatch.StartNew();
        while (ProcessTable.Read(pid) is { Runs: true } && watch.ElapsedMilliseconds < 5000)
            Thread.Sleep(5);
        File.Write(Note(pid));
        watch.Restart();

        Assert.True(Await(_runId));

        Assert.InRange(watch.ElapsedMilliseconds, 300, 5000);
        Assert.Single(ProcessTable.Find(p => p.Group == pid));
        Assert.Contains(_log, l => l.Contains("taken for a daemon of 10-a and not waited for: pid ", StringComparison.Ordinal)
            && l.Contains("(sleep 60)", StringComparison.Ordinal));
    }

    /// <summary>Starts a script whose process ends while what it has started, in a group of its own, works on; returns once the process has
    /// ended.</summary>
    private int StartAndLoseLeader(string work)
    {
        int pid = Start($"perl -e 'setpgrp(0, 0); exec @ARGV' sh -c '{work}' & exit 0");
        var watch = Stopwatch.StartNew();
        while (ProcessTable.Read(pid) is { Runs: true } && watch.ElapsedMilliseconds < 5000)
            Thread.Sleep(5);
        return pid;
    }

    [Fact]
    public void What_an_interrupted_script_left_in_its_session_is_waited_for_until_it_ends()
    {
        int pid = StartAndLoseLeader($"{UntilFlag}; echo finished");
        File.Write(Note(pid) with { IsAsked = true });

        Assert.True(Await(_runId,
            limits: new() { Look = TimeSpan.FromMilliseconds(10), Orphans = TimeSpan.Zero, Remind = TimeSpan.FromMilliseconds(20) }));

        Assert.Empty(new ProcessSession(pid).Members());
        Assert.Contains(_log, l =>
            l.Contains("was asked to stop and has ended, but processes of it still run: waiting for them: pid ", StringComparison.Ordinal));
        Assert.Contains(_waiting, w => w is not null && w.StartsWith("processes of script 10-a: pid ", StringComparison.Ordinal));
        Assert.Null(_waiting[^1]);
        Assert.Equal(["pre_update pre_update/10-a: finished"], _output);
        Assert.Equal(["running"], Directory.GetFileSystemEntries(_directory.Root + "/run").Select(Path.GetFileName));
    }

    [Fact]
    public void What_an_interrupted_script_left_is_ended_by_an_admin_and_the_start_continues()
    {
        int pid = StartAndLoseLeader("exec sleep 60");
        File.Write(Note(pid) with { IsAsked = true });
        var admin = new Thread(() =>
        {
            Thread.Sleep(100);
            new ProcessSession(pid).Kill(new ProcessSession(pid).Members());
        });
        admin.Start();

        Assert.True(Await(_runId,
            limits: new() { Look = TimeSpan.FromMilliseconds(10), Orphans = TimeSpan.Zero, Remind = TimeSpan.FromMilliseconds(20) }));
        admin.Join();

        Assert.IsType<StoredNote.None>(File.Open());
    }

    [Fact]
    public void What_a_script_leaves_that_ends_by_itself_while_it_is_waited_for_is_a_daemon()
    {
        int pid = Start($"sleep 60 & {UntilFlag}");
        File.Write(Note(pid));

        Assert.True(Await(_runId));

        Assert.Single(new ProcessSession(pid).Members());
    }

    [Fact]
    public void What_has_cleared_its_environment_belongs_to_the_script_all_the_same()
    {
        int pid = StartAndLoseLeader($"exec env -i PATH=/usr/bin:/bin sh -c \"{UntilFlag}\"");
        File.Write(Note(pid) with { IsAsked = true });

        Assert.True(Await(_runId));

        Assert.Empty(new ProcessSession(pid).Members());
    }

    [Fact]
    public void Output_is_read_on_so_that_no_pipe_fills_and_no_line_is_lost()
    {
        int pid = Start("i=0; while [ $i -lt 40000 ]; do echo \"line $i of some length, as a package manager prints it, again and again\"; i=$((i+1)); done");
        File.Write(Note(pid) with { Stage = "phase_hooks" });

        Assert.True(Await(_runId));

        Assert.Equal(40000, _output.Count);
        Assert.Equal("pre_update phase_hooks/10-a: line 39999 of some length, as a package manager prints it, again and again",
            _output[^1]);
        Assert.Equal(0, new ChildExit(pid, true).Reap());
        _started.Clear();
    }

    [Fact]
    public void A_daemon_of_a_script_whose_start_was_killed_never_waits_for_a_reader()
    {
        string go = _directory.Root + "/go", done = _directory.Root + "/done";
        int pid = Start($"setsid perl -e 'select undef, undef, undef, 0.01 until -e \"{go}\"; syswrite STDOUT, \"x\" x 4096 for 1 .. 1000; open F, \">\", \"{done}\"' & {UntilFlag}");
        File.Write(Note(pid));
        Assert.True(Await(_runId));

        System.IO.File.WriteAllText(go, "");

        var watch = Stopwatch.StartNew();
        while (!System.IO.File.Exists(done) && watch.ElapsedMilliseconds < 20_000)
            Thread.Sleep(5);
        Assert.True(System.IO.File.Exists(done));
    }

    [Fact]
    public void A_cancelled_wait_leaves_script_output_and_marker_to_the_next_one()
    {
        int pid = Start($"{UntilFlag}; echo late");
        File.Write(Note(pid));
        using (var cancel = new CancellationTokenSource())
        {
            cancel.Cancel();
            Assert.False(Await(_runId, cancel: cancel.Token));
        }

        Assert.True(Await(_runId));

        Assert.Equal(["pre_update pre_update/10-a: late"], _output);
    }

    [Fact]
    public void A_file_of_another_or_a_link_in_the_place_of_the_marker_is_not_used()
    {
        string path = _directory.Root + "/run/running", other = _directory.Root + "/other";
        System.IO.File.WriteAllText(other, "precious");
        System.IO.File.CreateSymbolicLink(path, other);

        Assert.IsType<StoredNote.Unreadable>(File.Open());
        Assert.Contains("it is a symbolic link", File.Write(Note()), StringComparison.Ordinal);
        Assert.Equal("precious", System.IO.File.ReadAllText(other));

        System.IO.File.Delete(path);
        System.IO.File.WriteAllText(path, "x");
        Assert.True(OperatingSystem.IsLinux());
        _ = Process.Start("chown", ["daemon", path]).WaitForExit(10_000);
        Assert.IsType<StoredNote.Unreadable>(File.Open());
        Assert.Contains("it belongs to another user (uid 1)", File.Write(Note()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_marker_of_0_1_0_is_tightened_to_its_owner()
    {
        string path = _directory.Root + "/run/running";
        System.IO.File.WriteAllText(path, "{}");
        TrustedDirectory.SetMode(path, (UnixFileMode)0b110_100_100);

        _ = File.Open();

        Assert.Equal((UnixFileMode)0b110_000_000, OperatingSystem.IsLinux() ? System.IO.File.GetUnixFileMode(path) : default);
    }

    [Fact]
    public void A_daemon_in_a_session_of_its_own_is_not_waited_for()
    {
        string pidFile = _directory.Root + "/pid";
        int pid = Start($"setsid sh -c 'echo $$ > {pidFile}; while :; do sleep 0.05; done' & while [ ! -s {pidFile} ]; do sleep 0.01; done");
        File.Write(Note(pid));
        int daemon = 0;
        var watch = Stopwatch.StartNew();
        while (!(System.IO.File.Exists(pidFile) && int.TryParse(System.IO.File.ReadAllText(pidFile), out daemon)) && watch.ElapsedMilliseconds < 5000)
            Thread.Sleep(5);
        try
        {
            Assert.True(Await(_runId));
            Assert.True(ProcessTable.Read(daemon) is { Runs: true });
        }
        finally
        {
            _ = Native.kill(daemon, Native.SIGKILL);
        }
    }

    [Fact]
    public void A_script_of_0_1_0_in_a_group_of_its_agents_session_is_waited_for()
    {
        // As 0.1.0 started it: a process group of its own, in the session of the agent. The shell that starts it ends as the agent did.
        string pidFile = _directory.Root + "/pid",
            script = _directory.Shell("pre_update.d/10-a", $"echo $$ > {pidFile}.new; mv {pidFile}.new {pidFile}; {UntilFlag}");
        Start($"perl -e 'setpgrp(0, 0); exec @ARGV' {script} & while [ ! -s {pidFile} ]; do sleep 0.01; done; kill -9 $$", "agent");
        int old = 0;
        var watch = Stopwatch.StartNew();
        while (!(System.IO.File.Exists(pidFile) && int.TryParse(System.IO.File.ReadAllText(pidFile), out old))
            && watch.ElapsedMilliseconds < 5000)
            Thread.Sleep(5);
        ProcessStat stat = ProcessTable.Read(old)!.Value;
        Assert.True(stat.Group == old && stat.Session != old, $"{stat}");
        System.IO.File.WriteAllText(_directory.Root + "/run/running", $$"""
            {"run_id":"{{_runId}}","phase":"pre_update","script":"10-a","boot_id":"{{TrustedDirectory.Boot.BootId}}","init_started":{{TrustedDirectory.Boot.InitStarted}},"since_ticks":{{_since}},"limit_ms":60000,"pid":{{old}},"start_ticks":{{stat.StartTicks}}}
            """.Trim());

        Assert.True(Await(_runId));

        Assert.False(ProcessTable.Read(old) is { Runs: true });
        Assert.Contains(_log, l => l.Contains($"script 10-a (pid {old})", StringComparison.Ordinal));
    }
}
