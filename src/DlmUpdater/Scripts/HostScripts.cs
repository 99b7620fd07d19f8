using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Who is told what scripts do. Every method is called on the thread that runs the script, and must not throw.</summary>
internal sealed record ScriptListener
{
    /// <summary>One line of output, cleaned.</summary>
    public Action<Phase, Script, string> Output { get; init; } = static (_, _, _) => { };

    /// <summary>A script runs for so long; about once a second.</summary>
    public Action<Phase, Script, TimeSpan> Tick { get; init; } = static (_, _, _) => { };

    /// <summary>Something worth a line of the log.</summary>
    public Action<LogLevel, string> Log { get; init; } = static (_, _) => { };

    /// <summary>What is waited for, for <c>status</c>: processes by id and command line; null = the wait is over.</summary>
    public Action<string?> Waiting { get; init; } = static _ => { };
}

/// <summary>The host's scripts, in directories, as processes.</summary>
internal sealed class HostScripts : IScripts, IDisposable
{
    // A unit that is asked to stop is killed by systemd after 90 s itself. Longer would only look like patience.
    private static readonly TimeSpan InterruptGrace = TimeSpan.FromSeconds(90);

    private readonly ScriptSettings _settings;
    private readonly PathSettings _paths;
    private readonly BootIdentity _boot;
    private readonly TimeProvider _time;
    private readonly ScriptListener _listener;
    private readonly ProcessRunner _runner;
    private readonly RunNoteFile _note;
    private readonly OutputPipe _output;
    private readonly OutlivedScripts _outlived;
    private readonly CancellationToken _atOnce;
    private readonly string _once;
    private readonly ScriptDirectory _directory;
    private readonly Dictionary<string, UserLookup> _users = [];
    private readonly HashSet<ScriptStage> _toldSkipped = [];
    private UserAccount? _own;
    private ProcessSession? _left;
    private bool _unmarkedSaid;

    /// <summary>Joins the parts. Touches nothing yet.</summary>
    /// <param name="settings">Where scripts are, and how they run.</param>
    /// <param name="paths">Where the running marker and the output pipe are.</param>
    /// <param name="boot">This boot.</param>
    /// <param name="time">The clock, real time.</param>
    /// <param name="listener">The callbacks.</param>
    /// <param name="runner">The waits of the runner.</param>
    /// <param name="outlived">The waits for an orphaned script.</param>
    /// <param name="atOnce">After an interrupt: stops waiting for what still runs, and leaves it to the next start.</param>
    public HostScripts(
        ScriptSettings settings, PathSettings paths, BootIdentity boot, TimeProvider time, ScriptListener listener,
        RunnerLimits? runner = null, OutlivedLimits? outlived = null, CancellationToken atOnce = default)
    {
        (_settings, _paths, _boot, _time, _listener, _atOnce) = (settings, paths, boot, time, listener, atOnce);
        _output = new(OutputPipe.PathIn(paths.RunDirectory));
        _runner = new(time, runner ?? new(), _output);
        _note = new(paths.RunDirectory);
        _outlived = new(_note, paths.RunDirectory, boot, settings, time, outlived ?? new(), listener);
        _once = RunOnceRecord.PathIn(paths.StateDirectory);
        _directory = new(settings, User);
    }

    /// <summary>What is run where reboot.d holds no script: refused like a script if others can change it, before the lock is asked for. Empty: none.</summary>
    public IReadOnlyList<string> RebootCommand { get; init; } = [];

    /// <inheritdoc/>
    public ScriptSet Find(ScriptStage stage)
    {
        ScriptSet set = _directory.Find(stage);
        if (set.Skipped.Count > 0 && _toldSkipped.Add(stage))
        {
            foreach (string skipped in set.Skipped) _listener.Log(LogLevel.Debug, $"{stage.DirectoryName()}: passed over: {skipped}");
        }
        if (stage == ScriptStage.Reboot && set is { Scripts.Count: 0, Unusable: null } && RebootCommand.Count > 0
            && new ProgramTrust(Native.geteuid()).Against(RebootCommand) is { Count: > 0 } against)
            set = set with { Refused = [.. set.Refused, new("the reboot command", against)] };

        // A record that cannot be read would make "once" mean "again". Found out here, before the lock is asked for.
        using var once = new RunOnceRecord(_once);
        return set.Scripts.FirstOrDefault(s => s.Header.RunOnce) is { } script
            && once.Find(stage, script.Name, out string? why) is null && why is not null
            ? set with { Refused = [.. set.Refused, new(script.Path, [$"it says run=once, but {why}"])] }
            : set;
    }

    /// <inheritdoc/>
    public ValueTask<ScriptResult> Run(Script script, ScriptContext context, CancellationToken cancel)
    {
        UserAccount user = Own;
        if (script.User is not null)
        {
            UserLookup lookup = User(script.User);
            if (lookup.Account is null)
                return new(new ScriptResult.NotStarted(lookup.Why ?? "its user is not known"));
            user = lookup.Account;
        }

        return new(Act(script, [script.Path, .. context.Arguments], user, context, cancel));
    }

    /// <summary>Runs a command with the environment and the care of a script, such as the reboot command.</summary>
    /// <param name="argv">The command in words; the first is looked up in the fixed PATH if it has no slash.</param>
    /// <param name="context">What it is told.</param>
    /// <param name="timeout">How long it may run; null = no end.</param>
    /// <param name="cancel">Asks it to stop and waits for it.</param>
    public ValueTask<ScriptResult> RunCommand(IReadOnlyList<string> argv, ScriptContext context, TimeSpan? timeout, CancellationToken cancel)
    {
        if (argv.Count == 0 || argv[0].Length == 0)
            return new(new ScriptResult.NotStarted("the command is empty"));
        if (new ProgramTrust(Native.geteuid()).Find(argv, out string why) is not { } path)
            return new(new ScriptResult.NotStarted(why));
        var script = new Script(ScriptStage.Reboot, Path.GetFileName(path), path, ScriptHeader.None, timeout, null);
        return new(Act(script, argv, Own, context, cancel));
    }

    /// <inheritdoc/>
    public ValueTask<bool> AwaitOutlived(string? runId, CancellationToken cancel) => new(_outlived.Await(runId, cancel));

    /// <inheritdoc/>
    public bool IsDoneForEver(Script script)
    {
        if (!script.Header.RunOnce)
            return false;
        using var once = new RunOnceRecord(_once);
        string? recorded = once.Find(script.Stage, script.Name, out string? why);
        if (why is not null)
            _listener.Log(LogLevel.Error, why);
        if (recorded is null)
            return false;
        if (RunOnceRecord.HashOf(script.Path) != recorded)
        {
            _listener.Log(LogLevel.Warning, $"{script.Path} says run=once and is recorded as done, but its content has changed since: "
                + $"it is not run again; to run it, remove its line from {_once}");
        }

        return true;
    }

    /// <inheritdoc/>
    public string? RecordDoneForEver(Script script, string runId)
    {
        using var once = new RunOnceRecord(_once);
        return once.Add(new(script.Stage.Name(), script.Name, RunOnceRecord.HashOf(script.Path) ?? "", _time.GetUtcNow(), runId));
    }

    private UserAccount Own => _own ??= UserAccount.Own();

    private UserLookup User(string name)
    {
        if (!_users.TryGetValue(name, out UserLookup? lookup))
            _users.Add(name, lookup = UserAccount.Find(name));
        return lookup;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _note.Dispose();
        _output.Dispose();
    }

    private ScriptResult Act(Script script, IReadOnlyList<string> argv, UserAccount user, ScriptContext context, CancellationToken cancel)
    {
        if (_left?.Members() is { Count: > 0 } left)
            return new ScriptResult.NotStarted($"processes of the script before it still run: {ProcessSession.Describe(left)}");
        _left = null;
        var note = new RunNote(
            context.RunId, context.Phase.Name(), script.Name, _boot, ProcessTable.UptimeTicks(), script.Timeout, 0, 0)
        {
            Stage = script.Stage.Name(),
        };
        if (_note.Write(note) is { } why)
        {
            // A host that cannot write the marker must come back all the same; anything else waits until it can.
            if (context.Phase != Phase.PostUpdate)
                return new ScriptResult.NotWritable(why);
            if (!_unmarkedSaid)
                _listener.Log(LogLevel.Warning, $"{why}; post_update runs without the running marker, to bring the host back");
            _unmarkedSaid = true;
        }

        var request = new ProcessRequest
        {
            Path = script.Path,
            Arguments = argv,
            Environment = ScriptEnvironment.Build(context, script.Name, _paths.StateDirectory, user),
            As = user.Uid == Native.geteuid() ? null : user,
            Limit = script.Timeout,

            // Killing a package manager is worse than waiting.
            InterruptGrace = script.Stage is ScriptStage.Update or ScriptStage.Reboot ? null : InterruptGrace,
        };

        ScriptResult result = _runner.Run(request, Events(script, context, note), cancel, _atOnce);
        _listener.Waiting(null);
        if (result.StillRuns)
            return result;
        _left = null;
        _note.Clear();
        return result;
    }

    private RunnerEvents Events(Script script, ScriptContext context, RunNote note)
    {
        bool named = false;
        string name = $"{script.Stage.Name()}/{TrustChain.Shown(script.Name)}";
        return new RunnerEvents
        {
            Line = line => _listener.Output(context.Phase, script, line),
            Tick = elapsed => _listener.Tick(context.Phase, script, elapsed),
            Started = pid =>
            {
                _left = new ProcessSession(pid);
                note = note with { Pid = pid, StartTicks = ProcessTable.Read(pid)?.StartTicks ?? 0 };
                _ = _note.Write(note);
            },
            Asking = () => _ = _note.Write(note with { IsAsked = true }),
            Waiting = what =>
            {
                _listener.Log(LogLevel.Warning, $"{name} was asked to stop; {(named ? "still " : "")}waiting for {what}");
                _listener.Waiting($"processes of {name}: {what}");
                named = true;
            },
        };
    }
}
