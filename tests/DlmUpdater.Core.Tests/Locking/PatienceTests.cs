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
    public void Without_bounds_a_busy_lock_is_waited_for_without_end()
    {
        Patience patience = Of(new LockSettings());
        _time.Advance(TimeSpan.FromDays(400));
        Assert.Equal(TimeSpan.FromSeconds(60), patience.Next(Verdict.LockBusy));
    }

    [Fact]
    public void The_last_pause_ends_with_wait_max()
    {
        Patience patience = Of(new LockSettings { WaitMax = TimeSpan.FromSeconds(100) });
        Assert.Equal(60, patience.Next(Verdict.LockBusy)!.Value.TotalSeconds);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(40, patience.Next(Verdict.LockBusy)!.Value.TotalSeconds);
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.Null(patience.Next(Verdict.LockBusy));
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

    private Patience Of(LockSettings settings, DateTimeOffset? closes = null) => new(settings, _time, () => 0.5, closes, null);
}
