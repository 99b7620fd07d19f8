/// <summary>Found by the runtime by this very name when DOTNET_STARTUP_HOOKS names this assembly.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1050", Justification = "The runtime wants it without a namespace.")]
internal static class StartupHook
{
    public static void Initialize() => DlmUpdater.Tests.Host.ChildProcess.TakeOver();
}
