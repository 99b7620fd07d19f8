namespace DlmUpdater.Core.Workflow;

/// <summary>What a phase says when it is over. With the phase it decides what comes next, in <see cref="Transitions"/> and nowhere else.</summary>
public enum Verdict
{
    /// <summary>No check asks for an update.</summary>
    NothingDue,

    /// <summary>A check asks for an update.</summary>
    UpdateDue,

    /// <summary>The strategy is off: no new run starts.</summary>
    SwitchedOff,

    /// <summary>A date constraint is not met today.</summary>
    NotToday,

    /// <summary>The maintenance window is closed, before the start or while waiting for the lock.</summary>
    WindowClosed,

    /// <summary>The lock is ours, or waived.</summary>
    Cleared,

    /// <summary>Others hold every slot, and the wait is over.</summary>
    LockBusy,

    /// <summary>An admin switched the lock off, and the wait is over.</summary>
    LockDisabled,

    /// <summary>The lock service does not want this host.</summary>
    LockRefused,

    /// <summary>The lock service gives no usable answer, and the patience is over.</summary>
    LockUnreachable,

    /// <summary>Somebody else holds the lock that this run began with.</summary>
    LockLost,

    /// <summary>Every script ended with 0.</summary>
    Succeeded,

    /// <summary>A script failed, was refused, or a check gave no answer.</summary>
    ScriptFailed,

    /// <summary>A reboot is needed.</summary>
    RebootNeeded,

    /// <summary>No reboot is needed.</summary>
    NoRebootNeeded,

    /// <summary>The host was told to reboot.</summary>
    RebootRequested,

    /// <summary>This is another boot than the one that asked for the reboot.</summary>
    Rebooted,

    /// <summary>The host still runs on the old boot after the reboot timeout.</summary>
    DidNotReboot,

    /// <summary>This boot was not successful, or its init does not say.</summary>
    BootNotSuccessful,

    /// <summary>The lock is free, ours no longer, or was never needed.</summary>
    Released,

    /// <summary>SIGTERM or SIGINT.</summary>
    Interrupted,

    /// <summary>State or upgrade history cannot be written: nothing was begun.</summary>
    NotWritable,

    /// <summary>A script directory is missing or unreadable.</summary>
    Misconfigured,
}
