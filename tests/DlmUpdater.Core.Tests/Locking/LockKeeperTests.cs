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
        Assert.Equal(Bed.Noon + (10 * Minute), bed.Time.GetUtcNow());
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
        bed.Acquires = () => bed.Acts.Count < 4 ? Reply("away") : new AcquireReply.Granted(null);
        Assert.IsType<LockOutcome.Cleared>(await bed.Keeper().Take(null, false, default));

        bed.Acquires = () => Reply("away");
        DateTimeOffset before = bed.Time.GetUtcNow();
        Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default));
        Assert.Equal(RetryPolicy.BlipPatience, bed.Time.GetUtcNow() - before);
    }

    [Fact]
    public async Task An_unreachable_service_is_given_up_after_half_an_hour()
    {
        var bed = new Bed { Acquires = () => Reply("away") };
        var no = Assert.IsType<LockOutcome.NotCleared>(await bed.Keeper().Take(null, false, default));
        Assert.Equal((Verdict.LockUnreachable, false), (no.Verdict, no.MayBeOurs));
        Assert.Equal(RetryPolicy.AcquirePatience, bed.Time.GetUtcNow() - Bed.Noon);
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
