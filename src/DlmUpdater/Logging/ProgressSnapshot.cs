using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Logging;

/// <summary>Where a run stands at this moment, for people: terminal, <c>systemctl status</c>, <c>dlm-updater status</c>. Decides nothing;
/// what a resume needs is in the state file.</summary>
internal sealed record ProgressSnapshot
{
    /// <summary>Nothing has happened yet.</summary>
    internal static ProgressSnapshot Nothing { get; } = new();

    /// <summary>The process that runs.</summary>
    public int Pid { get; init; }

    /// <summary>When that process started, in clock ticks since the boot: tells it from a later one with the same number.</summary>
    public long PidStarted { get; init; }

    /// <summary>The run's id; null before there is one.</summary>
    public string? RunId { get; init; }

    /// <summary>The phase's stored name; null before the first.</summary>
    public string? Phase { get; init; }

    /// <summary>When the phase was entered.</summary>
    public DateTimeOffset? PhaseSince { get; init; }

    /// <summary>The script that runs now; null = none.</summary>
    public string? Script { get; init; }

    /// <summary>When it was started.</summary>
    public DateTimeOffset? ScriptStarted { get; init; }

    /// <summary>Its number among the phase's scripts, from 1; 0 = none.</summary>
    public int Index { get; init; }

    /// <summary>How many scripts the phase has; 0 = none or not known yet.</summary>
    public int Count { get; init; }

    /// <summary>What the run waits for, such as <c>lock web at foreman: held by db1</c>; null = it does not wait.</summary>
    public string? WaitingFor { get; init; }

    /// <summary>When this was written.</summary>
    public DateTimeOffset Updated { get; init; }

    /// <summary>What <paramref name="happened"/> at <paramref name="now"/> makes of it. The same instance if nothing that is shown changed.</summary>
    internal ProgressSnapshot After(RunEvent happened, DateTimeOffset now) => happened switch
    {
        RunEvent.Started e => this with { RunId = e.RunId, Phase = e.Phase.Name(), PhaseSince = now, Updated = now },
        RunEvent.PhaseEntered e => Idle(now) with { RunId = e.RunId, Phase = e.Phase.Name(), PhaseSince = e.Since, Index = 0, Count = 0 },
        RunEvent.ScriptStarting e => Idle(now) with { Phase = e.Phase.Name(), Script = e.Script.Name, ScriptStarted = now, Index = e.Index, Count = e.Count },
        RunEvent.ScriptEnded or RunEvent.LockHeld or RunEvent.LockReleased => Idle(now),
        RunEvent.BootWaiting e => this with { WaitingFor = $"boot checks: {e.Why}", Updated = now },
        RunEvent.LockWaiting e => this with { WaitingFor = $"{RunLog.Describe(e.Lock)}: {e.Why}", Updated = now },
        _ => this,
    };

    /// <summary>One line without the running time: <c>update: 20-apt, 2 of 5</c>.</summary>
    internal string Describe()
    {
        string phase = Phase ?? "starting";
        return WaitingFor is not null ? $"{phase}: waiting for {WaitingFor}"
            : Script is not null ? $"{phase}: {Script}, {Index} of {Count}"
            : phase;
    }

    private ProgressSnapshot Idle(DateTimeOffset now) => this with { Script = null, ScriptStarted = null, WaitingFor = null, Updated = now };
}
