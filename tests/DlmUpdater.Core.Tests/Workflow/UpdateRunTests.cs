using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Workflow;

public class UpdateRunTests
{
    [Fact]
    public void A_whole_run_stores_each_phase_before_its_act_and_proves_the_lock_before_each()
    {
        var bed = new Bed { Names = { [ScriptStage.PreUpdate] = ["a", "b"], [ScriptStage.Update] = ["c"], [ScriptStage.PostUpdate] = ["d"] } };

        RunReport report = bed.Run();

        Assert.Equal((Ending.Done, false), (report.Ending, report.StateKept));
        Assert.Equal(
            ["needs_update/due", "save lock_get", "acquire", "save pre_update", "pre_update/a", "save pre_update a", "pre_update/b", "save pre_update a+b",
             "save update", "show", "update/c", "save update c", "save needs_reboot", "show", "needs_reboot/ask", "save needs_reboot ask",
             "save post_update", "show", "post_update/d", "save post_update d", "save lock_release", "release", "remove"], bed.Acts);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Without_a_yes_nothing_is_stored(int scripts)
    {
        var bed = new Bed { Results = { ["needs_update/due"] = () => Bed.Exit(0) } };
        if (scripts < 0) bed.Names[ScriptStage.NeedsUpdate] = [];
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.DoesNotContain("save lock_get", bed.Acts);
        Assert.DoesNotContain("acquire", bed.Acts);
    }

    [Theory]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(137)]
    public void A_check_that_gives_no_answer_causes_no_update_and_no_reboot(int code)
    {
        var bed = new Bed { Results = { ["needs_update/due"] = () => Bed.Exit(code) } };
        Assert.Equal((Ending.ScriptFailed, false), (bed.Run().Ending, bed.Acts.Contains("acquire")));

        bed = new Bed { Results = { ["needs_reboot/ask"] = () => Bed.Exit(code) } };
        Assert.Equal(Ending.ScriptFailed, bed.Run().Ending);
        Assert.Equal(Phase.NeedsReboot, bed.Open.Phase);
        Assert.DoesNotContain("reboot!", bed.Acts);
    }

    [Theory]
    [InlineData("needs_update/due", false)]
    [InlineData("pre_update/s", true)]
    [InlineData("update/s", true)]
    [InlineData("needs_reboot/ask", true)]
    [InlineData("reboot/s", true)]
    public void A_script_that_was_not_started_for_want_of_a_marker_is_74_and_no_failure_of_the_script(string script, bool isOpen)
    {
        var bed = new Bed
        {
            Names = { [ScriptStage.PreUpdate] = ["s"], [ScriptStage.Update] = ["s"], [ScriptStage.Reboot] = ["s"] },
            Results = { [script] = () => new ScriptResult.NotWritable("cannot write /run/x/running: No space left on device") },
        };
        if (script == "reboot/s") bed.Results["needs_reboot/ask"] = () => Bed.Exit(1);

        RunReport report = bed.Run();

        Assert.Equal((Ending.NotWritable, isOpen), (report.Ending, report.StateKept));
        Assert.Contains($"{script} was not started: cannot write /run/x/running: No space left on device", report.Message,
            StringComparison.Ordinal);
        if (script == "reboot/s") Assert.Null(bed.Open.Reboot);
    }

    [Fact]
    public void A_reboot_command_that_was_not_started_for_want_of_a_marker_starts_no_deadline()
    {
        var bed = new Bed
        {
            Results = { ["needs_reboot/ask"] = () => Bed.Exit(1) },
            Reboots = () =>
            new ScriptResult.NotWritable("no space left on device")
        };

        RunReport report = bed.Run();

        Assert.Equal((Ending.NotWritable, Phase.Reboot), (report.Ending, bed.Open.Phase));
        Assert.Null(bed.Open.Reboot);
    }

    [Fact]
    public void Every_check_is_asked_also_after_a_yes()
    {
        var bed = new Bed { Names = { [ScriptStage.NeedsUpdate] = ["due", "crash"] }, Results = { ["needs_update/crash"] = () => new ScriptResult.Signalled(11, default) } };
        Assert.Equal(Ending.ScriptFailed, bed.Run().Ending);
        Assert.DoesNotContain("acquire", bed.Acts);
    }

    [Fact]
    public void No_script_in_needs_reboot_means_reboot()
    {
        var bed = new Bed { Names = { [ScriptStage.NeedsReboot] = [] } };
        Assert.Equal(Ending.Rebooting, bed.Run().Ending);
        Assert.Equal(["save reboot", "show", "save reboot", "reboot!"], bed.Acts[^4..]);
        Assert.Equal((Bed.Boot1, 1), (bed.Open.Reboot!.Boot, bed.Open.Reboot.Requests));
    }

    [Theory]
    [InlineData(ScriptStage.PreUpdate)]
    [InlineData(ScriptStage.Update)]
    [InlineData(ScriptStage.PostUpdate)]
    public void A_failed_script_keeps_lock_and_state_and_tells_on_failure_with_six_arguments(ScriptStage stage)
    {
        string failing = $"{stage.Name()}/bad";
        var bed = new Bed { Names = { [stage] = ["good", "bad", "never"], [ScriptStage.OnFailure] = ["tell"] }, Results = { [failing] = () => Bed.Exit(7) } };

        RunReport report = bed.Run();

        Assert.Equal((1, true), (report.Ending.Code(), report.StateKept));
        Assert.Equal([failing, "on_failure/tell"], bed.Acts[^2..]);
        Assert.Equal(["fleet", "True", "True", stage.Name(), $"/scripts/{stage.DirectoryName()}/bad", "7"], bed.Arguments);
        Assert.Equal(["good"], bed.Open.Finished.Select(f => f.Name));

        bed.Acts.Clear();
        bed.Results[failing] = () => Bed.Exit(0);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.DoesNotContain($"{stage.Name()}/good", bed.Acts);
        Assert.Equal(1, bed.Acts.Count(a => a == failing));
    }

    [Fact]
    public void On_failure_before_the_lock_is_told_that_no_lock_is_held()
    {
        var bed = new Bed { Names = { [ScriptStage.OnFailure] = ["tell"] }, Results = { ["needs_update/due"] = () => new ScriptResult.TimedOut(TimeSpan.FromHours(1), default) } };
        bed.Run();
        Assert.Equal(["fleet", "False", "True", "needs_update", "/scripts/needs_update.d/due", "124"], bed.Arguments);
    }

    [Theory]
    [InlineData(ScriptStage.PreUpdate)]
    [InlineData(ScriptStage.Update)]
    [InlineData(ScriptStage.NeedsReboot)]
    [InlineData(ScriptStage.Reboot)]
    [InlineData(ScriptStage.PostUpdate)]
    [InlineData(ScriptStage.OnFailure)]
    public void No_acquire_is_sent_if_a_script_of_any_stage_is_refused(ScriptStage stage)
    {
        var bed = new Bed { Broken = { [stage] = new ScriptSet { Stage = stage, Directory = "/d", Refused = [new Refusal("/d/x", ["mode 0777"])] } } };
        RunReport report = bed.Run();
        Assert.Equal((Ending.ScriptFailed, false), (report.Ending, report.StateKept));
        Assert.Contains("/d/x: mode 0777", report.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("acquire", bed.Acts);
    }

    [Fact]
    public void A_missing_directory_is_78_before_the_lock()
    {
        var bed = new Bed { Broken = { [ScriptStage.Update] = new ScriptSet { Stage = ScriptStage.Update, Directory = "/d", Unusable = "/d does not exist; create it, empty is fine" } } };
        Assert.Equal((78, false), (bed.Run().Ending.Code(), bed.Acts.Contains("acquire")));
    }

    [Fact]
    public void A_resumed_lock_get_whose_preflight_fails_gives_the_lock_back()
    {
        Bed bed = new Bed { Broken = { [ScriptStage.Update] = new ScriptSet { Stage = ScriptStage.Update, Directory = "/d", Refused = [new Refusal("/d/x", ["mode 0777"])] } } }.At(Phase.LockGet);
        Assert.Equal((Ending.ScriptFailed, false), (bed.Run().Ending, bed.Acts.Contains("acquire")));
        Assert.Equal(["release", "remove"], bed.Acts[^2..]);
    }

    [Theory]
    [InlineData(Phase.PreUpdate, "lost", 79, true)]
    [InlineData(Phase.Update, "lost", 79, true)]
    [InlineData(Phase.NeedsReboot, "lost", 79, true)]
    [InlineData(Phase.Reboot, "lost", 79, true)]
    [InlineData(Phase.PostUpdate, "lost", 79, false)]
    [InlineData(Phase.LockRelease, "lost", 0, false)]
    [InlineData(Phase.PreUpdate, "away", 69, true)]
    [InlineData(Phase.Update, "away", 69, true)]
    [InlineData(Phase.NeedsReboot, "away", 69, true)]
    [InlineData(Phase.Reboot, "away", 69, true)]
    [InlineData(Phase.PostUpdate, "away", 69, true)]
    [InlineData(Phase.LockRelease, "away", 69, true)]
    [InlineData(Phase.PreUpdate, "disabled", 75, true)]
    [InlineData(Phase.Update, "disabled", 75, true)]
    [InlineData(Phase.NeedsReboot, "disabled", 75, true)]
    [InlineData(Phase.Reboot, "disabled", 75, true)]
    [InlineData(Phase.PostUpdate, "disabled", 75, true)]
    [InlineData(Phase.LockRelease, "disabled", 75, true)]
    [InlineData(Phase.PreUpdate, "refused", 77, true)]
    [InlineData(Phase.Update, "refused", 77, true)]
    [InlineData(Phase.NeedsReboot, "refused", 77, true)]
    [InlineData(Phase.Reboot, "refused", 77, true)]
    [InlineData(Phase.PostUpdate, "refused", 77, true)]
    [InlineData(Phase.LockRelease, "refused", 77, true)]
    public void Trouble_with_the_lock_ends_each_phase_so(Phase phase, string trouble, int code, bool kept)
    {
        Bed bed = new Bed { Names = { [ScriptStage.PreUpdate] = ["s"], [ScriptStage.Update] = ["s"], [ScriptStage.PostUpdate] = ["s"] } }
            .At(phase).Lock(l => l with { WaitMax = TimeSpan.FromMinutes(5) });
        bed.Shows = () => trouble switch { "away" => new ShowReply.Unreachable("no route"), "refused" => new ShowReply.Refused("401"), _ => Bed.Shown(Bed.Other) };
        bed.Acquires = () => trouble == "lost" ? new AcquireReply.Busy([Bed.Other], "r") : new AcquireReply.Disabled();
        bed.Releases = () => trouble switch
        {
            "away" => new ReleaseReply.Unreachable("no route"),
            "refused" => new ReleaseReply.Refused("401"),
            "disabled" => new ReleaseReply.Disabled(),
            _ => new ReleaseReply.HeldByOther(Bed.Other),
        };

        RunReport report = bed.Run();

        Assert.Equal((code, kept), (report.Ending.Code(), report.StateKept));
        Assert.Equal(phase == Phase.PostUpdate, bed.Acts.Contains("post_update/s"));
        if (phase < Phase.PostUpdate) Assert.DoesNotContain(bed.Acts, a => a.EndsWith("/s", StringComparison.Ordinal) || a == "reboot!" || a == "release");
    }

    [Theory]
    [InlineData(Phase.Update, "lost", "fleet False True update none 79")]
    [InlineData(Phase.Update, "refused", "fleet True True update none 77")]
    [InlineData(Phase.Reboot, "away", "fleet True True reboot none 69")]
    [InlineData(Phase.PostUpdate, "lost", "fleet False True post_update none 79")]
    [InlineData(Phase.LockRelease, "away", "fleet True True lock_release none 69")]
    public void Trouble_with_the_lock_under_the_lock_is_told_to_on_failure(Phase phase, string trouble, string told)
    {
        Bed bed = new Bed { Names = { [ScriptStage.OnFailure] = ["tell"] } }.At(phase).Lock(l => l with { WaitMax = TimeSpan.FromMinutes(5) });
        bed.Shows = () => trouble switch { "away" => new ShowReply.Unreachable("no route"), "refused" => new ShowReply.Refused("401"), _ => Bed.Shown(Bed.Other) };
        bed.Acquires = () => new AcquireReply.Busy([Bed.Other], "r");
        bed.Releases = () => new ReleaseReply.Unreachable("no route");
        bed.Run();
        Assert.Equal("on_failure/tell", bed.Acts[^1]);
        Assert.Equal(told, string.Join(' ', bed.Arguments));
    }

    [Fact]
    public void An_interrupted_run_is_not_told_to_on_failure()
    {
        Bed bed = new Bed { Names = { [ScriptStage.OnFailure] = ["tell"], [ScriptStage.Update] = ["s"] } }.At(Phase.Update);
        bed.Results["update/s"] = () => new ScriptResult.Interrupted(143, default);
        Assert.Equal(75, bed.Run().Ending.Code());
        Assert.DoesNotContain("on_failure/tell", bed.Acts);
    }

    [Fact]
    public void Another_holder_before_the_first_release_is_a_lost_lock()
    {
        Bed bed = new Bed { Names = { [ScriptStage.OnFailure] = ["tell"] }, Releases = () => new ReleaseReply.HeldByOther(Bed.Other) }.At(Phase.PostUpdate);
        RunReport report = bed.Run();
        Assert.Equal((79, false, Phase.LockRelease), (report.Ending.Code(), report.StateKept, report.Phase));
        Assert.IsType<StoredRun.None>(bed.Disk);
        Assert.Equal(1, bed.Acts.Count(a => a == "release"));
        Assert.Contains("other (other-id)", report.Message, StringComparison.Ordinal);
        Assert.Equal("fleet False True lock_release none 79", string.Join(' ', bed.Arguments));
    }

    [Fact]
    public void Another_holder_on_a_resume_of_lock_release_is_normal()
    {
        Bed bed = new Bed { Releases = () => new ReleaseReply.HeldByOther(Bed.Other) }.At(Phase.LockRelease);
        Assert.Equal((0, false), (bed.Run().Ending.Code(), bed.Disk is StoredRun.Open));
    }

    [Fact]
    public void Another_holder_after_a_release_that_was_not_answered_is_normal()
    {
        Bed bed = new Bed().At(Phase.PostUpdate);
        int releases = 0;
        bed.Releases = () => ++releases == 1 ? new ReleaseReply.Unreachable("no answer") : new ReleaseReply.HeldByOther(Bed.Other);
        Assert.Equal((0, 2), (bed.Run().Ending.Code(), releases));
    }

    [Fact]
    public void Another_holder_in_the_call_that_was_sent_twice_is_normal()
    {
        Bed bed = new Bed { Releases = () => new ReleaseReply.HeldByOther(Bed.Other) { MayBeReleased = true } }.At(Phase.PostUpdate);
        Assert.Equal(0, bed.Run().Ending.Code());
    }

    [Fact]
    public void Another_holder_after_a_run_under_a_waiver_is_normal()
    {
        Bed bed = new Bed { Releases = () => new ReleaseReply.HeldByOther(Bed.Other) }.At(Phase.PostUpdate, s => s with { Waiver = new WaiverNote("x", Bed.Noon) });
        Assert.Equal(0, bed.Run().Ending.Code());
    }

    [Fact]
    public void A_lock_that_is_free_again_is_taken_again_before_the_phase_goes_on()
    {
        Bed bed = new Bed { Names = { [ScriptStage.Update] = ["s"] }, Shows = () => Bed.Shown() }.At(Phase.Update);
        bed.Run();
        Assert.Equal(["save update", "show", "acquire", "update/s"], bed.Acts[..4]);
    }

    [Fact]
    public void An_unreachable_service_delays_post_update_by_one_short_question_only()
    {
        Bed bed = new Bed { Names = { [ScriptStage.PostUpdate] = ["s"] }, Shows = () => new ShowReply.Unreachable("no route") }.At(Phase.PostUpdate);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Equal(["save post_update", "show", "post_update/s", "save post_update s", "save lock_release", "release", "remove"], bed.Acts);
        Assert.Equal(Bed.Noon, bed.Time.GetUtcNow());
    }

    [Fact]
    public void Post_update_in_a_state_without_a_claim_stores_what_the_proof_took()
    {
        Bed bed = new Bed { Shows = () => Bed.Shown() }.At(Phase.PostUpdate, s => s with { Lock = null });
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Contains("release", bed.Acts);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    public void Whatever_write_fails_the_act_that_it_names_does_not_happen(int failing)
    {
        var bed = new Bed { Names = { [ScriptStage.PreUpdate] = ["a"], [ScriptStage.Update] = ["c"], [ScriptStage.PostUpdate] = ["d"] } };
        int writes = 0;
        bed.Write = _ => writes++ == failing ? "disk full" : null;

        RunReport report = bed.Run();

        Assert.Equal((74, bed.Disk is StoredRun.Open), (report.Ending.Code(), report.StateKept));
        Phase? stored = (bed.Disk as StoredRun.Open)?.State.Phase;
        string[] acted = [.. bed.Acts.Where(a => a.Contains('/', StringComparison.Ordinal) && !a.StartsWith("needs_update", StringComparison.Ordinal))];
        if (acted.Length > 0) Assert.StartsWith(stored!.Value.Name(), acted[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_that_cannot_be_written_after_the_grant_gives_the_lock_back()
    {
        var bed = new Bed { Write = act => act == "save pre_update" ? "disk full" : null };
        RunReport report = bed.Run();
        Assert.Equal((74, false), (report.Ending.Code(), report.StateKept));
        Assert.Equal(["acquire", "release", "remove"], bed.Acts[^3..]);
    }

    [Fact]
    public void A_resumed_lock_get_that_cannot_be_written_gives_the_lock_back()
    {
        Bed bed = new Bed { Write = act => act == "save lock_get" ? "disk full" : null }.At(Phase.LockGet);
        Assert.Equal((74, false), (bed.Run().Ending.Code(), bed.Disk is StoredRun.Open));
        Assert.Equal(["show", "release", "remove"], bed.Acts);
    }

    [Fact]
    public void A_kill_between_release_and_remove_is_finished_by_the_next_start()
    {
        Bed bed = new Bed { Releases = () => new ReleaseReply.NotHeld() }.At(Phase.LockRelease);
        Assert.Equal((Ending.Done, false), (bed.Run().Ending, bed.Disk is StoredRun.Open));
    }

    [Fact]
    public void A_killed_lock_get_that_was_granted_is_confirmed_and_goes_on()
    {
        Bed bed = new Bed().At(Phase.LockGet);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Equal(["show", "save lock_get", "acquire", "save pre_update"], bed.Acts[..4]);
        Assert.DoesNotContain("needs_update/due", bed.Acts);
    }

    [Fact]
    public void A_killed_lock_get_that_was_not_granted_starts_afresh()
    {
        Bed bed = new Bed { Shows = () => Bed.Shown(Bed.Other), Results = { ["needs_update/due"] = () => Bed.Exit(0) } }.At(Phase.LockGet);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Equal(["show", "remove", "needs_update/due"], bed.Acts);
    }

    [Fact]
    public void A_killed_lock_get_at_a_service_that_cannot_tell_is_released_first()
    {
        Bed bed = new Bed { Shows = () => new ShowReply.CannotTell(), Results = { ["needs_update/due"] = () => Bed.Exit(0) } }.At(Phase.LockGet);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Equal(["show", "release", "remove", "needs_update/due"], bed.Acts);
    }

    [Fact]
    public void A_killed_lock_get_outside_the_window_gives_the_lock_back()
    {
        Bed bed = new Bed { Admits = _ => new Admission.Closed("closed") }.At(Phase.LockGet);
        Assert.Equal(75, bed.Run().Ending.Code());
        Assert.Equal(["show", "release", "remove"], bed.Acts);
    }

    [Theory]
    [InlineData(Phase.PreUpdate)]
    [InlineData(Phase.Update)]
    [InlineData(Phase.NeedsReboot)]
    [InlineData(Phase.PostUpdate)]
    [InlineData(Phase.LockRelease)]
    public void A_run_that_is_open_continues_to_its_end_where_no_new_run_may_begin(Phase phase)
    {
        Bed bed = new Bed { NoNewRun = "corrected" }.At(phase);
        RunReport report = bed.Run();
        Assert.Equal((Ending.Done, false), (report.Ending, report.StateKept));
        Assert.DoesNotContain("needs_update/due", bed.Acts);

        report = bed.Run();
        Assert.Equal((78, "corrected"), (report.Ending.Code(), report.Message));
        Assert.DoesNotContain("needs_update/due", bed.Acts);
        Assert.Equal(Ending.Done, bed.Run(afterReboot: true).Ending);
    }

    [Fact]
    public void A_run_in_reboot_continues_with_post_update_on_the_next_boot_where_no_new_run_may_begin()
    {
        Bed bed = new Bed { NoNewRun = "corrected", Boot = Bed.Boot2, Names = { [ScriptStage.PostUpdate] = ["health"] } }.At(Phase.Reboot);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Contains("post_update/health", bed.Acts);
    }

    [Theory]
    [InlineData("ours")]
    [InlineData("another's")]
    [InlineData("cannot tell")]
    [InlineData("away")]
    public void A_run_that_had_no_confirmed_lock_yet_gives_it_back_where_no_new_run_may_begin(string lockIs)
    {
        Bed bed = new Bed { NoNewRun = "corrected" }.At(Phase.LockGet);
        bed.Shows = () => lockIs switch { "ours" => Bed.Shown(Bed.Me), "another's" => Bed.Shown(Bed.Other), "cannot tell" => new ShowReply.CannotTell(), _ => new ShowReply.Unreachable("no route") };
        if (lockIs == "another's") bed.Releases = () => new ReleaseReply.NotHeld();
        if (lockIs == "away") bed.Releases = () => new ReleaseReply.Unreachable("no route");

        RunReport report = bed.Run();

        Assert.Equal((78, lockIs == "away"), (report.Ending.Code(), report.StateKept));
        Assert.StartsWith("corrected", report.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("acquire", bed.Acts);
        Assert.DoesNotContain(bed.Acts, a => a.Contains('/'));
    }

    [Theory]
    [InlineData("away", 69)]
    [InlineData("refused", 77)]
    [InlineData("disabled", 75)]
    public void A_day_that_is_none_for_updates_is_not_done_while_the_lock_may_be_ours(string trouble, int code)
    {
        Bed bed = new Bed { Admits = _ => new Admission.NotToday("not today") }.At(Phase.LockGet);
        bed.Releases = () => trouble switch { "away" => new ReleaseReply.Unreachable("no route"), "refused" => new ReleaseReply.Refused("401"), _ => new ReleaseReply.Disabled() };
        RunReport report = bed.Run();
        Assert.Equal((code, true), (report.Ending.Code(), report.StateKept));

        bed.Releases = () => new ReleaseReply.Released();
        report = bed.Run();
        Assert.Equal((0, false), (report.Ending.Code(), report.StateKept));
    }

    [Fact]
    public void A_killed_lock_get_under_strategy_reboot_keeps_the_claim_and_gives_the_lock_back_in_the_end()
    {
        Bed bed = new Bed().At(Phase.LockGet).Strategy(RebootStrategy.Reboot);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Equal(["release", "remove"], bed.Acts[^2..]);
    }

    [Fact]
    public void Best_effort_is_not_stopped_by_an_unanswered_acquire_of_an_earlier_start()
    {
        Bed bed = new Bed { Shows = () => new ShowReply.Unreachable("no route"), Acquires = () => new AcquireReply.Unreachable("no route", false) }
            .At(Phase.LockGet).Strategy(RebootStrategy.BestEffort);
        RunReport report = bed.Run();
        Assert.Equal((Ending.Done, true), (report.Ending, report.Waiver is not null));
        Assert.Equal(["release", "remove"], bed.Acts[^2..]);
    }

    [Fact]
    public void Giving_up_while_a_reply_is_open_keeps_the_state_if_the_release_is_not_answered_either()
    {
        Bed bed = new Bed { Acquires = () => new AcquireReply.Unreachable("no reply", true), Releases = () => new ReleaseReply.Unreachable("no route") }
            .Lock(l => l with { WaitMax = TimeSpan.FromMinutes(1) });
        Assert.Equal((69, true), (bed.Run().Ending.Code(), bed.Disk is StoredRun.Open { State.Phase: Phase.LockGet }));
    }

    [Fact]
    public void Giving_up_without_an_open_reply_asks_nothing_more()
    {
        Bed bed = new Bed { Acquires = () => new AcquireReply.Unreachable("connection refused", false) }.Lock(l => l with { WaitMax = TimeSpan.FromMinutes(1) });
        Assert.Equal((69, false), (bed.Run().Ending.Code(), bed.Acts.Contains("release")));
        Assert.IsType<StoredRun.None>(bed.Disk);
    }

    [Fact]
    public void An_acquire_that_sigterm_cut_off_is_given_back_and_looked_at_again()
    {
        var bed = new Bed();
        bed.Acquires = () =>
        {
            bed.Sigterm.Cancel();
            throw new OperationCanceledException(bed.Sigterm.Token);
        };
        RunReport report = bed.Run();
        Assert.Equal((Ending.Interrupted, true), (report.Ending, report.StateKept));
        Assert.Equal("release", bed.Acts[^1]);
    }

    [Fact]
    public void A_grant_that_arrives_with_sigterm_is_given_back()
    {
        var bed = new Bed();
        bed.Acquires = () =>
        {
            bed.Sigterm.Cancel();
            return new AcquireReply.Granted(null);
        };
        Assert.Equal(Ending.Interrupted, bed.Run().Ending);
        Assert.Equal(["acquire", "release"], bed.Acts[^2..]);
    }

    [Fact]
    public void Sigterm_in_a_script_keeps_the_state_tells_nobody_and_the_next_start_repeats_it()
    {
        var bed = new Bed { Names = { [ScriptStage.Update] = ["a", "b"], [ScriptStage.OnFailure] = ["tell"] } };
        bed.Results["update/b"] = () =>
        {
            bed.Sigterm.Cancel();
            return new ScriptResult.Interrupted(0, default);
        };
        Assert.Equal((75, "update/b"), (bed.Run().Ending.Code(), bed.Acts[^1]));
        Assert.Equal(["a"], bed.Open.Finished.Select(f => f.Name));
    }

    [Fact]
    public void No_reboot_is_requested_after_sigterm()
    {
        Bed bed = new Bed { Names = { [ScriptStage.NeedsReboot] = [] } };
        bed.Write = act =>
        {
            if (act == "save reboot" && bed.Acts.Contains("save reboot")) bed.Sigterm.Cancel();
            return null;
        };
        Assert.Equal(Ending.Interrupted, bed.Run().Ending);
        Assert.DoesNotContain("reboot!", bed.Acts);
    }

    [Fact]
    public void Interrupted_while_waiting_for_an_outlived_script_an_old_state_counts_as_kept()
    {
        var bed = new Bed { Disk = new StoredRun.OldWord(Phase.Update, Bed.Noon), Outlived = () => false };
        Assert.Equal((Ending.Interrupted, true), (bed.Run().Ending, bed.Run().StateKept));
        Assert.Empty(bed.Acts);
    }

    [Fact]
    public void After_a_reboot_only_an_open_run_goes_on()
    {
        var bed = new Bed();
        Assert.Equal(Ending.Done, bed.Run(afterReboot: true).Ending);
        Assert.Empty(bed.Acts);
    }

    [Fact]
    public void Strategy_off_starts_nothing_and_finishes_what_is_open()
    {
        Bed bed = new Bed().Strategy(RebootStrategy.Off);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Empty(bed.Acts);

        Assert.Equal(Ending.Done, bed.At(Phase.Update).Run().Ending);
        Assert.Equal("remove", bed.Acts[^1]);
    }

    [Fact]
    public void The_schedule_gates_new_runs_only()
    {
        Assert.Equal(75, new Bed { Admits = _ => new Admission.Closed("closed") }.Run().Ending.Code());
        Assert.Equal(0, new Bed { Admits = _ => new Admission.NotToday("no") }.Run().Ending.Code());

        Bed open = new Bed { Admits = _ => new Admission.Closed("closed") }.At(Phase.Update);
        Assert.Equal(Ending.Done, open.Run().Ending);
    }

    [Fact]
    public void Nothing_is_asked_when_the_checks_ran_past_the_window()
    {
        DateTimeOffset closes = Bed.Noon.AddHours(1);
        var bed = new Bed { Admits = now => now < closes ? new Admission.Open(closes) : new Admission.Closed("closed") };
        bed.Results["needs_update/due"] = () =>
        {
            bed.Pass(TimeSpan.FromHours(2));
            return Bed.Exit(1);
        };
        Assert.Equal((75, false), (bed.Run().Ending.Code(), bed.Acts.Contains("acquire")));
    }

    [Fact]
    public void A_later_window_does_not_run_an_old_decision()
    {
        var bed = new Bed { Admits = now => new Admission.Open(now.Date.AddHours(now.Hour + 1)) };
        bed.Results["needs_update/due"] = () =>
        {
            bed.Pass(TimeSpan.FromHours(2));
            return Bed.Exit(1);
        };
        Assert.Equal((75, false), (bed.Run().Ending.Code(), bed.Acts.Contains("acquire")));
    }

    [Fact]
    public void The_wait_for_the_lock_ends_when_the_window_closes()
    {
        DateTimeOffset closes = Bed.Noon.AddHours(1);
        var bed = new Bed { Admits = now => now < closes ? new Admission.Open(closes) : new Admission.Closed("closed"), Acquires = () => new AcquireReply.Busy([Bed.Other], "r") };
        Assert.Equal((75, closes), (bed.Run().Ending.Code(), bed.Time.GetUtcNow()));
        Assert.IsType<StoredRun.None>(bed.Disk);
    }

    [Fact]
    public void A_window_that_closed_while_the_grant_came_gives_the_lock_back()
    {
        DateTimeOffset closes = Bed.Noon.AddHours(1);
        var bed = new Bed { Admits = now => now < closes ? new Admission.Open(closes) : new Admission.Closed("closed") };
        bed.Acquires = () =>
        {
            bed.Pass(TimeSpan.FromHours(2));
            return new AcquireReply.Granted(null);
        };
        Assert.Equal(75, bed.Run().Ending.Code());
        Assert.Equal(["acquire", "release", "remove"], bed.Acts[^3..]);
    }

    [Fact]
    public void A_waiver_is_stored_reported_and_needs_no_lock()
    {
        Bed bed = new Bed().Strategy(RebootStrategy.Reboot);
        RunReport report = bed.Run();
        Assert.Equal((Ending.Done, true), (report.Ending, report.Waiver is not null));
        Assert.DoesNotContain(bed.Acts, a => a is "acquire" or "show" or "release");
        Assert.Contains(bed.Events, e => e is RunEvent.Waived);
    }

    [Fact]
    public void A_run_once_script_is_recorded_after_exit_0_and_never_run_again()
    {
        var bed = new Bed { Names = { [ScriptStage.PreUpdate] = ["a"] }, Once = { "pre_update/a" } };
        bed.Run();
        Assert.Equal(["pre_update/a", "once pre_update/a", "save pre_update a"], bed.Acts.Where(a => a.Contains("pre_update", StringComparison.Ordinal)).Skip(1).Take(3));

        bed.Acts.Clear();
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.DoesNotContain("pre_update/a", bed.Acts);
    }
}
