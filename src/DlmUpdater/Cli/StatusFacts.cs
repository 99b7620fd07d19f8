using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Logging;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary>Everything that <c>status</c> knows, gathered once.</summary>
internal sealed record StatusFacts
{
    /// <summary>When it was gathered.</summary>
    internal required DateTimeOffset Now { get; init; }

    /// <summary>The state file.</summary>
    internal required StoredRun Stored { get; init; }

    /// <summary>What a living instance is doing; null = none runs.</summary>
    internal required ProgressSnapshot? Running { get; init; }

    /// <summary>Processes that have an flock on the instance lock's file and are not instances; null = none.</summary>
    internal string? Strangers { get; init; }

    /// <summary>What only root can read, so that this report does not know it; empty for root.</summary>
    internal IReadOnlyList<string> Unreadable { get; init; } = [];

    /// <summary>The configured lock; null = it cannot be told.</summary>
    internal required LockIdentity? Lock { get; init; }

    /// <summary>The lock at the service.</summary>
    internal required ShowReply Shown { get; init; }

    /// <summary>The last start on this boot.</summary>
    internal required LastStart? Last { get; init; }

    /// <summary>The newest record of the history.</summary>
    internal required HistoryRecord? LastRecord { get; init; }

    /// <summary>The upgrade that is not done; null = none.</summary>
    internal UpgradeProgress? Upgrade { get; init; }

    /// <summary>The configured strategy.</summary>
    internal required RebootStrategy Strategy { get; init; }

    /// <summary>What the next start would do, by the resume table itself.</summary>
    internal required ResumePlan Plan { get; init; }

    /// <summary>This boot; null = it cannot be told.</summary>
    internal BootIdentity? Boot { get; init; }

    /// <summary>The open run's state; null if none is open or it cannot be read.</summary>
    internal RunState? Open => (Stored as StoredRun.Open)?.State;

    /// <summary>The phase's name, or what is there in its place.</summary>
    internal string PhaseName => Stored switch
    {
        StoredRun.Open open => open.State.Phase.Name(),
        StoredRun.OldWord old => old.Phase.Name(),
        StoredRun.None => Running?.Phase ?? "none",
        _ => "unknown",
    };

    /// <summary>What the next start does.</summary>
    internal string Next => Plan switch
    {
        _ when Stored is StoredRun.Unavailable && Unreadable.Count > 0 => "unknown: whether a run is open can only be read by root",
        ResumePlan.Fresh when Strategy == RebootStrategy.Off => "nothing: [reboot] strategy is off, no new run starts",
        ResumePlan.Fresh => "asks needs_update.d whether an update is due",
        ResumePlan.AskWhoseLock => "asks the lock service whether the lock was granted, then goes on or starts afresh",
        ResumePlan.Continue { State: { Phase: Phase.Reboot, Reboot: not null } } => "asks for the reboot again; after the reboot it goes on with post_update",
        ResumePlan.Continue { State: { Phase: >= Phase.PostUpdate } go } when Boot is { } boot && BootGate.Applies(go, boot) =>
            $"asks whether the boot was successful ({BootUnits.Target}), then resumes with {go.Phase.Name()}" + (go.Finished.Length > 0 ? $", after {go.Finished[^1].Name}" : ""),
        ResumePlan.Continue go => $"goes on with {go.State.Phase.Name()}" + (go.State.Finished.Length > 0 ? $", after {go.State.Finished[^1].Name}" : ""),
        ResumePlan.Rebooted => $"asks whether the boot was successful ({BootUnits.Target}), then resumes with post_update: the host has rebooted",
        ResumePlan.DidNotReboot => "ends with exit code 80: the host did not reboot; reboot it by hand, or 'dlm-updater reset'",
        ResumePlan.Stop stop => $"ends with exit code {stop.Ending.Code()}: {stop.Why}",
        _ => "",
    };

    /// <summary>Why nothing happens now; null while something does.</summary>
    internal string? WhyIdle => this switch
    {
        { Running.WaitingFor: { } waiting } => "waits: " + waiting,
        { Running: not null } => null,
        { Stored: StoredRun.Unavailable, Unreadable.Count: > 0 } => null,
        { Stored: StoredRun.None } => "no run is open: the timer, or 'dlm-updater run', starts the next",
        { Stored: StoredRun.Open { State: { Phase: Phase.Reboot, Reboot: not null } }, Plan: ResumePlan.Continue } => "the reboot is requested and has not happened yet",
        { LastRecord: { } record, Open: { } open } when record.RunId == open.RunId => $"the last start ended with exit code {record.ExitCode}: {record.Message}",
        { Stored: StoredRun.Open } => "the last start was killed, or the host went down: the next start goes on",
        _ => "no start is running",
    };
}
