using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>The waits for an outlived script, all real time.</summary>
internal sealed record OutlivedLimits
{
    /// <summary>How often the process is looked at; it is not our child, so nothing tells us.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>From SIGTERM to SIGKILL after the script's timeout.</summary>
    public TimeSpan KillGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long processes are waited for whose script is gone.</summary>
    public TimeSpan Orphans { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>Finds the script that an earlier, killed start of this program left running, and waits for it: two copies of a package
/// manager's script must never run side by side.</summary>
internal sealed class OutlivedScripts(
    RunNoteFile file, BootIdentity boot, ScriptSettings settings, TimeProvider time, OutlivedLimits limits, Action<LogLevel, string> log)
{
    private static readonly TimeSpan SayAgain = TimeSpan.FromMinutes(10);

    /// <summary>Waits until nothing is left; false if cancelled meanwhile.</summary>
    public bool Await(string? runId, CancellationToken cancel)
    {
        StoredNote stored = file.Read();
        if (stored is StoredNote.None && runId is null)
            return true;
        RunNote? note = (stored as StoredNote.Found)?.Note;
        if (note is not null && note.Boot != boot)
        {
            file.Clear();
            return true;
        }

        // A child that was between fork and exec when its agent was killed does not carry the run's id yet.
        if (note is not { Pid: > 0 } && Leader(stored, note, runId) is null && cancel.WaitHandle.WaitOne(limits.Look))
            return false;

        bool seen = false;
        while (Leader(stored, note, runId) is { } leader)
        {
            seen = true;
            if (!AwaitLeader(leader, note, cancel))
                return false;
        }

        if (!seen && note is not null && !AwaitOrphans(note, cancel))
            return false;
        file.Clear();
        return true;
    }

    /// <summary>The script's own process, if it still runs.</summary>
    private static ProcessStat? Leader(StoredNote stored, RunNote? note, string? runId)
    {
        if (note is { Pid: > 0 })
            return ProcessTable.Read(note.Pid) is { Runs: true } stat && stat.StartTicks == note.StartTicks ? stat : null;

        // Killed between start and note, or the note is lost: the run's id is in the script's environment. A script leads its process
        // group, and its session (those of 0.1.0 did not). A daemon that the script has started may lead a session too, but is younger.
        long since = (note?.SinceTicks ?? 0) - 1;
        List<ProcessStat> found = ProcessTable.Find(p =>
            p.Group == p.Pid && p.StartTicks >= since && p.Pid != Environment.ProcessId
            && ProcessTable.Variable(p.Pid, ScriptEnvironment.RunIdVariable) is { } id && (id == (note?.RunId ?? runId) || (note ?? (object?)runId) is null)
            && (note is null || ProcessTable.Variable(p.Pid, ScriptEnvironment.ScriptVariable) == note.Script)
            && (stored is not StoredNote.None || IsScriptItself(p.Pid)));
        return found.Count > 0 ? found.MinBy(p => (p.StartTicks, p.Pid)) : null;
    }

    /// <summary>Without any note there is most likely no script: only a process that clearly is the script itself counts then, not
    /// a job in a group of its own that some earlier script has left behind on purpose.</summary>
    private static bool IsScriptItself(int pid)
    {
        string? script = ProcessTable.Variable(pid, ScriptEnvironment.ScriptVariable);
        string name = "/" + Path.GetFileName(script);
        return script is not null && ProcessTable.Arguments(pid).Take(3).Any(a => a.EndsWith(name, StringComparison.Ordinal));
    }

    private bool AwaitLeader(ProcessStat leader, RunNote? note, CancellationToken cancel)
    {
        string? id = ProcessTable.Variable(leader.Pid, ScriptEnvironment.RunIdVariable);
        string script = note?.Script ?? ProcessTable.Variable(leader.Pid, ScriptEnvironment.ScriptVariable) ?? "?";
        TimeSpan? limit = note is null ? ConfiguredLimit(leader.Pid) : note.Limit;
        string what = $"script {TrustChain.Shown(script)} (pid {leader.Pid}), started before this program was killed,";
        string end = limit is null ? "it has no timeout" : $"its timeout is {limit.Value.TotalSeconds:0} s";
        log(LogLevel.Warning, $"{what} still runs: waiting for it, {end}");

        long asked = 0, said = time.GetTimestamp();
        bool killed = false;
        while (ProcessTable.Read(leader.Pid) is { Runs: true } now && now.StartTicks == leader.StartTicks)
        {
            if (asked == 0 && limit is not null && Age(leader) >= limit)
            {
                log(LogLevel.Warning, $"{what} has reached its timeout: ending it");
                asked = time.GetTimestamp();
                _ = Native.kill(-leader.Pid, Native.SIGTERM);
                _ = Native.kill(-leader.Pid, Native.Process.SIGCONT);
            }

            if (asked != 0 && !killed && time.GetElapsedTime(asked) >= limits.KillGrace)
            {
                killed = true;
                _ = Native.kill(-leader.Pid, Native.SIGKILL);
            }

            if (time.GetElapsedTime(said) >= SayAgain)
            {
                said = time.GetTimestamp();
                log(LogLevel.Info, $"{what} still runs");
            }

            if (cancel.WaitHandle.WaitOne(limits.Look))
                return false;
        }

        log(LogLevel.Info, $"{what} has ended");
        return asked == 0 || EndGroup(leader.Pid, id, asked, cancel);
    }

    /// <summary>After a timeout nothing of the group may live on, as in a run.</summary>
    private bool EndGroup(int group, string? runId, long asked, CancellationToken cancel)
    {
        while (Members(group, runId) > 0)
        {
            if (time.GetElapsedTime(asked) >= limits.KillGrace)
                _ = Native.kill(-group, Native.SIGKILL);
            if (cancel.WaitHandle.WaitOne(limits.Look))
                return false;
        }

        return true;
    }

    /// <summary>The script's own process is gone, but what it had started in its group may still work for it, or be a daemon that it
    /// left behind: that cannot be told from outside. So it is waited for, but not for ever, and never ended.</summary>
    private bool AwaitOrphans(RunNote note, CancellationToken cancel)
    {
        if (note.Pid == 0)
            return true;
        long start = time.GetTimestamp();
        bool said = false;
        while (Members(note.Pid, note.RunId) is > 0 and int count)
        {
            if (!said)
                log(LogLevel.Warning, $"script {TrustChain.Shown(note.Script)} has ended after this program was killed, but {count} process(es) of its group "
                    + $"{note.Pid} still run: waiting for them for at most {limits.Orphans.TotalSeconds:0} s");
            said = true;
            if (time.GetElapsedTime(start) >= limits.Orphans)
            {
                log(LogLevel.Warning, $"{count} process(es) of group {note.Pid} still run and are taken for a daemon of {TrustChain.Shown(note.Script)}: going on");
                break;
            }

            if (cancel.WaitHandle.WaitOne(limits.Look))
                return false;
        }

        return true;
    }

    /// <summary>How many of run <paramref name="runId"/> are in <paramref name="group"/>. The number alone may be another's by now.</summary>
    private static int Members(int group, string? runId) =>
        ProcessTable.Find(p => p.Group == group && ProcessTable.Variable(p.Pid, ScriptEnvironment.RunIdVariable) == runId).Count;

    private TimeSpan? ConfiguredLimit(int pid) =>
        PhaseNames.TryParse(ProcessTable.Variable(pid, ScriptEnvironment.PhaseVariable), out Phase phase) && phase.Stage() is { } stage
            ? settings.Timeouts[stage]
            : null;

    private static TimeSpan Age(ProcessStat process) => TimeSpan.FromMilliseconds((ProcessTable.UptimeTicks() - process.StartTicks) * 10);
}
