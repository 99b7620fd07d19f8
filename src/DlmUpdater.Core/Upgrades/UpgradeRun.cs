using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Upgrades;

/// <summary>What one start of an upgrade is made of.</summary>
public sealed record UpgradeContext
{
    /// <summary>What is to be done, without complaints.</summary>
    public required UpgradePlan Plan { get; init; }

    /// <summary>This start, which the store holds already: the open upgrade with one attempt more, or a new one. It is written before the lock is asked for, so
    /// that a kill in between leaves no lock that nobody gives back.</summary>
    public required UpgradeProgress Progress { get; init; }

    /// <summary>True if an earlier start left it open.</summary>
    public required bool Resumed { get; init; }

    /// <summary>An admin's scripts beside the bands, by directory (<see cref="Band.BeforeDirectory"/>).</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<Script>> Beside { get; init; }

    /// <summary>The services.</summary>
    public required IServices Services { get; init; }

    /// <summary>What is remembered.</summary>
    public required IUpgradeStore Store { get; init; }

    /// <summary>Runs the scripts.</summary>
    public required IUpgradeScripts Scripts { get; init; }

    /// <summary>Who is told.</summary>
    public required Action<UpgradeEvent> Tell { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>False: services are not waited for (<c>--noservicecheck</c>).</summary>
    public bool Proves { get; init; } = true;

    /// <summary>Asked before running services are stopped.</summary>
    public Func<Band, IReadOnlyList<string>, bool> MayStop { get; init; } = static (_, _) => true;
}

/// <summary>How a start of an upgrade ended.</summary>
/// <param name="Ending">For the exit code.</param>
/// <param name="Message">What happened, to what, and what to do next.</param>
/// <param name="Ran">How many scripts ended well in this start.</param>
/// <param name="IsComplete">True: nothing is left to do, and the upgrade is to be closed, after the lock was given back.</param>
public sealed record UpgradeReport(Ending Ending, string Message, int Ran, bool IsComplete = false);

/// <summary>One start of an upgrade: band by band, script by script; what is reached is written before the next step is taken.</summary>
public sealed class UpgradeRun
{
    private readonly UpgradeContext _context;
    private readonly ServiceKeeper _keeper;
    private readonly List<Band> _passed = [];
    private readonly int _count;
    private int _index;
    private int _ran;
    private bool _isFirst = true;

    /// <summary>Touches nothing yet.</summary>
    public UpgradeRun(UpgradeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _context = context;
        _keeper = new(context.Services, context.Time, context.Tell, context.Proves);
        _count = context.Plan.Count + context.Plan.Bands.Where(b => !IsIdle(b) && !IsLeft(b)).Sum(b => Beside(b.BeforeDirectory).Count() + Beside(b.AfterDirectory).Count());
    }

    /// <summary>Goes the whole way, or as far as it comes.</summary>
    public async ValueTask<UpgradeReport> Start(CancellationToken cancel)
    {
        try
        {
            return await Go(cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return Stopped(Ending.Interrupted, "interrupted");
        }
    }

    private async ValueTask<UpgradeReport> Go(CancellationToken cancel)
    {
        UpgradePlan plan = _context.Plan;
        if (!_context.Resumed && plan.Count == 0)
            return new(Ending.Done, "nothing to do", 0, IsComplete: true);
        _context.Tell(new UpgradeEvent.Begun(_context.Progress.Id, _context.Progress.Attempt, _count));
        foreach (UpgradeStep step in plan.Steps.Where(s => s.Fate != Fate.Run))
            _context.Tell(new UpgradeEvent.Skipped(step));
        if (!_context.Proves)
            _context.Tell(new UpgradeEvent.Warning("--noservicecheck: services are stopped and started, and nobody looks whether they are"));

        foreach (Band band in plan.Bands)
        {
            if (IsLeft(band))
                _passed.Add(band);
            else if (!IsIdle(band) && await Pass(band, cancel) is { } stopped)
                return stopped;
        }

        // What an admin left out of an open upgrade by --from or --only is still to be done.
        int later = _context.Resumed ? plan.Steps.Count(IsLater) : 0;
        if (later > 0)
            return new(Ending.Done, $"{Scripts(_ran)} done; the upgrade stays open: {Scripts(later)} left out", _ran);
        return new(Ending.Done, $"the upgrade is done: {Scripts(_ran)}", _ran, IsComplete: true);
    }

    /// <summary>Null when the band is done.</summary>
    private async ValueTask<UpgradeReport?> Pass(Band band, CancellationToken cancel)
    {
        bool again = _context.Progress.Entered.Contains(band.Name);
        string? why = _isFirst ? await _keeper.Restore(_passed, cancel) : await _keeper.StillUp(_passed, cancel);
        _isFirst = false;
        if (why is not null)
            return Stopped(Ending.ScriptFailed, why);

        _context.Tell(new UpgradeEvent.BandEntered(band, again));
        if (await Aside(band, band.BeforeDirectory, cancel) is { } before)
            return before;
        if (band.State == BandState.Down && await _keeper.Running(band, cancel) is { Count: > 0 } running && !_context.MayStop(band, running))
            return Stopped(Ending.TryLater, $"{string.Join(", ", running)} may not be stopped");
        if (await _context.Store.Enter(band) is { } entering)
            return Stopped(Ending.NotWritable, entering);
        _passed.Add(band);
        if (await _keeper.Bring(band, cancel) is { } service)
            return Stopped(Ending.ScriptFailed, service);

        foreach (UpgradeStep step in _context.Plan.In(band))
        {
            UpgradeReport? stopped = await Run(step.Script.Script, band, () => step.Script.RunsOnce ? _context.Store.FinishOnce(step.Script) : _context.Store.Finish(step.Script.Name), cancel);
            if (stopped is not null)
                return stopped;
        }

        if (await _keeper.StillUp(_passed, cancel) is { } died)
            return Stopped(Ending.ScriptFailed, died);
        if (await Aside(band, band.AfterDirectory, cancel) is { } after)
            return after;
        if (_context.Resumed && _context.Plan.Steps.Any(s => s.Band == band && IsLater(s)))
            return null;
        return await _context.Store.Leave(band) is { } leaving ? Stopped(Ending.NotWritable, leaving) : null;
    }

    private async ValueTask<UpgradeReport?> Aside(Band band, string directory, CancellationToken cancel)
    {
        foreach (Script script in Beside(directory))
        {
            if (await Run(script, band, () => _context.Store.Finish(Key(directory, script)), cancel) is { } stopped)
                return stopped;
        }

        return null;
    }

    private async ValueTask<UpgradeReport?> Run(Script script, Band band, Func<ValueTask<string?>> record, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        _context.Tell(new UpgradeEvent.ScriptStarting(script, band, ++_index, _count));
        ScriptResult result = await _context.Scripts.Run(script, band, cancel);
        _context.Tell(new UpgradeEvent.ScriptEnded(script, result));
        if (result is ScriptResult.Interrupted)
            return Stopped(Ending.Interrupted, $"{script.Name} was {result.Describe()}");
        if (result is ScriptResult.NotWritable notWritable)
            return Stopped(Ending.NotWritable, $"{script.Name} was not started: {notWritable.Why}");
        if (!result.Succeeded)
            return Stopped(Ending.ScriptFailed, $"{script.Name} failed: {result.Describe()}");
        if (await record() is { } unwritten)
            return Stopped(Ending.NotWritable, $"{script.Name} is done, and that cannot be written, so it will run again: {unwritten}");
        _ran++;
        return null;
    }

    /// <summary>Not yet finished scripts of a directory beside a band.</summary>
    private IEnumerable<Script> Beside(string directory) =>
        _context.Beside.TryGetValue(directory, out IReadOnlyList<Script>? scripts) ? scripts.Where(s => !_context.Progress.Finished.Contains(Key(directory, s))) : [];

    private static string Key(string directory, Script script) => $"{directory}/{script.Name}";

    private bool IsLeft(Band band) => _context.Progress.Left.Contains(band.Name);

    /// <summary>A band that would stop services for nobody is passed over.</summary>
    private bool IsIdle(Band band) => band.State == BandState.Down && !_context.Progress.Entered.Contains(band.Name) && !_context.Plan.In(band).Any();

    /// <summary>Left out by --from or --only of this start, and not for this whole upgrade.</summary>
    private bool IsLater(UpgradeStep step) => step.Fate == Fate.LeftOut && !_context.Progress.Skipped.ContainsKey(step.Script.Name);

    private static string Scripts(int count) => count == 1 ? "1 script" : $"{count} scripts";

    /// <summary>Whatever stopped it, services stay as the last band wanted them: who repairs it must not find a host that changed under his hands.</summary>
    private UpgradeReport Stopped(Ending ending, string why)
    {
        string[] down = [.. Names(BandState.Down)], up = [.. Names(BandState.Up)];
        string services = down.Length + up.Length == 0 ? ""
            : $"; services are left as they are:{(up.Length > 0 ? " started " + string.Join(", ", up) : "")}{(down.Length > 0 && up.Length > 0 ? ";" : "")}" +
              (down.Length > 0 ? " stopped " + string.Join(", ", down) : "");
        return new(ending, $"{why}{services}; 'dlm-updater upgrade' goes on there", _ran);
    }

    private IEnumerable<string> Names(BandState state) =>
        _passed.SelectMany(b => b.Services).Distinct().Where(s => _passed.Last(b => b.Services.Contains(s)).State == state);
}
