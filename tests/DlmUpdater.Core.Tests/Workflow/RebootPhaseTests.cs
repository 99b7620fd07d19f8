using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Workflow;

public class RebootPhaseTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(15);

    [Fact]
    public void On_the_same_boot_the_request_is_made_again_and_the_clock_of_the_first_stands()
    {
        Bed bed = Asked(TimeSpan.FromMinutes(10));
        Assert.Equal(Ending.Rebooting, bed.Run().Ending);
        Assert.Equal(2, bed.Open.Reboot!.Requests);
        Assert.Equal(bed.BootClock - TimeSpan.FromMinutes(10), bed.Open.Reboot.FirstBootClock);
    }

    [Fact]
    public void After_the_deadline_nothing_is_requested_and_every_start_says_80()
    {
        Bed bed = Asked(TimeSpan.FromMinutes(16));
        for (int start = 0; start < 3; start++)
        {
            RunReport report = bed.Run();
            Assert.Equal((80, true), (report.Ending.Code(), report.StateKept));
        }

        Assert.DoesNotContain("reboot!", bed.Acts);
        Assert.DoesNotContain("release", bed.Acts);
        Assert.Equal(1, bed.Open.Reboot!.Requests);
        Assert.Equal(4, bed.Open.Attempt);
    }

    [Fact]
    public void A_reboot_by_hand_after_the_deadline_goes_on_to_post_update()
    {
        Bed bed = Asked(TimeSpan.FromMinutes(16));
        bed.Boot = Bed.Boot2;
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Contains("save post_update", bed.Acts);
    }

    [Fact]
    public void The_wall_clock_may_jump_by_years_without_moving_the_deadline()
    {
        Bed bed = Asked(TimeSpan.FromMinutes(14));
        bed.Time.Advance(TimeSpan.FromDays(1000));
        Assert.Equal(Ending.Rebooting, bed.Run().Ending);

        bed = Asked(TimeSpan.FromMinutes(16), r => r with { FirstAt = Bed.Noon.AddYears(1) });
        Assert.Equal(Ending.DidNotReboot, bed.Run().Ending);
    }

    [Fact]
    public void A_lock_service_that_was_away_past_the_deadline_leads_to_no_late_request()
    {
        Bed bed = Asked(TimeSpan.FromMinutes(14)).Lock(l => l with { UnreachableMax = TimeSpan.FromHours(12) });
        bed.Shows = () => bed.BootClock < TimeSpan.FromHours(8) ? new ShowReply.Unreachable("no route") : Bed.Shown(Bed.Me);
        Assert.Equal(Ending.DidNotReboot, bed.Run().Ending);
        Assert.DoesNotContain("reboot!", bed.Acts);
    }

    [Fact]
    public void Waiting_for_an_outlived_script_past_the_deadline_leads_to_no_late_request()
    {
        Bed bed = Asked(TimeSpan.FromMinutes(14));
        bed.Outlived = () =>
        {
            bed.Pass(TimeSpan.FromHours(2));
            return true;
        };
        Assert.Equal(Ending.DidNotReboot, bed.Run().Ending);
        Assert.DoesNotContain("reboot!", bed.Acts);
    }

    [Fact]
    public void A_failed_reboot_command_keeps_the_lock_and_is_asked_again()
    {
        Bed bed = new Bed { Reboots = () => Bed.Exit(1) }.At(Phase.Reboot);
        Assert.Equal((1, true), (bed.Run().Ending.Code(), bed.Disk is StoredRun.Open));
        bed.Reboots = () => Bed.Exit(0);
        Assert.Equal(Ending.Rebooting, bed.Run().Ending);
    }

    [Fact]
    public void A_failed_reboot_command_starts_no_deadline()
    {
        Bed bed = new Bed { Reboots = () => Bed.Exit(1) }.At(Phase.Reboot);
        for (int start = 0; start < 3; start++)
        {
            Assert.Equal(1, bed.Run().Ending.Code());
            Assert.Null(bed.Open.Reboot);
            bed.Pass(TimeSpan.FromDays(1));
        }

        bed.Reboots = () => Bed.Exit(0);
        Assert.Equal(Ending.Rebooting, bed.Run().Ending);
    }

    [Fact]
    public void A_reboot_command_that_fails_and_reboots_all_the_same_counts_as_a_reboot()
    {
        Bed bed = new Bed { Reboots = () => Bed.Exit(1) }.At(Phase.Reboot);
        Assert.Equal(1, bed.Run().Ending.Code());
        bed.Boot = Bed.Boot2;
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Contains("save post_update", bed.Acts);
    }

    [Fact]
    public void Scripts_in_reboot_d_stand_for_the_command_and_are_all_repeated_with_the_request()
    {
        Bed bed = new Bed { Names = { [ScriptStage.Reboot] = ["a", "b"] } }.At(Phase.Reboot);
        Assert.Equal(Ending.Rebooting, bed.Run().Ending);
        Assert.Equal(Ending.Rebooting, bed.Run().Ending);
        Assert.Equal(["reboot/a", "reboot/b", "reboot/a", "reboot/b"], bed.Acts.Where(a => a.StartsWith("reboot/", StringComparison.Ordinal)));
        Assert.DoesNotContain("reboot!", bed.Acts);
    }

    [Fact]
    public void A_half_made_request_goes_on_with_its_next_script()
    {
        Bed bed = new Bed { Names = { [ScriptStage.Reboot] = ["a", "b"] } }
            .At(Phase.Reboot, s => s with { Finished = [new FinishedScript("a", 0, default)], Reboot = Request(TimeSpan.FromHours(5)) });
        Assert.Equal(Ending.Rebooting, bed.Run().Ending);
        Assert.Equal(["reboot/b"], bed.Acts.Where(a => a.StartsWith("reboot/", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_run_once_script_does_not_stop_the_third_request()
    {
        Bed bed = new Bed { Names = { [ScriptStage.Reboot] = ["a", "b"] }, Once = { "reboot/a" } }.At(Phase.Reboot);
        for (int start = 0; start < 3; start++) Assert.Equal(Ending.Rebooting, bed.Run().Ending);
        Assert.Equal(["reboot/a", "reboot/b", "reboot/b", "reboot/b"], bed.Acts.Where(a => a.StartsWith("reboot/", StringComparison.Ordinal)));
    }

    private static Bed Asked(TimeSpan ago, Func<RebootRequest, RebootRequest>? change = null)
    {
        RebootRequest request = Request(TimeSpan.FromHours(5) - ago);
        var bed = new Bed();
        bed.Settings = bed.Settings with { Reboot = bed.Settings.Reboot with { Timeout = Timeout } };
        return bed.At(Phase.Reboot, s => s with { Reboot = change is null ? request : change(request) });
    }

    private static RebootRequest Request(TimeSpan bootClock) => new(Bed.Noon.AddMinutes(-1), bootClock, Bed.Boot1, 1);
}
