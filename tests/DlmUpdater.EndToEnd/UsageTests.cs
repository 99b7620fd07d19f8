using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>The command line.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("frobnicate")]
    [InlineData("run", "--frobnicate")]
    [InlineData("run", "surplus")]
    [InlineData("status", "--output", "xml")]
    [InlineData("history", "--last", "0")]
    [InlineData("history", "--last", "some")]
    [InlineData("run", "--config")]
    public void Wrong_usage_is_exit_code_2_and_said_on_stderr(params string[] arguments)
    {
        Ended ended = Agent.Call(arguments).Expect(2);

        Assert.Equal("", ended.Output);
        Assert.NotEmpty(ended.ErrorLines);
        Assert.Contains("--help", ended.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_bare_call_shows_help_and_runs_nothing()
    {
        Ended ended = Agent.Call().Expect(0);

        foreach (string verb in new[] { "run", "status", "history", "reset", "version" }) Assert.Contains($"  {verb}", ended.Output, StringComparison.Ordinal);
        Assert.Equal("", ended.Error);
    }

    [Theory]
    [InlineData("run", "--after-reboot")]
    [InlineData("status", "--output")]
    [InlineData("history", "--last")]
    [InlineData("reset", "--release")]
    [InlineData("version", "--output")]
    public void Every_verb_has_help(string verb, string option)
    {
        Ended ended = Agent.Call(verb, "--help").Expect(0);

        Assert.Contains(option, ended.Output, StringComparison.Ordinal);
        Assert.Contains("--help", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_old_spellings_work_without_a_verb()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);

        Agent.Call("--cfg", host.Config).Expect(0);
        Assert.Equal("reboot/reboot", host.Log.Started[^1]);

        Agent.Call(new StartAs { Boot = host.NextBoot() }, "--cfg", host.Config, "--after_reboot").Expect(0);
        Assert.Equal("post_update/20-health", host.Log.Started[^1]);
        Assert.Empty(host.Holders);

        Agent.Call("--after_reboot", "--cfg=" + host.Config).Expect(0);
        Agent.Call("--cfg", host.Config, "--random_sleep", "soon").Expect(78);
        Agent.Call("--cfg", host.Config, "--date_constraint", "9:Tue").Expect(78);
    }

    [Fact]
    public void Version_is_one_line()
    {
        Assert.Matches(@"^dlm-updater \d+\.\d+\.\d+\n$", Agent.Call("version").Expect(0).Output);
        Assert.Matches("^{\n  \"version\": \"\\d+\\.\\d+\\.\\d+\"\n}\n$", Agent.Call("version", "--output", "json").Expect(0).Output);
    }

    [Fact]
    public void A_closed_stdout_is_no_crash()
    {
        Ended ended = Agent.Call(new StartAs { Wrapper = ["/bin/sh", "-c", "exec \"$@\" >&-", "sh"] }, "version");

        Assert.DoesNotContain("bug", ended.Error, StringComparison.Ordinal);
        Assert.InRange(ended.Code, 0, 127);
    }
}
