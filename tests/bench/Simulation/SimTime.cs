namespace DlmUpdater.Bench.Simulation;

/// <summary>The clocks of one start of the agent. Timers die with it. The wall clock is the host's and may be stepped; the timestamp is monotonic.</summary>
public sealed class SimTime(Agent agent) : TimeProvider
{
    /// <summary>Wall clock at the start of every seed.</summary>
    public static readonly DateTimeOffset Epoch = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => agent.Host.WallClock;

    /// <inheritdoc/>
    public override long GetTimestamp() => agent.Host.Fleet.Sim.Now.Ticks;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(agent, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(Agent agent, TimerCallback callback, object? state) : ITimer
    {
        private int _generation;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            int mine = ++_generation;
            if (dueTime >= TimeSpan.Zero)
            {
                agent.Host.Fleet.Sim.After(dueTime, agent, () =>
                {
                    if (mine != _generation) return;
                    if (period > TimeSpan.Zero) Change(period, period);
                    callback(state);
                });
            }

            return true;
        }

        public void Dispose() => _generation++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
