using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Tests.Workflow;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Locking;

public class LockKeeperTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_grant_is_clearance_with_a_confirmed_claim()
    {
        var cleared = Assert.IsType<LockOutcome.Cleared>(await new Bed().Keeper().Take(null, false, default));
        Assert.Equal(new LockClaim(Bed.Fleet, Bed.Noon, Bed.Noon), Assert.IsType<HeldLock>(cleared.Clearance).Claim);
    }

    [Fact]
    public async Task A_busy_lock_is_waited_for()
    {
        var bed = new Bed();
        bed.Acquires = () => bed.Acts.Count < 5 ? new AcquireReply.Busy([Bed.Other], "r") : new AcquireReply.Granted(null);
        Assert.IsType<LockOutcome.Cleared>(await bed.Keeper().Take(null, false, default));
        Assert.Equal(Bed.Noon + (4 * Minute), bed.Time.GetUtcNow());
        Assert.Equal(4, bed.Events.Count(e => e is RunEvent.LockWaiting { Why: "held by other (other-id)" }));
    }

    [Theory]
    [InlineData("busy", Verdict.LockBusy)]
    [InlineData("disabled", Verdict.LockDisabled)]
    [InlineData("away", Verdict.LockUnreachable)]
    [InlineData("mixed", Verdict.LockBusy)]
    public async Task Wait_max_bounds_every_wait(string what, Verdict verdict)
    {
        Bed bed = new Bed().Lock(l => l with { WaitMax = 10 * Minute });
        bed.Acquires = () => Reply(what == "mixed" ? (bed.Acts.Count % 2 == 0 ? "away" : "busy") : what);
        var no = Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default));
        if (what != "mixed") Assert.Equal(verdict, no.Verdict);
        Assert.Equal(Bed.Noon + RetryPolicy.LastTryOf(10 * Minute), bed.Time.GetUtcNow());
    }

    [Theory]
    [InlineData("busy")]
    [InlineData("disabled")]
    public async Task Without_wait_one_answer_is_enough(string what)
    {
        Bed bed = new Bed { Acquires = () => Reply(what) }.Lock(l => l with { Wait = false });
        Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default));
        Assert.Equal(["acquire"], bed.Acts);
    }

    [Fact]
    public async Task Without_wait_a_network_blip_is_still_sat_out()
    {
        Bed bed = new Bed().Lock(l => l with { Wait = false });
        bed.Acquires = () => bed.Acts.Count < 2 ? Reply("away") : new AcquireReply.Granted(null);
        Assert.IsType<LockOutcome.Cleared>(await bed.Keeper().Take(null, false, default));

        bed.Acquires = () => Reply("away");
        DateTimeOffset before = bed.Time.GetUtcNow();
        Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default));
        Assert.InRange(bed.Time.GetUtcNow() - before, TimeSpan.FromSeconds(1), RetryPolicy.WithoutWaiting);
    }

    [Fact]
    public async Task An_unreachable_service_is_given_up_after_half_an_hour()
    {
        var bed = new Bed { Acquires = () => Reply("away") };
        var no = Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default));
        Assert.Equal((Verdict.LockUnreachable, false), (no.Verdict, no.MayBeOurs));
        Assert.Equal(RetryPolicy.LastTryOf(30 * Minute), bed.Time.GetUtcNow() - Bed.Noon);
    }

    [Theory]
    [InlineData("away", Verdict.LockUnreachable, 30)]
    [InlineData("disabled", Verdict.LockDisabled, 240)]
    public async Task A_release_is_tried_no_longer_than_a_wait_lasts(string what, Verdict verdict, int minutes)
    {
        var bed = new Bed { Releases = () => what == "away" ? new ReleaseReply.Unreachable("no route") : new ReleaseReply.Disabled() };
        Assert.Equal(verdict, (await bed.Keeper().GiveBack(true, default)).Verdict);
        Assert.Equal(RetryPolicy.LastTryOf(minutes * Minute), bed.Time.GetUtcNow() - Bed.Noon);
    }

    [Fact]
    public async Task A_proof_of_the_lock_is_tried_no_longer_than_unreachable_max()
    {
        var bed = new Bed { Shows = () => new ShowReply.Unreachable("no route") };
        var no = Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Prove(Bed.State(Phase.Update), true, default));
        Assert.Equal((Verdict.LockUnreachable, "no route"), (no.Verdict, no.Why));
        Assert.Equal(RetryPolicy.LastTryOf(30 * Minute), bed.Time.GetUtcNow() - Bed.Noon);
    }

    public static TheoryData<string, int, int, string> Bounds => new()
    {
        { "wait_max", 2, 0, "[lock] wait_max" },
        { "wait = false", 10, 0, "[lock] wait = false" },
        { "unreachable_max", 60, 0, "[lock] unreachable_max" },
        { "window", 20, 20, "the maintenance window" },
    };

    [Theory]
    [MemberData(nameof(Bounds))]
    public async Task A_call_that_is_never_answered_ends_with_the_wait_and_may_have_happened(string what, int seconds, int window, string bound)
    {
        Bed bed = new Bed().Lock(l => what switch
        {
            "wait_max" => l with { WaitMax = TimeSpan.FromSeconds(seconds) },
            "wait = false" => l with { Wait = false },
            "unreachable_max" => l with { UnreachableMax = TimeSpan.FromSeconds(seconds) },
            _ => l,
        });
        bed.Hangs = true;
        Task<LockOutcome> take = bed.Keeper().Take(window == 0 ? null : Bed.Noon.AddSeconds(window), false, default).AsTask();
        for (int passed = 0; !take.IsCompleted; passed++)
        {
            Assert.True(passed < seconds, $"it still waits after {passed} s");
            bed.Pass(TimeSpan.FromSeconds(1));
        }

        var no = Assert.IsType<LockOutcome.NotCleared>(await take);
        Assert.True(no.MayBeOurs);
        Assert.Contains($"s left of {bound}", no.Why, StringComparison.Ordinal);
        Assert.Equal(window > 0 ? Verdict.WindowClosed : Verdict.LockUnreachable, no.Verdict);
    }

    [Fact]
    public async Task A_release_after_a_call_that_was_not_answered_is_one_short_try()
    {
        Bed bed = new Bed().Lock(l => l with { WaitMax = TimeSpan.FromSeconds(2) });
        bed.Hangs = true;
        LockKeeper keeper = bed.Keeper();
        Task<LockOutcome> take = keeper.Take(null, false, default).AsTask();
        bed.Pass(TimeSpan.FromSeconds(2));
        await take;
        Task<(Verdict Verdict, string How)> release = keeper.GiveBack(patient: false, default).AsTask();
        bed.Pass(TimeSpan.FromSeconds(3));
        Assert.Equal(Verdict.LockUnreachable, (await release).Verdict);
    }

    [Theory]
    [InlineData("take")]
    [InlineData("prove")]
    [InlineData("release")]
    [InlineData("look")]
    public async Task Sigterm_while_the_service_is_away_says_what_was_waited_for(string what)
    {
        var bed = new Bed
        {
            Acquires = () => new AcquireReply.Unreachable("connection refused", false),
            Shows = () => new ShowReply.Unreachable("connection refused"),
            Releases = () => new ReleaseReply.Unreachable("connection refused"),
        };
        bed.Waiting = bed.Sigterm.Cancel;
        LockKeeper keeper = bed.Keeper();
        string why = what switch
        {
            "take" => ((LockOutcome.NotCleared)await keeper.Take(null, false, bed.Sigterm.Token)).Why,
            "prove" => ((LockOutcome.NotCleared)await keeper.Prove(Bed.State(Phase.Update), true, bed.Sigterm.Token)).Why,
            "release" => (await keeper.GiveBack(true, bed.Sigterm.Token)).How,
            _ => ((ShowReply.Unreachable)await keeper.LookPatiently(bed.Sigterm.Token)).Why,
        };
        Assert.StartsWith("interrupted while ", why, StringComparison.Ordinal);
        Assert.EndsWith("the lock 'fleet' at paper: connection refused", why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pause_for_which_the_service_asks_is_kept_by_every_question()
    {
        TimeSpan asked = 3 * Minute;
        var bed = new Bed();
        bed.Acquires = () => bed.Acts.Count == 1 ? new AcquireReply.Unreachable("503", false) { RetryAfter = asked } : new AcquireReply.Granted(null);
        await bed.Keeper().Take(null, false, default);
        bed.Shows = () => bed.Acts.Count == 3 ? new ShowReply.Unreachable("503") { RetryAfter = asked } : Bed.Shown(Bed.Me);
        await bed.Keeper().Prove(Bed.State(Phase.Update), true, default);
        bed.Shows = () => bed.Acts.Count == 5 ? new ShowReply.Unreachable("503") { RetryAfter = asked } : Bed.Shown(Bed.Me);
        await bed.Keeper().LookPatiently(default);
        bed.Releases = () => bed.Acts.Count == 7 ? new ReleaseReply.Unreachable("503") { RetryAfter = asked } : new ReleaseReply.Released();
        await bed.Keeper().GiveBack(true, default);
        Assert.Equal(8, bed.Acts.Count);
        Assert.Equal(Bed.Noon + (4 * asked), bed.Time.GetUtcNow());
    }

    [Fact]
    public async Task The_end_of_an_outage_is_told_once_with_its_length()
    {
        var bed = new Bed();
        bed.Acquires = () => bed.Acts.Count switch { 1 or 2 => Reply("away"), 3 => Reply("busy"), _ => new AcquireReply.Granted(null) };
        await bed.Keeper().Take(null, false, default);
        Assert.Equal(
            ["away", "away", "back", "busy", "held"],
            bed.Events.Select(e => e switch
            {
                RunEvent.LockWaiting { IsUnreachable: true } => "away",
                RunEvent.LockWaiting => "busy",
                RunEvent.LockServiceBack { Away.TotalSeconds: 15 } => "back",
                RunEvent.LockHeld => "held",
                _ => e.ToString(),
            }));
    }

    [Fact]
    public async Task A_refusal_stops_at_once()
    {
        var bed = new Bed { Acquires = () => new AcquireReply.Refused("401: no such host") };
        var no = Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default));
        Assert.Equal(Verdict.LockRefused, no.Verdict);
        Assert.Contains("401: no such host", no.Why, StringComparison.Ordinal);
        Assert.Single(bed.Acts);
    }

    [Fact]
    public async Task A_lost_reply_leaves_the_lock_perhaps_ours_until_the_service_says_busy()
    {
        Bed bed = new Bed().Lock(l => l with { WaitMax = Minute });
        bed.Acquires = () => new AcquireReply.Unreachable("no reply", true);
        Assert.True(Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default)).MayBeOurs);

        bed.Acts.Clear();
        bed.Acquires = () => bed.Acts.Count == 1 ? new AcquireReply.Unreachable("no reply", true) : Reply("disabled");
        Assert.True(Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default)).MayBeOurs);

        bed.Acts.Clear();
        bed.Acquires = () => bed.Acts.Count == 1 ? new AcquireReply.Unreachable("no reply", true) : Reply("busy");
        Assert.False(Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default)).MayBeOurs);
    }

    [Fact]
    public async Task A_cancelled_acquire_may_have_happened()
    {
        var bed = new Bed();
        bed.Acquires = () =>
        {
            bed.Sigterm.Cancel();
            throw new OperationCanceledException(bed.Sigterm.Token);
        };
        var no = Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, bed.Sigterm.Token));
        Assert.Equal((Verdict.Interrupted, true), (no.Verdict, no.MayBeOurs));
    }

    [Fact]
    public async Task Strategy_reboot_waives_at_once_and_remembers_an_unanswered_acquire()
    {
        Bed bed = new Bed().Strategy(RebootStrategy.Reboot);
        var cleared = Assert.IsType<LockOutcome.Cleared>(await bed.Keeper().Take(null, true, default));
        Assert.IsType<Waiver>(cleared.Clearance);
        Assert.True(cleared.MayBeOurs);
        Assert.Empty(bed.Acts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Best_effort_waives_only_after_the_service_was_away_long_enough(bool mayHaveHappened)
    {
        Bed bed = new Bed { Acquires = () => new AcquireReply.Unreachable("no route", mayHaveHappened) }.Strategy(RebootStrategy.BestEffort);
        var cleared = Assert.IsType<LockOutcome.Cleared>(await bed.Keeper().Take(null, false, default));
        Assert.IsType<Waiver>(cleared.Clearance);
        Assert.Equal(mayHaveHappened, cleared.MayBeOurs);
        Assert.InRange(bed.Time.GetUtcNow() - Bed.Noon, bed.Settings.Lock.UnreachableAfter, bed.Settings.Lock.UnreachableAfter + (5 * Minute));
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 2)]
    public async Task Best_effort_outlasts_the_bounds_of_the_wait_to_see_the_service_away_long_enough(bool wait, int waitMaxMinutes)
    {
        Bed bed = new Bed { Acquires = () => new AcquireReply.Unreachable("no route", false) }
            .Strategy(RebootStrategy.BestEffort).Lock(l => l with { Wait = wait, WaitMax = waitMaxMinutes * Minute });
        Assert.IsType<Waiver>(Assert.IsType<LockOutcome.Cleared>(await bed.Keeper().Take(null, false, default)).Clearance);
        Assert.InRange(bed.Time.GetUtcNow() - Bed.Noon, bed.Settings.Lock.UnreachableAfter, bed.Settings.Lock.UnreachableAfter + (5 * Minute));
    }

    [Fact]
    public async Task Best_effort_does_not_waive_for_a_server_that_is_not_trusted()
    {
        Bed bed = new Bed { Acquires = () => new AcquireReply.Unreachable("expired", false) { IsDistrusted = true } }.Strategy(RebootStrategy.BestEffort);
        Assert.Equal(Verdict.LockUnreachable, Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default)).Verdict);
        Assert.DoesNotContain(bed.Events, e => e is RunEvent.Waived);
    }

    [Fact]
    public async Task Best_effort_does_not_waive_a_busy_lock()
    {
        Bed bed = new Bed { Acquires = () => Reply("busy") }.Strategy(RebootStrategy.BestEffort).Lock(l => l with { WaitMax = TimeSpan.FromHours(3) });
        Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default));
    }

    [Fact]
    public async Task A_proof_that_sigterm_ends_is_interrupted_and_not_unreachable()
    {
        Bed bed = new Bed().Lock(l => l with { Wait = false });
        bed.Shows = () =>
        {
            bed.Pass(2 * Minute);
            bed.Sigterm.Cancel();
            return new ShowReply.Unreachable("cut off");
        };
        bed.Lock(l => l with { Wait = true, WaitMax = TimeSpan.FromTicks(1) });
        var no = Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Prove(Bed.State(Phase.Update), true, bed.Sigterm.Token));
        Assert.Equal(Verdict.Interrupted, no.Verdict);
    }

    [Fact]
    public async Task A_release_that_sigterm_ends_is_interrupted_and_not_unreachable()
    {
        Bed bed = new Bed().Lock(l => l with { WaitMax = TimeSpan.FromTicks(1) });
        bed.Releases = () =>
        {
            bed.Pass(Minute);
            bed.Sigterm.Cancel();
            return new ReleaseReply.Unreachable("cut off");
        };
        Assert.Equal(Verdict.Interrupted, (await bed.Keeper().GiveBack(true, bed.Sigterm.Token)).Verdict);
    }

    [Fact]
    public async Task A_service_that_cannot_show_proves_by_asking_again()
    {
        var bed = new Bed { Shows = () => new ShowReply.CannotTell() };
        Assert.IsType<LockOutcome.Cleared>(await bed.Keeper().Prove(Bed.State(Phase.Update), true, default));
        Assert.Equal(["show", "acquire"], bed.Acts);

        bed.Acquires = () => Reply("busy");
        Assert.Equal(Verdict.LockLost, Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Prove(Bed.State(Phase.Update), true, default)).Verdict);
    }

    [Fact]
    public async Task A_stored_waiver_proves_itself_and_asks_nobody()
    {
        var bed = new Bed();
        RunState waived = Bed.State(Phase.Update) with { Waiver = new WaiverNote("x", Bed.Noon) };
        Assert.IsType<Waiver>(Assert.IsType<LockOutcome.Cleared>(await bed.Keeper().Prove(waived, true, default)).Clearance);
        Assert.Empty(bed.Acts);
    }

    [Theory]
    [InlineData("released")]
    [InlineData("not held")]
    [InlineData("other")]
    public async Task Released_free_or_anothers_is_all_the_same_to_a_release(string what)
    {
        var bed = new Bed { Releases = () => what switch { "released" => new ReleaseReply.Released(), "not held" => new ReleaseReply.NotHeld(), _ => new ReleaseReply.HeldByOther(Bed.Other) } };
        (Verdict verdict, string how) = await bed.Keeper().GiveBack(true, default);
        Assert.Equal(Verdict.Released, verdict);
        if (what == "other") Assert.Contains("other (other-id)", how, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_release_is_tried_again_until_the_service_is_back()
    {
        var bed = new Bed();
        bed.Releases = () => bed.Acts.Count < 6 ? new ReleaseReply.Unreachable("no route") : new ReleaseReply.Released();
        Assert.Equal(Verdict.Released, (await bed.Keeper().GiveBack(true, default)).Verdict);
        Assert.Equal(6, bed.Acts.Count);
    }

    private static AcquireReply Reply(string what) => what switch
    {
        "busy" => new AcquireReply.Busy([Bed.Other], "r"),
        "disabled" => new AcquireReply.Disabled(),
        _ => new AcquireReply.Unreachable("no route", false),
    };
}
