using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>check</c>: what would stop a run, found before.</summary>
public sealed class CheckTests
{
    [Fact]
    public void A_host_in_order_has_no_finding_and_nothing_is_left_behind()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        string[] before = host.Files();

        Ended ended = Agent.Run(host, "check").Expect(0);

        Assert.EndsWith("no error, no warning\n", ended.Output, StringComparison.Ordinal);
        Assert.All(ended.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[..^1], line => Assert.Matches(@"^ok       [^:]+: .+", line));
        Assert.Equal("", ended.Error);
        Assert.Equal(before, host.Files());
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public void An_unknown_key_is_an_error_and_the_rest_is_looked_at_all_the_same()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true).Set("lock", "wiat", "true");

        JsonElement[] findings = Findings(host, 78);

        Assert.Contains($":{host.LineOf("lock", "wiat")}: [lock] wiat", Of(findings, "error", "configuration").GetProperty("why").GetString()!, StringComparison.Ordinal);
        Of(findings, "ok", "update.d");
        Agent.Run(host, "run").Expect(78);
    }

    [Fact]
    public void Wrong_values_and_a_missing_file_are_errors()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true).Set("lock", "wait", "maybe");
        Of(Findings(host, 78), "error", "configuration");
        Assert.Contains("does not exist", Agent.Call("check", "--config", host.Root + "/none.ini").Expect(78).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Scripts_that_cannot_be_trusted_and_missing_directories_are_errors_with_a_fix()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        string bad = host.Script("update", "30-bad");
        File.SetUnixFileMode(bad, (UnixFileMode)0b111_111_101);
        Directory.Delete(host.StageDirectory("pre_update"), recursive: true);

        JsonElement[] findings = Findings(host, 78);

        Assert.Contains(bad, Of(findings, "error", "update.d").GetProperty("why").GetString()!, StringComparison.Ordinal);
        Assert.Contains("install -d", Of(findings, "error", "pre_update.d").GetProperty("fix").GetString()!, StringComparison.Ordinal);
        Assert.All(findings.Where(f => f.GetProperty("level").GetString() != "ok"), f => Assert.NotEqual("", f.GetProperty("fix").GetString()));
    }

    [Fact]
    public void A_script_that_will_have_no_answer_is_a_warning_before_the_run_and_only_those_that_say_so_are_asked()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        File.WriteAllText(host.Script("needs_reboot", "60-kernel"), "#!/bin/sh\n# dlm: probe=yes\n[ \"$*\" = --probe ] || exit 1\nread -r line && exit 9\necho 'the kernel is not known'\nexit 126\n");
        File.WriteAllText(host.Script("needs_reboot", "70-well"), "#!/bin/sh\n# dlm: probe=yes\n[ \"$*\" = --probe ]\n");

        JsonElement[] findings = [.. Findings(host, 0).Where(f => f.GetProperty("why").GetString()!.Contains("an answer", StringComparison.Ordinal) || f.GetProperty("why").GetString()!.Contains("no answer", StringComparison.Ordinal))];

        Assert.Equal(["warning", "ok"], findings.Select(f => f.GetProperty("level").GetString()));
        Assert.Contains("needs_reboot.d/60-kernel will have no answer: the kernel is not known (", findings[0].GetProperty("why").GetString()!, StringComparison.Ordinal);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public void Directories_of_checks_without_a_check_are_warnings()
    {
        using var host = new Sandbox();

        JsonElement[] findings = Findings(host, 0);

        Assert.Contains("no update is ever due", Of(findings, "warning", "needs_update.d").GetProperty("why").GetString()!, StringComparison.Ordinal);
        Assert.Contains("every update reboots", Of(findings, "warning", "needs_reboot.d").GetProperty("why").GetString()!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("main", "state_dir", "state directory")]
    [InlineData("main", "run_dir", "run directory")]
    [InlineData("file", "directory", "lock directory")]
    [InlineData("main", "log", "log file")]
    [InlineData("main", "lock", "instance lock")]
    public void A_place_that_cannot_be_written_is_an_error(string section, string key, string what)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        host.Mount(host.Root + "/ro", "-t", "tmpfs", "-o", "ro,mode=755", "tmpfs");
        host.Set(section, key, host.Root + "/ro" + (key is "log" or "lock" ? "/file" : ""));

        JsonElement finding = Of(Findings(host, 78), "error", what);
        Assert.Contains($"[{section}] {key}", finding.GetProperty("fix").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lock_held_by_this_host_without_a_run_is_a_warning_that_names_the_release()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        Agent.Call("lock", "acquire", "--config", host.Config).Expect(0);

        Assert.Contains("lock release", Of(Findings(host, 0), "warning", "lock 'e2e' at file").GetProperty("fix").GetString()!, StringComparison.Ordinal);
        Agent.Call("lock", "disable", "--config", host.Config).Expect(0);
        Assert.Contains(Findings(host, 0), f => f.GetProperty("fix").GetString()?.Contains("lock enable", StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void An_open_run_is_said_and_a_lost_lock_is_an_error()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        host.Script("update", "10-fetch", "finish 3");
        Agent.Run(host, "run").Expect(1);
        Assert.Contains("phase update", Of(Findings(host, 0), "ok", "run").GetProperty("why").GetString()!, StringComparison.Ordinal);

        File.WriteAllText(host.LockFile, File.ReadAllText(host.LockFile).Replace("\"host-1\"", "\"host-2\"", StringComparison.Ordinal));
        Assert.Contains("79", Of(Findings(host, 78), "error", "lock 'e2e' at file").GetProperty("fix").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_an_older_tool_left_open_for_more_than_a_week_is_a_warning()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        Sandbox.MakeDirectory(host.StateDirectory);
        File.WriteAllText(host.StateFile, "update");
        Of(Findings(host, 0), "ok", "run");

        File.SetLastWriteTimeUtc(host.StateFile, DateTime.UtcNow.AddDays(-8));
        Assert.Contains("8 days", Of(Findings(host, 0), "warning", "run").GetProperty("why").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reboot_command_that_does_not_exist_is_an_error_unless_reboot_d_has_scripts()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true).Set("reboot", "command", "rebooot now");
        Assert.Contains("rebooot", Of(Findings(host, 78), "error", "reboot command").GetProperty("why").GetString()!, StringComparison.Ordinal);

        host.Script("reboot", "10-go");
        Of(Findings(host, 0), "ok", "reboot command");
    }

    [Fact]
    public void A_lock_file_and_a_state_that_cannot_be_understood_are_errors()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        Sandbox.MakeDirectory(host.LockDirectory);
        Sandbox.MakeDirectory(host.StateDirectory);
        File.WriteAllText(host.LockFile, "?");
        File.WriteAllText(host.StateFile, "?");

        JsonElement[] findings = Findings(host, 78);

        Of(findings, "error", "lock 'e2e' at file");
        Assert.Contains("reset", Of(findings, "error", "run").GetProperty("fix").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_stand_before_warnings_and_the_sum_is_on_stderr()
    {
        using var host = new Sandbox();
        Directory.Delete(host.StageDirectory("update"));

        Ended ended = Agent.Run(host, "check").Expect(78);

        Assert.StartsWith("error    update.d: ", ended.Output, StringComparison.Ordinal);
        Assert.EndsWith("1 error, 2 warnings\n", ended.Output, StringComparison.Ordinal);
        Assert.Contains("1 error found", ended.Error, StringComparison.Ordinal);
    }

    private static JsonElement[] Findings(Sandbox host, int code)
    {
        Ended ended = Agent.Run(host, "check", "--output", "json").Expect(code);
        using JsonDocument document = JsonDocument.Parse(ended.Output);
        return [.. document.RootElement.Clone().GetProperty("findings").EnumerateArray()];
    }

    private static JsonElement Of(JsonElement[] findings, string level, string what) =>
        Assert.Single(findings, f => f.GetProperty("level").GetString() == level && f.GetProperty("what").GetString() == what);
}
