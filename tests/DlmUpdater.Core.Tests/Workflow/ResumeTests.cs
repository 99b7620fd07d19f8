using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Workflow;

public class ResumeTests
{
    private static readonly ResumeFacts Facts = new(
        Bed.Noon, Bed.Boot1, TimeSpan.FromHours(5), Bed.Noon.AddHours(-5), TimeSpan.FromMinutes(15), Bed.Fleet, "new-run");

    [Fact]
    public void No_state_is_a_fresh_start() => Assert.IsType<ResumePlan.Fresh>(Resume.Decide(new StoredRun.None(), Facts));

    [Fact]
    public void Stored_needs_update_is_a_fresh_start() => Assert.IsType<ResumePlan.Fresh>(Decide(Bed.State(Phase.NeedsUpdate)));

    [Fact]
    public void Stored_lock_get_asks_whose_the_lock_is() => Assert.IsType<ResumePlan.AskWhoseLock>(Decide(Bed.State(Phase.LockGet)));

    [Theory]
    [InlineData(Phase.PreUpdate)]
    [InlineData(Phase.Update)]
    [InlineData(Phase.NeedsReboot)]
    [InlineData(Phase.PostUpdate)]
    [InlineData(Phase.LockRelease)]
    public void A_phase_goes_on_where_it_was(Phase phase)
    {
        RunState state = Bed.State(phase) with { Finished = [new FinishedScript("a", 0, default)] };
        Assert.Equal(state, Assert.IsType<ResumePlan.Continue>(Decide(state)).State);
        RunState later = Assert.IsType<ResumePlan.Continue>(Decide(state, Facts with { Boot = Bed.Boot2 })).State;
        if (phase < Phase.PostUpdate) Assert.Equal(state, later);
    }

    [Theory]
    [InlineData(Phase.PostUpdate, false)]
    [InlineData(Phase.LockRelease, true)]
    public void On_a_later_boot_the_whole_of_post_update_runs_again(Phase phase, bool releaseSent)
    {
        RunState state = Bed.State(phase) with { Finished = [new FinishedScript("a", 0, default)] };
        RunState later = Assert.IsType<ResumePlan.Continue>(Decide(state, Facts with { Boot = Bed.Boot2 })).State;
        Assert.Equal((Phase.PostUpdate, Bed.Boot2, 0, releaseSent), (later.Phase, later.Boot, later.Finished.Length, later.ReleaseSent));
        Assert.Equal(later, Assert.IsType<ResumePlan.Continue>(Decide(later, Facts with { Boot = Bed.Boot2 })).State);
    }

    [Fact]
    public void A_run_of_an_older_tool_takes_the_name_that_the_configuration_says_until_its_lock_is_proved()
    {
        ResumeFacts renamed = Facts with { Lock = Bed.Fleet with { Holder = "localhost" } };
        RunState adopted = Bed.State(Phase.PreUpdate) with { Lock = new LockClaim(Bed.Fleet, null, null) };
        Assert.Equal("localhost", Assert.IsType<ResumePlan.Continue>(Decide(adopted, renamed)).State.Lock!.Identity.Holder);

        Assert.IsType<ResumePlan.Stop>(Decide(Bed.State(Phase.PreUpdate), renamed));
        Assert.IsType<ResumePlan.Stop>(Decide(adopted with { Phase = Phase.LockGet }, renamed));
        Assert.IsType<ResumePlan.Stop>(Decide(adopted with { Waiver = new WaiverNote("x", Bed.Noon) }, renamed));
        Assert.IsType<ResumePlan.Stop>(Decide(adopted, Facts with { Lock = renamed.Lock with { Name = "other" } }));
    }

    [Fact]
    public void Another_boot_than_the_one_that_was_asked_has_rebooted() =>
        Assert.IsType<ResumePlan.Rebooted>(Decide(Requested(TimeSpan.FromHours(4)), Facts with { Boot = Bed.Boot2 }));

    [Fact]
    public void Another_life_of_a_container_has_rebooted() =>
        Assert.IsType<ResumePlan.Rebooted>(Decide(Requested(TimeSpan.FromHours(4)), Facts with { Boot = Bed.Boot1 with { InitStarted = 8 } }));

    [Fact]
    public void Where_the_start_of_process_1_is_not_known_only_the_boot_id_tells() =>
        Assert.IsNotType<ResumePlan.Rebooted>(Decide(Requested(TimeSpan.FromHours(4)), Facts with { Boot = Bed.Boot1 with { InitStarted = 0 } }));

    [Fact]
    public void A_reboot_by_somebody_else_before_ours_was_asked_for_is_as_good() =>
        Assert.IsType<ResumePlan.Rebooted>(Decide(Bed.State(Phase.Reboot), Facts with { Boot = Bed.Boot2 }));

    [Fact]
    public void A_reboot_that_was_not_asked_for_yet_is_asked_for() => Assert.IsType<ResumePlan.Continue>(Decide(Bed.State(Phase.Reboot)));

    [Theory]
    [InlineData(0, true)]
    [InlineData(15 * 60, true)]
    [InlineData((15 * 60) + 1, false)]
    public void On_the_same_boot_the_request_is_repeated_up_to_the_deadline_only(int secondsAgo, bool again)
    {
        ResumePlan plan = Decide(Requested(Facts.BootClock - TimeSpan.FromSeconds(secondsAgo)));
        Assert.Equal(again, plan is ResumePlan.Continue);
        Assert.Equal(!again, plan is ResumePlan.DidNotReboot { Since.TotalSeconds: var s } && (int)s == secondsAgo);
    }

    [Theory]
    [InlineData(-400)]
    [InlineData(400)]
    public void A_step_of_the_wall_clock_moves_no_deadline(int days)
    {
        ResumeFacts stepped = Facts with { Now = Facts.Now.AddDays(days), BootedAt = Facts.BootedAt.AddDays(days) };
        Assert.IsType<ResumePlan.Continue>(Decide(Requested(Facts.BootClock - TimeSpan.FromMinutes(14)), stepped));
        Assert.IsType<ResumePlan.DidNotReboot>(Decide(Requested(Facts.BootClock - TimeSpan.FromMinutes(16)), stepped));
    }

    [Theory]
    [InlineData("other", "fleet", "me")]
    [InlineData("paper", "renamed", "me")]
    [InlineData("paper", "fleet", "new-name")]
    public void Another_configured_lock_than_the_stored_one_stops_with_78_and_says_both(string service, string name, string holder)
    {
        var stop = Assert.IsType<ResumePlan.Stop>(Decide(Bed.State(Phase.Update), Facts with { Lock = new(service, name, holder) }));
        Assert.Equal(78, stop.Ending.Code());
        Assert.Contains("lock 'fleet' at paper as me", stop.Why, StringComparison.Ordinal);
        Assert.Contains($"lock '{name}' at {service} as {holder}", stop.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_waived_run_does_not_care_for_a_changed_lock() =>
        Assert.IsType<ResumePlan.Continue>(Decide(Bed.State(Phase.Update) with { Lock = null, Waiver = new WaiverNote("x", Bed.Noon) }, Facts with { Lock = new("a", "b", "c") }));

    [Fact]
    public void A_waived_run_that_may_hold_the_stored_lock_stops_at_a_changed_one() =>
        Assert.IsType<ResumePlan.Stop>(Decide(Bed.State(Phase.Update) with { Waiver = new WaiverNote("x", Bed.Noon) }, Facts with { Lock = new("a", "b", "c") }));

    [Fact]
    public void An_unreadable_state_stops_with_65() =>
        Assert.Equal(65, Assert.IsType<ResumePlan.Stop>(Resume.Decide(new StoredRun.Unreadable("garbage"), Facts)).Ending.Code());

    [Fact]
    public void A_state_that_cannot_be_read_stops_with_74() =>
        Assert.Equal(74, Assert.IsType<ResumePlan.Stop>(Resume.Decide(new StoredRun.Unavailable("EIO"), Facts)).Ending.Code());

    [Theory]
    [InlineData(Phase.PreUpdate, false, Phase.PreUpdate)]
    [InlineData(Phase.Update, true, Phase.Update)]
    [InlineData(Phase.NeedsReboot, false, Phase.NeedsReboot)]
    [InlineData(Phase.Reboot, false, Phase.Reboot)]
    [InlineData(Phase.Reboot, true, Phase.PostUpdate)]
    [InlineData(Phase.PostUpdate, true, Phase.PostUpdate)]
    [InlineData(Phase.PostUpdate, false, Phase.NeedsReboot)]
    [InlineData(Phase.LockRelease, false, Phase.LockRelease)]
    [InlineData(Phase.LockRelease, true, Phase.PostUpdate)]
    public void An_old_word_goes_on(Phase word, bool rebooted, Phase on)
    {
        var go = Assert.IsType<ResumePlan.Continue>(Resume.Decide(Old(word, rebooted), Facts));
        Assert.Equal((on, "new-run", 0, Bed.Fleet), (go.State.Phase, go.State.RunId, go.State.Attempt, go.State.Lock!.Identity));
        Assert.Null(go.State.Reboot);
    }

    [Fact]
    public void An_old_lock_get_asks_whose_the_lock_is() => Assert.IsType<ResumePlan.AskWhoseLock>(Resume.Decide(Old(Phase.LockGet, false), Facts));

    [Fact]
    public void An_old_needs_update_is_a_fresh_start() => Assert.IsType<ResumePlan.Fresh>(Resume.Decide(Old(Phase.NeedsUpdate, true), Facts));

    private static ResumePlan Decide(RunState state, ResumeFacts? facts = null) => Resume.Decide(new StoredRun.Open(state), facts ?? Facts);

    private static StoredRun.OldWord Old(Phase phase, bool rebooted) => new(phase, Facts.BootedAt.AddMinutes(rebooted ? -1 : 1));

    private static RunState Requested(TimeSpan bootClock) =>
        Bed.State(Phase.Reboot) with { Reboot = new RebootRequest(Bed.Noon.AddYears(-3), bootClock, Bed.Boot1, 1) };
}
