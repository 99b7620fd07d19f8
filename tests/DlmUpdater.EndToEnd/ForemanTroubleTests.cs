using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>What an admin, a network and a failing server do to a run, at a moment when a script of a certain phase is running.</summary>
public sealed class ForemanTroubleTests
{
    private static readonly string[] Cycle =
    [
        "needs_update/10-never", "needs_update/20-due", "pre_update/10-drain", "pre_update/20-stop", "update/10-fetch", "update/20-install",
        "needs_reboot/10-no", "needs_reboot/20-kernel", "post_update/10-start", "post_update/20-health",
    ];

    [Fact]
    public void A_lost_reply_to_the_acquire_costs_a_second_question_and_nothing_else()
    {
        using var bed = new Bed(waitMax: "1m");
        bed.Foreman.LoseReply("PUT");

        bed.Run().Expect(0);

        Assert.Equal(["PUT", "PUT", "GET", "GET", "GET", "GET", "DELETE"], bed.Foreman.Methods);
        bed.RanOnceUnderTheLock();
        Assert.Null(bed.Foreman.Holder);
    }

    [Fact]
    public void After_a_lost_reply_to_the_acquire_that_nobody_repeats_in_time_the_lock_goes_back_or_the_run_stays_open()
    {
        using var bed = new Bed();
        bed.Foreman.LoseReply("PUT", () => bed.Foreman.Fail(500, 500, 500, 500, 500, 500, 500, 500));

        bed.Run().Expect(69);
        Assert.Equal(ForemanHost.A, bed.Foreman.Holder);
        Assert.True(File.Exists(bed.Host.StateFile));
        Assert.DoesNotContain(bed.Host.Log.Lines, l => l.Stage != "needs_update");

        bed.Foreman.Forgive();
        bed.Run().Expect(0);
        Assert.Null(bed.Foreman.Holder);
        Assert.Equal(Cycle[2..], bed.Host.Log.Started[2..]);
    }

    [Fact]
    public void A_lost_reply_to_the_release_is_settled_by_asking_again()
    {
        using var bed = new Bed();
        bed.Foreman.LoseReply("DELETE");

        bed.Run().Expect(0);

        Assert.Equal(["DELETE", "DELETE"], bed.Foreman.Methods[^2..]);
        bed.RanOnceUnderTheLock();
        Assert.Null(bed.Foreman.Holder);
        Assert.False(File.Exists(bed.Host.StateFile));
    }

    [Fact]
    public void A_lock_that_another_host_took_after_a_release_whose_reply_was_lost_is_left_alone()
    {
        using var bed = new Bed();
        bed.Foreman.LoseReply("DELETE", () => bed.Foreman.Admin(plugin => plugin.Holder = ForemanHost.B));

        Ended ended = bed.Run().Expect(0);

        Assert.Contains(ForemanHost.B, ended.Error, StringComparison.Ordinal);
        Assert.Equal(["DELETE", "DELETE", "GET"], bed.Foreman.Methods[^3..]);
        Assert.Equal(ForemanHost.B, bed.Foreman.Holder);
        Assert.False(File.Exists(bed.Host.StateFile));
    }

    [Theory]
    [InlineData("pre_update", 79)]
    [InlineData("update", 79)]
    [InlineData("needs_reboot", 79)]
    [InlineData("post_update", 79)]
    public void A_lock_that_an_admin_gives_to_another_host_stops_the_run_and_is_left_alone(string stage, int code)
    {
        using var bed = new Bed();

        Ended ended = bed.During(stage, () => bed.Foreman.Admin(plugin => plugin.Holder = ForemanHost.B)).Expect(code);

        Assert.Contains(ForemanHost.B, ended.Error, StringComparison.Ordinal);
        Assert.Equal(ForemanHost.B, bed.Foreman.Holder);

        // The phase at hand is finished. No later one begins, but for the one that brings the host back.
        string last = stage is "needs_reboot" ? "post_update" : stage;
        Assert.Equal(UpTo(last), bed.Host.Log.Started);
        Assert.Equal(stage is "pre_update" or "update", File.Exists(bed.Host.StateFile));
        if (stage is "needs_reboot" or "post_update") return;

        // It stays that way for as long as the other host has it, and goes on where it was once it is free.
        int lines = bed.Host.Log.Lines.Length;
        bed.Run().Expect(79);
        Assert.Equal((lines, ForemanHost.B), (bed.Host.Log.Lines.Length, bed.Foreman.Holder));
        bed.Foreman.Admin(plugin => plugin.Holder = null);
        bed.Run().Expect(0);
        Assert.Equal(Cycle, bed.Host.Log.Started);
        Assert.Null(bed.Foreman.Holder);
    }

    [Fact]
    public void A_lock_that_was_given_away_before_the_reboot_stops_it()
    {
        using var bed = new Bed(reboot: true);

        bed.During("needs_reboot", () => bed.Foreman.Admin(plugin => plugin.Holder = ForemanHost.B)).Expect(79);

        Assert.Equal("needs_reboot/20-kernel", bed.Host.Log.Started[^1]);
        Assert.Equal(ForemanHost.B, bed.Foreman.Holder);
        Assert.Equal("reboot", Agent.Status(bed.Host).GetProperty("phase").GetString());
    }

    [Theory]
    [InlineData(ForemanHost.B, 79)]
    [InlineData(null, 0)]
    public void A_lock_that_is_gone_when_the_host_is_back_from_its_reboot_does_not_keep_it_from_service(string? next, int code)
    {
        using var bed = new Bed(reboot: true);
        bed.Run().Expect(0);
        bed.Foreman.Admin(plugin => plugin.Holder = next);

        Agent.Run(bed.Host, new StartAs { Boot = bed.Host.NextBoot() }, "run", "--after-reboot").Expect(code);

        Assert.Equal(["post_update/10-start", "post_update/20-health"], bed.Host.Log.Started[^2..]);
        Assert.All(bed.Host.Log.Lines.Where(l => l.Stage == "post_update"), l => Assert.Equal(next is null, l.Held));
        Assert.Equal(next, bed.Foreman.Holder);
        Assert.False(File.Exists(bed.Host.StateFile));
        if (next is not null) Assert.DoesNotContain("DELETE", bed.Foreman.Methods);
    }

    [Theory]
    [InlineData("pre_update")]
    [InlineData("update")]
    [InlineData("needs_reboot")]
    [InlineData("post_update")]
    public void A_lock_that_an_admin_frees_is_taken_again_before_anything_else_is_done(string stage)
    {
        using var bed = new Bed();

        bed.During(stage, () => bed.Foreman.Admin(plugin => plugin.Holder = null)).Expect(0);

        // Only the rest of that very phase runs without.
        Assert.Equal(Cycle, bed.Host.Log.Started);
        Assert.All(bed.Host.Log.Lines.Where(l => l.Stage != "needs_update" && l.Stage != stage), l => Assert.True(l.Held, l.ToString()));
        Assert.Equal(stage == "post_update" ? 1 : 2, bed.Foreman.Methods.Count(m => m == "PUT"));
        Assert.Null(bed.Foreman.Holder);
        Assert.False(File.Exists(bed.Host.StateFile));
    }

    [Theory]
    [InlineData("needs_update")]
    [InlineData("pre_update")]
    [InlineData("update")]
    [InlineData("needs_reboot")]
    [InlineData("post_update")]
    public void A_lock_that_an_admin_disables_keeps_new_runs_away_and_lets_an_open_one_come_to_its_release(string stage)
    {
        using var bed = new Bed();

        bed.During(stage, () => bed.Foreman.Admin(plugin => plugin.Enabled = false)).Expect(75);

        bool isNew = stage == "needs_update";
        Assert.Equal(isNew ? null : ForemanHost.A, bed.Foreman.Holder);
        Assert.Equal(isNew ? Cycle[..2] : Cycle, bed.Host.Log.Started);
        Assert.Equal(!isNew, File.Exists(bed.Host.StateFile));
        Assert.All(bed.Host.Log.Lines.Where(l => l.Stage != "needs_update"), l => Assert.True(l.Held, l.ToString()));

        bed.Foreman.Admin(plugin => plugin.Enabled = true);
        bed.Run().Expect(0);
        Assert.Equal(isNew ? [.. Cycle[..2], .. Cycle] : Cycle, bed.Host.Log.Started);
        Assert.Null(bed.Foreman.Holder);
    }

    [Theory]
    [InlineData("needs_update", null)]
    [InlineData("pre_update", "update")]
    [InlineData("update", "needs_reboot")]
    [InlineData("needs_reboot", "lock_release")]
    [InlineData("post_update", "lock_release")]
    public void A_server_that_goes_away_stops_what_needs_its_word_and_the_next_start_goes_on(string stage, string? stored)
    {
        using var bed = new Bed();

        Ended ended = bed.During(stage, bed.Foreman.Stop).Expect(69);

        Assert.Contains("cannot connect to localhost:", ended.Error, StringComparison.Ordinal);
        Assert.Equal(stored is not null, File.Exists(bed.Host.StateFile));
        if (stored is not null) Assert.Contains($"\"{stored}\"", File.ReadAllText(bed.Host.StateFile), StringComparison.Ordinal);

        // post_update brings the host back whether the server is there or not.
        string last = stored == "lock_release" ? "post_update" : stage;
        string[] before = UpTo(last);
        Assert.Equal(before, bed.Host.Log.Started);
        Assert.Equal(stored is null ? null : ForemanHost.A, bed.Foreman.Holder);

        bed.Foreman.Start();
        bed.Run().Expect(0);
        Assert.Equal(stored is null ? [.. before, .. Cycle] : Cycle, bed.Host.Log.Started);
        Assert.All(bed.Host.Log.Lines.Where(l => l.Stage != "needs_update"), l => Assert.True(l.Held, l.ToString()));
        Assert.Null(bed.Foreman.Holder);
        Assert.False(File.Exists(bed.Host.StateFile));
    }

    [Fact]
    public void A_server_that_is_away_when_the_host_is_back_from_its_reboot_does_not_keep_it_from_service()
    {
        using var bed = new Bed(reboot: true);
        bed.Run().Expect(0);
        bed.Foreman.Stop();
        var up = new StartAs { Boot = bed.Host.NextBoot() };

        Agent.Run(bed.Host, up, "run", "--after-reboot").Expect(69);
        Assert.Equal(["post_update/10-start", "post_update/20-health"], bed.Host.Log.Started[^2..]);
        int lines = bed.Host.Log.Lines.Length;

        bed.Foreman.Start();
        Agent.Run(bed.Host, up, "run").Expect(0);
        Assert.Equal(lines, bed.Host.Log.Lines.Length);
        Assert.Null(bed.Foreman.Holder);
    }

    [Fact]
    public void A_server_that_comes_back_while_it_is_waited_for_is_found_by_the_same_start()
    {
        using var bed = new Bed(waitMax: "1m");

        Ended ended = bed.During("update", bed.Foreman.Stop, agent =>
        {
            Processes.Until(() => WaitsFor(bed.Host).Contains("cannot connect", StringComparison.Ordinal), "it waits");
            bed.Foreman.Start();
        });

        ended.Expect(0);
        bed.RanOnceUnderTheLock();
        Assert.Equal(2, bed.Foreman.Connections);
        Assert.Null(bed.Foreman.Holder);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    public void A_server_that_fails_now_and_then_is_asked_again(int status)
    {
        using var bed = new Bed(waitMax: "1m");
        bed.Foreman.Fail(status);

        Ended ended = bed.During("update", () => bed.Foreman.Fail(status)).Expect(0);

        Assert.Contains($"({status})", ended.Error, StringComparison.Ordinal);
        bed.RanOnceUnderTheLock();
        Assert.Null(bed.Foreman.Holder);
    }

    [Fact]
    public void A_slow_server_is_waited_for()
    {
        using var bed = new Bed();
        bed.Foreman.Delay = TimeSpan.FromMilliseconds(80);

        bed.Run().Expect(0);

        Assert.Equal(["PUT", "GET", "GET", "GET", "GET", "DELETE"], bed.Foreman.Methods);
        bed.RanOnceUnderTheLock();
    }

    private static string WaitsFor(Sandbox host) => Agent.Status(host).GetProperty("running").GetProperty("waiting_for").ToString();

    /// <summary>The scripts of a cycle up to the last one of that phase.</summary>
    private static string[] UpTo(string stage) =>
        Cycle[..(Array.FindLastIndex(Cycle, s => s.StartsWith(stage + "/", StringComparison.Ordinal)) + 1)];

    private sealed class Bed : IDisposable
    {
        internal Bed(bool reboot = false, string waitMax = "1s")
        {
            Host = ForemanHost.Make().Cycle(reboot).Set("lock", "wait_max", waitMax);
            Foreman = new ForemanServer(Host.LockDirectory);
            Host.Joins(Foreman);
        }

        internal Sandbox Host { get; }

        internal ForemanServer Foreman { get; }

        internal Ended Run() => Agent.Run(Host, "run");

        /// <summary>One start; while the first script of that phase runs, something happens.</summary>
        internal Ended During(string stage, Action happens, Action<Agent>? then = null)
        {
            string first = Cycle.First(s => s.StartsWith(stage + "/", StringComparison.Ordinal));
            Gate gate = Host.Gate();
            string path = Host.StageDirectory(stage) + first[stage.Length..], text = File.ReadAllText(path);
            File.WriteAllText(path, text.Replace("\nbegin\n", $"\nbegin\n{gate.Wait}\n", StringComparison.Ordinal));
            using Agent agent = Agent.Start(Host, new StartAs(), "run");
            Host.Log.WaitForStart(first);
            happens();
            File.WriteAllText(path + ".new", text);
            File.SetUnixFileMode(path + ".new", Sandbox.Executable);
            File.Move(path + ".new", path, overwrite: true);
            gate.Open();
            then?.Invoke(agent);
            return agent.Wait();
        }

        /// <summary>Every script ran, once, in order, and with the lock.</summary>
        internal void RanOnceUnderTheLock()
        {
            Assert.Equal(Cycle, Host.Log.Started);
            Assert.All(Host.Log.Lines, line => Assert.Equal(line.Stage != "needs_update", line.Held));
        }

        public void Dispose()
        {
            Host.Dispose();
            Foreman.Dispose();
        }
    }
}
