using System.Collections.Concurrent;
using DlmUpdater.EndToEnd.Harness;
using Xunit.Abstractions;

namespace DlmUpdater.EndToEnd;

/// <summary>SIGKILL at every call by which a run with Foreman's lock says, hears or records anything; then started again until it is
/// done.</summary>
public sealed class ForemanKillTests(ITestOutputHelper output)
{
    private static readonly string[] Swept = ["send", "sendmsg", "recv", "recvmsg", "rename", "unlink"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_kill_at_any_word_to_or_from_the_server_or_the_disk_loses_nothing_and_leaks_no_lock(int start)
    {
        string[] calls = Trace(start, out string[] files);
        (int Number, string How)[] points = [.. calls.SelectMany((call, i) => How(call).Select(how => (i + 1, how)))];
        Assert.True(calls.Count(c => c.StartsWith("send", StringComparison.Ordinal)) >= (start == 1 ? 6 : 4), string.Join('\n', calls));
        Assert.Contains(calls, call => call.StartsWith("recv", StringComparison.Ordinal));
        Assert.Contains(calls, call => call.StartsWith("rename\t", StringComparison.Ordinal));

        var wrong = new ConcurrentBag<string>();
        int kills = 0;
        Parallel.ForEach(points, new ParallelOptions { MaxDegreeOfParallelism = 2 }, point =>
        {
            string where = $"{point.How} call {point.Number} ({calls[point.Number - 1]})";
            try
            {
                using var bed = new Bed();
                if (start == 2) bed.Cycle.Start();
                bed.Cycle.Start(KillAt.Call(point.Number, point.How));
                Interlocked.Add(ref kills, bed.Cycle.Kills);
                bed.Cycle.Finish();
                bed.Cycle.Judge(files);
                foreach (string line in bed.Cycle.Wrong) wrong.Add($"{where}: {line}");
                if (bed.Foreman.Holder is { } holder) wrong.Add($"{where}: {holder} holds the lock at the end");
                foreach (ForemanRequest other in bed.Foreman.Requests.Where(r => r.Host != ForemanHost.A)) wrong.Add($"{where}: {other}");
            }
            catch (Exception e) when (e is System.Text.Json.JsonException or IOException or TimeoutException)
            {
                wrong.Add($"{where}: {e.Message}");
            }
        });

        output.WriteLine($"start {start}: {calls.Length} calls, {points.Length} points, {kills} kills");
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong.Order(StringComparer.Ordinal).Take(40)));

        // How many pieces an answer comes in is the network's to say, so the last points may find nothing to kill.
        Assert.True(kills >= points.Length * 0.9, $"only {kills} of {points.Length} points killed the program");
    }

    [Fact]
    public void A_kill_between_the_grant_and_its_record_leaves_a_lock_that_the_next_start_makes_its_own()
    {
        using var bed = new Bed();
        int reply = 0;
        bed.Foreman.LoseReply("PUT", () => reply = bed.Foreman.Requests.Length);
        using (Agent agent = Agent.Start(bed.Cycle.Host, new StartAs(), "run"))
        {
            Processes.Until(() => Volatile.Read(ref reply) > 0, "the lock was granted");
            _ = agent.Kill();
        }

        Assert.Equal(ForemanHost.A, bed.Foreman.Holder);
        Assert.Contains("lock_get", File.ReadAllText(bed.Cycle.Host.StateFile), StringComparison.Ordinal);
        Assert.DoesNotContain(bed.Cycle.Host.Log.Lines, l => l.Stage != "needs_update");

        bed.Cycle.Finish();
        Assert.Empty(bed.Cycle.Wrong);
        Assert.Null(bed.Foreman.Holder);
    }

    [Fact]
    public void A_kill_between_the_release_and_its_record_touches_nobody_who_took_the_lock_since()
    {
        using var bed = new Bed();
        bed.Cycle.Start();
        int reply = 0;
        bed.Foreman.LoseReply("DELETE", () => reply = bed.Foreman.Requests.Length);

        // The second DELETE comes at once: it must not be answered before the kill.
        var started = new TaskCompletionSource<Agent>();
        bed.Foreman.LoseReply("DELETE", () => started.Task.Result.Signal("KILL"));
        Boot boot = bed.Cycle.Host.NextBoot();
        using (Agent agent = Agent.Start(bed.Cycle.Host, new StartAs { Boot = boot }, "run"))
        {
            started.SetResult(agent);
            Assert.True(agent.Wait().WasKilled);
        }

        Assert.True(reply > 0);
        Assert.Null(bed.Foreman.Holder);
        Assert.Contains("lock_release", File.ReadAllText(bed.Cycle.Host.StateFile), StringComparison.Ordinal);
        bed.Foreman.Admin(plugin => plugin.Holder = ForemanHost.B);
        int lines = bed.Cycle.Host.Log.Lines.Length;

        Agent.Run(bed.Cycle.Host, new StartAs { Boot = boot }, "run").Expect(0);

        Assert.Equal(ForemanHost.B, bed.Foreman.Holder);
        Assert.Equal(lines, bed.Cycle.Host.Log.Lines.Length);
        Assert.False(File.Exists(bed.Cycle.Host.StateFile));
    }

    private static string[] How(string call) => call.Split('\t')[0] switch
    {
        "send" or "sendmsg" or "rename" or "unlink" => ["before", "after"],
        var name when Swept.Contains(name) => ["before"],
        _ => [],
    };

    /// <summary>The calls of the first or the second start of a cycle that nobody kills, and the files that such a cycle leaves.</summary>
    private static string[] Trace(int start, out string[] files)
    {
        using var bed = new Bed();
        if (start == 2) bed.Cycle.Start();
        string file = bed.Cycle.Host.Root + "/marks/trace";
        bed.Cycle.Start(KillAt.Trace(file));
        string[] calls = File.ReadAllLines(file);
        bed.Cycle.Finish();
        bed.Cycle.Judge([.. bed.Cycle.Host.Files()]);
        Assert.Empty(bed.Cycle.Wrong);
        files = bed.Cycle.Host.Files();
        return calls;
    }

    private sealed class Bed : IDisposable
    {
        internal Bed()
        {
            Sandbox host = ForemanHost.Make();
            Foreman = new ForemanServer(host.LockDirectory);
            Cycle = new CrashCycle(host.Joins(Foreman));
        }

        internal ForemanServer Foreman { get; }

        internal CrashCycle Cycle { get; }

        public void Dispose()
        {
            Cycle.Dispose();
            Foreman.Dispose();
        }
    }
}
