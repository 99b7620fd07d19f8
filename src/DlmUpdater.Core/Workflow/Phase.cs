namespace DlmUpdater.Core.Workflow;

/// <summary>Where a run stands. The order of the members is the order of the run.</summary>
public enum Phase
{
    /// <summary>Ask the host's checks whether an update is due. Nothing is stored for it.</summary>
    NeedsUpdate,

    /// <summary>Take the fleet's lock.</summary>
    LockGet,

    /// <summary>Prepare: drain, stop services.</summary>
    PreUpdate,

    /// <summary>Install.</summary>
    Update,

    /// <summary>Ask the host's checks whether a reboot is needed.</summary>
    NeedsReboot,

    /// <summary>Request the reboot, and find out whether it happened.</summary>
    Reboot,

    /// <summary>Bring the services back and prove health.</summary>
    PostUpdate,

    /// <summary>Give the lock back.</summary>
    LockRelease,
}

/// <summary>The stored and shown names of phases. They are a contract: foreman_dlm_updater and DLMEngineUpdater wrote the same words.</summary>
public static class PhaseNames
{
    private static readonly string[] Names =
        ["needs_update", "lock_get", "pre_update", "update", "needs_reboot", "reboot", "post_update", "lock_release"];

    /// <summary>The stored name of <paramref name="phase"/>, such as <c>post_update</c>.</summary>
    public static string Name(this Phase phase) => Names[(int)phase];

    /// <summary>Reads a stored name; false if it is not one of the eight.</summary>
    public static bool TryParse(string? name, out Phase phase)
    {
        int index = Array.IndexOf(Names, name);
        phase = index < 0 ? default : (Phase)index;
        return index >= 0;
    }
}
