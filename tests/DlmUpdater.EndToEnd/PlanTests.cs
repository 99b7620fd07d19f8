using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>plan</c>: what a start now would do.</summary>
public sealed class PlanTests
{
    [Fact]
    public void A_new_run_is_planned_script_by_script_and_nothing_is_touched()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        File.WriteAllText(host.StageDirectory("update") + "/README", "");
        Described(host.StageDirectory("update") + "/30-once", "run=once timeout=5m user=nobody description=migrates the database");
        Sandbox.MakeDirectory(host.StateDirectory);
        File.WriteAllText(host.StateDirectory + "/.state.dlm-updater-tmp", "left by a killed writer");
        string before = Tree(host);

        string text = Agent.Run(host, "plan").Expect(0).Output;
        JsonElement plan = Plan(host);

        Assert.Equal(before, Tree(host));
        Assert.Empty(host.Log.Lines);
        Assert.Contains($"runs {host.StageDirectory("needs_update")}/10-never", plan.GetProperty("next").GetString()!, StringComparison.Ordinal);
        Assert.Equal(0, plan.GetProperty("exit_code").GetInt32());
        Assert.Equal("needs_update", plan.GetProperty("phase").GetString());
        Assert.Equal(["10-fetch", "20-install", "30-once"], Names(plan, "update"));
        JsonElement once = Stage(plan, "update").GetProperty("scripts")[2];
        Assert.Equal(300, once.GetProperty("timeout_seconds").GetInt32());
        Assert.Equal("nobody", once.GetProperty("user").GetString());
        Assert.Equal("once", once.GetProperty("run").GetString());
        Assert.False(once.GetProperty("done_for_ever").GetBoolean());
        Assert.Equal("migrates the database", once.GetProperty("description").GetString());
        Assert.Equal(14400, Stage(plan, "pre_update").GetProperty("scripts")[0].GetProperty("timeout_seconds").GetInt32());
        Assert.Equal(JsonValueKind.Null, Stage(plan, "update").GetProperty("scripts")[0].GetProperty("timeout_seconds").ValueKind);
        Assert.Contains("README", Stage(plan, "update").GetProperty("skipped")[0].GetString()!, StringComparison.Ordinal);
        Assert.Equal("e2e", plan.GetProperty("lock").GetProperty("name").GetString());
        Assert.Equal(host.RebootCommand, plan.GetProperty("reboot_command")[0].GetString());
        foreach (string wanted in (string[])["30-once", "at most 5m", "as nobody", "not done yet", "migrates the database", "README", "host-1: free", "no date constraint", host.RebootCommand])
            Assert.Contains(wanted, text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_open_run_is_planned_from_its_first_unfinished_script()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "20-install", "finish 7");
        Described(host.StageDirectory("update") + "/05-once", "run=once");
        Agent.Run(host, "run").Expect(1);
        string before = Tree(host);

        JsonElement plan = Plan(host);

        Assert.Equal(before, Tree(host));
        Assert.Equal($"proves the lock, then runs {host.StageDirectory("update")}/20-install", plan.GetProperty("next").GetString());
        Assert.Equal("over", Stage(plan, "pre_update").GetProperty("standing").GetString());
        Assert.Equal("next", Stage(plan, "update").GetProperty("standing").GetString());
        JsonElement[] scripts = [.. Stage(plan, "update").GetProperty("scripts").EnumerateArray()];
        Assert.True(scripts[0].GetProperty("done_for_ever").GetBoolean());
        Assert.Equal(0, scripts[1].GetProperty("finished_exit").GetInt32());
        Assert.Equal([false, false, true], scripts.Select(s => s.GetProperty("will_run").GetBoolean()));
        Assert.True(plan.GetProperty("lock").GetProperty("held_by_us").GetBoolean());
    }

    [Fact]
    public void A_refused_script_is_named_with_every_reason_and_is_exit_code_1()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string bad = host.Script("post_update", "30-bad");
        File.SetUnixFileMode(bad, (UnixFileMode)0b110_110_110);

        Ended ended = Agent.Run(host, "plan").Expect(1);
        Ended json = Agent.Run(host, "plan", "--output", "json").Expect(1);

        using JsonDocument document = JsonDocument.Parse(json.Output);
        JsonElement refusal = Stage(document.RootElement, "post_update").GetProperty("refused")[0];
        Assert.Equal(bad, refusal.GetProperty("path").GetString());
        Assert.Equal(3, refusal.GetProperty("reasons").GetArrayLength());
        Assert.Equal(1, document.RootElement.GetProperty("exit_code").GetInt32());
        Assert.Contains("stops before the lock with exit code 1", ended.Output, StringComparison.Ordinal);
        Assert.Contains(bad, ended.Error, StringComparison.Ordinal);
        Agent.Run(host, "run").Expect(1);
    }

    [Fact]
    public void A_missing_directory_is_exit_code_78_as_the_run_has_it()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Directory.Delete(host.StageDirectory("pre_update"), recursive: true);

        Ended ended = Agent.Run(host, "plan").Expect(78);

        Assert.Contains(host.StageDirectory("pre_update") + " does not exist", ended.Error, StringComparison.Ordinal);
        Agent.Run(host, "run").Expect(78);
    }

    [Fact]
    public void A_busy_lock_a_closed_day_and_a_running_instance_are_said_and_are_no_faults()
    {
        using var other = new Sandbox("host-2");
        using Sandbox host = new Sandbox("host-1", fleet: other).Cycle(reboot: false);
        Agent.Call("lock", "acquire", "--config", other.Config).Expect(0);
        Assert.Contains("busy, held by", Agent.Run(host, "plan").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("host-2", Agent.Run(host, "plan").Expect(0).Output, StringComparison.Ordinal);
        Agent.Call("lock", "release", "--config", other.Config).Expect(0);

        DateTime elsewhere = DateTime.Now.AddDays(3);
        host.Set("schedule", "date_constraint", $"{((elsewhere.Day - 1) / 7) + 1}:{elsewhere.DayOfWeek.ToString()[..3]}");
        JsonElement closed = Plan(host);
        Assert.StartsWith("nothing", closed.GetProperty("next").GetString()!, StringComparison.Ordinal);
        Assert.False(closed.GetProperty("schedule").GetProperty("open").GetBoolean());
        Assert.Contains("date constraint", closed.GetProperty("schedule").GetProperty("why").GetString()!, StringComparison.Ordinal);

        host.Set("schedule", "date_constraint", null);
        Gate gate = host.Gate();
        host.Script("needs_update", "10-never", gate.Wait);
        using Agent first = Agent.Start(host, new StartAs(), "run");
        host.Log.WaitForStart("needs_update/10-never");
        Assert.Contains($"pid {first.Pid}", Plan(host).GetProperty("next").GetString()!, StringComparison.Ordinal);
        gate.Open();
        first.Wait().Expect(0);
    }

    [Fact]
    public void Strategy_off_plans_nothing()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("reboot", "strategy", "off");
        Directory.Delete(host.StageDirectory("pre_update"), recursive: true);

        Assert.Contains("strategy = off", Plan(host).GetProperty("next").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_that_cannot_be_understood_is_exit_code_65_and_stays()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Sandbox.MakeDirectory(host.StateDirectory);
        File.WriteAllText(host.StateFile, "{");

        Assert.Contains("reset", Agent.Run(host, "plan").Expect(65).Error, StringComparison.Ordinal);
        Assert.Equal("{", File.ReadAllText(host.StateFile));
    }

    [Fact]
    public void Without_root_it_plans_what_it_may_see()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        var nobody = new StartAs { Wrapper = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] };

        Ended ended = Agent.Run(host, nobody, "plan").Expect(0);

        Assert.Contains("20-install", ended.Output, StringComparison.Ordinal);
        Assert.Contains("not run as root", ended.Error, StringComparison.Ordinal);
    }

    private static void Described(string path, string header)
    {
        File.WriteAllText(path, $"#!/bin/sh\n# dlm: {header}\nexit 0\n");
        File.SetUnixFileMode(path, Sandbox.Executable);
    }

    /// <summary>Every path with type, mode, size and times: what a write would change.</summary>
    private static string Tree(Sandbox host) =>
        Binary.Tool("find", host.Root, "-printf", "%p %y %m %s %T@ %C@ %i %l\n") + string.Join("", Directory.EnumerateFiles(host.Root).Order(StringComparer.Ordinal).Select(File.ReadAllText));

    private static JsonElement Plan(Sandbox host)
    {
        using JsonDocument document = JsonDocument.Parse(Agent.Run(host, "plan", "--output", "json").Expect(0).Output);
        return document.RootElement.Clone();
    }

    private static JsonElement Stage(JsonElement plan, string stage) =>
        plan.GetProperty("stages").EnumerateArray().First(s => s.GetProperty("stage").GetString() == stage);

    private static string[] Names(JsonElement plan, string stage) =>
        [.. Stage(plan, stage).GetProperty("scripts").EnumerateArray().Select(s => s.GetProperty("name").GetString()!)];
}
