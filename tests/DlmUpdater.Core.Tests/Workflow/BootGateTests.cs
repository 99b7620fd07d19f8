using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Workflow;

/// <summary>The boot gate: post_update and the release wait for a successful boot, and unknown is not success.</summary>
public sealed class BootGateTests
{
    private static readonly BootAnswer Good = new BootAnswer.Successful("boot-complete.target is active");
    private static readonly BootAnswer Busy = new BootAnswer.Pending("check.service is activating", ["check.service"]);
    private static readonly BootAnswer Bad = new BootAnswer.NotSuccessful("check.service has failed", ["check.service", "web.service"]);
    private static readonly BootAnswer Silent = new BootAnswer.NoAnswer("systemctl gave no answer within 30 s");

    public static IEnumerable<object[]> Closed => [[Busy], [Bad], [Silent]];

    [Theory]
    [MemberData(nameof(Closed))]
    public void A_boot_that_is_not_known_to_be_successful_ends_with_82_and_keeps_state_and_lock(BootAnswer answer)
    {
        Bed bed = Rebooted();
        bed.Boots = _ => answer;

        RunReport report = bed.RunWaiting(afterReboot: true);

        Assert.Equal((82, Ending.BootNotSuccessful, true, Phase.Reboot), (report.Ending.Code(), report.Ending, report.StateKept, report.Phase));
        Assert.Equal(Phase.Reboot, bed.Open.Phase);
        Assert.DoesNotContain(bed.Acts, a => a is "post_update/start" or "release" or "reboot!" or "show");
        Assert.Equal("on_failure/tell", bed.Acts[^1]);
        Assert.Contains("the lock 'fleet' is kept", report.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void On_failure_gets_the_names_of_the_units_as_its_fifth_argument()
    {
        Bed bed = Rebooted();
        bed.Boots = _ => Bad;
        bed.RunWaiting(afterReboot: true);
        Assert.Equal(["fleet", "True", "True", "reboot", "check.service web.service", "82"], bed.Arguments);
    }

    [Fact]
    public void On_failure_gets_none_if_no_unit_is_known()
    {
        Bed bed = Rebooted();
        bed.Boots = _ => Silent;
        bed.RunWaiting(afterReboot: true);
        Assert.Equal(["fleet", "True", "True", "reboot", "none", "82"], bed.Arguments);
    }

    [Fact]
    public void A_boot_that_is_successful_already_is_asked_once_and_starts_nothing()
    {
        Bed bed = Rebooted();
        Assert.Equal(Ending.Done, bed.Run(afterReboot: true).Ending);
        Assert.Equal([false], bed.BootAsked);
        Assert.Contains("post_update/start", bed.Acts);
    }

    [Fact]
    public void A_host_without_a_gate_goes_on_and_says_why()
    {
        Bed bed = Rebooted();
        bed.Boots = _ => new BootAnswer.NoGate("systemd is not this host's init");
        Assert.Equal(Ending.Done, bed.Run(afterReboot: true).Ending);
        Assert.Contains(bed.Events, e => e is RunEvent.Note { Message: "systemd is not this host's init" });
    }

    [Fact]
    public void Checks_that_were_never_started_are_started_at_once()
    {
        Bed bed = Rebooted();
        bed.Boots = start => start ? Good : Bad;
        Assert.Equal(Ending.Done, bed.Run(afterReboot: true).Ending);
        Assert.Equal([false, true], bed.BootAsked);
    }

    [Fact]
    public void Checks_that_succeed_late_open_the_gate_without_a_second_start()
    {
        Bed bed = Rebooted();
        bed.Boots = _ => bed.Time.GetUtcNow() - Bed.Noon > TimeSpan.FromMinutes(4) ? Good : Busy;
        Assert.Equal(Ending.Done, bed.RunWaiting(afterReboot: true).Ending);
        Assert.Single(bed.BootAsked, start => start);
    }

    [Fact]
    public void Checks_that_failed_are_started_again_now_and_then_until_the_time_is_over()
    {
        Bed bed = Rebooted();
        var starts = new List<double>();
        bed.Boots = start =>
        {
            if (start) starts.Add((bed.Time.GetUtcNow() - Bed.Noon).TotalSeconds);
            return Bad;
        };
        Assert.Equal(82, bed.RunWaiting(afterReboot: true).Ending.Code());
        Assert.Equal(0, starts[0]);
        Assert.InRange(starts[1], 30, 40);
        Assert.InRange(starts.Count, 5, 8);
        Assert.InRange((bed.Time.GetUtcNow() - Bed.Noon).TotalSeconds, 600, 602);
    }

    [Fact]
    public void A_check_that_fails_first_and_succeeds_when_it_is_started_again_opens_the_gate()
    {
        Bed bed = Rebooted();
        int starts = 0;
        bed.Boots = start => (starts += start ? 1 : 0) >= 2 ? Good : Bad;
        Assert.Equal(Ending.Done, bed.RunWaiting(afterReboot: true).Ending);
    }

    [Fact]
    public void The_wait_is_configured()
    {
        Bed bed = Rebooted();
        bed.Settings = bed.Settings with { Reboot = bed.Settings.Reboot with { BootCompleteTimeout = TimeSpan.FromSeconds(20) } };
        bed.Boots = _ => Busy;
        Assert.Equal(82, bed.RunWaiting(afterReboot: true).Ending.Code());
        Assert.InRange((bed.Time.GetUtcNow() - Bed.Noon).TotalSeconds, 20, 22);
    }

    [Fact]
    public void The_next_start_asks_again()
    {
        Bed bed = Rebooted();
        bed.Boots = _ => Bad;
        Assert.Equal(82, bed.RunWaiting(afterReboot: true).Ending.Code());
        bed.Boots = _ => Good;
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Contains("post_update/start", bed.Acts);
    }

    [Fact]
    public void Sigterm_during_the_wait_is_75_and_changes_nothing()
    {
        Bed bed = Rebooted();
        bed.Boots = _ =>
        {
            if (bed.BootAsked.Count == 5) bed.Sigterm.Cancel();
            return Busy;
        };
        RunReport report = bed.RunWaiting(afterReboot: true);
        Assert.Equal((75, true, Phase.Reboot), (report.Ending.Code(), report.StateKept, bed.Open.Phase));
        Assert.DoesNotContain("on_failure/tell", bed.Acts);
    }

    [Fact]
    public void An_answer_that_sigterm_cut_off_does_not_count()
    {
        Bed bed = Rebooted();
        bed.Boots = _ =>
        {
            bed.Sigterm.Cancel();
            return Good;
        };
        Assert.Equal(75, bed.Run(afterReboot: true).Ending.Code());
        Assert.DoesNotContain("post_update/start", bed.Acts);
    }

    [Fact]
    public void A_run_without_a_reboot_has_no_gate()
    {
        var bed = new Bed { Names = { [ScriptStage.PostUpdate] = ["start"] }, Boots = _ => Bad };
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Empty(bed.BootAsked);
    }

    [Fact]
    public void A_run_that_a_crash_took_to_another_boot_has_a_gate_before_post_update()
    {
        Bed bed = new Bed { Boot = Bed.Boot2, Names = { [ScriptStage.PostUpdate] = ["start"] }, Boots = _ => Bad }.At(Phase.Update, s => s with { FirstBoot = Bed.Boot1 });
        RunReport report = bed.RunWaiting();
        Assert.Equal((82, Phase.PostUpdate), (report.Ending.Code(), bed.Open.Phase));
        Assert.DoesNotContain("post_update/start", bed.Acts);
    }

    [Theory]
    [InlineData(Phase.PostUpdate)]
    [InlineData(Phase.LockRelease)]
    public void A_state_of_an_older_version_that_does_not_say_on_which_boot_the_run_began_has_a_gate(Phase phase)
    {
        Bed bed = new Bed { Boots = _ => Silent }.At(phase);
        Assert.Equal(82, bed.RunWaiting().Ending.Code());
        Assert.DoesNotContain("release", bed.Acts);
        Assert.Equal(phase, bed.Open.Phase);
    }

    [Fact]
    public void A_resume_of_post_update_on_the_same_boot_asks_again_and_repeats_no_script()
    {
        Bed bed = Rebooted();
        bed.Names[ScriptStage.PostUpdate] = ["start", "health"];
        bed.Results["post_update/health"] = () => Bed.Exit(1);
        Assert.Equal(1, bed.Run(afterReboot: true).Ending.Code());

        bed.Acts.Clear();
        bed.Boots = _ => Bad;
        Assert.Equal(82, bed.RunWaiting().Ending.Code());
        Assert.DoesNotContain(bed.Acts, a => a.StartsWith("post_update/", StringComparison.Ordinal));

        bed.Boots = _ => Good;
        bed.Results["post_update/health"] = () => Bed.Exit(0);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.DoesNotContain("post_update/start", bed.Acts);
    }

    [Fact]
    public void A_success_of_post_update_on_an_earlier_boot_does_not_count_on_a_new_one()
    {
        Bed bed = Rebooted();
        bed.Names[ScriptStage.PostUpdate] = ["start", "health"];
        bed.Results["post_update/health"] = () => Bed.Exit(1);
        Assert.Equal(1, bed.Run(afterReboot: true).Ending.Code());
        Assert.Equal(["start"], bed.Open.Finished.Select(f => f.Name));

        bed.Acts.Clear();
        bed.Boot = new BootIdentity("boot-3", 7);
        bed.Results["post_update/health"] = () => Bed.Exit(0);
        Assert.Equal(Ending.Done, bed.Run(afterReboot: true).Ending);
        Assert.Equal(["post_update/start", "post_update/health"], bed.Acts.Where(a => a.StartsWith("post_update/", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_release_that_is_still_due_after_another_boot_waits_for_gate_and_post_update()
    {
        Bed bed = new Bed { Boot = Bed.Boot2, Names = { [ScriptStage.PostUpdate] = ["start"] }, Boots = _ => Bad }.At(Phase.LockRelease);
        Assert.Equal(82, bed.RunWaiting(afterReboot: true).Ending.Code());
        Assert.DoesNotContain("release", bed.Acts);

        bed.Boots = _ => Good;
        Assert.Equal(Ending.Done, bed.Run(afterReboot: true).Ending);
        Assert.True(bed.Acts.IndexOf("post_update/start") < bed.Acts.IndexOf("release"));
    }

    [Fact]
    public void A_lock_that_was_released_before_the_boot_may_be_anothers()
    {
        Bed bed = new Bed
        {
            Boot = Bed.Boot2,
            Names = { [ScriptStage.PostUpdate] = ["start"] },
            Shows = () => Bed.Shown(Bed.Other),
            Acquires = () => new AcquireReply.Busy([Bed.Other], "r"),
            Releases = () => new ReleaseReply.HeldByOther(Bed.Other),
        }.At(Phase.LockRelease);
        RunReport report = bed.Run(afterReboot: true);
        Assert.Equal((0, false), (report.Ending.Code(), report.StateKept));
        Assert.Contains("post_update/start", bed.Acts);
    }

    [Fact]
    public void A_lock_that_was_acquired_again_after_the_boot_and_then_lost_is_lost()
    {
        Bed bed = new Bed
        {
            Boot = Bed.Boot2,
            Shows = () => Bed.Shown(),
            Releases = () => new ReleaseReply.HeldByOther(Bed.Other),
        }.At(Phase.LockRelease);
        Assert.Equal(79, bed.Run(afterReboot: true).Ending.Code());
    }

    [Fact]
    public void The_host_that_did_not_reboot_is_not_asked()
    {
        Bed bed = new Bed { Boots = _ => Bad }.At(Phase.Reboot, s => s with { Reboot = new RebootRequest(Bed.Noon, TimeSpan.Zero, Bed.Boot1, 1) });
        Assert.Equal(80, bed.Run(afterReboot: true).Ending.Code());
        Assert.Empty(bed.BootAsked);
    }

    private static Bed Rebooted() => new Bed
    {
        Boot = Bed.Boot2,
        Names = { [ScriptStage.PostUpdate] = ["start"], [ScriptStage.OnFailure] = ["tell"] },
    }.At(Phase.Reboot, s => s with { FirstBoot = Bed.Boot1, Reboot = new RebootRequest(Bed.Noon.AddMinutes(-5), TimeSpan.FromHours(4), Bed.Boot1, 1) });
}
