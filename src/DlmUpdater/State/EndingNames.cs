using DlmUpdater.Core.Workflow;

namespace DlmUpdater.State;

/// <summary>The stored names of endings: part of the contract of <c>history</c> and <c>status</c>, so written out and not taken from code.</summary>
internal static class EndingNames
{
    private static readonly string[] Names =
    [
        "done", "rebooting", "script_failed", "state_unreadable", "unreachable", "not_writable",
        "try_later", "interrupted", "refused", "misconfigured", "lock_lost", "did_not_reboot", "boot_not_successful",
    ];

    /// <summary>The stored name, such as <c>lock_lost</c>.</summary>
    internal static string Name(Ending ending) => Names[(int)ending];

    /// <summary>Reads a stored name; false if it is none.</summary>
    internal static bool TryParse(string name, out Ending ending)
    {
        int index = Array.IndexOf(Names, name);
        ending = index < 0 ? default : (Ending)index;
        return index >= 0;
    }
}
