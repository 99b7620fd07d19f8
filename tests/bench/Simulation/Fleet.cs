using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Bench.Simulation;

/// <summary>What a seed came to.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Violation">The first rule that was broken; null if none was.</param>
/// <param name="Steps">How many steps it took.</param>
/// <param name="Starts">How many starts of an agent ended.</param>
/// <param name="Runs">How many whole runs came to their end.</param>
/// <param name="Checksum">Equal for two equal courses.</param>
/// <param name="Trace">What happened; null unless traced.</param>
public sealed record FleetResult(ulong Seed, Violation? Violation, long Steps, int Starts, int Runs, ulong Checksum, IReadOnlyList<string>? Trace)
{
    /// <summary>The last <paramref name="lines"/> of the trace, and the rule that was broken.</summary>
    public string Explain(int lines = 120) =>
        $"seed {Seed}: {Violation?.ToString() ?? "no rule was broken"}\n" +
        (Trace is null ? "" : string.Join('\n', Trace.Skip(Math.Max(0, Trace.Count - lines))) + "\n") +
        $"replay: SIM_SEED={Seed} make test, or dotnet run --project tests/bench -- simulate --seed {Seed} --trace";
}

/// <summary>One seed: hosts, a lock service, an admin, and a judge who looks after every step.</summary>
public sealed class Fleet
{
    private const long TooManySteps = 3_000_000;
    private const int EnoughStarts = 100;

    private readonly ulong _seed;

    /// <summary>Draws the fleet of <paramref name="seed"/>.</summary>
    /// <param name="seed">Everything follows from it.</param>
    /// <param name="tracing">Keep a trace.</param>
    /// <param name="sabotage">A part that is broken on purpose.</param>
    /// <param name="table">Another resume table.</param>
    public Fleet(ulong seed, bool tracing = false, Sabotage sabotage = Sabotage.None, ResumeTable? table = null)
    {
        _seed = seed;
        Dice = new Dice(seed);
        Scenario = Scenario.Draw(Dice);
        Sabotage = sabotage;
        Table = table;
        Sim = new Simulator(tracing);
        Server = new LockServer(this);
        Judge = new Judge(this);
        for (int i = 0; i < Scenario.Hosts; i++) Hosts.Add(new Host(this, i));
    }

    /// <summary>The seed's dice.</summary>
    public Dice Dice { get; }

    /// <summary>What the seed fixed.</summary>
    public Scenario Scenario { get; }

    /// <summary>The event loop.</summary>
    public Simulator Sim { get; }

    /// <summary>The hosts.</summary>
    public List<Host> Hosts { get; } = [];

    /// <summary>The lock service.</summary>
    public LockServer Server { get; }

    /// <summary>The judge.</summary>
    public Judge Judge { get; }

    /// <summary>True once faults are over.</summary>
    public bool Healed { get; private set; }

    internal Sabotage Sabotage { get; }

    internal ResumeTable? Table { get; }

    /// <summary>True when no run is open, no work is left and every lock is free.</summary>
    private bool Quiet => Hosts.TrueForAll(h => h.Disk is StoredRun.None or StoredRun.OldWord { Phase: Phase.NeedsUpdate } && MayIdle(h))
        && Array.TrueForAll(Server.Locks, l => l.Holders.Count == 0);

    /// <summary>A start that began after the healing finds nothing due: it need not be waited for.</summary>
    private bool MayIdle(Host host) => host.Agent is { } agent ? agent.StartedAt > Scenario.Chaos : host.Processes.Count == 0;

    /// <summary>Runs a seed to its end.</summary>
    public static FleetResult Run(ulong seed, bool tracing = false, Sabotage sabotage = Sabotage.None, ResumeTable? table = null) =>
        new Fleet(seed, tracing, sabotage, table).Run();

    private FleetResult Run()
    {
        Sim.Say("seed", $"{Scenario}");
        Server.Begin();
        foreach (Host host in Hosts) host.Begin();
        UnplannedReboots();

        while (Judge.Violation is null && Sim.Advance(Scenario.Chaos)) Look();
        Healed = true;
        Sim.Say("admin", $"=== everything is healed ===");
        Server.Heal();
        TimeSpan end = Scenario.Chaos + TimeSpan.FromDays(3);
        while (Judge.Violation is null && !Quiet && Sim.Advance(end))
        {
            Look();
            if (Hosts.Find(h => h.StartsSinceHeal > EnoughStarts) is { } stuck) Judge.Fail(Rule.EndsWhenHealed, stuck, $"{EnoughStarts} starts were not enough: {stuck.Disk}");
        }

        if (Judge.Violation is null && !Quiet)
            Judge.Fail(Rule.EndsWhenHealed, Hosts[0], $"not quiet: {string.Join(", ", Hosts.Select(h => $"{h} {h.Disk.GetType().Name} {h.Open?.Phase} agent {h.Agent is not null}"))}");
        return new FleetResult(_seed, Judge.Violation, Sim.Steps, Judge.Starts, Judge.RunsDone, Sim.Checksum, Sim.Trace);
    }

    private void Look()
    {
        Judge.Look();
        if (Sim.Steps > TooManySteps) Judge.Fail(Rule.EndsWhenHealed, Hosts[0], "the fleet runs in circles");
    }

    private void UnplannedReboots()
    {
        if (Scenario.UnplannedReboots == TimeSpan.Zero) return;
        Sim.After(Scenario.UnplannedReboots * (0.2 + (1.6 * Dice.Unit())), null, () =>
        {
            if (Healed) return;
            Host host = Hosts[Dice.Below(Hosts.Count)];
            if (host.Up) host.DownSoon("reboot for another reason", TimeSpan.Zero);
            UnplannedReboots();
        });
    }
}
