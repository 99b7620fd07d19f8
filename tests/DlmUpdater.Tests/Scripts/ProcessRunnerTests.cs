using System.Diagnostics;
using System.Text;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;
using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

public sealed class ProcessRunnerTests : IDisposable
{
    private static readonly RunnerLimits Short = new()
    {
        Drain = TimeSpan.FromMilliseconds(300),
        KillGrace = TimeSpan.FromMilliseconds(300),
        Tick = TimeSpan.FromMilliseconds(50),
    };

    private readonly TrustedDirectory _directory = new();
    private readonly List<string> _lines = [];
    private readonly List<string> _waiting = [];

    public void Dispose() => _directory.Dispose();

    private ScriptResult Run(
        string body, TimeSpan? limit = null, RunnerLimits? limits = null, TimeSpan? grace = null,
        Action<string>? line = null, Action<int>? started = null, Action<TimeSpan>? tick = null, UserAccount? user = null,
        Action? asking = null, CancellationToken cancel = default, CancellationToken atOnce = default) =>
        RunFile(_directory.Shell("script", body), limit, limits, grace, line, started, tick, user, asking, cancel, atOnce);

    private ScriptResult RunFile(
        string path, TimeSpan? limit = null, RunnerLimits? limits = null, TimeSpan? grace = null,
        Action<string>? line = null, Action<int>? started = null, Action<TimeSpan>? tick = null, UserAccount? user = null,
        Action? asking = null, CancellationToken cancel = default, CancellationToken atOnce = default)
    {
        var request = new ProcessRequest
        {
            Path = path,
            Arguments = [path],
            Environment = ["PATH=" + ScriptEnvironment.SearchPath, "ONLY=this"],
            Limit = limit,
            InterruptGrace = grace,
            As = user,
        };
        return new ProcessRunner(TimeProvider.System, limits ?? Short).Run(
            request, new RunnerEvents
            {
                Line = line ?? _lines.Add,
                Tick = tick,
                Started = started,
                Asking = asking,
                Waiting = _waiting.Add
            }, cancel, atOnce);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(255)]
    public void The_exit_code_is_told(int code) => Assert.Equal(code, Assert.IsType<ScriptResult.Exited>(Run($"exit {code}")).Code);

    [Theory]
    [InlineData(6)]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(15)]
    public void Death_by_signal_is_told(int signal) =>
        Assert.Equal(signal, Assert.IsType<ScriptResult.Signalled>(Run($"ulimit -c 0; kill -{signal} $$")).Signal);

    [Theory]
    [InlineData("no-such-file", "No such file or directory")]
    [InlineData("plain", "Exec format error")]
    [InlineData("empty", "Exec format error")]
    [InlineData("no-interpreter", "No such file or directory")]
    [InlineData("not-executable", "Permission denied")]
    public void What_the_kernel_refuses_did_not_start(string name, string why)
    {
        _directory.Write("plain", "echo hello\n");
        _directory.Write("empty", "");
        _directory.Write("no-interpreter", "#!/usr/bin/pyhton3\n");
        _directory.Write("not-executable", "#!/bin/sh\n", (UnixFileMode)0b110_100_100);

        var result = Assert.IsType<ScriptResult.NotStarted>(RunFile($"{_directory.Root}/{name}"));

        Assert.StartsWith(why, result.Why, StringComparison.Ordinal);
        Assert.Empty(_lines);
    }

    [Fact]
    public void A_file_that_is_still_being_written_is_tried_again()
    {
        string path = _directory.Shell("script", "exit 7");
        var writer = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var closer = new Thread(() =>
        {
            Thread.Sleep(60);
            writer.Dispose();
        });
        closer.Start();

        ScriptResult result = RunFile(path);
        closer.Join();

        Assert.Equal(7, Assert.IsType<ScriptResult.Exited>(result).Code);
    }

    [Fact]
    public void A_file_that_stays_open_for_writing_is_told()
    {
        string path = _directory.Shell("script", "exit 0");
        using var writer = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);

        Assert.Contains("something still writes it", Assert.IsType<ScriptResult.NotStarted>(RunFile(path)).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Stdout_and_stderr_come_line_by_line_in_their_order()
    {
        Run("echo one; echo two >&2; echo three; printf four");

        Assert.Equal(["one", "two", "three", "four"], _lines);
    }

    [Fact]
    public void A_line_is_told_while_the_script_runs()
    {
        string flag = _directory.Root + "/seen";
        ScriptResult result = Run($"echo go; while [ ! -e {flag} ]; do sleep 0.01; done", TimeSpan.FromSeconds(10), line: _ => File.WriteAllText(flag, ""));

        Assert.True(result.Succeeded);
    }

    [Fact]
    public void A_flood_of_output_needs_no_memory_and_loses_no_line()
    {
        long count = 0;
        GC.Collect();
        long before = GC.GetTotalMemory(true);
        long most = 0;

        ScriptResult result = Run("head -c 100000000 /dev/zero | tr '\\0' 'x' | fold -w 9999", line: l =>
        {
            if (l.Length > 0)
                count++;
            if (count % 1000 == 0)
                most = Math.Max(most, GC.GetTotalMemory(true) - before);
        });

        Assert.True(result.Succeeded);
        Assert.Equal(10002, count);
        Assert.InRange(most, 0, 20_000_000);
    }

    [Fact]
    public void A_flood_does_not_keep_the_timeout_waiting()
    {
        var result = Assert.IsType<ScriptResult.TimedOut>(Run("yes", TimeSpan.FromMilliseconds(200), line: _ => { }));

        Assert.InRange(result.Duration.TotalSeconds, 0.2, 5);
    }

    [Fact]
    public void Output_that_is_not_text_is_made_text()
    {
        _directory.Write("bytes", "");
        File.WriteAllBytes(_directory.Root + "/bytes", [(byte)'a', 0xFF, 0, 0x1B, (byte)'[', (byte)'1', (byte)'m', (byte)'b', (byte)'\n', (byte)'c']);

        Run($"cat {_directory.Root}/bytes");

        Assert.Equal(["a\uFFFD\\x00b", "c"], _lines);
    }

    [Fact]
    public void The_environment_is_exactly_what_is_given()
    {
        RunFile(_directory.Write("env", "#!/bin/cat /proc/self/environ\n"));

        Assert.StartsWith($"PATH={ScriptEnvironment.SearchPath}\\x00ONLY=this\\x00#!/bin/cat", _lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Only_stdin_stdout_and_stderr_are_open_and_stdin_is_empty()
    {
        using FileStream open = File.OpenRead("/etc/passwd");
        Descriptors.CloseOthersOnExec();

        Run("cat; ls /proc/$$/fd; readlink /proc/$$/fd/0; [ \"$(readlink /proc/$$/fd/1)\" = \"$(readlink /proc/$$/fd/2)\" ] && echo same");

        // The shell itself holds its script open, as descriptor 10.
        Assert.Equal(["0", "1", "10", "2", "/dev/null", "same"], _lines);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public unsafe void An_inherited_descriptor_is_not_passed_on(bool byKernel)
    {
        // As inherited: without O_CLOEXEC.
        int fd = Native.Files.open("/etc/passwd", Native.O_RDONLY, 0);
        try
        {
            Run($"ls /proc/$$/fd | grep -cx {fd}");
            Descriptors.CloseOthersOnExec(byKernel);
            Run($"ls /proc/$$/fd | grep -cx {fd}");
        }
        finally
        {
            _ = Native.Files.close(fd);
        }

        Assert.Equal(["1", "0"], _lines);
    }

    [Fact]
    public void The_script_leads_a_session_and_a_group_of_its_own()
    {
        int pid = 0;
        Run("cut -d' ' -f1,5,6 /proc/$$/stat", started: p => pid = p);

        Assert.Equal([$"{pid} {pid} {pid}"], _lines);
    }

    [Fact]
    public void No_signal_is_blocked_or_ignored()
    {
        RunFile(_directory.Write("status", "#!/bin/grep -hE ^Sig(Blk|Ign): /proc/self/status\n"));
        Run("grep -E '^Sig(Blk|Ign):' /proc/self/status");

        Assert.All(_lines.Where(l => l.StartsWith("Sig", StringComparison.Ordinal)), l => Assert.EndsWith("\t0000000000000000", l, StringComparison.Ordinal));
        Assert.Equal(2, _lines.Count(l => l.StartsWith("Sig", StringComparison.Ordinal)));
    }

    [Fact]
    public void Preparing_sets_umask_and_directory_for_every_script()
    {
        string directory = Environment.CurrentDirectory;
        uint umask = Native.Process.umask(0b111_111_111);
        try
        {
            ProcessRunner.PrepareThisProcess();
            Run("umask; pwd");
        }
        finally
        {
            Environment.CurrentDirectory = directory;
            _ = Native.Process.umask(umask);
        }

        Assert.Equal(["0022", "/"], _lines);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_daemon_that_keeps_the_pipe_does_not_hold_up_the_run_and_lives_on(bool pidFd)
    {
        string pidFile = _directory.Root + "/pid";
        var watch = Stopwatch.StartNew();
        ScriptResult result = Run($"setsid sh -c 'echo $$ > {pidFile}; echo daemon; exec sleep 60' & while [ ! -s {pidFile} ]; do sleep 0.01; done; echo done",
            limits: Short with { UsePidFd = pidFd });
        int daemon = int.Parse(File.ReadAllText(pidFile));
        try
        {
            Assert.True(result.Succeeded);
            Assert.InRange(watch.ElapsedMilliseconds, 290, 2500);
            Assert.True(ProcessTable.Read(daemon) is { Runs: true });
            Assert.Contains("done", _lines);
        }
        finally
        {
            _ = Native.kill(daemon, Native.SIGKILL);
        }
    }

    [Fact]
    public void Output_written_shortly_after_the_end_is_not_lost()
    {
        Run("(sleep 0.05; echo late) & echo early");

        Assert.Equal(["early", "late"], _lines);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_end_is_noticed_without_delay_although_the_output_stays_silent(bool pidFd)
    {
        var watch = Stopwatch.StartNew();
        Run("exec >/dev/null 2>&1; sleep 0.05", limits: Short with { UsePidFd = pidFd, Tick = TimeSpan.FromSeconds(30) });

        Assert.InRange(watch.ElapsedMilliseconds, 50, 900);
    }

    [Fact]
    public void A_timeout_ends_the_script_politely()
    {
        var result = Assert.IsType<ScriptResult.TimedOut>(Run("trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done", TimeSpan.FromMilliseconds(200)));

        Assert.Contains("bye", _lines);
        Assert.Equal(TimeSpan.FromMilliseconds(200), result.Limit);
    }

    [Fact]
    public void A_timeout_kills_a_script_that_does_not_listen()
    {
        var result = Assert.IsType<ScriptResult.TimedOut>(Run("trap '' TERM; while :; do sleep 0.01; done", TimeSpan.FromMilliseconds(100)));

        Assert.InRange(result.Duration.TotalMilliseconds, 400, 3000);
    }

    [Fact]
    public void A_timeout_kills_what_the_script_left_in_its_group()
    {
        int group = 0;
        ScriptResult result = Run("(trap '' TERM; while :; do sleep 0.01; done) & sleep 60", TimeSpan.FromMilliseconds(200), started: p => group = p);

        Assert.IsType<ScriptResult.TimedOut>(result);
        Assert.Empty(ProcessTable.Find(p => p.Group == group));
    }

    [Fact]
    public void After_a_timeout_the_group_has_its_grace()
    {
        string flag = _directory.Root + "/clean";
        Run($"(trap 'sleep 0.1; touch {flag}; exit' TERM; while :; do sleep 0.01; done) & sleep 60", TimeSpan.FromMilliseconds(200),
            limits: Short with { KillGrace = TimeSpan.FromSeconds(5) });

        Assert.True(File.Exists(flag));
    }

    [Fact]
    public void A_stopped_script_times_out_too_and_can_still_tidy_up()
    {
        ScriptResult result = Run("trap 'echo tidied; exit 0' TERM; kill -STOP $$", TimeSpan.FromMilliseconds(200),
            limits: Short with { KillGrace = TimeSpan.FromSeconds(10) });

        Assert.IsType<ScriptResult.TimedOut>(result);
        Assert.Equal(["tidied"], _lines);
    }

    [Fact]
    public void A_script_that_is_done_before_its_timeout_leaves_its_group_alone()
    {
        int group = 0;
        ScriptResult result = Run("sleep 60 >/dev/null 2>&1 &", TimeSpan.FromSeconds(20), started: p => group = p);
        ProcessStat left = Assert.Single(ProcessTable.Find(p => p.Group == group));
        _ = Native.kill(left.Pid, Native.SIGKILL);

        Assert.True(result.Succeeded);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Cancelling_asks_the_group_and_waits_for_the_script(bool pidFd)
    {
        using var cancel = new CancellationTokenSource();
        ScriptResult result = Run("trap 'echo stopping; sleep 0.1; echo stopped; exit 9' TERM; echo ready; while :; do sleep 0.01; done",
            limits: Short with { UsePidFd = pidFd, Tick = TimeSpan.FromSeconds(30) },
            cancel: cancel.Token,
            line: l =>
            {
                _lines.Add(l);
                if (l == "ready")
                    cancel.Cancel();
            });

        Assert.Equal(9, Assert.IsType<ScriptResult.Interrupted>(result).Code);
        Assert.Equal(["ready", "stopping", "stopped"], _lines.Where(l => l != "Terminated"));
    }

    [Fact]
    public void Cancelling_from_another_thread_wakes_the_wait()
    {
        using var cancel = new CancellationTokenSource();
        var watch = new Stopwatch();

        // A thread of its own: the pool is busy with tests.
        var canceller = new Thread(() =>
        {
            Thread.Sleep(100);
            watch.Start();
            cancel.Cancel();
        });
        ScriptResult result = Run("exec sleep 60", limits: Short with { Tick = TimeSpan.FromSeconds(30) }, cancel: cancel.Token, started: _ => canceller.Start());
        watch.Stop();
        canceller.Join();

        Assert.Equal(128 + 15, Assert.IsType<ScriptResult.Interrupted>(result).Code);
        Assert.InRange(watch.ElapsedMilliseconds, 0, 700);
    }

    [Fact]
    public void An_interrupted_script_is_killed_after_its_grace_and_never_without_one()
    {
        using var first = new CancellationTokenSource();
        ScriptResult killed = Run("trap '' TERM; echo ready; while :; do sleep 0.01; done", line: _ => first.Cancel(), cancel: first.Token,
            grace: TimeSpan.FromMilliseconds(200));
        using var second = new CancellationTokenSource();
        ScriptResult waited = Run("trap '' TERM; echo ready; i=0; while [ $i -lt 60 ]; do sleep 0.01; i=$((i+1)); done; exit 4", line: _ => second.Cancel(),
            cancel: second.Token);

        Assert.Equal(137, Assert.IsType<ScriptResult.Interrupted>(killed).Code);
        Assert.Equal(4, Assert.IsType<ScriptResult.Interrupted>(waited).Code);
    }

    /// <summary>The ways in which a script's process ends at SIGTERM while the program that it has started finishes its work.</summary>
    public static TheoryData<string> Leaving => new()
    {
        "sh $WORK\nexit 0",
        "trap 'exit 1' TERM; sh $WORK & wait; exit 0",
        "perl -e 'setpgrp(0, 0); exec @ARGV' sh $WORK & trap 'exit 1' TERM; wait; exit 0",
    };

    private string Work(string body)
    {
        _directory.Write("work", body + "\n");
        return _directory.Root + "/work";
    }

    [Theory]
    [MemberData(nameof(Leaving))]
    public void What_an_interrupted_script_leaves_is_waited_for(string body)
    {
        string flag = _directory.Root + "/flag";
        string work = Work($"trap 'echo asked' TERM; echo ready; while [ ! -e {flag} ]; do sleep 0.01; done; echo finished");
        using var cancel = new CancellationTokenSource();
        int pid = 0;
        bool wasTold = false;
        var later = new Thread(() =>
        {
            // Longer than the drain: a runner that waits for its child alone has returned by then.
            while (ProcessTable.Read(pid) is { Runs: true })
                Thread.Sleep(5);
            Thread.Sleep(600);
            File.WriteAllText(flag, "");
        });

        ScriptResult result = Run(body.Replace("$WORK", work, StringComparison.Ordinal), cancel: cancel.Token, started: p => pid = p,
            asking: () => wasTold = true, line: l =>
        {
            _lines.Add(l);
            if (l != "ready")
                return;
            cancel.Cancel();
            later.Start();
        });
        later.Join();

        Assert.False(Assert.IsType<ScriptResult.Interrupted>(result).StillRuns);
        Assert.Equal(["ready", "asked", "finished"], _lines.Where(l => l != "Terminated"));
        Assert.True(wasTold);
        Assert.Empty(new ProcessSession(pid).Members());
    }

    [Fact]
    public void What_is_waited_for_is_named_again_and_again()
    {
        string work = Work("trap '' TERM; echo ready; i=0; while [ $i -lt 60 ]; do sleep 0.01; i=$((i+1)); done");
        using var cancel = new CancellationTokenSource();

        Run($"sh {work}\nexit 0", cancel: cancel.Token, line: _ => cancel.Cancel(),
            limits: Short with { Remind = TimeSpan.FromMilliseconds(100) });

        Assert.True(_waiting.Count > 1, string.Join('\n', _waiting));
        Assert.All(_waiting, w => Assert.Matches($@"pid \d+ \(sh {work}\)", w));
    }

    [Fact]
    public void What_a_script_leaves_that_ended_before_a_signal_is_a_daemon()
    {
        using var cancel = new CancellationTokenSource();
        int pid = 0;
        ScriptResult result = Run("sleep 60 & echo done; exit 0", cancel: cancel.Token, started: p => pid = p, line: l =>
        {
            while (ProcessTable.Read(pid) is { Runs: true })
                Thread.Sleep(5);
        });

        Assert.True(result.Succeeded);
        List<ProcessStat> daemon = new ProcessSession(pid).Members();
        Assert.Single(daemon);
        new ProcessSession(pid).Kill(daemon);
    }

    [Fact]
    public void A_second_signal_ends_the_wait_at_once_and_ends_no_process()
    {
        using CancellationTokenSource cancel = new(), atOnce = new();
        string flag = _directory.Root + "/flag";
        int pid = 0;
        ScriptResult result = Run($"trap 'echo asked' TERM; echo ready; while [ ! -e {flag} ]; do sleep 0.01; done", cancel: cancel.Token,
            atOnce: atOnce.Token,
            started: p => pid = p, limits: Short with { Tick = TimeSpan.FromSeconds(30) }, line: l =>
            {
                if (l == "ready")
                    cancel.Cancel();
                if (l == "asked")
                    atOnce.Cancel();
            });

        Assert.True(Assert.IsType<ScriptResult.Interrupted>(result).StillRuns);
        Assert.True(ProcessTable.Read(pid) is { Runs: true });
        File.WriteAllText(flag, "");
        Assert.Equal(0, new ChildExit(pid, true).Reap());
    }

    [Fact]
    public void The_grace_of_an_interrupt_holds_for_what_the_script_leaves_too()
    {
        string work = Work("trap '' TERM; echo ready; while :; do sleep 0.01; done");
        using var cancel = new CancellationTokenSource();
        int pid = 0;

        ScriptResult result = Run($"sh {work}\nexit 0", cancel: cancel.Token, started: p => pid = p, line: _ => cancel.Cancel(),
            grace: TimeSpan.FromMilliseconds(300));

        Assert.IsType<ScriptResult.Interrupted>(result);
        Assert.Empty(new ProcessSession(pid).Members());
    }

    [Fact]
    public void A_timeout_ends_every_process_group_of_the_session()
    {
        int pid = 0;
        string work = Work("trap '' TERM; while :; do sleep 0.01; done");
        ScriptResult result = Run($"perl -e 'setpgrp(0, 0); exec @ARGV' sh {work} & perl -e 'setpgrp(0, 0); exec @ARGV' sleep 60 & sleep 60", TimeSpan.FromMilliseconds(300),
            started: p => pid = p);

        Assert.IsType<ScriptResult.TimedOut>(result);
        Assert.Empty(new ProcessSession(pid).Members());
    }

    [Fact]
    public void A_daemon_that_writes_after_the_run_neither_blocks_nor_dies()
    {
        string go = _directory.Root + "/go", done = _directory.Root + "/done";
        ScriptResult result = Run($"setsid perl -e 'select undef, undef, undef, 0.01 until -e \"{go}\"; syswrite STDOUT, \"x\" x 4096 for 1 .. 1024; open F, \">\", \"{done}\"' &");
        Assert.True(result.Succeeded);

        File.WriteAllText(go, "");

        var watch = Stopwatch.StartNew();
        while (!File.Exists(done) && watch.ElapsedMilliseconds < 20_000)
            Thread.Sleep(5);
        Assert.True(File.Exists(done));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("daemon")]
    public void Dev_stdout_and_dev_stderr_can_be_opened(string? user)
    {
        Run("echo one > /dev/stdout; echo two > /dev/stderr; echo three >> /dev/stdout; ls -l /proc/$$/fd > /dev/null", user: user is null
            ? null : UserAccount.Find(user).Account);

        Assert.Equal(["one", "two", "three"], _lines);
    }

    [Fact]
    public void One_pipe_serves_all_scripts_and_a_daemon_keeps_its_own()
    {
        string show = "stat -L -c '%u %i' /proc/$$/fd/1";
        var runner = new ProcessRunner(TimeProvider.System, Short, new OutputPipe(_directory.Root + "/output"));
        void Next(string body, UserAccount? user = null)
        {
            string path = _directory.Shell("script", body);
            runner.Run(new() { Path = path, Arguments = [path], Environment = ["PATH=" + ScriptEnvironment.SearchPath], As = user },
                new() { Line = _lines.Add }, default);
        }

        Next(show);
        Next($"{show}; setsid sleep 60 & echo $!");
        Next(show, UserAccount.Find("daemon").Account);
        Next(show);
        Next(show);
        _ = Native.kill(int.Parse(_lines[2]), Native.SIGKILL);

        Assert.Equal(_lines[0], _lines[1]);
        Assert.StartsWith("1 ", _lines[3], StringComparison.Ordinal);
        Assert.StartsWith("0 ", _lines[4], StringComparison.Ordinal);
        Assert.NotEqual(_lines[1], _lines[4]);
        Assert.Equal(_lines[4], _lines[5]);
        Assert.True(File.Exists(_directory.Root + "/output"));
    }

    [Fact]
    public void A_cancelled_run_starts_nothing()
    {
        string flag = _directory.Root + "/flag";
        ScriptResult result = Run($"touch {flag}", cancel: new CancellationToken(true));

        Assert.IsType<ScriptResult.Interrupted>(result);
        Assert.False(File.Exists(flag));
    }

    [Fact]
    public void Progress_is_told_while_the_script_runs()
    {
        var ticks = new List<TimeSpan>();
        Run("sleep 0.3", tick: ticks.Add);

        Assert.True(ticks.Count >= 2);
        Assert.All(ticks.Zip(ticks.Skip(1)), pair => Assert.True(pair.Second - pair.First >= TimeSpan.FromMilliseconds(50)));
    }

    [Fact]
    public void No_descriptor_and_no_zombie_is_left()
    {
        // Other tests of this process open files and sockets meanwhile, so a leak is one of every run.
        const int runs = 200;
        Run("exit 0");
        int pid = 0;
        int before = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        for (int i = 0; i < runs; i++)
        {
            Run("exit 0", started: p => pid = p, limits: Short with { UsePidFd = i % 2 == 0 });
            RunFile("/no/such/file");
        }

        int after = Directory.GetFileSystemEntries("/proc/self/fd").Length;

        Assert.InRange(after - before, -runs / 3, runs / 3);
        Assert.Null(ProcessTable.Read(pid));
    }

    [Fact]
    public void Another_users_script_has_the_users_rights_and_cannot_have_ours_back()
    {
        UserAccount user = UserAccount.Find("daemon").Account! with { Groups = [1, 3, 4] };
        ScriptResult result = Run(
            "grep -E '^(Uid|Gid|Groups|CapPrm|CapEff|CapAmb|CapInh):' /proc/self/status; touch /root/x 2>/dev/null && echo root; "
            + "perl -e '$< = 0; $> = 0; use POSIX; POSIX::setuid(0); print \"$< $>\\n\"'",
            user: user);

        Assert.True(result.Succeeded);
        Assert.Equal(
            ["Uid:\t1\t1\t1\t1", "Gid:\t1\t1\t1\t1", "Groups:\t1 3 4 ", "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000",
                "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000", "1 1"],
            _lines);
    }

    [Fact]
    public void All_our_threads_stay_root()
    {
        UserAccount user = UserAccount.Find("nobody").Account!;
        var uids = new List<string>();
        Run("echo hello; sleep 0.05", user: user, line: _ =>
        {
            foreach (string task in Directory.GetDirectories("/proc/self/task"))
            {
                try
                {
                    uids.Add(File.ReadLines(task + "/status").First(l => l.StartsWith("Uid:", StringComparison.Ordinal)));
                }
                catch (IOException)
                {
                    // The thread has ended between the two looks; one of the thread pool does at any time.
                }
            }
        });

        Assert.True(uids.Count > 1);
        Assert.All(uids, u => Assert.Equal("Uid:\t0\t0\t0\t0", u));
    }

    [Fact]
    public void Another_users_script_that_the_user_cannot_reach_is_told()
    {
        _directory.Write("private", "#!/bin/sh\n", (UnixFileMode)0b111_000_000);

        var result = Assert.IsType<ScriptResult.NotStarted>(RunFile(_directory.Root + "/private", user: UserAccount.Find("nobody").Account));

        Assert.Contains("user nobody must be able to reach and execute", result.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_in_any_alphabet_are_passed_on()
    {
        string path = _directory.Shell("größe 世界", "echo \"$0\"");
        RunFile(path);

        Assert.Equal([path], _lines);
        Assert.Equal(path, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(_lines[0])));
    }
}
