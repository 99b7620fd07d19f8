using System.Collections.Concurrent;
using DlmUpdater.EndToEnd.Harness;
using Xunit.Abstractions;

namespace DlmUpdater.EndToEnd;

/// <summary>SIGKILL at every call by which the program persists or starts anything, and at random moments; then started again until it is
/// done. Whatever the moment: no script without the lock, none skipped, none repeated that is recorded, no copy beside another, no leftover.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int RandomKills = 200;

    [Fact]
    public void The_library_sees_the_calls_that_persist_and_start()
    {
        string[] calls = [.. Trace(1), .. Trace(2)];

        Assert.True(calls.Length > 40, $"only {calls.Length} calls were seen: the kills would test nothing");
        foreach (string wanted in new[] { "rename\t", "fsync\t", "flock\t", "unlink\t", "write\t", "open", "posix_spawn\t", "mkdir\t" })
            Assert.Contains(calls, call => call.StartsWith(wanted, StringComparison.Ordinal));
        Assert.Equal(11, calls.Count(call => call.StartsWith("posix_spawn\t", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_kill_at_any_persisted_point_loses_nothing_and_repeats_nothing(int start)
    {
        string[] calls = Trace(start);
        string[] files = CleanFiles();
        Assert.True(calls.Length > 20, $"only {calls.Length} calls were seen");

        // After a call is before the next one but for what the call itself set going; a torn write is a point of its own.
        (int Number, string How)[] points = [.. calls.SelectMany((call, i) => How(call).Select(how => (i + 1, how)))];
        var wrong = new ConcurrentBag<string>();
        int kills = 0;
        Parallel.ForEach(points, new ParallelOptions { MaxDegreeOfParallelism = 2 }, point =>
        {
            try
            {
                using var cycle = new CrashCycle();
                if (start == 2) cycle.Start();
                cycle.Start(KillAt.Call(point.Number, point.How));
                Interlocked.Add(ref kills, cycle.Kills);
                cycle.Finish();
                cycle.Judge(files);
                foreach (string line in cycle.Wrong) wrong.Add($"{point.How} call {point.Number} ({calls[point.Number - 1]}): {line}");
            }
            catch (Exception e) when (e is System.Text.Json.JsonException or IOException or TimeoutException)
            {
                wrong.Add($"{point.How} call {point.Number} ({calls[point.Number - 1]}): {e.Message}");
            }
        });

        output.WriteLine($"start {start}: {calls.Length} calls, {points.Length} points, {kills} kills");
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong.Order(StringComparer.Ordinal).Take(40)));

        // The number of calls may differ by the odd one between starts; a sweep that hardly kills is no sweep.
        Assert.True(kills >= points.Length * 0.95, $"only {kills} of {points.Length} points killed the program");
    }

    [Fact]
    public void Kills_at_random_moments_lose_nothing_and_repeat_nothing()
    {
        int seed = Environment.GetEnvironmentVariable("DLM_UPDATER_E2E_SEED") is { Length: > 0 } given ? int.Parse(given) : Random.Shared.Next();
        output.WriteLine($"DLM_UPDATER_E2E_SEED={seed}");
        string[] files = CleanFiles();
        var wrong = new ConcurrentBag<string>();
        int kills = 0, cycles = 0;
        Parallel.For(0, 2, new ParallelOptions { MaxDegreeOfParallelism = 2 }, lane =>
        {
            var dice = new Random(unchecked((seed * 31) + lane));
            while (Volatile.Read(ref kills) < RandomKills && wrong.IsEmpty)
            {
                // The work takes some ms, so that most kills find a script running.
                using var cycle = new CrashCycle("sleep 0.02");
                for (int i = 0; i < 4 && !cycle.Done && cycle.Wrong.Count == 0; i++)
                {
                    int before = cycle.Kills;
                    cycle.Start(killAfter: TimeSpan.FromMilliseconds(dice.Next(1, 220)));
                    if (cycle.Kills > before && dice.Next(5) == 0) cycle.PowerCut();
                }

                cycle.Finish();
                cycle.Judge(files);
                Interlocked.Add(ref kills, cycle.Kills);
                int number = Interlocked.Increment(ref cycles);
                foreach (string line in cycle.Wrong) wrong.Add($"seed {seed}, cycle {number}: {line}");
            }
        });

        output.WriteLine($"{kills} kills in {cycles} cycles");
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong));
        Assert.True(kills >= RandomKills);
    }

    [Fact]
    public void The_judge_notices_a_run_that_was_lost_and_a_step_that_was_repeated()
    {
        string[] files = CleanFiles();
        using var cycle = new CrashCycle();
        int update = Array.FindLastIndex(Trace(1), call => call.EndsWith("update.d/10-fetch", StringComparison.Ordinal));
        cycle.Start(KillAt.Call(update + 1, "before"));
        File.Delete(cycle.Host.StateFile);
        File.WriteAllText(cycle.Host.Root + "/marks/left", "");
        cycle.Finish();
        cycle.Judge(files);

        Assert.Equal(1, cycle.Kills);
        Assert.Contains(cycle.Wrong, line => line.StartsWith("2 runs got beyond needs_update", StringComparison.Ordinal));
    }

    [Fact]
    public void A_script_that_outlived_a_kill_is_waited_for_and_only_then_repeated()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = host.Gate();
        host.Script("update", "10-fetch", $"[ -e $ROOT/marks/once ] && finish 0\n: > $ROOT/marks/once\n{gate.Wait}");
        using Agent killed = Agent.Start(host, new StartAs(), "run");
        string pid = host.Log.WaitForStart("update/10-fetch").Extra;
        _ = killed.Kill();

        using Agent next = Agent.Start(host, new StartAs(), "run");
        Thread.Sleep(300);
        Assert.False(next.HasEnded);
        Assert.Single(host.Log.Started, s => s == "update/10-fetch");

        gate.Open();
        Ended ended = next.Wait().Expect(0);
        Assert.Contains($"pid {pid}", ended.Error, StringComparison.Ordinal);
        Assert.Equal(2, host.Log.Started.Count(s => s == "update/10-fetch"));
        Assert.Empty(ScriptLog.Copies(host.Log.Lines));
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void A_check_that_outlived_a_kill_is_waited_for_though_no_run_is_open()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = host.Gate();
        host.Script("needs_update", "20-due", $"[ -e $ROOT/marks/once ] && finish 0\n: > $ROOT/marks/once\n{gate.Wait}");
        using Agent killed = Agent.Start(host, new StartAs(), "run");
        host.Log.WaitForStart("needs_update/20-due");
        _ = killed.Kill();

        using Agent next = Agent.Start(host, new StartAs(), "run");
        Thread.Sleep(300);
        Assert.False(next.HasEnded);
        gate.Open();

        next.Wait().Expect(0);
        Assert.Empty(ScriptLog.Copies(host.Log.Lines));
    }

    private static string[] How(string call) => call.Split('\t')[0] switch
    {
        "write" or "pwrite" or "pwrite64" or "writev" or "pwritev" => ["before", "torn"],
        "posix_spawn" or "rename" or "unlink" => ["before", "after"],
        _ => ["before"],
    };

    /// <summary>The calls of the first or the second start of a cycle that nobody kills.</summary>
    private static string[] Trace(int start)
    {
        using var cycle = new CrashCycle();
        if (start == 2) cycle.Start();
        string file = cycle.Host.Root + "/marks/trace";
        cycle.Start(KillAt.Trace(file));
        Assert.Empty(cycle.Wrong);
        return File.ReadAllLines(file);
    }

    private static string[] CleanFiles()
    {
        using var cycle = new CrashCycle();
        cycle.Finish();
        cycle.Judge([]);
        string[] files = cycle.Host.Files();
        Assert.DoesNotContain(files, f => f.Contains("tmp", StringComparison.Ordinal) || f.EndsWith(".new", StringComparison.Ordinal));
        return files;
    }
}
