using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Workflow;

/// <summary>What systemd's units say of a boot.</summary>
public sealed class BootUnitsTests
{
    private static readonly BootUnit Active = Target("active"), Inactive = Target("inactive");

    [Fact]
    public void A_target_that_systemd_does_not_know_is_no_gate() =>
        Assert.IsType<BootAnswer.NoGate>(BootUnits.Decide(Target("inactive") with { LoadState = "not-found" }, []));

    [Theory]
    [InlineData("masked")]
    [InlineData("error")]
    [InlineData("bad-setting")]
    [InlineData("stub")]
    [InlineData("")]
    [InlineData("of a later version")]
    public void Any_other_load_state_is_no_success_whatever_else_is_said(string loadState)
    {
        var no = Assert.IsType<BootAnswer.NotSuccessful>(BootUnits.Decide(Active with { LoadState = loadState }, []));
        Assert.Equal(BootUnits.Target, Assert.Single(no.Units));
    }

    [Fact]
    public void An_active_target_without_checks_is_a_success() => Assert.IsType<BootAnswer.Successful>(BootUnits.Decide(Active, []));

    [Theory]
    [InlineData("inactive")]
    [InlineData("failed")]
    [InlineData("activated")]
    [InlineData("Active")]
    [InlineData("")]
    public void Only_the_exact_word_active_is_active(string state) => Assert.IsType<BootAnswer.NotSuccessful>(BootUnits.Decide(Target(state), []));

    [Fact]
    public void A_target_with_a_job_is_waited_for() => Assert.IsType<BootAnswer.Pending>(BootUnits.Decide(Inactive with { HasJob = true }, []));

    /// <summary>The check's state, and what becomes of the boot with an active target.</summary>
    public static IEnumerable<object[]> Checks =>
    [
        [Check("active"), "success"],
        [Check("inactive") with { WasStarted = true, Result = "success" }, "success"],
        [Check("inactive") with { IsSkipped = true }, "success"],
        [Check("failed") with { WasStarted = true, Result = "exit-code" }, "failed"],
        [Check("failed"), "failed"],
        [Check("inactive") with { WasStarted = true, Result = "timeout" }, "failed"],
        [Check("inactive"), "failed"],
        [Check("inactive") with { IsRefused = true, WasStarted = true }, "failed"],
        [Check("inactive") with { LoadState = "not-found" }, "failed"],
        [Check("inactive") with { LoadState = "masked", IsSkipped = true }, "failed"],
        [Check("maintenance"), "failed"],
        [Check(""), "failed"],
        [Check("a word of a later version"), "failed"],
        [Check("activating"), "pending"],
        [Check("inactive") with { HasJob = true }, "pending"],
        [Check("failed") with { HasJob = true, Result = "exit-code" }, "pending"],
        [Check("deactivating"), "pending"],
        [Check("reloading"), "pending"],
    ];

    [Theory]
    [MemberData(nameof(Checks))]
    public void A_check_decides_also_when_the_target_is_active_already(BootUnit check, string expected)
    {
        BootAnswer answer = BootUnits.Decide(Active, [Check("active") with { Name = "good.service" }, check]);
        Assert.Equal(expected, answer switch { BootAnswer.Successful => "success", BootAnswer.NotSuccessful => "failed", BootAnswer.Pending => "pending", _ => "" });
        if (answer is BootAnswer.NotSuccessful no) Assert.Equal("check.service", Assert.Single(no.Units));
        if (answer is BootAnswer.Pending wait) Assert.Equal("check.service", Assert.Single(wait.Units));
        Assert.IsNotType<BootAnswer.Successful>(BootUnits.Decide(Inactive, [check]));
    }

    [Fact]
    public void One_check_that_runs_is_waited_for_although_another_failed() =>
        Assert.IsType<BootAnswer.Pending>(BootUnits.Decide(Inactive, [Check("failed"), Check("activating") with { Name = "slow.service" }]));

    private static BootUnit Target(string state) => new(BootUnits.Target, "loaded", state, "", false, state == "active", false, false);

    private static BootUnit Check(string state) => new("check.service", "loaded", state, "success", false, state == "active", false, false);
}
