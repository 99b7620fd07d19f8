using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Logging;
using DlmUpdater.Scripts;
using DlmUpdater.Scripts.Upgrades;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary>One start of an upgrade: asks, takes the lock if it is by hand, joins the ports of Core, sums up.</summary>
internal static class UpgradeStart
{
    internal static int Run(UpgradeCall call)
    {
        if (Signals.Catch() is { } deaf) return Setup.Fail(Ending.TryLater, deaf);
        if (UpgradeFacts.Gather(call.Config, call.Choice, out int code, Unsound.Decide) is not { } facts) return code;
        if (facts.Refused() is { } refused) return refused;
        UpdaterSettings settings = facts.Settings;
        if (facts.Open is null && facts.Plan.Count == 0) return Report.Text($"nothing to do: every script that runs once is done\n");
        string? run = OpenRun(settings);

        // What is open, this upgrade or the run that it is part of, is brought to its end.
        if (facts is { Open: null, Configuration: { StopsNewRuns: true } unsound } && run is null) return Setup.Refuse(unsound);
        if (!call.AssumeYes && Ask(facts) is { } no) return no;

        if (OwnDirectories.Fault(settings) is { } foreign) return Setup.Fail(Ending.Misconfigured, foreign);

        // A nested call is part of the run that holds the main one.
        string lockFile = settings.Paths.RunDirectory + "/upgrade.lock";
        switch (InstanceLock.TryTake(lockFile))
        {
            case InstanceLockReply.HeldBy held:
                return Setup.Fail(Ending.TryLater, held.Describe(lockFile, "upgrade") + (held.Pid is null ? "" : ": wait for it, or stop it with SIGTERM"));
            case InstanceLockReply.Unavailable unavailable:
                return Setup.Fail(Ending.NotWritable, unavailable.Why);
            case InstanceLockReply.Taken taken:
                using (taken.Lock) return Begin(call, facts, run);

            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    private static int Begin(UpgradeCall call, UpgradeFacts facts, string? run)
    {
        using UpgradeStore store = UpgradeFacts.Store(facts.Settings);
        UpgradeProgress now = Progress(facts, call.Choice, run, TimeProvider.System);
        string? Write() => Remember(store, facts, call.Choice, now) ?? store.Begin(now);
        void Undo()
        {
            if (facts.Open is null) _ = store.Close();
        }

        bool isComplete = false;
        int Act() => Go(call, facts, store, now, out isComplete);
        int code;
        if (run is null && facts.Settings.Upgrade.TakesLock) code = UpgradeLock.Under(facts.Settings, facts.Open is not null, Write, Undo, Act, () => isComplete);
        else code = Write() is { } unwritten ? Setup.Fail(Ending.NotWritable, unwritten) : Act();

        // Closed last: an upgrade whose lock could not be given back, or that was killed before, is gone on with until it is.
        return code == 0 && isComplete && store.Close() is { } open ? Setup.Fail(Ending.NotWritable, open) : code;
    }

    /// <summary>The run whose update this call is part of: what the environment claims is believed only if that run is open, and in that phase.</summary>
    private static string? OpenRun(UpdaterSettings settings) =>
        new RunStateFile(settings.Paths.StateFile).Peek() is StoredRun.Open { State: { Phase: Phase.Update, RunId: var id } }
        && Environment.GetEnvironmentVariable(ScriptEnvironment.RunIdVariable) == id ? id : null;

    /// <summary>Null: go on. Else the exit code.</summary>
    private static int? Ask(UpgradeFacts facts)
    {
        string what = facts.Open is { } open
            ? $"goes on with the upgrade of {LockReport.Time(open.Begun)}: {facts.Plan.Count} script(s) to run"
            : $"runs {facts.Plan.Count} script(s); services go down and up as the bands say";
        if (!Terminal.IsTerminal(0))
        {
            StandardStreams.WriteError($"dlm-updater: an upgrade asks first, and there is no terminal to ask on: give --assumeyes (it {what})");
            return ExitCodes.Usage;
        }

        StandardStreams.WriteError($"dlm-updater: this {what}; type 'yes' to go on:");
        return StandardStreams.ReadsYes() ? null : Setup.Fail(Ending.TryLater, "nothing was run");
    }

    private static int Go(UpgradeCall call, UpgradeFacts facts, UpgradeStore store, UpgradeProgress now, out bool isComplete)
    {
        isComplete = false;
        UpdaterSettings settings = facts.Settings;
        TimeProvider time = TimeProvider.System;
        if (BootInfo.Read(out string noBoot) is not { } boot) return Setup.Fail(Ending.NotWritable, noBoot);
        ProcessRunner.PrepareThisProcess();
        var redactor = new Redactor(settings.Secrets);
        StandardError error = StandardError.Detect(settings.Log.Target, Environment.GetEnvironmentVariable);
        LogSettings logging = call.Quiet && settings.Log.File is null && settings.Log.Level < LogLevel.Warning ? settings.Log with { Level = LogLevel.Warning } : settings.Log;
        using var log = new Log(logging, redactor, error, time);
        if (log.Probe() is { } noLog) return Setup.Fail(Ending.NotWritable, noLog);
        foreach (string warning in facts.Warnings) log.Warning(warning, UpgradeLog.Phase);
        foreach (string skipped in facts.Found.Skipped) log.Debug("passed over: " + skipped, UpgradeLog.Phase);

        CancellationToken stop = Signals.OfThisProcess.Stop;
        PathSettings paths = settings.Paths with { RunDirectory = settings.Paths.RunDirectory + "/upgrade" };
        _ = DurableFile.MakeDirectories(paths.RunDirectory, OwnFile.PrivateDirectory);
        using var progress = new Progress(error.Line, null, null, redactor, time);
        using var scripts = new HostScripts(settings.Scripts, paths, boot, time, new ScriptListener
        {
            Output = (_, script, line) => log.Script(UpgradeLog.Phase, script.Name, line),
            Tick = (phase, script, elapsed) => progress.Tick(phase, script.Name, elapsed),
            Log = (level, message) => log.Say(level, message),
            Waiting = progress.Waiting,
        }, atOnce: Signals.OfThisProcess.AtOnce);
        if (!scripts.AwaitOutlived(facts.Open?.Id, stop).AsTask().GetAwaiter().GetResult()) return Setup.Fail(Ending.Interrupted, "interrupted");

        using var inhibitor = ShutdownInhibitor.OfThisHost(log, time);
        if (now.ByRun is null) inhibitor.Hold();
        long begun = time.GetTimestamp();
        UpgradeReport report = new UpgradeRun(new UpgradeContext
        {
            Plan = facts.Plan,
            Progress = now,
            Resumed = facts.Open is not null,
            Beside = facts.Found.Beside,
            Services = new HostServices(new ProcessRunner(time, new RunnerLimits()), time, (service, line) => log.Script(UpgradeLog.Phase, service, line)),
            Store = store,
            Scripts = new Runner(scripts, settings, now, call),
            Tell = new UpgradeLog(log, progress, time).On,
            Time = time,
            Proves = !call.NoServiceCheck,
            MayStop = (band, running) => call.AssumeYes || call.AutoStop || MayStop(band, running),
        }).Start(stop).AsTask().GetAwaiter().GetResult();

        isComplete = report.IsComplete;
        return Summary(report, facts, log, time.GetElapsedTime(begun));
    }

    private static int Summary(UpgradeReport report, UpgradeFacts facts, Log log, TimeSpan took)
    {
        int code = report.Ending.Code();
        if (code == 0)
        {
            int before = facts.Plan.Steps.Count(s => s.Fate is Fate.DoneBefore or Fate.Finished), left = facts.Plan.Steps.Count(s => s.Fate == Fate.LeftOut);
            log.Info(report.Message, UpgradeLog.Phase);
            Report.Text($"{report.Message} in {Human.Duration(took)}{(before > 0 ? $", {before} done before" : "")}{(left > 0 ? $", {left} left out" : "")}\n");
        }
        else
        {
            log.Final(report.Ending is Ending.TryLater or Ending.Interrupted ? LogLevel.Warning : LogLevel.Error, report.Message, UpgradeLog.Phase);
        }

        return log.WriteError is not null && code == 0 ? Ending.NotWritable.Code() : code;
    }

    /// <summary>What this start adds to what is stored: who began it, which start it is, and what is left out of the whole upgrade.</summary>
    private static UpgradeProgress Progress(UpgradeFacts facts, UpgradeChoice choice, string? run, TimeProvider time)
    {
        var left = new Dictionary<string, string>(facts.Open?.Skipped ?? new Dictionary<string, string>());
        foreach (UpgradeStep step in facts.Plan.Steps.Where(s => s.Fate == Fate.LeftOut && (facts.Open is null || choice.Skip.Contains(s.Script.Name))))
            left[step.Script.Name] = step.Why;
        return facts.Open is { } open
            ? open with { Attempt = open.Attempt + 1, Skipped = left }
            : new("upgrade-" + RunOnce.NewRunId(time), time.GetUtcNow(), run, 1, new HashSet<string>(), left, new HashSet<string>(), new HashSet<string>());
    }

    /// <summary>Into the history, which outlives this upgrade: what is asked for again, and what is left out of it.</summary>
    private static string? Remember(UpgradeStore store, UpgradeFacts facts, UpgradeChoice choice, UpgradeProgress now)
    {
        string? why = null;
        foreach (string name in choice.Rerun) why ??= store.Forget(name);
        foreach (UpgradeStep step in facts.Plan.Steps.Where(s => s.Script.RunsOnce && now.Skipped.ContainsKey(s.Script.Name) && facts.Open?.Skipped.ContainsKey(s.Script.Name) != true))
            why ??= store.LeftOut(step.Script.Name, step.Why, now.Id);
        return why;
    }

    private static bool MayStop(Band band, IReadOnlyList<string> running)
    {
        StandardStreams.WriteError($"dlm-updater: the band {band.Name} stops {string.Join(", ", running)}; type 'yes' to go on (--autostop does not ask):");
        return StandardStreams.ReadsYes();
    }

    /// <summary>Runs an upgrade's scripts with what they are told.</summary>
    private sealed class Runner(HostScripts scripts, UpdaterSettings settings, UpgradeProgress now, UpgradeCall call) : IUpgradeScripts
    {
        /// <inheritdoc/>
        public ValueTask<ScriptResult> Run(Script script, Band band, CancellationToken cancel)
        {
            var context = new ScriptContext(Phase.Update, now.Id, now.Attempt, settings.Lock.Service.ToString().ToLowerInvariant(), settings.Lock.Name, [])
            {
                Variables = ["DLM_UPDATER_BAND=" + band.Name, .. call.AssumeYes ? (string[])["DLM_UPDATER_ASSUMEYES=1"] : [], .. call.Trace ? (string[])["DLM_UPDATER_TRACE=1"] : []],
            };
            return call.Trace && RunnableCheck.ReadHead(script.Path, out _) is { Interpreter: { } shell } head && IsShell(shell)
                ? scripts.Run(script with { Path = shell }, context with { Arguments = [.. head.Argument is { } argument ? (string[])[argument] : [], "-x", script.Path] }, cancel)
                : scripts.Run(script, context, cancel);
        }

        private static bool IsShell(string interpreter) => Path.GetFileName(interpreter) is "sh" or "bash" or "dash" or "ksh" or "zsh";
    }
}
