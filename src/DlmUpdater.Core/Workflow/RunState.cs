using System.Collections.Immutable;
using DlmUpdater.Core.Locking;

namespace DlmUpdater.Core.Workflow;

/// <summary>Tells one boot of a host, or one life of a container, from the next.</summary>
/// <param name="BootId">The kernel's boot id (<c>/proc/sys/kernel/random/boot_id</c>).</param>
/// <param name="InitStarted">When PID 1 started, in clock ticks after the kernel's boot: a restarted container keeps the kernel's boot
/// id. 0 = not known, which is equal to every value: "not known" never means that the host has rebooted.</param>
public sealed record BootIdentity(string BootId, long InitStarted)
{
    /// <inheritdoc/>
    public bool Equals(BootIdentity? other) =>
        other is not null && BootId == other.BootId && (InitStarted == other.InitStarted || InitStarted == 0 || other.InitStarted == 0);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(BootId);
}

/// <summary>A script of the present phase whose end is recorded: it is never repeated.</summary>
/// <param name="Name">The script's name in its stage.</param>
/// <param name="ExitCode">Its exit code: 0, or a check's answer.</param>
/// <param name="Duration">How long it ran.</param>
public sealed record FinishedScript(string Name, int ExitCode, TimeSpan Duration);

/// <summary>The lock that a run took, or is about to take.</summary>
/// <param name="Identity">Which lock, where, as whom. Wins over a configuration that was changed meanwhile.</param>
/// <param name="Since">When it was granted; null until then.</param>
/// <param name="Confirmed">When it was last proved to be ours.</param>
public sealed record LockClaim(LockIdentity Identity, DateTimeOffset? Since, DateTimeOffset? Confirmed)
{
    /// <summary>True if the holder is the host name because there was no machine id: the run keeps it when the id appears.</summary>
    public bool HolderIsHostName { get; init; }
}

/// <summary>The stored form of a <see cref="Waiver"/>: this run goes on without a lock.</summary>
/// <param name="Reason">Why, for log, status and history.</param>
/// <param name="Since">Since when.</param>
public sealed record WaiverNote(string Reason, DateTimeOffset Since);

/// <summary>The reboot that a run asked for.</summary>
/// <param name="FirstAt">Wall clock of the first request.</param>
/// <param name="FirstBootClock">Time since boot (CLOCK_BOOTTIME) of the first request: the clock of the deadline on the same boot.</param>
/// <param name="Boot">The boot on which it was asked for.</param>
/// <param name="Requests">How often it was asked for.</param>
public sealed record RebootRequest(DateTimeOffset FirstAt, TimeSpan FirstBootClock, BootIdentity Boot, int Requests);

/// <summary>Everything a run must not forget. Written before the act that it names.</summary>
public sealed record RunState
{
    /// <summary>The run's id; survives every start.</summary>
    public required string RunId { get; init; }

    /// <summary>The phase that is about to be acted, or is being acted.</summary>
    public required Phase Phase { get; init; }

    /// <summary>When the run began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>When the phase was entered.</summary>
    public required DateTimeOffset PhaseSince { get; init; }

    /// <summary>How many starts this run has seen, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The boot on which the phase was entered; in post_update the boot of its finished scripts.</summary>
    public required BootIdentity Boot { get; init; }

    /// <summary>The boot on which the run began, which needs no boot gate; null if it is not known (an older state).</summary>
    public BootIdentity? FirstBoot { get; init; }

    /// <summary>The lock; null for a run under a waiver.</summary>
    public LockClaim? Lock { get; init; }

    /// <summary>The waiver; null for a run under the lock.</summary>
    public WaiverNote? Waiver { get; init; }

    /// <summary>The finished scripts of this phase, in the order they ended.</summary>
    public ImmutableArray<FinishedScript> Finished { get; init; } = [];

    /// <summary>The reboot that was asked for; null until then.</summary>
    public RebootRequest? Reboot { get; init; }

    /// <summary>True if a release may have been sent before post_update began again on a later boot: another holder is normal
    /// then.</summary>
    public bool ReleaseSent { get; init; }
}

/// <summary>What the state file says.</summary>
public abstract record StoredRun
{
    /// <summary>No run is open.</summary>
    public sealed record None : StoredRun;

    /// <summary>A run is open.</summary>
    public sealed record Open(RunState State) : StoredRun;

    /// <summary>A run of foreman_dlm_updater or DLMEngineUpdater is open: one word, no boot id.</summary>
    /// <param name="Phase">The phase it named as the next one to run.</param>
    /// <param name="WrittenAt">The file's modification time.</param>
    public sealed record OldWord(Phase Phase, DateTimeOffset WrittenAt) : StoredRun;

    /// <summary>It cannot be understood. It is kept, never guessed at.</summary>
    public sealed record Unreadable(string Why) : StoredRun;

    /// <summary>The file cannot be read (permissions, I/O). Exit 74.</summary>
    public sealed record Unavailable(string Why) : StoredRun;
}

/// <summary>The state of the open run: a port, acted out by an atomic and durable file.</summary>
public interface IRunStore
{
    /// <summary>Reads. Never throws for what is in the file.</summary>
    ValueTask<StoredRun> Load(CancellationToken cancel);

    /// <summary>Writes, durable when it returns. Null, or why it could not be written: then the old state still stands. Not
    /// cancellable: a state is written or it is not.</summary>
    ValueTask<string?> Save(RunState state);

    /// <summary>Removes: no run is open any more. Null, or why not.</summary>
    ValueTask<string?> Remove();
}
