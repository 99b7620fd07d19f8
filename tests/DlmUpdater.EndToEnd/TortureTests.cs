using System.Globalization;
using DlmUpdater.EndToEnd.Harness;
using Xunit.Abstractions;

namespace DlmUpdater.EndToEnd;

/// <summary>Every system call of a whole cycle fails once with each plausible error, and is once the last one. Whatever the call: the
/// starts that follow finish the run,
/// no script runs without the lock, none is skipped or repeated that is recorded, the lock stays while the run is open and is free at the
/// end, the state is
/// always readable, nothing is left behind, and the start ends with a documented exit code and says why.
/// <c>make test</c> takes a sample; <c>make torture</c> all, and sets the variables.</summary>
[Collection(nameof(AloneOnTheMachine))]
public sealed class TortureTests(ITestOutputHelper output)
{
    /// <summary>How many faults to cause; <c>all</c> for every one.</summary>
    private const string SampleVariable = "DLM_UPDATER_TORTURE_SAMPLE";

    /// <summary>Which sample; not set: 1.</summary>
    private const string SeedVariable = "DLM_UPDATER_TORTURE_SEED";

    /// <summary>A file of faults, as <c>failed</c> of a report lists them: only these are caused.</summary>
    private const string OnlyVariable = "DLM_UPDATER_TORTURE_ONLY";

    /// <summary>A directory for the report. Faults that <c>done</c> in it lists are not caused again.</summary>
    private const string ReportVariable = "DLM_UPDATER_TORTURE_REPORT";

    [Theory]
    [InlineData("file")]
    [InlineData("etcd")]
    public async Task A_system_call_that_fails_or_is_the_last_one_breaks_no_promise(string service)
    {
        string? directory = Environment.GetEnvironmentVariable(ReportVariable) is { Length: > 0 } set ? set : null;
        if (directory is not null) Directory.CreateDirectory(directory);
        using TortureHosts hosts = await TortureHosts.For(service);
        var sweep = new FaultSweep(hosts, line => Append(directory, "wrong", line));
        FaultPoint[] all = sweep.Points();
        FaultPoint[] points = Chosen(all, service, directory);

        sweep.Run(points, point => Append(directory, "done", service + "\t" + point.Key));

        string summary = $"{service}: {points.Length} of {all.Length} faults at {points.Select(p => (p.Call.Who, p.Call.Name)).Distinct().Count()} system calls, "
            + $"{sweep.Caused} were reached, {sweep.Wrong.Length} broke a promise";
        output.WriteLine(summary);
        foreach (string line in sweep.Counts) Append(directory, "counts", line);
        foreach (string line in sweep.Failed) Append(directory, "failed", line);
        Append(directory, "summary", summary);
        Assert.True(sweep.Wrong.Length == 0, summary + "\n" + string.Join('\n', sweep.Wrong.Take(60)));

        // A resumed start looks at every process of this machine, and their number differs between starts; a sweep that hardly hits is no sweep.
        Assert.True(sweep.Caused >= points.Length * 0.75, summary);
    }

    [Theory]
    [InlineData("openat", "/environ", "ENFILE", 75)]
    [InlineData("getdents64", " /proc", "EACCES", 74)]
    public void While_processes_cannot_be_looked_at_no_second_copy_of_a_script_is_started(string call, string part, string errno, int code)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "20-install", "[ -e $ROOT/marks/once ] || { : > $ROOT/marks/once; sleep 8; }\n: > $ROOT/marks/updated");
        using (Agent killed = Agent.Start(host, new StartAs(), "run"))
        {
            host.Log.WaitForStart("update/20-install");
            _ = killed.Kill();
        }

        // Without the marker the script can only be found among all processes.
        File.Delete(host.RunDirectory + "/running");
        Ended refused = Agent.Run(host, new StartAs { Wrapper = FaultAt.Refuse(call, part, errno) }, "run").Expect(code);
        Assert.Contains("whether a script still runs is not known", refused.Error, StringComparison.Ordinal);
        Assert.Single(host.Log.Started, s => s == "update/20-install");
        Assert.Equal([host.Holder], host.Holders);

        Agent.Run(host, "run").Expect(0);
        Assert.Empty(ScriptLog.Copies(host.Log.Lines));
    }

    [Theory]
    [InlineData("/proc/1/stat", "EMFILE")]
    [InlineData("/proc/1/stat", "EIO")]
    [InlineData("boot_id", "ENFILE")]
    public void While_it_is_not_known_which_boot_this_is_the_host_is_not_taken_for_rebooted(string part, string errno)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        Agent.Run(host, "run").Expect(0);

        Ended refused = Agent.Run(host, new StartAs { Wrapper = FaultAt.Refuse("openat", part, errno) }, "run").Expect(74);

        Assert.Contains("reboot cannot be recognised", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Log.Started, s => s.StartsWith("post_update", StringComparison.Ordinal));
        Assert.Equal([host.Holder], host.Holders);
    }

    private static FaultPoint[] Chosen(FaultPoint[] all, string service, string? directory)
    {
        string size = Environment.GetEnvironmentVariable(SampleVariable) is { Length: > 0 } given ? given : "70";
        string done = Path.Combine(directory ?? "/nonexistent", "done");
        HashSet<string> before = File.Exists(done) ? [.. File.ReadAllLines(done)] : [];
        if (Environment.GetEnvironmentVariable(OnlyVariable) is { Length: > 0 } list)
        {
            HashSet<string> only = [.. File.ReadAllLines(list)];
            return [.. all.Where(point => only.Contains(service + "\t" + point.Key))];
        }

        FaultPoint[] left = [.. all.Where(point => !before.Contains(service + "\t" + point.Key))];
        if (size == "all") return left;

        // One of each call first, and then one of each fault of each call: a read is made a hundred times as often as a fork.
        int seed = Environment.GetEnvironmentVariable(SeedVariable) is { Length: > 0 } set ? int.Parse(set, CultureInfo.InvariantCulture) : 1;
        FaultPoint[] mixed = [.. left];
        new Random(seed).Shuffle(mixed);
        return
        [
            .. mixed.GroupBy(p => (p.Call.Who, p.Call.Name)).Select(g => g.First())
                .Concat(mixed.GroupBy(p => (p.Call.Who, p.Call.Name, p.Fault)).Select(g => g.Last()))
                .Concat(mixed).Distinct().Take(int.Parse(size, CultureInfo.InvariantCulture)),
        ];
    }

    private static void Append(string? directory, string file, string line)
    {
        if (directory is null) return;
        lock (SampleVariable) File.AppendAllText(Path.Combine(directory, file), line + "\n");
    }
}

/// <summary>What checks the promises under torture notices each one that is broken.</summary>
public sealed class TortureCheckerTests
{
    [Fact]
    public void A_lock_that_is_released_while_the_run_is_open_is_noticed() =>
        Notices(cycle => File.WriteAllText(cycle.Host.LockFile, File.ReadAllText(cycle.Host.LockFile).Replace(cycle.Host.Holder, "host-2", StringComparison.Ordinal)),
            "the lock was released, though the run is open in update");

    [Fact]
    public void A_lock_that_two_hosts_hold_is_noticed() =>
        Notices(cycle => File.WriteAllText(cycle.Host.LockFile, Twice(File.ReadAllText(cycle.Host.LockFile), cycle.Host.Holder)), "2 hold the one slot");

    [Fact]
    public void A_lock_that_is_held_without_a_run_is_noticed() => Notices(cycle => File.Delete(cycle.Host.StateFile), "the lock is held, though no run is open");

    [Fact]
    public void A_state_that_is_cut_off_is_noticed() =>
        Notices(cycle => File.WriteAllText(cycle.Host.StateFile, File.ReadAllText(cycle.Host.StateFile)[..40]), "the state is not complete");

    [Fact]
    public void A_script_that_ran_without_the_lock_is_noticed() =>
        Notices(cycle => Add(cycle, "start", "update", "10-fetch", held: false), "start of update/10-fetch without the lock");

    [Fact]
    public void A_script_that_is_repeated_though_it_is_recorded_is_noticed() => Notices(
        cycle =>
        {
            Add(cycle, "start", "pre_update", "10-drain", held: true);
            Add(cycle, "end", "pre_update", "10-drain", held: true);
        },
        "pre_update/10-drain ran after ");

    [Fact]
    public void A_file_that_is_left_behind_is_noticed() => Notices(cycle => File.WriteAllText(cycle.Host.StateDirectory + "/.state.tmp", ""), "left behind: state/.state.tmp");

    [Theory]
    [InlineData(70, "internal error", "exit code 70 is not documented")]
    [InlineData(134, "Unhandled exception. System.IO.IOException", "exit code 134 is not documented")]
    [InlineData(139, "", "exit code 139 is not documented")]
    [InlineData(255, "", "exit code 255 without a line on stderr")]
    [InlineData(74, "", "exit code 74 without a line on stderr")]
    public void An_end_that_the_manual_does_not_know_is_noticed(int code, string error, string what)
    {
        var call = new SystemCall("agent", "openat", 1, "/x");

        string[] found = [.. FaultSweep.Ending(new FaultPoint("first", call, "fail=EIO", false), call, new Ended(code, "", error))];

        Assert.Contains(found, line => line.Contains(what, StringComparison.Ordinal));
        Assert.Empty(FaultSweep.Ending(new FaultPoint("first", call, "fail=EIO", false), call, new Ended(74, "", "cannot write")));
    }

    /// <summary>A kill in update, and then <paramref name="sabotage"/>.</summary>
    private static void Notices(Action<CrashCycle> sabotage, string what)
    {
        using var hosts = new TortureHosts(null);
        var sweep = new FaultSweep(hosts, _ => { }) { Sabotage = sabotage };
        FaultPoint fetch = sweep.Points().Single(p => p is { Start: "first", Call: { Who: "child", Name: "execve" }, Fault: "kill-before" }
            && p.Call.What.EndsWith("/update.d/10-fetch", StringComparison.Ordinal));

        sweep.Run([fetch]);

        Assert.Equal(1, sweep.Caused);
        Assert.Contains(sweep.Wrong, line => line.Contains(what, StringComparison.Ordinal));
    }

    private static string Twice(string document, string holder)
    {
        int start = document.IndexOf('{', document.IndexOf("\"holders\"", StringComparison.Ordinal)), end = document.IndexOf('}', start) + 1;
        return document.Insert(end, "," + document[start..end].Replace(holder, "host-2", StringComparison.Ordinal));
    }

    private static void Add(CrashCycle cycle, string what, string stage, string name, bool held)
    {
        ScriptLine last = cycle.Host.Log.Lines[^1];
        File.AppendAllText(cycle.Host.Log.Path, $"{what}|{last.Host}|{stage}|{name}|{stage}|{last.RunId}|{last.Attempt}|{last.Boot}|{(held ? "yes" : "no")}|1\n");
    }
}

/// <summary>A start whose running marker cannot be read looks for scripts of any run on the machine, and there must be only its own.</summary>
[CollectionDefinition(nameof(AloneOnTheMachine), DisableParallelization = true)]
public sealed class AloneOnTheMachine;
