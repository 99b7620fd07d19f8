using System.Collections.Immutable;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Upgrades;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Core.Tests.Upgrades;

/// <summary>Services, scripts and a disk of paper. Waiting advances the fake clock; every act leaves a line in <see cref="Acts"/>.</summary>
internal sealed class UpgradeBed : IServices, IUpgradeStore, IUpgradeScripts
{
    internal static readonly DateTimeOffset Noon = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private readonly List<UpgradeScript> _scripts = [];
    private readonly Dictionary<string, IReadOnlyList<Script>> _beside = [];
    private readonly HashSet<string> _up = [];
    private readonly Dictionary<string, DateTimeOffset> _started = [];

    internal UpgradeBed() => Time = new FakeTimeProvider(Noon) { AutoAdvanceAmount = TimeSpan.Zero };

    internal FakeTimeProvider Time { get; }

    internal List<string> Acts { get; } = [];

    internal List<UpgradeEvent> Events { get; } = [];

    internal Dictionary<string, DoneOnce> History { get; } = [];

    internal UpgradeProgress? Open { get; set; }

    internal ImmutableArray<Band> Bands { get; set; } =
    [
        Band.Defaults[0] with { Services = ["web", "queue", "db"] },
        Band.Defaults[1] with { Services = ["db", "queue"], Ready = [new Proof.Tcp("db", "localhost", 1), new Proof.Command(null, ["all-ready"])] },
        Band.Defaults[2] with { Services = ["web"] },
    ];

    internal Dictionary<string, ScriptResult> Results { get; } = [];

    /// <summary>How long <c>start NAME</c>, <c>stop NAME</c> or a proof takes to be so; what is not named is so at once.</summary>
    internal Dictionary<string, TimeSpan> Slow { get; } = [];

    /// <summary>What is done after a script has run.</summary>
    internal Dictionary<string, Action> After { get; } = [];

    internal Func<string, string?> Write { get; set; } = _ => null;

    internal Func<string, string?> Sets { get; set; } = _ => null;

    internal CancellationTokenSource Sigterm { get; } = new();

    internal bool Proves { get; set; } = true;

    internal Func<IReadOnlyList<string>, bool> MayStop { get; set; } = _ => true;

    internal UpgradeBed Running(params string[] services)
    {
        _up.UnionWith(services);
        return this;
    }

    internal void Dies(string service) => _up.Remove(service);

    internal bool IsUp(string service) => _up.Contains(service);

    internal UpgradeBed Script(string name, bool once = true, string sha = "sha", params string[] apply)
    {
        Assert.True(ScriptNumber.TryRead(name, out int number), name);
        _scripts.Add(new(number, Of(name), new(null, "what " + name + " does", once, [.. apply]), once, sha));
        return this;
    }

    internal UpgradeBed Beside(string directory, params string[] names)
    {
        _beside[directory] = [.. names.Select(Of)];
        return this;
    }

    internal UpgradePlan Plan(UpgradeChoice? choice = null) => UpgradePlan.Make(_scripts, Bands, History, Open, choice ?? new());

    /// <summary>One start, by the plan of this moment; what it wrote is there for the next one.</summary>
    internal UpgradeReport Run(UpgradeChoice? choice = null)
    {
        UpgradePlan plan = Plan(choice);
        Assert.Empty(plan.Complaints);
        bool resumed = Open is not null;
        Dictionary<string, string> left = new(Open?.Skipped ?? new Dictionary<string, string>());
        foreach (UpgradeStep step in plan.Steps.Where(s => s.Fate == Fate.LeftOut && (!resumed || choice?.Skip.Contains(s.Script.Name) == true))) left[step.Script.Name] = step.Why;
        UpgradeProgress now = Open is { } open
            ? open with { Attempt = open.Attempt + 1, Skipped = left }
            : new("upgrade-1", Noon, null, 1, new HashSet<string>(), left, new HashSet<string>(), new HashSet<string>());
        if ((resumed || plan.Count > 0) && Begin(now) is { } unwritten) return new(Core.Workflow.Ending.NotWritable, unwritten, 0);
        Task<UpgradeReport> start = new UpgradeRun(new UpgradeContext
        {
            Plan = plan,
            Progress = now,
            Resumed = resumed,
            Beside = _beside,
            Services = this,
            Store = this,
            Scripts = this,
            Tell = Events.Add,
            Time = Time,
            Proves = Proves,
            MayStop = (_, running) => MayStop(running),
        }).Start(Sigterm.Token).AsTask();
        for (int i = 0; !start.IsCompleted && i < 100_000; i++) Time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(start.IsCompleted, "it waits for ever after: " + string.Join(", ", Acts));
        UpgradeReport report = start.GetAwaiter().GetResult();
        return report.IsComplete && (resumed || plan.Count > 0) && Saved("close", () => Open = null) is { } why ? new(Core.Workflow.Ending.NotWritable, why, 0) : report;
    }

    public ValueTask<string?> Set(string service, BandState state, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        string act = $"{(state == BandState.Up ? "start" : "stop")} {service}";
        Acts.Add(act);
        if (Sets(act) is { } why) return new(why);
        if (state == BandState.Up) _up.Add(service);
        else _up.Remove(service);
        _started[service] = Time.GetUtcNow();
        return new((string?)null);
    }

    public ValueTask<string?> Look(string service, BandState state, CancellationToken cancel) =>
        new(_up.Contains(service) == (state == BandState.Up) && Since(service) >= Slow.GetValueOrDefault($"{(state == BandState.Up ? "start" : "stop")} {service}") ? null : $"{service} is not there");

    public ValueTask<string?> Prove(Proof proof, CancellationToken cancel)
    {
        bool isUp = proof.Service is null || _up.Contains(proof.Service);
        TimeSpan since = proof.Service is { } service ? Since(service) : _started.Count == 0 ? TimeSpan.Zero : Time.GetUtcNow() - _started.Values.Max();
        return new(isUp && since >= Slow.GetValueOrDefault(proof.ToString()) ? null : "connection refused");
    }

    public ValueTask<ScriptResult> Run(Script script, Band band, CancellationToken cancel)
    {
        Acts.Add($"run {script.Name}");
        if (After.TryGetValue(script.Name, out Action? after)) after();
        return new(Results.GetValueOrDefault(script.Name) ?? new ScriptResult.Exited(0, TimeSpan.FromSeconds(1)));
    }

    private string? Begin(UpgradeProgress progress) => Saved("begin", () => Open = progress);

    public ValueTask<string?> Enter(Band band) => Save("enter " + band.Name, () => Open = Open! with { Entered = With(Open.Entered, band.Name) });

    public ValueTask<string?> Finish(string name) => Save("finish " + name, () => Open = Open! with { Finished = With(Open.Finished, name) });

    public ValueTask<string?> FinishOnce(UpgradeScript script) => Save("once " + script.Name, () => History[script.Name] = new(script.Sha256, Time.GetUtcNow(), Open!.Id));

    public ValueTask<string?> Leave(Band band) => Save("leave " + band.Name, () => Open = Open! with { Left = With(Open.Left, band.Name) });

    private static HashSet<string> With(IReadOnlySet<string> set, string one) => [.. set, one];

    private static Script Of(string name) => new(ScriptStage.Update, name, "/u/" + name, ScriptHeader.None, null, null);

    private TimeSpan Since(string service) => _started.TryGetValue(service, out DateTimeOffset at) ? Time.GetUtcNow() - at : TimeSpan.MaxValue;

    private ValueTask<string?> Save(string act, Action change) => new(Saved(act, change));

    private string? Saved(string act, Action change)
    {
        if (Write(act) is { } why) return why;
        Acts.Add(act);
        change();
        return null;
    }
}
