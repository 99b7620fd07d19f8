using DlmUpdater.Cli;
using DlmUpdater.Cli.Locksmith;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

try
{
    // Called by the name of a tool that it stands in for, it is that tool.
    return Path.GetFileName(Environment.GetCommandLineArgs()[0]) == "locksmithctl" ? Locksmithctl.Invoke(args) : CommandLine.Invoke(args);
}
catch (Exception bug)
{
    // The one place that catches everything: what arrives here is a bug, and the state on disk still says how to go on.
    StandardStreams.WriteError($"dlm-updater: this is a bug here, please report it: {bug.GetType().Name}: {bug.Message}");
    return ExitCodes.Bug;
}
