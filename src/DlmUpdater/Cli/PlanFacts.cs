using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Logging;

namespace DlmUpdater.Cli;

/// <summary>A found script, and whether a start now would run it.</summary>
/// <param name="Script">The script.</param>
/// <param name="DoneForEver">It says run=once and is recorded as done.</param>
/// <param name="Finished">Its record in the open run's present phase; null = none.</param>
internal sealed record PlannedScript(Script Script, bool DoneForEver, FinishedScript? Finished)
{
    /// <summary>True if it is still to run.</summary>
    internal bool IsToRun => !DoneForEver && Finished is null;
}

/// <summary>A stage of the plan.</summary>
internal sealed record PlannedStage(ScriptSet Set, IReadOnlyList<PlannedScript> Scripts);

/// <summary>Where a stage lies, seen from a start now.</summary>
internal enum StageStanding
{
    /// <summary>The open run is past it.</summary>
    Over,

    /// <summary>The start begins in it.</summary>
    Next,

    /// <summary>It comes later.</summary>
    Ahead,

    /// <summary>Beside the run: it listens, or is asked by a phase.</summary>
    Beside,
}

/// <summary>Everything that <c>plan</c> knows, gathered once. What follows from it is worked out here, and nothing is touched.</summary>
internal sealed record PlanFacts
{
    /// <summary>When it was gathered.</summary>
    internal required DateTimeOffset Now { get; init; }

    /// <summary>What the resume table says of a start now.</summary>
    internal required ResumePlan Plan { get; init; }

    /// <summary>The running instance; null = none.</summary>
    internal required ProgressSnapshot? Running { get; init; }

    /// <summary>The configured strategy.</summary>
    internal required RebootStrategy Strategy { get; init; }

    /// <summary>The configured lock; null = it cannot be told.</summary>
    internal required LockIdentity? Lock { get; init; }

    /// <summary>The lock at the service.</summary>
    internal required ShowReply Shown { get; init; }

    /// <summary>Whether a new run may start now.</summary>
    internal required Admission Admission { get; init; }

    /// <summary>The configured date constraint; null = none.</summary>
    internal required string? DateConstraint { get; init; }

    /// <summary>The configured maintenance window with its zone; null = none.</summary>
    internal string? Window { get; init; }

    /// <summary>How long a new run waits at least; this host's own place.</summary>
    internal required TimeSpan StableDelay { get; init; }

    /// <summary>How much longer at most.</summary>
    internal required TimeSpan RandomDelay { get; init; }

    /// <summary>Every stage in the order of the run.</summary>
    internal required IReadOnlyList<PlannedStage> Stages { get; init; }

    /// <summary>The reboot command in words.</summary>
    internal required IReadOnlyList<string> RebootCommand { get; init; }

    /// <summary>This boot; null = it cannot be told.</summary>
    internal BootIdentity? Boot { get; init; }

    /// <summary>The open run that a start would go on with; null if it would begin a new one, or stop.</summary>
    internal RunState? Open => Plan switch
    {
        ResumePlan.AskWhoseLock ask => ask.State,
        ResumePlan.Continue go => go.State,
        ResumePlan.Rebooted up => up.State,
        ResumePlan.DidNotReboot down => down.State,
        _ => null,
    };

    /// <summary>The phase in which a start would begin; null if it would stop before any.</summary>
    internal Phase? Begin => Plan switch
    {
        ResumePlan.Fresh => Phase.NeedsUpdate,
        ResumePlan.AskWhoseLock => Shown is ShowReply.Shown { View.HeldByUs: false } ? Phase.NeedsUpdate : Phase.LockGet,
        ResumePlan.Continue go => go.State.Phase,
        ResumePlan.Rebooted => Phase.PostUpdate,
        _ => null,
    };

    /// <summary>True if a start would begin a new run, which schedule and strategy may forbid.</summary>
    internal bool IsNew => Plan is ResumePlan.Fresh or ResumePlan.AskWhoseLock && Begin == Phase.NeedsUpdate;

    /// <summary>Where <paramref name="stage"/> lies.</summary>
    internal StageStanding Standing(ScriptStage stage)
    {
        if (stage.IsBeside()) return StageStanding.Beside;
        Phase phase = PhaseOf(stage);
        Phase begin = Begin ?? (Plan is ResumePlan.DidNotReboot ? Phase.Reboot : Phase.NeedsUpdate);
        return phase < begin ? StageStanding.Over : phase == begin && Begin is not null ? StageStanding.Next : StageStanding.Ahead;
    }

    /// <summary>What keeps the stage from running at all: one line; null if nothing does.</summary>
    internal static string? Obstacle(PlannedStage stage) => stage.Set switch
    {
        { Unusable: { } unusable } => unusable,
        { Refused: [var first, ..] refused } => $"{first.Path} is refused" + (refused.Count > 1 ? $", and {refused.Count - 1} more" : ""),
        _ => null,
    };

    /// <summary>The stages that can stop a start now. A new run looks at every stage before it asks for the lock.</summary>
    internal IEnumerable<PlannedStage> Relevant => Begin is not { } begin || (IsNew && Strategy == RebootStrategy.Off)
        ? []
        : begin <= Phase.LockGet ? Stages : Stages.Where(s => Standing(s.Set.Stage) is StageStanding.Next or StageStanding.Ahead);

    /// <summary>How a start would end for something that only an admin can mend; <see cref="Ending.Done"/> if there is nothing.</summary>
    internal (Ending Ending, string Why) Stop
    {
        get
        {
            if (Plan is ResumePlan.Stop stop) return (stop.Ending, stop.Why);
            if (Plan is ResumePlan.DidNotReboot) return (Ending.DidNotReboot, "the host did not reboot: reboot it by hand and the next start goes on, or 'dlm-updater reset'");
            PlannedStage[] stopped = [.. Relevant.Where(s => Obstacle(s) is not null)];
            if (stopped.Length == 0) return LockStop;

            // A missing directory is a wrong configuration whatever else is wrong: as the run itself has it.
            Ending ending = stopped.Any(s => s.Set.Unusable is not null) ? Ending.Misconfigured : Ending.ScriptFailed;
            return (ending, string.Join("; ", stopped.Select(Obstacle)));
        }
    }

    /// <summary>What a start does first, exactly.</summary>
    internal string Next => (this, Plan) switch
    {
        ({ Running: { } running }, _) => $"nothing: another instance (pid {running.Pid}) is running, and a second one ends with exit code {Ending.TryLater.Code()}",
        (_, ResumePlan.Stop or ResumePlan.DidNotReboot) => $"stops with exit code {Stop.Ending.Code()}: {Stop.Why}",
        ({ IsNew: true, Strategy: RebootStrategy.Off }, _) => "nothing: [reboot] strategy = off, no new run starts",
        ({ IsNew: true, Admission: Admission.NotToday not }, _) => $"nothing: {not.Why}",
        ({ IsNew: true, Admission: Admission.Closed closed }, _) => $"nothing, and ends with exit code {Ending.TryLater.Code()}: {closed.Why}",
        ({ IsNew: true }, _) => Delay + NewRun,
        (_, ResumePlan.AskWhoseLock) when Shown is ShowReply.Shown => "confirms the lock, which is held already, then " + FirstOf(Phase.PreUpdate),
        (_, ResumePlan.AskWhoseLock) => "asks the lock service whether the lock was granted, then goes on or starts afresh",
        (_, ResumePlan.Continue { State: { Phase: Phase.LockRelease } }) => BootQuestion + "gives the lock back, and is done",
        (_, ResumePlan.Rebooted) => BootQuestion + FirstOf(Phase.PostUpdate),
        ({ Begin: { } begin }, _) => Stop.Ending == Ending.Done || StageOf(begin) is not { } stage || Obstacle(stage) is null && LockStop.Ending == Ending.Done
            ? BootQuestion + (Open?.Waiver is null ? "proves the lock, then " : "goes on without the lock, ") + FirstOf(begin)
            : $"stops with exit code {Stop.Ending.Code()}: {Stop.Why}",
        _ => "",
    };

    private (Ending Ending, string Why) LockStop => (Strategy, Open?.Waiver, Begin, Shown) switch
    {
        (RebootStrategy.Reboot, _, _, _) or (_, not null, _, _) or (_, _, null or > Phase.Reboot, _) => (Ending.Done, ""),
        (RebootStrategy.Off, _, Phase.NeedsUpdate, _) => (Ending.Done, ""),
        (_, _, _, ShowReply.Refused refused) => (Ending.Refused, refused.Why),
        (not RebootStrategy.BestEffort, _, _, ShowReply.Unreachable away) => (Ending.Unreachable, away.Why),
        (_, _, > Phase.LockGet, ShowReply.Shown { View: { HeldByUs: false } view }) when view.Holders.Count >= view.Slots =>
            (Ending.LockLost, $"the lock was lost: {LockReport.Standing(view)}"),
        _ => (Ending.Done, ""),
    };

    private string Delay => StableDelay + RandomDelay == TimeSpan.Zero
        ? ""
        : $"waits {Duration.Format(StableDelay)}{(RandomDelay > TimeSpan.Zero ? $" to {Duration.Format(StableDelay + RandomDelay)}" : "")}, then ";

    private string BootQuestion => (Plan, Open, Boot, Begin) switch
    {
        (ResumePlan.Rebooted, _, _, _) => $"finds that the host has rebooted, asks whether the boot was successful ({BootUnits.Target}), then ",
        (_, { } open, { } boot, >= Phase.PostUpdate) when BootGate.Applies(open, boot) => $"asks whether the boot was successful ({BootUnits.Target}), then ",
        _ => "",
    };

    private string NewRun
    {
        get
        {
            PlannedStage checks = Stages[0];
            if (Obstacle(checks) is not null) return $"stops with exit code {Stop.Ending.Code()}: {Stop.Why}";
            if (checks.Scripts.All(s => !s.IsToRun)) return $"finds nothing to do: {checks.Set.Directory} holds no script to ask";
            string first = FirstOf(Phase.NeedsUpdate) + " to ask whether an update is due";
            return Stop.Ending == Ending.Done ? first : $"{first}, and if one is, stops before the lock with exit code {Stop.Ending.Code()}: {Stop.Why}";
        }
    }

    private string FirstOf(Phase phase)
    {
        PlannedStage? stage = StageOf(phase);
        if (stage is not null && Obstacle(stage) is not null) return $"stops with exit code {Stop.Ending.Code()}: {Stop.Why}";
        if (stage?.Scripts.FirstOrDefault(s => s.IsToRun) is { } script) return $"runs {script.Script.Path}";
        if (phase == Phase.Reboot) return $"requests the reboot{(Open?.Reboot is null ? "" : " again")}: {string.Join(' ', RebootCommand)}";
        return $"finds no script to run in {phase.Name()} and goes on";
    }

    private PlannedStage? StageOf(Phase phase) => Stages.FirstOrDefault(s => phase.Stage() == s.Set.Stage);

    private static Phase PhaseOf(ScriptStage stage)
    {
        Phase phase = Phase.NeedsUpdate;
        while (phase.Stage() != stage) phase++;
        return phase;
    }
}
