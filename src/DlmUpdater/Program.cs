using DlmUpdater.Cli;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

try
{
    StaticBuild.UseOwnNameService();
    return OldNames.Invoke(Path.GetFileName(Environment.GetCommandLineArgs()[0]), args);
}
catch (Exception bug)
{
    // The one place that catches everything: what arrives here is a bug, and the state on disk still says how to go on.
    StandardStreams.WriteError($"dlm-updater: this is a bug here, please report it: {bug.GetType().Name}: {bug.Message}");
    return ExitCodes.Bug;
}
