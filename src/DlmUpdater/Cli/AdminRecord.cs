using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Logging;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary>Keeps in log and history what an admin did to the fleet's lock or to the run from this host: whoever looks for the cause of two hosts being
/// down at once must find it.</summary>
internal static class AdminRecord
{
    /// <summary>Returns exit code 0, or 74 if it could not be kept; the act itself stands.</summary>
    internal static int Keep(UpdaterSettings settings, LockIdentity? identity, string what)
    {
        TimeProvider time = TimeProvider.System;
        string message = $"{what} (uid {Native.geteuid()})";
        StandardError error = StandardError.Detect(settings.Log.Target, Environment.GetEnvironmentVariable);
        using var log = new Log(settings.Log, new Redactor(settings.Secrets), error, time);
        log.Warning(message);
        DateTimeOffset now = time.GetUtcNow();
        string? unkept = new History(History.PathIn(settings.Paths.StateDirectory)).Append(new HistoryRecord
        {
            Started = now,
            Ended = now,
            Ending = Ending.Done,
            ExitCode = 0,
            Message = message,
            Lock = identity,
        });
        return (unkept ?? log.WriteError) is { } why ? Setup.Fail(Ending.NotWritable, why) : 0;
    }
}
