using System.CommandLine;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Logging;
using DlmUpdater.Scripts;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater plan</c>: what a start now would do. Runs nothing, writes nothing.</summary>
internal static class PlanVerb
{
    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        Option<OutputFormat> output = CommonOptions.Output();
        var command = new Command("plan", "Show what a start now would do: which scripts in which order, under which lock; nothing is run") { config, output };
        command.SetAction(parsed =>
        {
            if (Setup.Load(parsed.GetValue(config)!, SecretUse.IfReadable, Unsound.Decide) is not { Settings: { } settings } loaded)
                return Ending.Misconfigured.Code();
            if (Setup.RefuseNewRun(loaded, settings) is { } refused) return refused;
            if (Native.geteuid() != 0)
                StandardStreams.WriteError("dlm-updater: not run as root: what only root may read or arrange is shown as missing or refused");
            PlanFacts facts = Gather(settings);
            _ = parsed.GetValue(output) == OutputFormat.Json ? Report.Json(json => PlanReport.WriteJson(json, facts)) : Report.Text(PlanReport.Text(facts));
            if (facts.Stop is { Ending: not Ending.Done } stop) return Setup.Fail(stop.Ending, stop.Why);
            return 0;
        });
        return command;
    }

    private static PlanFacts Gather(UpdaterSettings settings)
    {
        TimeProvider time = TimeProvider.System;
        ILockService? service = Setup.LockService(settings, out string noService);
        BootIdentity? boot = BootInfo.Read(out string noBoot);
        StoredRun stored = new RunStateFile(settings.Paths.StateFile).Peek();
        ResumePlan plan = service is null ? new ResumePlan.Stop(Ending.Misconfigured, noService)
            : boot is null ? new ResumePlan.Stop(Ending.NotWritable, noBoot)
            : Resume.Decide(stored, new ResumeFacts(
                time.GetUtcNow(), boot, BootInfo.BootClock(), BootInfo.BootedAt(time), settings.Reboot.Timeout, service.Identity, "(new)"));
        var scripts = new HostScripts(settings.Scripts, settings.Paths, boot ?? new BootIdentity("", 0), time, new ScriptListener
        {
            Log = static (level, message) =>
            {
                // What is passed over stands in the plan itself.
                if (level > LogLevel.Debug) StandardStreams.WriteError("dlm-updater: " + message);
            },
        })
        {
            RebootCommand = settings.Reboot.LeftOut ? [] : ThisHost.RebootCommand(settings.Reboot),
        };
        RunState? open = (plan as ResumePlan.Continue)?.State;

        return new PlanFacts
        {
            Now = time.GetUtcNow(),
            Plan = plan,
            Boot = boot,
            Running = ProgressFile.Read(Path.Combine(settings.Paths.RunDirectory, "progress")),
            Strategy = settings.Reboot.Strategy,
            Lock = service is NoLockService ? null : service?.Identity,
            Shown = service is null ? new ShowReply.Unreachable(noService) : BoundedCall.Show(service),
            Admission = Setup.Schedule(settings).Admit(time.GetUtcNow()),
            DateConstraint = settings.Schedule.DateConstraint,
            Window = settings.Schedule.Window is { } window ? $"{window} ({settings.Schedule.TimeZone})" : null,
            StableDelay = service is null ? TimeSpan.Zero : StartDelay.Of(settings.Schedule, service.Identity.Holder, 0),
            RandomDelay = settings.Schedule.RandomDelay,
            Stages = [.. ScriptStages.All.Select(stage => Planned(scripts, stage, open))],
            RebootCommand = settings.Reboot.Command.IsEmpty ? ThisHost.HostCommand : settings.Reboot.Command,
        };
    }

    private static PlannedStage Planned(HostScripts scripts, ScriptStage stage, RunState? open)
    {
        ScriptSet set = scripts.Find(stage);
        return new PlannedStage(set, [.. set.Scripts.Select(script => new PlannedScript(
            script, scripts.IsDoneForEver(script), open?.Phase.Stage() == stage ? open.Finished.FirstOrDefault(f => f.Name == script.Name) : null))]);
    }
}
