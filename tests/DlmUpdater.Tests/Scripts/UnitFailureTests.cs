using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

public sealed class UnitFailureTests
{
    [Theory]
    [InlineData("signal", "9", true)]
    [InlineData("oom-kill", "9", true)]
    [InlineData("oom-kill", "", true)]
    [InlineData("signal", "11", false)]
    [InlineData("signal", "15", false)]
    [InlineData("signal", "", false)]
    [InlineData("core-dump", "6", false)]
    [InlineData("core-dump", "11", false)]
    [InlineData("timeout", "9", false)]
    [InlineData("exit-code", "1", false)]
    [InlineData("exit-code", "9", false)]
    [InlineData("exit-code", "137", false)]
    [InlineData("success", "0", false)]
    [InlineData("start-limit-hit", "", false)]
    [InlineData("unknown, because systemctl names no unit that has failed", "", false)]
    public void Only_a_kill_is_a_kill(string result, string status, bool isKilled) =>
        Assert.Equal(isKilled, new UnitFailure("dlm-updater.service", result, status).IsKilled);

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
        """;

    [Fact]
    public void Of_several_units_the_one_that_failed_last_counts()
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
