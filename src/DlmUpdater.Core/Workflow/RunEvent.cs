using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow;

/// <summary>Something a run did or learned, for log, progress, status and metrics. Events decide nothing.</summary>
public abstract record RunEvent
{
    /// <summary>A run starts or goes on. <paramref name="Resumed"/>: it was open already.</summary>
    public sealed record Started(string RunId, int Attempt, bool Resumed, Phase Phase) : RunEvent;

    /// <summary>A phase is entered, after its state is written.</summary>
    public sealed record PhaseEntered(string RunId, Phase Phase, DateTimeOffset Since) : RunEvent;

    /// <summary>A script was not started because it is recorded as done. <paramref name="Why"/> says by what.</summary>
    public sealed record ScriptSkipped(Phase Phase, Script Script, string Why) : RunEvent;

    /// <summary>A script is about to start, as number <paramref name="Index"/> (from 1) of <paramref name="Count"/>.</summary>
    public sealed record ScriptStarting(Phase Phase, Script Script, int Index, int Count) : RunEvent;

    /// <summary>A script ended; its record is written after this, for a success.</summary>
    public sealed record ScriptEnded(Phase Phase, Script Script, ScriptResult Result) : RunEvent;

    /// <summary>The lock is ours: granted and confirmed.</summary>
    public sealed record LockHeld(LockIdentity Lock, TimeSpan Waited, bool Again) : RunEvent;

    /// <summary>Waiting for the lock.</summary>
    public sealed record LockWaiting(LockIdentity Lock, string Why, IReadOnlyList<LockHolder> Holders, TimeSpan Pause) : RunEvent
    {
        /// <summary>True: the service gave no usable answer. False: the lock is busy or disabled.</summary>
        public bool IsUnreachable { get; init; }
    }

    /// <summary>The lock service answers again, after it was unreachable for <paramref name="Away"/>.</summary>
    public sealed record LockServiceBack(LockIdentity Lock, TimeSpan Away) : RunEvent;

    /// <summary>The lock was given back, or needed no giving back. <paramref name="How"/> says which.</summary>
    public sealed record LockReleased(LockIdentity Lock, string How) : RunEvent;

    /// <summary>Waiting for the host's boot checks, at most <paramref name="Left"/> more. <paramref name="Fails"/>: one has failed, or nothing answers.</summary>
    public sealed record BootWaiting(string Why, TimeSpan Left, bool Fails) : RunEvent;

    /// <summary>The run goes on without a lock, as its strategy allows.</summary>
    public sealed record Waived(string Reason) : RunEvent;

    /// <summary>Something an admin should know; the run goes on.</summary>
    public sealed record Warning(string Message) : RunEvent;

    /// <summary>Something worth a line.</summary>
    public sealed record Note(string Message) : RunEvent;

    /// <summary>The start ended.</summary>
    public sealed record Ended(RunReport Report) : RunEvent;
}

/// <summary>Listens to a run.</summary>
public interface IRunEvents
{
    /// <summary>Told on the run's own thread, in order; must not throw.</summary>
    void On(RunEvent happened);
}
