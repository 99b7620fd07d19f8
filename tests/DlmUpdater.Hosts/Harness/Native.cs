using System.Runtime.InteropServices;

namespace DlmUpdater.Hosts.Harness;

/// <summary>What the base library has no call for.</summary>
internal static partial class Native
{
    [LibraryImport("libc", EntryPoint = "kill")]
    internal static partial int Kill(int pid, int signal);
}
