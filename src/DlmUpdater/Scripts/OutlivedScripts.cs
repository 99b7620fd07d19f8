using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>The waits for an orphaned script, all real time.</summary>
internal sealed record OutlivedLimits
{
    /// <summary>How often its processes are looked at, and its output is read; they are not our children, so nothing tells us.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>From SIGTERM to SIGKILL after the script's timeout.</summary>
    public TimeSpan KillGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long processes are waited for that may be a daemon of a script that has ended.</summary>
    public TimeSpan Orphans { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How often the processes that are waited for are named again.</summary>
    public TimeSpan Remind { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>Finds the script that an earlier start of this program left running, reads its output on, and waits for it: two copies of a
/// package manager's script must never run side by side.</summary>
internal sealed class OutlivedScripts(
    RunNoteFile file, string runDirectory, BootIdentity boot, ScriptSettings settings, TimeProvider time, OutlivedLimits limits,
        ScriptListener listener)
{
    /// <summary>Waits until nothing is left; false if cancelled meanwhile.</summary>
    public bool Await(string? runId, CancellationToken cancel)
    {
        StoredNote stored = file.Open();
        if (stored is StoredNote.None && runId is null)
            return true;
        RunNote? note = (stored as StoredNote.Found)?.Note;
        if (note is not null && note.Boot != boot)
        {
            file.Clear();
            return true;
        }

        using OutputDrain? output = OpenOutput(note);
        bool isGone = AwaitAll(stored, note, runId, output, cancel);
        listener.Waiting(null);
        if (!isGone)
            return false;
        output?.Release();
        if (output is not null)
            _ = Native.UnlinkPath(OutputPipe.PathIn(runDirectory));
        file.Clear();
        return true;
    }

    private bool AwaitAll(StoredNote stored, RunNote? note, string? runId, OutputDrain? output, CancellationToken cancel)
    {
        // A child that was between fork and exec when its agent was killed does not carry the run's id yet.
        if (note is not { Pid: > 0 } && Leader(stored, note, runId) is null && Pause(output, cancel))
            return false;

        bool seen = false;
        while (Leader(stored, note, runId) is { } leader)
        {
            seen = true;
            if (!AwaitLeader(leader, note, output, cancel))
                return false;
        }

        return seen || note is null || AwaitSession(note, output, cancel);
    }

    /// <summary>The script's own process, if it still runs.</summary>
    private static ProcessStat? Leader(StoredNote stored, RunNote? note, string? runId)
    {
        if (note is { Pid: > 0 })
            return ProcessTable.Read(note.Pid) is { Runs: true } stat && stat.StartTicks == note.StartTicks ? stat : null;

        // Killed between start and marker, or the marker is lost: the run's id is in the script's environment. A script leads its process
        // group, and its session (those of 0.1.0 did not). A daemon that the script has started may lead a session too, but is younger.
        long since = (note?.SinceTicks ?? 0) - 1;
        List<ProcessStat> found = ProcessTable.Find(p =>
            p.Group == p.Pid && p.StartTicks >= since && p.Pid != Environment.ProcessId
            && ProcessTable.Variable(p.Pid, ScriptEnvironment.RunIdVariable) is { } id && (id == (note?.RunId ?? runId) || (note ?? (object?)runId) is null)
            && (note is null || ProcessTable.Variable(p.Pid, ScriptEnvironment.ScriptVariable) == note.Script)
            && (stored is not StoredNote.None || IsScriptItself(p.Pid)));
        return found.Count > 0 ? found.MinBy(p => (p.StartTicks, p.Pid)) : null;
    }

    /// <summary>Without any marker there is most likely no script: only a process that clearly is the script itself counts then, not
    /// a job in a group of its own that some earlier script has left behind on purpose.</summary>
    private static bool IsScriptItself(int pid)
    {
        string? script = ProcessTable.Variable(pid, ScriptEnvironment.ScriptVariable);
        string name = "/" + Path.GetFileName(script);
        return script is not null && ProcessTable.Arguments(pid).Take(3).Any(a => a.EndsWith(name, StringComparison.Ordinal));
    }

    private bool AwaitLeader(ProcessStat leader, RunNote? note, OutputDrain? output, CancellationToken cancel)
    {
        string script = note?.Script ?? ProcessTable.Variable(leader.Pid, ScriptEnvironment.ScriptVariable) ?? "?";
        TimeSpan? limit = note is null ? ConfiguredLimit(leader.Pid) : note.Limit;
        string what = $"script {TrustChain.Shown(script)} (pid {leader.Pid}), started before this program was killed,";
        string end = limit is null ? "it has no timeout" : $"its timeout is {limit.Value.TotalSeconds:0} s";
        listener.Log(LogLevel.Warning, $"{what} still runs: waiting for it, {end}");
        output?.Borrow(leader.Pid);

        var session = new ProcessSession(leader.Pid);
        var wait = new OrphanWait(session, script, leader.StartTicks, limit, time, limits, listener);
        while (ProcessTable.Read(leader.Pid) is { Runs: true } now && now.StartTicks == leader.StartTicks)
        {
            wait.Act();
            if (Pause(output, cancel))
                return false;
        }

        listener.Log(LogLevel.Info, $"{what} has ended");

        // What a script leaves that ended by itself is a daemon; after a signal it still does the script's work.
        return !(wait.IsAsked || note is { IsAsked: true }) || UntilEmpty(session, wait, output, cancel);
    }

    /// <summary>The script's own process is gone. If a signal was sent while it ran, its session is waited for like itself. Otherwise what
    /// is left may work for it (its leader was killed as well) or be a daemon that it left behind: that cannot be told from outside, so it
    /// is waited for, but not for ever, and never ended.</summary>
    private bool AwaitSession(RunNote note, OutputDrain? output, CancellationToken cancel)
    {
        // The number belongs to a later process: then nothing of the session is left.
        if (note.Pid == 0 || (ProcessTable.Read(note.Pid) is { } other && other.StartTicks != note.StartTicks))
            return true;
        var session = new ProcessSession(note.Pid, p => IsOf(note, p));
        List<ProcessStat> left = session.Members();
        if (left.Count == 0)
            return true;
        foreach (ProcessStat member in left)
            output?.Borrow(member.Pid);

        string what = $"script {TrustChain.Shown(note.Script)} (pid {note.Pid})";
        listener.Waiting($"processes of script {TrustChain.Shown(note.Script)}: {ProcessSession.Describe(left)}");
        if (note.IsAsked)
        {
            listener.Log(LogLevel.Warning, $"{what} was asked to stop and has ended, but processes of it still run: waiting for them: "
                + ProcessSession.Describe(left));
            var wait = new OrphanWait(session, note.Script, note.StartTicks, note.Limit, time, limits, listener);
            return UntilEmpty(session, wait, output, cancel);
        }

        listener.Log(LogLevel.Warning,
            $"{what} has ended after this program was killed, but processes of it still run: waiting for them for at most "
            + $"{limits.Orphans.TotalSeconds:0} s: {ProcessSession.Describe(left)}");
        long start = time.GetTimestamp();
        for (; left.Count > 0; left = session.Members())
        {
            if (time.GetElapsedTime(start) >= limits.Orphans)
            {
                listener.Log(LogLevel.Warning, $"these processes are taken for a daemon of {TrustChain.Shown(note.Script)} and not waited for: "
                    + ProcessSession.Describe(left));
                break;
            }

            if (Pause(output, cancel))
                return false;
        }

        return true;
    }

    private bool UntilEmpty(ProcessSession session, OrphanWait wait, OutputDrain? output, CancellationToken cancel)
    {
        while (session.Members().Count > 0)
        {
            wait.Act();
            if (Pause(output, cancel))
                return false;
        }

        return true;
    }

    /// <summary>True unless the process shows another run's id: a program may have cleared its environment.</summary>
    private static bool IsOf(RunNote note, ProcessStat process) =>
        process.StartTicks >= note.SinceTicks - 1
        && (ProcessTable.Variable(process.Pid, ScriptEnvironment.RunIdVariable) is not { } id || id == note.RunId);

    private OutputDrain? OpenOutput(RunNote? note)
    {
        Phase phase = PhaseNames.TryParse(note?.Phase, out Phase known) ? known : Phase.Update;
        ScriptStage stage = ScriptStages.All.FirstOrDefault(s => s.Name() == note?.Stage, phase.Stage() ?? ScriptStage.Update);
        var script = new Script(stage, note?.Script ?? "?", "", ScriptHeader.None, null, null);
        return OutputDrain.Open(OutputPipe.PathIn(runDirectory), line => listener.Output(phase, script, line));
    }

    /// <summary>Reads output and waits a moment; true if cancelled.</summary>
    private bool Pause(OutputDrain? output, CancellationToken cancel)
    {
        output?.Read();
        return cancel.WaitHandle.WaitOne(limits.Look);
    }

    private TimeSpan? ConfiguredLimit(int pid) =>
        PhaseNames.TryParse(ProcessTable.Variable(pid, ScriptEnvironment.PhaseVariable), out Phase phase) && phase.Stage() is { } stage
            ? settings.Timeouts[stage]
            : null;
}
