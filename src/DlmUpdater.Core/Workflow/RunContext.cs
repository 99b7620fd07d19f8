using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Workflow;

/// <summary>Everything of the outside that a run needs: its ports and its settings.</summary>
public sealed record RunContext
{
    /// <summary>The validated configuration.</summary>
    public required UpdaterSettings Settings { get; init; }

    /// <summary>The state of the open run.</summary>
    public required IRunStore Store { get; init; }

    /// <summary>The lock service.</summary>
    public required ILockService LockService { get; init; }

    /// <summary>The host's scripts.</summary>
    public required IScripts Scripts { get; init; }

    /// <summary>The host.</summary>
    public required IHost Host { get; init; }

    /// <summary>Who listens.</summary>
    public required IRunEvents Events { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>From 0 to below 1, seeded per host.</summary>
    public required Func<double> Dice { get; init; }

    /// <summary>A fresh run id.</summary>
    public required Func<string> NewRunId { get; init; }

    /// <summary>When new runs may start.</summary>
    public ISchedule Schedule { get; init; } = AlwaysOpen.Instance;

    /// <summary>Not null: why no new run may begin with these settings. An open run whose lock is granted continues.</summary>
    public string? NoNewRun { get; init; }

    /// <summary>The resume table; another one only in the test that shows that a broken table is caught.</summary>
    public Func<StoredRun, ResumeFacts, ResumePlan> ResumeTable { get; init; } = Resume.Decide;

    internal ScriptContext ScriptContext(Phase phase, string runId, int attempt, params IReadOnlyList<string> arguments) =>
        new(phase, runId, attempt, LockService.Identity.Service, LockService.Identity.Name, arguments);
}

/// <summary>How a phase ended.</summary>
/// <param name="Verdict">What it says to the transition table.</param>
/// <param name="State">The state as the phase left it.</param>
/// <param name="Why">For people: what happened, to what, what to do next.</param>
internal sealed record PhaseOutcome(Verdict Verdict, RunState State, string Why = "")
{
    /// <summary>The clearance that the phase got; the next phase need not prove it again.</summary>
    internal Clearance? Fresh { get; init; }

    /// <summary>True if an unanswered acquire may have taken the lock.</summary>
    internal bool MayBeOurs { get; init; }

    /// <summary>True if a script was due and was not started, because its running marker could not be written.</summary>
    internal bool WasNotStarted { get; init; }

    /// <summary>The script that failed, for <c>on_failure.d</c>.</summary>
    internal (string Name, int Code)? Failed { get; init; }
}
