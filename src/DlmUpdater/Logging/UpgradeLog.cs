using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Logging;

/// <summary>Tells an upgrade's events to the log and to the terminal's live line.</summary>
/// <param name="log">The log.</param>
/// <param name="progress">The live line.</param>
/// <param name="clock">For the reminders while a service is waited for.</param>
internal sealed class UpgradeLog(Log log, Progress progress, TimeProvider clock)
{
    /// <summary>The word in front of every line.</summary>
    internal const string Phase = "upgrade";

    private static readonly TimeSpan Reminder = TimeSpan.FromSeconds(30);

    private string? _waitingFor;
    private long _waitingSaid;

    internal void On(UpgradeEvent happened)
    {
        switch (happened)
        {
            case UpgradeEvent.Begun e:
                log.RunId = e.Id;
                log.Info($"{(e.Attempt > 1 ? $"goes on, start {e.Attempt} of" : "begins:")} {e.Id}, {e.Count} to run", Phase);
                break;
            case UpgradeEvent.Skipped { Step: var step }:
                string skipped = $"not run: {step.Why}";
                if (step.Fate is Fate.LeftOut) log.Warning(skipped, Phase, step.Script.Name);
                else log.Debug(skipped, Phase, step.Script.Name);
                break;
            case UpgradeEvent.BandEntered { Band: var band }:
                log.Info($"band {band.Name} ({band.From}-{band.To})" +
                    (band.Services.IsEmpty ? "" : $": {string.Join(", ", band.Services)} {(band.State == BandState.Up ? "up" : "down")}"), Phase);
                break;
            case UpgradeEvent.ServiceSetting e:
                _waitingFor = null;
                log.Info($"{(e.State == BandState.Up ? "starting" : "stopping")} {e.Service}", Phase);
                break;
            case UpgradeEvent.ServiceReady e:
                log.Info($"{e.What} is {(e.State == BandState.Up ? "ready" : "down")} after {Human.Duration(e.After)}", Phase);
                break;
            case UpgradeEvent.Waiting e:
                Waiting(e);
                break;
            case UpgradeEvent.ScriptStarting e:
                log.Info($"starts ({e.Index} of {e.Count}{(e.Script.Timeout is { } limit ? $", at most {Human.Seconds(limit)}" : "")})", Phase, e.Script.Name);
                progress.On(new RunEvent.ScriptStarting(Core.Workflow.Phase.Update, e.Script, e.Index, e.Count));
                break;
            case UpgradeEvent.ScriptEnded e:
                Ended(e.Script, e.Result);
                break;
            case UpgradeEvent.Warning e:
                log.Warning(e.Message, Phase);
                break;
        }
    }

    private void Ended(Script script, ScriptResult result)
    {
        progress.On(new RunEvent.ScriptEnded(Core.Workflow.Phase.Update, script, result));
        log.EndOfScript(Phase, script.Name);
        string took = Human.Duration(result.Duration);
        if (result.Succeeded) log.Info($"done in {took}", Phase, script.Name);
        else if (result is ScriptResult.Interrupted) log.Warning($"{result.Describe()} after {took}; the next start runs it again", Phase, script.Name);
        else log.Error($"failed: {result.Describe()} after {took}", Phase, script.Name);
    }

    private void Waiting(UpgradeEvent.Waiting e)
    {
        if (_waitingFor == e.What && clock.GetElapsedTime(_waitingSaid) < Reminder) return;
        (_waitingFor, _waitingSaid) = (e.What, clock.GetTimestamp());
        log.Info($"waiting for {e.What}: {e.Why}", Phase);
    }
}
