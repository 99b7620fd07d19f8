using System.Globalization;
using DlmUpdater.Bench.Simulation;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Simulation;

/// <summary>Whole fleets over the real Core, and the proof that the judge notices what is broken. SIM_SEED replays one seed,
/// SIM_SEEDS sets how many are run.</summary>
public class FleetSimulationTests
{
    private const int Seeds = 10_000;
    private const int EnoughToCatch = 3_000;

    [Fact]
    public void No_seed_breaks_a_rule()
    {
        ulong? one = Number("SIM_SEED");
        FleetBatch batch = FleetBatch.Run(one ?? FleetBatch.BaseSeed, one is null ? (int)(Number("SIM_SEEDS") ?? Seeds) : 1);

        if (batch.Broken.Count > 0) Assert.Fail(Fleet.Run(batch.Broken[0].Seed, tracing: true).Explain());
        if (one is null) Assert.True(batch.RunsDone > batch.Seeds, $"only {batch.RunsDone} runs came to their end: the seeds test nothing");
    }

    [Fact]
    public void The_same_seed_gives_the_same_course_twice()
    {
        for (ulong seed = 1; seed <= 40; seed++)
        {
            FleetResult first = Alone(seed), second = Alone(seed);
            Assert.Equal(first.Checksum, second.Checksum);
            Assert.Equal(first.Trace, second.Trace);
        }

        // A thread without a synchronization context, as in a batch.
        static FleetResult Alone(ulong seed)
        {
            FleetResult? result = null;
            var thread = new Thread(() => result = Fleet.Run(seed, tracing: true));
            thread.Start();
            thread.Join();
            return result!;
        }
    }

    [Fact]
    public void The_dice_are_the_same_everywhere()
    {
        var dice = new Dice(42);
        Assert.Equal([1795671209u, 1924641435u, 1143034755u], [dice.Next(), dice.Next(), dice.Next()]);
    }

    [Theory]
    [InlineData(Sabotage.StoreSaysSavedTooEarly, Rule.StateBeforeAct)]
    [InlineData(Sabotage.ServiceGrantsOverItsSlots, Rule.SlotsAreKept)]
    [InlineData(Sabotage.ReleaseFreesAnother, Rule.InsideMeansHeld)]
    [InlineData(Sabotage.ShowBelieves, Rule.NoScriptWithoutLock)]
    [InlineData(Sabotage.OutlivedIsNotAwaited, Rule.OneScriptAtATime)]
    [InlineData(Sabotage.RunOnceIsForgotten, Rule.NothingRepeated)]
    [InlineData(Sabotage.RemoveIsLost, Rule.ReportsAreTrue)]
    [InlineData(Sabotage.GrantWithoutAsking, Rule.InsideMeansHeld)]
    [InlineData(Sabotage.PreflightSeesNothing, Rule.PreflightBeforeLock)]
    [InlineData(Sabotage.ShowFromMemory, Rule.EveryPhaseProves)]
    [InlineData(Sabotage.ShowCannotBeCutShort, Rule.PostUpdateIsNotDelayed)]
    [InlineData(Sabotage.SigtermIsNotHeard, Rule.NothingAfterSigterm)]
    [InlineData(Sabotage.ScriptsReversed, Rule.ScriptsInOrder)]
    [InlineData(Sabotage.BestEffortAtOnce, Rule.WaiversAreConfigured)]
    [InlineData(Sabotage.BootIsAlwaysSuccessful, Rule.BootIsSuccessful)]
    [InlineData(Sabotage.SurvivorsAreForgotten, Rule.NothingBesideSurvivors)]
    public void A_broken_port_is_caught(Sabotage broken, Rule by) => Caught(by, broken, null);

    [Fact]
    public void A_table_that_runs_post_update_without_another_boot_is_caught() =>
        Caught(Rule.PostUpdateOnAnotherBoot, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.Continue { State.Phase: Phase.Reboot } go
            ? new ResumePlan.Rebooted(go.State)
            : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_does_not_ask_whose_the_lock_is_and_starts_afresh_is_caught() =>
        Caught(Rule.ReportsAreTrue, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.AskWhoseLock ? new ResumePlan.Fresh() : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_treats_lock_get_as_fresh_is_caught() =>
        Caught(Rule.LocksDoNotLeak, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.AskWhoseLock ask ? new ResumePlan.Continue(ask.State) : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_takes_an_unanswered_lock_as_granted_is_caught() =>
        Caught(Rule.ScheduleIsKept, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.AskWhoseLock ask
            ? new ResumePlan.Continue(ask.State with { Phase = Phase.PreUpdate })
            : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_forgets_finished_scripts_is_caught() =>
        Caught(Rule.NothingRepeated, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.Continue go
            ? new ResumePlan.Continue(go.State with { Finished = [] })
            : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_invents_finished_scripts_is_caught() =>
        Caught(Rule.RecordsAreTrue, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.Continue { State.Phase: Phase.Update } go
            ? new ResumePlan.Continue(go.State with { Finished = [new FinishedScript("00-script", 0, default), new FinishedScript("10-script", 0, default)] })
            : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_skips_the_rest_of_a_phase_is_caught() =>
        Caught(Rule.PhasesInOrder, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.Continue { State.Phase: Phase.PreUpdate } go
            ? new ResumePlan.Continue(go.State with { Phase = Phase.NeedsReboot, Finished = [] })
            : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_goes_on_under_another_lock_is_caught() =>
        Caught(Rule.NoScriptWithoutLock, table: (stored, facts) => Resume.Decide(stored, stored is StoredRun.Open { State.Lock: { } claim } ? facts with { Lock = claim.Identity } : facts));

    [Fact]
    public void A_table_that_overwrites_an_unreadable_state_is_caught() =>
        Caught(Rule.UnreadableIsKept, table: (stored, facts) => stored is StoredRun.Unreadable ? new ResumePlan.Fresh() : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_believes_an_old_post_update_is_caught() =>
        Caught(Rule.PhasesInOrder, table: (stored, facts) => stored is StoredRun.OldWord { Phase: Phase.PostUpdate }
            ? Resume.Decide(stored, facts with { BootedAt = DateTimeOffset.MaxValue })
            : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_ends_an_open_run_is_caught() =>
        Caught(Rule.StateBeforeAct, table: (stored, facts) => stored is StoredRun.Open { State.Phase: Phase.Update } ? new ResumePlan.Fresh() : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_ends_post_update_half_way_is_caught() =>
        Caught(Rule.NothingSkipped, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.Continue { State.Phase: Phase.PostUpdate } go
            ? new ResumePlan.Continue(go.State with { Phase = Phase.LockRelease, Finished = [] })
            : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_moves_the_deadline_of_a_reboot_is_caught() =>
        Caught(Rule.RebootsAreDue, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.DidNotReboot { State: { Reboot: { } request } state }
            ? new ResumePlan.Continue(state with { Reboot = request with { FirstBootClock = facts.BootClock } })
            : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_leaves_out_the_boot_gate_is_caught() =>
        Caught(Rule.BootIsSuccessful, table: (stored, facts) => Resume.Decide(stored, facts) switch
        {
            ResumePlan.Rebooted up => new ResumePlan.Rebooted(up.State with { FirstBoot = facts.Boot }),
            ResumePlan.Continue go => new ResumePlan.Continue(go.State with { FirstBoot = facts.Boot }),
            var plan => plan,
        });

    [Fact]
    public void A_table_that_lets_an_earlier_boots_post_update_count_is_caught() =>
        Caught(Rule.RecordsAreTrue, table: (stored, facts) => stored is StoredRun.Open { State: { Phase: Phase.PostUpdate } state } && Resume.Decide(stored, facts) is ResumePlan.Continue
            ? new ResumePlan.Continue(state)
            : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_throws_is_caught() =>
        Caught(Rule.NoExceptions, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.Rebooted ? throw new InvalidOperationException("no row") : Resume.Decide(stored, facts));

    [Fact]
    public void A_table_that_never_goes_on_is_caught() =>
        Caught(Rule.EndsWhenHealed, table: (stored, facts) => Resume.Decide(stored, facts) is ResumePlan.Continue { State.Phase: Phase.LockRelease } go
            ? new ResumePlan.Stop(Ending.Misconfigured, $"{go.State.RunId} is stuck")
            : Resume.Decide(stored, facts));

    /// <summary>The first broken rule of some seed must be this one: another rule may notice other seeds first.</summary>
    private static void Caught(Rule by, Sabotage broken = Sabotage.None, ResumeTable? table = null)
    {
        var rules = new SortedDictionary<Rule, int>();
        for (int done = 0; done < EnoughToCatch; done += 100)
        {
            FleetBatch batch = FleetBatch.Run(FleetBatch.BaseSeed + (ulong)done, 100, broken, table);
            foreach (FleetResult result in batch.Broken) rules[result.Violation!.Rule] = rules.GetValueOrDefault(result.Violation.Rule) + 1;
            if (rules.ContainsKey(by)) return;
        }

        Assert.Fail($"{EnoughToCatch} seeds, and {by} noticed nothing; others: {string.Join(", ", rules.Select(r => $"{r.Key} {r.Value}"))}");
    }

    private static ulong? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : null;
}
