using DlmUpdater.Configuration;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Locks.LocalFile;
using DlmUpdater.Logging;
using DlmUpdater.Scripts;
using DlmUpdater.Scripts.Upgrades;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary>One start of the agent: joins the acting folders to the ports of Core, and maps the report to an exit code.</summary>
internal static class RunOnce
{
    /// <summary>How long the listener may take to read the rest and to end, and then to end when it is asked to.</summary>
    private static readonly TimeSpan NotifyLimit = TimeSpan.FromSeconds(5), NotifyGrace = TimeSpan.FromSeconds(1);

    internal static int Start(string config, bool afterReboot, IReadOnlyList<ConfigurationOverride> overrides, bool isInit = false,
        bool afterKill = false)
    {
        if (Signals.Catch() is { } deaf) return Setup.Fail(Ending.TryLater, deaf);
        LoadedConfiguration? loaded = Setup.Load(config, SecretUse.Lock, Unsound.Decide, overrides);
        if (loaded?.Settings is not { } settings) return Ending.Misconfigured.Code();

        // What began under an older version is brought to its end; nothing else begins. After a reboot nothing begins anyway.
        if (loaded.StopsNewRuns && !afterReboot && new RunStateFile(settings.Paths.StateFile).Peek() is StoredRun.None)
            return Setup.Refuse(loaded);
        if (isInit) settings = settings with { Reboot = settings.Reboot with { LeftOut = true } };
        if (OwnDirectories.Fault(settings) is { } foreign) return Setup.Fail(Ending.Misconfigured, foreign);
        ProcessRunner.PrepareThisProcess();

        var redactor = new Redactor(settings.Secrets);
        StandardError error = StandardError.Detect(settings.Log.Target, Environment.GetEnvironmentVariable);
        using var log = new Log(settings.Log, redactor, error, TimeProvider.System);
        if (log.Probe() is { } noLog) return Setup.Fail(Ending.NotWritable, noLog);
        if (loaded.Notice is { } notice) log.Info(notice);
        foreach (Complaint warning in loaded.Complaints) log.Warning(warning.Text);

        UnitFailure? failure = afterKill
            ? UnitFailure.Ask(new ProcessRunner(TimeProvider.System, new()), Signals.OfThisProcess.Stop) : null;

        // A start that ended by itself and left no script removed its marker. The instance lock is not taken then: an admin may be starting the
        // run again at this moment, and would be told that another instance is running.
        if (failure is { IsKilled: false } && RunNoteFile.IsMissing(settings.Paths.RunDirectory)) return NothingLeft(log, failure);

        switch (InstanceLock.TryTake(settings.Paths.InstanceLock))
        {
            case InstanceLockReply.HeldBy held:
                return End(log, Ending.TryLater, held.Describe(settings.Paths.InstanceLock));
            case InstanceLockReply.Unavailable no:
                return End(log, Ending.NotWritable, no.Why);
            case InstanceLockReply.Taken taken:
                using (taken.Lock) return Run(settings, loaded.StopsNewRuns, log, redactor, error, afterReboot, failure);
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    private static int Run(UpdaterSettings settings, bool isUnsound, Log log, Redactor redactor, StandardError error, bool afterReboot,
        UnitFailure? failure)
    {
        if (Setup.LockService(settings, out string noService) is not { } service) return End(log, Ending.Misconfigured, noService);
        if (service.HolderFallback is { } fallback) log.Warning(fallback);
        if (BootInfo.Read(out string noBoot) is not { } boot) return End(log, Ending.NotWritable, noBoot);

        if (!afterReboot && OpenByHand(settings) is { } upgrade) return End(log, upgrade.Ending, upgrade.Why);

        TimeProvider time = TimeProvider.System;
        using var progress = new Progress(
            error.Line, SystemdNotify.To(Environment.GetEnvironmentVariable("NOTIFY_SOCKET")),
            new ProgressFile(Path.Combine(settings.Paths.RunDirectory, "progress")), redactor, time);
        using var ticker = new WaitTicker(progress, time);
        var recorder = new RunRecorder(time);
        bool onlyDrains = failure is { IsKilled: false };
        using NotifyCommand? notify = onlyDrains ? null : Notify(settings, service, log);
        var listener = notify is null ? null : new NotifyEvents(redactor, notify.Send, time);
        if (listener is not null) log.Tap = listener.OnLog;
        using var inhibitor = ShutdownInhibitor.OfThisHost(log, time);
        var jitter = HostJitter.For(service.Identity.Holder, time.GetUtcNow());
        using var scripts = new HostScripts(settings.Scripts, settings.Paths, boot, time, new ScriptListener
        {
            Output = (_, script, line) => log.Script(script.Stage.Name(), script.Name, line),
            Tick = (phase, script, elapsed) =>
            {
                progress.Tick(phase, script.Name, elapsed);
                notify?.Flush();
            },
            Log = (level, message) => log.Say(level, message),
            Waiting = progress.Waiting,
        }, atOnce: Signals.OfThisProcess.AtOnce)
        {
            RebootCommand = settings.Reboot.LeftOut ? [] : ThisHost.RebootCommand(settings.Reboot),
        };

        if (onlyDrains) return Drain(settings, scripts, log, failure!);
        if (failure is not null) log.Warning($"{failure.Describe()}: its agent was killed, and this start resumes what it left");

        RunReport report = new UpdateRun(new RunContext
        {
            Settings = settings,
            Store = new RunStateFile(settings.Paths.StateFile),
            LockService = service,
            Scripts = scripts,
            Host = new ThisHost(boot, time, scripts, settings.Reboot),
            Events = new Events([new RunLog(log, settings.Scripts.Checks, time), progress, ticker, recorder, inhibitor, .. listener is null ? [] : (IRunEvents[])[listener]]),
            Time = time,
            Dice = jitter.Next,
            NewRunId = () => NewRunId(time),
            Schedule = Setup.Schedule(settings),
            NoNewRun = isUnsound ? "no new run starts before the configuration is corrected: 'dlm-updater check' shows what is wrong" : null,
        }).Start(afterReboot, Signals.OfThisProcess.Stop).AsTask().GetAwaiter().GetResult();

        if (service is FileLockService { Notice: { } notice }) log.Warning(notice);
        int code = Close(settings, log, recorder, report, time);
        log.Tap = null;
        if (notify?.Close(NotifyLimit, NotifyGrace) is { } notTaken) log.Warning(notTaken);
        return code;
    }

    /// <summary>Waits for what a start has left running that has ended in another way than by a kill, and reads its output on; resumes
    /// nothing.</summary>
    private static int Drain(UpdaterSettings settings, HostScripts scripts, Log log, UnitFailure failure)
    {
        string? run = (new RunStateFile(settings.Paths.StateFile).Peek() as StoredRun.Open)?.State.RunId;
        if (!scripts.AwaitOutlived(run, Signals.OfThisProcess.Stop).AsTask().GetAwaiter().GetResult())
            return End(log, Ending.Interrupted, "interrupted while waiting for a script of an earlier start to end");
        return NothingLeft(log, failure);
    }

    private static int NothingLeft(Log log, UnitFailure failure)
    {
        log.Info($"{failure.Describe()}: its agent was not killed, so nothing is resumed");
        return Ending.Done.Code();
    }

    /// <summary>An upgrade that was begun by hand and has stopped left services as a band wants them: no new run begins on top of that.</summary>
    private static (Ending Ending, string Why)? OpenByHand(UpdaterSettings settings)
    {
        string path = UpgradeStore.PathIn(settings.Paths.StateDirectory);
        if (FileFacts.IsMissing(path) || new RunStateFile(settings.Paths.StateFile).Peek() is not StoredRun.None) return null;
        using UpgradeStore store = UpgradeFacts.Store(settings);
        return store.Load() switch
        {
            StoredUpgrade.Open { Progress: { ByRun: null } open } => (Ending.TryLater,
                $"an upgrade that was begun by hand on {LockReport.Time(open.Begun)} is not done: 'dlm-updater upgrade' goes on with it, and no run begins before"),
            StoredUpgrade.Unreadable unreadable => (Ending.StateUnreadable, unreadable.Why),
            _ => null,
        };
    }

    /// <summary>The command that listens, or null: that none is configured, or, with a warning, that it cannot be started. An update never waits for a listener.</summary>
    private static NotifyCommand? Notify(UpdaterSettings settings, ILockService service, Log log)
    {
        if (settings.NotifyCommand.IsEmpty) return null;
        string[] variables =
        [
            "DLM_UPDATER_LOCK_NAME=" + service.Identity.Name, "DLM_UPDATER_LOCK_SERVICE=" + service.Identity.Service, "DLM_UPDATER_STATE_DIR=" + settings.Paths.StateDirectory,
        ];
        NotifyCommand? notify = NotifyCommand.Start(settings.NotifyCommand, variables, TimeProvider.System, out string why);
        if (notify is null) log.Warning($"[notify] command is not started: {why}");
        return notify;
    }

    /// <summary>Remembers how it ended. What cannot be written is said, and is exit code 74 if nothing else went wrong.</summary>
    private static int Close(UpdaterSettings settings, Log log, RunRecorder recorder, RunReport report, TimeProvider time)
    {
        int code = report.Ending.Code();
        string? history = recorder.Record(report) is { } record ? new History(History.PathIn(settings.Paths.StateDirectory)).Append(record) : null;
        string? last = new LastStart(time.GetUtcNow(), report.Ending, code, report.Message).Write(settings.Paths.RunDirectory);
        if (history is not null) log.Error(history);
        if (last is not null) log.Error(last);
        string? unwritten = history ?? last ?? log.WriteError;
        return unwritten is not null && code == 0 ? Ending.NotWritable.Code() : code;
    }

    private static int End(Log log, Ending ending, string why)
    {
        log.Final(ending is Ending.TryLater ? LogLevel.Warning : LogLevel.Error, why);
        return ending.Code();
    }

    /// <summary>Tells runs apart, sorts by time, and can be read out over a telephone: <c>20261122-203050-8f3a1c</c>. Not a Guid, which
    /// throws where there is no /dev/urandom.</summary>
    internal static string NewRunId(TimeProvider time) => $"{time.GetUtcNow().UtcDateTime:yyyyMMdd-HHmmss}-{Random.Shared.Next(0x1000000):x6}";
}
