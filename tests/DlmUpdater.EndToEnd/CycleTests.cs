using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>A host carried through, as an admin sees it.</summary>
public sealed class CycleTests
{
    private static readonly string[] WholeCycle =
    [
        "needs_update/10-never", "needs_update/20-due", "pre_update/10-drain", "pre_update/20-stop", "update/10-fetch", "update/20-install",
        "needs_reboot/10-no", "needs_reboot/20-kernel", "post_update/10-start", "post_update/20-health",
    ];

    [Fact]
    public void A_cycle_without_reboot_runs_every_phase_in_order_and_leaves_nothing()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);

        Agent.Run(host, "run").Expect(0);

        Assert.Equal(WholeCycle, host.Log.Started);
        ScriptLine[] lines = host.Log.Lines;
        Assert.All(lines, line => Assert.Equal(line.Stage, line.Phase));
        Assert.Single(lines.Select(line => line.RunId).Distinct());
        Assert.All(lines, line => Assert.Equal("1", line.Attempt));
        Assert.All(lines, line => Assert.Equal(line.Stage != "needs_update", line.Held));
        Assert.Empty(host.Holders);
        Assert.False(File.Exists(host.StateFile));

        using JsonDocument history = JsonDocument.Parse(Agent.Run(host, "history", "--output", "json").Expect(0).Output);
        JsonElement record = Assert.Single(history.RootElement.GetProperty("starts").EnumerateArray());
        Assert.Equal(lines[0].RunId, record.GetProperty("run_id").GetString());
        Assert.Equal("done", record.GetProperty("ending").GetString());
        Assert.Equal(0, record.GetProperty("exit_code").GetInt32());
        Assert.False(record.GetProperty("state_kept").GetBoolean());
        Assert.Equal("e2e", record.GetProperty("lock").GetProperty("name").GetString());
        Assert.Equal(WholeCycle, record.GetProperty("scripts").EnumerateArray().Select(s => $"{s.GetProperty("phase").GetString()}/{s.GetProperty("name").GetString()}"));
        Assert.Single(File.ReadAllLines(host.HistoryFile));
    }

    [Fact]
    public void A_start_with_nothing_due_takes_no_lock_and_leaves_no_history()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        File.WriteAllText(host.Root + "/marks/updated", "");

        Agent.Run(host, "run").Expect(0);

        Assert.Equal(WholeCycle[..2], host.Log.Started);
        Assert.False(File.Exists(host.LockFile));
        Assert.False(File.Exists(host.StateFile));
        Assert.False(File.Exists(host.HistoryFile));
    }

    [Fact]
    public void Status_tells_of_a_run_before_during_and_after_it()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = host.Gate();
        host.Script("update", "10-fetch", gate.Wait);

        JsonElement before = Agent.Status(host);
        Assert.Equal("none", before.GetProperty("phase").GetString());
        Assert.Equal(JsonValueKind.Null, before.GetProperty("running").ValueKind);
        Assert.Equal(JsonValueKind.Null, before.GetProperty("last").ValueKind);
        Assert.False(before.GetProperty("lock").GetProperty("held_by_us").GetBoolean());
        Assert.Contains("free", Agent.Run(host, "status").Expect(0).Output, StringComparison.Ordinal);

        using Agent agent = Agent.Start(host, new StartAs(), "run");
        string run = host.Log.WaitForStart("update/10-fetch").RunId;
        JsonElement during = Agent.Status(host);
        Assert.Equal("update", during.GetProperty("phase").GetString());
        Assert.Equal(run, during.GetProperty("run_id").GetString());
        Assert.Equal(1, during.GetProperty("attempt").GetInt32());
        JsonElement running = during.GetProperty("running");
        Assert.Equal(agent.Pid, running.GetProperty("pid").GetInt32());
        Assert.Equal("update", running.GetProperty("phase").GetString());
        Assert.Equal("10-fetch", running.GetProperty("script").GetString());
        Assert.Equal((1, 2), (running.GetProperty("index").GetInt32(), running.GetProperty("count").GetInt32()));
        Assert.True(running.GetProperty("script_started").GetDateTimeOffset() <= DateTimeOffset.UtcNow);
        JsonElement held = during.GetProperty("lock");
        Assert.Equal(("file", "e2e", "host-1"), (held.GetProperty("service").GetString(), held.GetProperty("name").GetString(), held.GetProperty("holder").GetString()));
        Assert.True(held.GetProperty("held_by_us").GetBoolean());
        Assert.Equal("host-1", Assert.Single(held.GetProperty("holders").EnumerateArray()).GetProperty("id").GetString());
        string text = Agent.Run(host, "status").Expect(0).Output;
        Assert.Contains("10-fetch, 1 of 2", text, StringComparison.Ordinal);
        Assert.Contains(run, text, StringComparison.Ordinal);

        gate.Open();
        agent.Wait().Expect(0);
        JsonElement after = Agent.Status(host);
        Assert.Equal("none", after.GetProperty("phase").GetString());
        Assert.Equal(JsonValueKind.Null, after.GetProperty("running").ValueKind);
        Assert.Equal("done", after.GetProperty("last").GetProperty("ending").GetString());
        Assert.Equal(0, after.GetProperty("last").GetProperty("exit_code").GetInt32());
        Assert.Empty(after.GetProperty("lock").GetProperty("holders").EnumerateArray());
    }

    [Fact]
    public void Scripts_get_a_clean_environment_and_nothing_else_of_the_agent()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "env | sort > $ROOT/marks/env\nls -l /proc/$$/fd > $ROOT/marks/fd\npwd > $ROOT/marks/pwd\numask > $ROOT/marks/umask\nread -r x && note stdin-not-empty");

        Agent.Run(host, new StartAs { Environment = new Dictionary<string, string> { ["SECRET_OF_THE_CALLER"] = "x", ["LD_LIBRARY_PATH"] = "/nowhere" } }, "run").Expect(0);

        string[] environment = File.ReadAllLines(host.Root + "/marks/env");
        Assert.DoesNotContain(environment, line => line.StartsWith("SECRET", StringComparison.Ordinal) || line.StartsWith("LD_", StringComparison.Ordinal));
        Assert.Contains("DLM_UPDATER_PHASE=update", environment);
        Assert.Contains("DLM_UPDATER_LOCK_NAME=e2e", environment);
        Assert.Contains("DLM_UPDATER_LOCK_SERVICE=file", environment);
        Assert.Contains("DLM_UPDATER_ATTEMPT=1", environment);
        Assert.Contains($"DLM_UPDATER_STATE_DIR={host.StateDirectory}", environment);
        Assert.Contains("DLM_ENGINE_UPDATER_PHASE=update", environment);
        Assert.Contains("DLM_ENGINE_UPDATER_LOCK_NAME=e2e", environment);
        Assert.Contains("PYTHONDONTWRITEBYTECODE=1", environment);
        Assert.Contains("LANG=C.UTF-8", environment);
        Assert.Equal("/", File.ReadAllText(host.Root + "/marks/pwd").Trim());
        Assert.Equal("0022", File.ReadAllText(host.Root + "/marks/umask").Trim());
        Assert.DoesNotContain(host.Log.Lines, line => line.What == "note");

        // Nothing but the empty stdin, the pipe to the log twice, and what the shell itself has open: the script, and where ls writes.
        string[] targets = [.. File.ReadAllLines(host.Root + "/marks/fd").Where(line => line.Contains(" -> ", StringComparison.Ordinal)).Select(line => line.Split(" -> ")[1])];
        Assert.Contains("/dev/null", targets);
        Assert.All(targets, target => Assert.True(
            target is "/dev/null" || target == host.RunDirectory + "/output" || target == host.Root + "/marks/fd" ||
            target == host.StageDirectory("update") + "/10-fetch", $"a script has {target} open"));
        Assert.Equal(2, targets.Count(target => target == host.RunDirectory + "/output"));
    }

    [Fact]
    public void A_daemon_that_a_script_starts_lives_on_and_does_not_hold_the_run_up()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("post_update", "10-start", "setsid sleep 300 &\necho $! > $ROOT/marks/daemon");

        var clock = System.Diagnostics.Stopwatch.StartNew();
        Agent.Run(host, "run").Expect(0);

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"the run took {clock.Elapsed}");
        int daemon = int.Parse(File.ReadAllText(host.Root + "/marks/daemon"));
        Assert.True(Directory.Exists($"/proc/{daemon}"), "the daemon is gone");
    }
}
