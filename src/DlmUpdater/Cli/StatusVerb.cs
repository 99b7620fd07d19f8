using System.CommandLine;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Logging;
using DlmUpdater.Scripts.Upgrades;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater status</c>: where the run stands, whose the lock is, and why nothing happens now. Changes nothing.</summary>
internal static class StatusVerb
{
    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        Option<OutputFormat> output = CommonOptions.Output();
        var command = new Command("status", "Show where the run stands, who holds the lock, and what comes next") { config, output };
        command.SetAction(parsed =>
        {
            if (Setup.Load(parsed.GetValue(config)!, SecretUse.IfReadable, Unsound.Show) is not { Settings: { } settings }) return Ending.Misconfigured.Code();
            StatusFacts facts = Gather(settings);
            return parsed.GetValue(output) == OutputFormat.Json ? Report.Json(json => StatusReport.WriteJson(json, facts)) : Report.Text(StatusReport.Text(facts));
        });
        return command;
    }

    private static StatusFacts Gather(UpdaterSettings settings)
    {
        TimeProvider time = TimeProvider.System;
        StoredRun stored = new RunStateFile(settings.Paths.StateFile).Peek();
        ProgressSnapshot? running = ProgressFile.Read(Path.Combine(settings.Paths.RunDirectory, "progress"));
        ILockService? service = Setup.LockService(settings, out string noService);
        BootIdentity? boot = BootInfo.Read(out string noBoot);

        using UpgradeStore store = UpgradeFacts.Store(settings);
        UpgradeProgress? upgrade = (store.Load() as StoredUpgrade.Open)?.Progress;
        return new StatusFacts
        {
            Now = time.GetUtcNow(),
            Stored = stored,
            Running = running,
            Strangers = InstanceLock.Strangers(settings.Paths.InstanceLock),
            Unreadable = Unreadable(settings.Paths),
            Lock = service?.Identity,
            Shown = service is null ? new ShowReply.Unreachable(noService) : BoundedCall.Show(service),
            Last = LastStart.Read(settings.Paths.RunDirectory),
            LastRecord = new History(History.PathIn(settings.Paths.StateDirectory)).Read(1).Records is [.., var newest] ? newest : null,
            Upgrade = upgrade,
            Strategy = settings.Reboot.Strategy,
            Boot = boot,
            Plan = boot is null || service is null
                ? new ResumePlan.Stop(Ending.Misconfigured, boot is null ? noBoot : noService)
                : Resume.Decide(stored, new ResumeFacts(time.GetUtcNow(), boot, BootInfo.BootClock(), BootInfo.BootedAt(time), settings.Reboot.Timeout, service.Identity, "")),
        };
    }

    /// <summary>What there is and another user may not read, of what this report is made from.</summary>
    private static List<string> Unreadable(PathSettings paths)
    {
        string[] files =
            [paths.StateFile, Path.Combine(paths.RunDirectory, "progress"), History.PathIn(paths.StateDirectory), UpgradeStore.PathIn(paths.StateDirectory)];
        return Native.geteuid() == 0 ? [] : [.. files.Where(f => OwnFile.Read(f, 0) is FileReading.Failed { Errno: Native.EACCES })];
    }
}
