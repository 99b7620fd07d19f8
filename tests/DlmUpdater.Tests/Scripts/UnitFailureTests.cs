using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

public sealed class UnitFailureTests
{
    [Theory]
    [InlineData("signal", "KILL", true)]
    [InlineData("signal", "9", true)]
    [InlineData("oom-kill", "KILL", true)]
    [InlineData("oom-kill", "", true)]
    [InlineData("signal", "TERM", false)]
    [InlineData("signal", "15", false)]
    [InlineData("signal", "", false)]
    [InlineData("core-dump", "ABRT", false)]
    [InlineData("core-dump", "SEGV", false)]
    [InlineData("timeout", "KILL", false)]
    [InlineData("timeout", "9", false)]
    [InlineData("exit-code", "1", false)]
    [InlineData("exit-code", "9", false)]
    [InlineData("exit-code", "137", false)]
    [InlineData("success", "0", false)]
    [InlineData("start-limit-hit", "", false)]
    [InlineData("unknown, because systemctl gives no answer", "", false)]
    public void Only_a_kill_is_a_kill(string result, string status, bool isKilled) =>
        Assert.Equal(isKilled, new UnitFailure("dlm-updater.service", result, status).IsKilled);

    [Fact]
    public void Systemd_251_says_it_in_the_environment()
    {
        var variables = new Dictionary<string, string>
        {
            ["MONITOR_UNIT"] = "dlm-updater.service", ["MONITOR_SERVICE_RESULT"] = "signal", ["MONITOR_EXIT_CODE"] = "killed", ["MONITOR_EXIT_STATUS"] = "KILL",
        };

        Assert.Equal(new UnitFailure("dlm-updater.service", "signal", "KILL"), UnitFailure.OfMonitor(variables.GetValueOrDefault));
        foreach (string needed in (string[])["MONITOR_UNIT", "MONITOR_SERVICE_RESULT"])
            Assert.Null(UnitFailure.OfMonitor(name => name == needed ? null : variables.GetValueOrDefault(name)));
    }

    private const string Show = """
        Id=dlm-updater.service
        Result=signal
        ExecMainStatus=9
        ActiveState=failed
        InactiveEnterTimestampMonotonic=2000

        Id=dlm-updater-resume.service
        Result=exit-code
        ExecMainStatus=1
        ActiveState=failed
        InactiveEnterTimestampMonotonic=1000

        Id=dlm-updater-recover.service
        Result=success
        ExecMainStatus=0
        ActiveState=activating
        InactiveEnterTimestampMonotonic=3000
        """;

    [Fact]
    public void Older_versions_are_asked_for_the_unit_that_failed_last()
    {
        Assert.Equal(new UnitFailure("dlm-updater.service", "signal", "9"), UnitFailure.OfShow(Show.Split('\n')));
        Assert.Equal(
            new UnitFailure("dlm-updater-resume.service", "exit-code", "1"),
            UnitFailure.OfShow(Show.Replace("Monotonic=1000", "Monotonic=2001", StringComparison.Ordinal).Split('\n')));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Failed to connect to bus: No such file or directory")]
    [InlineData("Id=dlm-updater.service\nResult=signal\nExecMainStatus=9\nActiveState=inactive\nInactiveEnterTimestampMonotonic=1")]
    [InlineData("Id=dlm-updater.service\nExecMainStatus=9\nActiveState=failed\nInactiveEnterTimestampMonotonic=1")]
    [InlineData("Id=dlm-updater.service\nResult=signal\nActiveState=failed\nInactiveEnterTimestampMonotonic=often")]
    public void No_whole_answer_is_no_answer(string said) => Assert.Null(UnitFailure.OfShow(said.Split('\n')));
}
