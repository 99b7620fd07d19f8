using DlmUpdater.Cli;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Scripts;

Native.Started();

// What another thread throws cannot be caught below, and would end the process with SIGABRT.
AppDomain.CurrentDomain.UnhandledException += static (_, thrown) => Native.ExitAtOnce(Ended((Exception)thrown.ExceptionObject));
try
{
    Descriptors.FillStandard();
    StaticBuild.UseOwnNameService();
    return OldNames.Invoke(Path.GetFileName(Environment.GetCommandLineArgs()[0]), args);
}
catch (Exception e)
{
    return Ended(e);
}

// The one place that catches everything: what arrives here is a bug, or a refusal of the operating system. The state on disk still says how
// to go on.
static int Ended(Exception thrown)
{
    if (SystemFailures.Is(thrown, out string what, out bool isShortage))
    {
        StandardStreams.WriteError($"dlm-updater: {what}; the next start resumes an open run");
        return (isShortage ? Ending.TryLater : Ending.NotWritable).Code();
    }

    StandardStreams.WriteError($"dlm-updater: this is a bug here, please report it: {thrown.GetType().Name}: {thrown.Message}");
    return ExitCodes.Bug;
}
