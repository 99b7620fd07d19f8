using DlmUpdater.Cli;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Tests.Cli;

public sealed class PlanFactsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 3, 0, 0, TimeSpan.Zero);
    private static readonly LockIdentity Identity = new("file", "web", "host-1");

    [Fact]
    public void A_start_that_was_killed_in_lock_get_goes_on_only_if_the_lock_is_ours()
    {
        PlanFacts asked = Facts(new ResumePlan.AskWhoseLock(Run(Phase.LockGet)));

        Assert.Equal("confirms the lock, which is held already, then runs /s/pre_update.d/10-a", (asked with { Shown = HeldBy("host-1") }).Next);
        Assert.Equal("runs /s/needs_update.d/10-a to ask whether an update is due", (asked with { Shown = HeldBy("host-2") }).Next);
        Assert.StartsWith("asks the lock service", (asked with { Shown = new ShowReply.CannotTell() }).Next, StringComparison.Ordinal);
    }

    [Fact]
    public void After_the_reboot_only_post_update_counts()
    {
        PlanFacts up = Facts(new ResumePlan.Rebooted(Run(Phase.Reboot)));

        Assert.Equal("finds that the host has rebooted, asks whether the boot was successful (boot-complete.target), then runs /s/post_update.d/10-a", up.Next);
        Assert.Equal(StageStanding.Over, up.Standing(ScriptStage.Reboot));
        Assert.Equal(Ending.Done, With(up, ScriptStage.Update, refused: true).Stop.Ending);
        Assert.Equal(Ending.ScriptFailed, With(up, ScriptStage.PostUpdate, refused: true).Stop.Ending);

        // An unreachable service never delays bringing the host back.
        Assert.Equal(Ending.Done, (up with { Shown = new ShowReply.Unreachable("away") }).Stop.Ending);
    }

    [Fact]
    public void A_host_that_did_not_reboot_stops_with_80()
    {
        PlanFacts down = Facts(new ResumePlan.DidNotReboot(Run(Phase.Reboot), TimeSpan.FromHours(1)));

        Assert.Equal(Ending.DidNotReboot, down.Stop.Ending);
        Assert.Contains("80", down.Next, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lock_that_another_took_from_the_open_run_stops_it_with_79()
    {
        PlanFacts open = Facts(new ResumePlan.Continue(Run(Phase.Update)));

        Assert.Equal(Ending.LockLost, (open with { Shown = HeldBy("host-2") }).Stop.Ending);
        Assert.Contains("79", (open with { Shown = HeldBy("host-2") }).Next, StringComparison.Ordinal);
        Assert.Equal(Ending.Done, (open with { Shown = HeldBy("host-1") }).Stop.Ending);
        Assert.Equal(Ending.Done, (open with { Shown = HeldBy(null) }).Stop.Ending);
    }

    [Fact]
    public void A_service_that_does_not_answer_stops_what_needs_the_lock()
    {
        PlanFacts fresh = Facts(new ResumePlan.Fresh()) with { Shown = new ShowReply.Unreachable("away") };

        Assert.Equal(Ending.Unreachable, fresh.Stop.Ending);
        Assert.Equal(Ending.Done, (fresh with { Strategy = RebootStrategy.BestEffort }).Stop.Ending);
        Assert.Equal(Ending.Done, (fresh with { Strategy = RebootStrategy.Reboot }).Stop.Ending);
        Assert.Equal(Ending.Refused, (fresh with { Shown = new ShowReply.Refused("no") }).Stop.Ending);
    }

    [Fact]
    public void A_missing_directory_counts_more_than_a_refused_script()
    {
        PlanFacts both = With(With(Facts(new ResumePlan.Fresh()), ScriptStage.PreUpdate, refused: true), ScriptStage.Update, refused: false);

        Assert.Equal(Ending.Misconfigured, both.Stop.Ending);
        Assert.Contains("if one is, stops before the lock with exit code 78", both.Next, StringComparison.Ordinal);
    }

    [Fact]
    public void A_delay_is_said()
    {
        PlanFacts late = Facts(new ResumePlan.Fresh()) with { StableDelay = TimeSpan.FromMinutes(2), RandomDelay = TimeSpan.FromMinutes(5) };
        Assert.StartsWith("waits 2m to 7m, then runs ", late.Next, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reboot_without_scripts_is_the_command()
    {
        PlanFacts reboot = Facts(new ResumePlan.Continue(Run(Phase.Reboot)));
        reboot = reboot with { Stages = [.. reboot.Stages.Select(s => s.Set.Stage == ScriptStage.Reboot ? s with { Scripts = [] } : s)] };

        Assert.Equal("proves the lock, then requests the reboot: systemctl reboot", reboot.Next);
    }

    private static PlanFacts Facts(ResumePlan plan) => new()
    {
        Now = Now,
        Plan = plan,
        Running = null,
        Strategy = RebootStrategy.Lock,
        Lock = Identity,
        Shown = HeldBy(plan is ResumePlan.Fresh ? null : "host-1"),
        Admission = new Admission.Open(null),
        DateConstraint = null,
        StableDelay = TimeSpan.Zero,
        RandomDelay = TimeSpan.Zero,
        Stages = [.. ScriptStages.All.Select(Stage)],
        RebootCommand = ["systemctl", "reboot"],
    };

    private static PlannedStage Stage(ScriptStage stage)
    {
        string directory = "/s/" + stage.DirectoryName();
        var script = new Script(stage, "10-a", directory + "/10-a", ScriptHeader.None, null, null);
        return new PlannedStage(new ScriptSet { Stage = stage, Directory = directory, Scripts = [script] }, [new PlannedScript(script, false, null)]);
    }

    private static PlanFacts With(PlanFacts facts, ScriptStage stage, bool refused) => facts with
    {
        Stages = [.. facts.Stages.Select(s => s.Set.Stage != stage ? s : s with
        {
            Set = refused ? s.Set with { Refused = [new Refusal("/s/bad", ["it is bad"])] } : s.Set with { Unusable = "/s does not exist" },
        })],
    };

    private static ShowReply.Shown HeldBy(string? holder) =>
        new(new LockView("web", 1, holder is null ? [] : [new LockHolder(holder, null, null, holder == "host-1")], true, null));

    private static RunState Run(Phase phase) => new()
    {
        RunId = "r1",
        Phase = phase,
        Started = Now,
        PhaseSince = Now,
        Attempt = 1,
        Boot = new BootIdentity("b", 1),
        Lock = new LockClaim(Identity, Now, Now),
    };
}
