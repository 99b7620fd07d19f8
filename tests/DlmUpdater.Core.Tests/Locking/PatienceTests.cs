using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Tests.Workflow;
using DlmUpdater.Core.Workflow;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Core.Tests.Locking;

public class PatienceTests
{
    private readonly FakeTimeProvider _time = new(Bed.Noon);

    [Fact]
    public void A_wait_max_of_zero_means_no_end()
    {
        Patience patience = Of(new LockSettings { WaitMax = TimeSpan.Zero });
        _time.Advance(TimeSpan.FromDays(400));
        Assert.Equal(TimeSpan.FromSeconds(60), patience.Next(Verdict.LockBusy));
    }

    [Fact]
    public void Without_wait_max_and_window_a_busy_lock_is_waited_for_four_hours()
    {
        Patience patience = Of(new LockSettings());
        Assert.NotNull(patience.Next(Verdict.LockBusy));
        _time.Advance(TimeSpan.FromHours(4) - TimeSpan.FromSeconds(6));
        Assert.NotNull(patience.Next(Verdict.LockBusy));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(patience.Next(Verdict.LockBusy));
    }

    [Fact]
    public void Without_wait_max_only_the_window_ends_the_wait()
    {
        Patience patience = Of(new LockSettings(), Bed.Noon.AddDays(2));
        _time.Advance(TimeSpan.FromHours(40));
        Assert.NotNull(patience.Next(Verdict.LockBusy));
    }

    [Fact]
    public void The_last_try_begins_early_enough_to_be_answered_before_wait_max()
    {
        Patience patience = Of(new LockSettings { WaitMax = TimeSpan.FromSeconds(100) });
        Assert.Equal(60, patience.Next(Verdict.LockBusy)!.Value.TotalSeconds);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(35, patience.Next(Verdict.LockBusy)!.Value.TotalSeconds);
        _time.Advance(TimeSpan.FromSeconds(35));
        Assert.Equal((TimeSpan.FromSeconds(5), "left of [lock] wait_max"), patience.Begin());
        Assert.Null(patience.Next(Verdict.LockBusy));
    }

    [Fact]
    public void No_call_outlives_the_nearest_bound()
    {
        Assert.Equal((TimeSpan.FromSeconds(2), "left of [lock] wait_max"), Of(new LockSettings { WaitMax = TimeSpan.FromSeconds(2) }).Begin());
        Assert.Equal((TimeSpan.FromSeconds(10), "left of [lock] wait = false"), Of(new LockSettings { Wait = false }).Begin());
        Assert.Equal((TimeSpan.FromSeconds(2), "left of [lock] wait = false"), Of(new LockSettings { Wait = false, WaitMax = TimeSpan.FromSeconds(2) }).Begin());
        Assert.Equal((TimeSpan.FromMinutes(30), "left of [lock] unreachable_max"), Of(new LockSettings()).Begin());
        Assert.Equal((TimeSpan.FromSeconds(20), "left of the maintenance window"), Of(new LockSettings(), Bed.Noon.AddSeconds(20)).Begin());
        Assert.Equal(TimeSpan.Zero, Of(new LockSettings(), Bed.Noon.AddSeconds(-20)).Begin().Limit);
    }

    [Fact]
    public void An_unreachable_service_is_given_up_after_unreachable_max_and_an_answer_begins_it_anew()
    {
        Patience patience = Of(new LockSettings { WaitMax = TimeSpan.Zero, UnreachableMax = TimeSpan.FromMinutes(10) });
        Assert.NotNull(patience.Next(Verdict.LockUnreachable));
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(TimeSpan.FromMinutes(1), patience.Begin().Limit);
        patience.Next(Verdict.LockBusy);
        Assert.NotNull(patience.Next(Verdict.LockUnreachable));
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(TimeSpan.Zero, patience.Begin().Limit);
        Assert.Null(patience.Next(Verdict.LockUnreachable));
    }

    [Fact]
    public void The_time_of_being_unreachable_begins_with_the_call_that_was_not_answered()
    {
        Patience patience = Of(new LockSettings());
        patience.Begin();
        _time.Advance(TimeSpan.FromMinutes(5));
        patience.Next(Verdict.LockUnreachable);
        Assert.Equal(5, patience.Unreachable.TotalMinutes);
        patience.Begin();
        _time.Advance(TimeSpan.FromMinutes(5));
        patience.Next(Verdict.LockUnreachable);
        Assert.Equal(10, patience.Unreachable.TotalMinutes);
    }

    [Theory]
    [InlineData(20, 20)]
    [InlineData(1, 5)]
    [InlineData(7200, 3600)]
    public void A_pause_for_which_the_service_asks_is_kept_up_to_an_hour(int asked, int seconds)
    {
        Patience patience = Of(new LockSettings { UnreachableMax = TimeSpan.FromHours(2) });
        Assert.Equal(seconds, patience.Next(Verdict.LockUnreachable, TimeSpan.FromSeconds(asked))!.Value.TotalSeconds);
    }

    [Theory]
    [InlineData(100, 0, 95)]
    [InlineData(0, 60, 60)]
    public void A_pause_for_which_the_service_asks_ends_with_the_wait(int waitMax, int window, int seconds)
    {
        Patience patience = Of(
            new LockSettings { WaitMax = TimeSpan.FromSeconds(waitMax) }, window == 0 ? null : Bed.Noon.AddSeconds(window));
        Assert.Equal(seconds, patience.Next(Verdict.LockUnreachable, TimeSpan.FromDays(30))!.Value.TotalSeconds);
    }

    [Fact]
    public void The_last_pause_ends_with_the_window()
    {
        Patience patience = Of(new LockSettings(), Bed.Noon.AddSeconds(20));
        Assert.Equal(20, patience.Next(Verdict.LockBusy)!.Value.TotalSeconds);
        Assert.False(patience.WindowClosed);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.True(patience.WindowClosed);
        Assert.Equal(TimeSpan.Zero, patience.Next(Verdict.LockBusy));
    }

    [Fact]
    public void An_answer_ends_the_time_of_being_unreachable()
    {
        Patience patience = Of(new LockSettings());
        patience.Next(Verdict.LockUnreachable);
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(3, patience.Unreachable.TotalMinutes);
        patience.Next(Verdict.LockBusy);
        Assert.Equal(TimeSpan.Zero, patience.Unreachable);
        patience.Next(Verdict.LockUnreachable);
        Assert.Equal(TimeSpan.Zero, patience.Unreachable);
    }

    private Patience Of(LockSettings settings, DateTimeOffset? closes = null) => new(settings, _time, () => 0.5, closes);
}
