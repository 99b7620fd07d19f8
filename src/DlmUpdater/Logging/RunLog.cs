using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Logging;

/// <summary>Tells a run's events to the log.</summary>
/// <param name="log">The log.</param>
/// <param name="checks">How exit codes of checks are read.</param>
/// <param name="clock">For the reminders while a lock is waited for.</param>
internal sealed class RunLog(Log log, CheckRule checks, TimeProvider clock) : IRunEvents
{
    /// <summary>How often an unchanged wait is repeated in the log: often enough to see that it lives, seldom enough not to fill the disk.</summary>
    private static readonly TimeSpan Reminder = TimeSpan.FromMinutes(15);

    /// <summary>When a warning of an unreachable lock service is repeated for the first time; each further time doubles it, up to the longest.</summary>
    private static readonly TimeSpan FirstAwayReminder = TimeSpan.FromMinutes(5), LongestAwayReminder = TimeSpan.FromHours(1);

    private string? phase;
    private string? waitingFor;
    private long waitingSaid;
    private TimeSpan? awayReminder;
    private long awaySaid;

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.Started e:
                log.RunId = e.RunId;
                log.Info(e.Resumed ? $"run {e.RunId} goes on with {e.Phase.Name()}: start {e.Attempt} of this run" : $"run {e.RunId} begins");
                break;
            case RunEvent.PhaseEntered e:
                log.RunId = e.RunId;
                phase = e.Phase.Name();
                waitingFor = null;
                log.Info("begins", phase);
                break;
            case RunEvent.ScriptSkipped e:
                log.Info($"skipped: {e.Why}", e.Script.Stage.Name(), e.Script.Name);
                break;
            case RunEvent.ScriptStarting e:
                string limit = e.Script.Timeout is { } timeout ? $", at most {Human.Seconds(timeout)}" : "";
                log.Info($"starts ({e.Index} of {e.Count}{limit})", e.Script.Stage.Name(), e.Script.Name);
                break;
            case RunEvent.ScriptEnded e:
                ScriptEnded(e.Script, e.Result);
                break;
            case RunEvent.LockHeld e:
                waitingFor = null;
                if (e.Again) log.Warning(Held(e), phase);
                else log.Info(Held(e), phase);
                break;
            case RunEvent.LockWaiting e:
                Waiting(e);
                break;
            case RunEvent.LockServiceBack e:
                (waitingFor, awayReminder) = (null, null);
                log.Warning($"the service of {Describe(e.Lock)} answers again, after {Human.Duration(e.Away)}", phase);
                break;
            case RunEvent.BootWaiting e:
                Waiting(e);
                break;
            case RunEvent.LockReleased e:
                waitingFor = null;
                log.Info($"{Describe(e.Lock)}: {e.How}", phase);
                break;
            case RunEvent.Waived e:
                log.Warning($"goes on without the lock: {e.Reason}", phase);
                break;
            case RunEvent.Warning e:
                log.Warning(e.Message, phase);
                break;
            case RunEvent.Note e:
                log.Info(e.Message, phase);
                break;
            case RunEvent.Ended e:
                Ended(e.Report);
                break;
        }
    }

    /// <summary>A lock as a person knows it.</summary>
    internal static string Describe(LockIdentity identity) => $"lock {identity.Name} at {identity.Service}";

    private static string Held(RunEvent.LockHeld e)
    {
        string how = e.Again ? "was released by somebody else during this run and is acquired again" : "is ours";
        string waited = e.Waited >= TimeSpan.FromSeconds(1) ? $", after {Human.Duration(e.Waited)}" : "";
        return $"{Describe(e.Lock)} {how}, as {e.Lock.Holder}{waited}";
    }

    private void ScriptEnded(Script script, ScriptResult result)
    {
        var (level, message) = Sentence(script, result);
        string stage = script.Stage.Name();
        log.EndOfScript(stage, script.Name);
        if (level == LogLevel.Info) log.Info(message, stage, script.Name);
        else if (level == LogLevel.Warning) log.Warning(message, stage, script.Name);
        else log.Error(message, stage, script.Name);
    }

    private (LogLevel Level, string Message) Sentence(Script script, ScriptResult result)
    {
        string took = Human.Duration(result.Duration);
        if (result is ScriptResult.Interrupted) return (LogLevel.Warning, $"{result.Describe()} after {took}; the next start runs it again");

        if (script.Stage.IsCheck())
        {
            switch (CheckAnswers.Read(result, checks))
            {
                case CheckAnswer.No: return (LogLevel.Info, $"answers no ({result.Describe()}, {took})");
                case CheckAnswer.Yes: return (LogLevel.Info, $"answers yes ({result.Describe()}, {took})");
            }
        }

        if (result.Succeeded) return (LogLevel.Info, $"done in {took}");
        string failed = $"{(script.Stage.IsCheck() ? "gave no answer" : "failed")}: {result.Describe()} after {took}{Advice(script, result)}";
        return (script.Stage.OnlyListens() ? LogLevel.Warning : LogLevel.Error, failed);
    }

    /// <summary>The cause is in the script's own output, just above; only what this program did to it needs a word.</summary>
    private static string Advice(Script script, ScriptResult result) => result switch
    {
        ScriptResult.TimedOut => $"; if it may take longer, set timeout_{script.Stage.Name()} in [scripts] or \"# dlm: timeout=…\" in {script.Path}",
        ScriptResult.NotStarted => $"; look at the first line and the mode of {script.Path}",
        _ => "",
    };

    private void Waiting(RunEvent.LockWaiting e)
    {
        if (e.IsUnreachable)
        {
            Unreachable(e);
            return;
        }

        string now = $"waiting for {Describe(e.Lock)}: {e.Why}";
        string line = $"{now}; asking again in {Human.Duration(e.Pause)} at the latest";
        if (now == waitingFor && clock.GetElapsedTime(waitingSaid) < Reminder)
        {
            log.Debug(line, phase);
            return;
        }

        waitingFor = now;
        waitingSaid = clock.GetTimestamp();
        log.Info(line, phase);
    }

    /// <summary>A warning when it begins, and again at growing intervals, each with the reason of that moment.</summary>
    private void Unreachable(RunEvent.LockWaiting e)
    {
        string line = $"the service of {Describe(e.Lock)} is unreachable: {e.Why}; next retry within {Human.Duration(e.Pause)}";
        if (awayReminder is { } reminder && clock.GetElapsedTime(awaySaid) < reminder)
        {
            log.Debug(line, phase);
            return;
        }

        awayReminder = awayReminder is not { } last ? FirstAwayReminder : last * 2 < LongestAwayReminder ? last * 2 : LongestAwayReminder;
        awaySaid = clock.GetTimestamp();
        log.Warning(line, phase);
    }

    private void Waiting(RunEvent.BootWaiting e)
    {
        string now = $"waiting for the boot checks: {e.Why}";
        string line = $"{now}; at most {Human.Duration(e.Left)} more";
        if (now == waitingFor)
        {
            log.Debug(line, phase);
            return;
        }

        waitingFor = now;
        if (e.Fails) log.Warning(line, phase);
        else log.Info(line, phase);
    }

    private void Ended(RunReport report)
    {
        log.RunId ??= report.RunId;
        string? where = report.Phase?.Name();
        switch (report.Ending)
        {
            case Ending.Done or Ending.Rebooting:
                log.Info(report.Message, where);
                break;
            case Ending.TryLater or Ending.Interrupted:
                log.Final(LogLevel.Warning, report.Message, where);
                break;
            default:
                log.Final(LogLevel.Error, report.Message, where);
                break;
        }
    }
}
