using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Bench.Simulation;

/// <summary>One host: a disk, clocks, processes, a timer, and at most one agent at a time.</summary>
public sealed class Host
{
    private readonly bool _container;
    private readonly TimeSpan[] _robbedAt = [TimeSpan.MinValue, TimeSpan.MinValue];
    private TimeSpan _wallOffset;
    private TimeSpan _kernelBootedAt;
    private TimeSpan _notBefore;
    private int _boots;
    private int _runs;
    private string _configured = "fleet";
    private TimeSpan _bootIsSuccessfulAt;

    internal Host(Fleet fleet, int index)
    {
        Fleet = fleet;
        Index = index;
        Name = $"host{index}";
        _container = fleet.Dice.Chance(0.2);
        HasNoBootChecks = _container || fleet.Dice.Chance(0.2);
        LastBootAt = _kernelBootedAt = -fleet.Dice.Seconds(60, 100_000);
        Boot = NextBoot();
        Scripts = [.. ScriptStages.All.Select(DrawScripts)];
    }

    /// <summary>The fleet it belongs to.</summary>
    public Fleet Fleet { get; }

    /// <summary>From 0.</summary>
    public int Index { get; }

    /// <summary>Its name, also at the lock service.</summary>
    public string Name { get; }

    /// <summary>False while it is down.</summary>
    public bool Up { get; private set; } = true;

    /// <summary>This boot.</summary>
    public BootIdentity Boot { get; private set; }

    /// <summary>What the state file says.</summary>
    public StoredRun Disk { get; set; } = new StoredRun.None();

    /// <summary>The open run, if the state file says so in today's form.</summary>
    public RunState? Open => (Disk as StoredRun.Open)?.State;

    /// <summary>The agent, if one runs.</summary>
    public Agent? Agent { get; private set; }

    /// <summary>How many starts in a row have left a run open since everything was healed.</summary>
    public int StartsSinceHeal { get; private set; }

    /// <summary>The service refuses it until then.</summary>
    public TimeSpan RefusedUntil { get; set; }

    /// <summary>The locks that an admin put into its hands unasked, and that it did not take itself since.</summary>
    public List<LockTruth> Gifts { get; } = [];

    /// <summary>True for a host that no init can tell of.</summary>
    public bool HasNoBootChecks { get; }

    /// <summary>The truth about this boot. What succeeded stays so until the next boot.</summary>
    public bool BootIsSuccessful => HasNoBootChecks || Fleet.Healed || Fleet.Sim.Now >= _bootIsSuccessfulAt;

    /// <summary>The boot on which each run was first stored.</summary>
    internal Dictionary<string, BootIdentity> BeganOn { get; } = [];

    /// <summary>The boot on which a script last ended as far as an agent saw it.</summary>
    internal Dictionary<(string RunId, ScriptStage Stage, string Name), BootIdentity> SeenOn { get; } = [];

    internal IReadOnlyList<Script>[] Scripts { get; }

    internal List<ScriptProcess> Processes { get; } = [];

    internal List<Action> WhenIdle { get; } = [];

    internal HashSet<string> DoneForEver { get; } = [];

    /// <summary>How scripts really ended, as far as an agent saw it.</summary>
    internal Dictionary<(string RunId, ScriptStage Stage, string Name), ScriptResult> Seen { get; } = [];

    internal TimeSpan BootClock => Fleet.Sim.Now - _kernelBootedAt;

    internal DateTimeOffset WallClock => SimTime.Epoch + Fleet.Sim.Now + _wallOffset;

    internal DateTimeOffset BootedAt => WallClock - (Fleet.Sim.Now - LastBootAt);

    internal TimeSpan LastBootAt { get; private set; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal string NewRunId() => $"{Name}-{++_runs}";

    internal TimeSpan RobbedAt(LockTruth truth) => _robbedAt[truth == Fleet.Server.Locks[0] ? 0 : 1];

    internal void Robbed(LockTruth truth)
    {
        _robbedAt[truth == Fleet.Server.Locks[0] ? 0 : 1] = Fleet.Sim.Now;
        Gifts.Remove(truth);
    }

    internal void Granted(LockTruth truth)
    {
        _robbedAt[truth == Fleet.Server.Locks[0] ? 0 : 1] = TimeSpan.MinValue;
        Gifts.Remove(truth);
    }

    internal void GaveBack(LockTruth truth)
    {
        Gifts.Remove(truth);
    }

    internal void Given(LockTruth truth)
    {
        Granted(truth);
        Gifts.Add(truth);
    }

    internal void Begin()
    {
        if (Fleet.Dice.Chance(Fleet.Scenario.OldStates)) OldStates.Give(this);
        Fleet.Sim.After(Fleet.Dice.Seconds(0, Fleet.Scenario.TimerInterval.TotalSeconds), null, Tick);
    }

    /// <summary>The timer.</summary>
    internal void Tick()
    {
        TimeSpan every = Fleet.Healed ? TimeSpan.FromMinutes(10) : Fleet.Scenario.TimerInterval * (0.8 + (0.4 * Fleet.Dice.Unit()));
        Fleet.Sim.After(every, null, Tick);
        Start(afterReboot: false);
    }

    internal void Start(bool afterReboot)
    {
        if (!Up || Agent is not null || Fleet.Sim.Now < _notBefore) return;
        Dice dice = Fleet.Dice;
        Scenario scenario = Fleet.Scenario;
        bool calm = Fleet.Healed;
        bool stepped = !calm && Disk is not StoredRun.OldWord && dice.Chance(scenario.ClockSteps);
        if (stepped) _wallOffset = dice.Seconds(-90_000, 90_000);
        if (calm) _configured = Open?.Lock?.Identity.Name ?? _configured;
        else if (Disk is not StoredRun.OldWord && dice.Chance(scenario.ConfigChanges)) _configured = dice.Pick("fleet", "other");
        RebootStrategy strategy = scenario.Settings.Reboot.Strategy;
        if (dice.Chance(scenario.StrategyChanges)) strategy = dice.Pick(RebootStrategy.Lock, RebootStrategy.BestEffort, RebootStrategy.Reboot, RebootStrategy.Off);
        (ScriptStage, int)? untrusted = !calm && dice.Chance(scenario.Untrusted) ? (ScriptStages.All[dice.Below(ScriptStages.All.Count)], dice.Below(4)) : null;

        Fleet.Sim.Say(Name, $"--- start{(afterReboot ? " after reboot" : "")}, strategy {strategy}, lock '{_configured}', state {Disk}");
        Agent = new Agent(this, strategy, _configured, untrusted, stepped);
        Agent agent = Agent;
        if (!calm && dice.Chance(scenario.Sigterm))
        {
            TimeSpan first = dice.Seconds(0, dice.Pick(1.0, 30, 600));
            Fleet.Sim.After(first, agent, agent.Terminate);
            if (dice.Chance(scenario.SecondSignal)) Fleet.Sim.After(first + dice.Seconds(1, 120), agent, agent.TerminateAtOnce);
        }

        _ = agent.Act(afterReboot);
    }

    internal void AgentEnded(Agent agent, RunReport report)
    {
        Fleet.Sim.Say(Name, $"--- end: {report.Ending} ({report.Ending.Code()}) {report.Message}");
        if (Agent == agent) Agent = null;
        StartsSinceHeal = Fleet.Healed && report.StateKept ? StartsSinceHeal + 1 : 0;
        bool byHand = report.Ending is Ending.DidNotReboot or Ending.BootNotSuccessful || (report is { Ending: Ending.ScriptFailed, Phase: Phase.Reboot });
        if (byHand && (Fleet.Healed || Fleet.Dice.Chance(0.3))) DownSoon("reboot by an admin", Fleet.Dice.Seconds(10, 600));
        if (Disk is StoredRun.Unreadable && (Fleet.Healed || Fleet.Dice.Chance(0.3))) OldStates.Reset(this);
    }

    internal void KillAgent()
    {
        if (Agent is null) return;
        Fleet.Sim.Say(Name, $"SIGKILL");
        Agent.Drop();
        Agent = null;
        WhenIdle.Clear();
        _notBefore = Fleet.Sim.Now + TimeSpan.FromSeconds(45);
        if (Fleet.Dice.Chance(Fleet.Scenario.Outlives)) return;
        foreach (ScriptProcess process in Processes) process.Gone = true;
        Processes.Clear();
    }

    internal void RebootAccepted()
    {
        if (!Fleet.Healed && Fleet.Dice.Chance(Fleet.Scenario.RebootNeverHappens)) return;
        DownSoon("reboot", Fleet.Dice.Seconds(1, 120));
    }

    internal void DownSoon(string why, TimeSpan delay)
    {
        BootIdentity boot = Boot;
        Fleet.Sim.After(delay, null, () =>
        {
            if (!Up || Boot != boot) return;
            if (Agent is not null && Fleet.Dice.Chance(0.5))
            {
                Agent.Terminate();
                Fleet.Sim.After(Fleet.Dice.Seconds(0, 12), null, () =>
                {
                    if (Up && Boot == boot) GoDown(why);
                });
            }
            else
            {
                GoDown(why);
            }
        });
    }

    internal void GoDown(string why)
    {
        Fleet.Sim.Say(Name, $"down: {why}");
        Up = false;
        Agent?.Drop();
        Agent = null;
        WhenIdle.Clear();
        foreach (ScriptProcess process in Processes) process.Gone = true;
        Processes.Clear();
        Fleet.Sim.After(Fleet.Dice.Seconds(45, 180), null, () =>
        {
            Up = true;
            LastBootAt = Fleet.Sim.Now;
            if (!_container) _kernelBootedAt = Fleet.Sim.Now;
            Boot = NextBoot();
            if (!HasNoBootChecks) DrawBoot();
            Fleet.Sim.Say(Name, $"up: boot {Boot.BootId}/{Boot.InitStarted}");
            if (Fleet.Dice.Chance(0.7)) Fleet.Sim.After(Fleet.Dice.Seconds(1, 60), null, () => Start(afterReboot: true));
        });
    }

    internal void ProcessEnded()
    {
        if (Processes.Count > 0) return;
        foreach (Action wake in WhenIdle.ToArray()) wake();
        WhenIdle.Clear();
    }

    private void DrawBoot()
    {
        _bootIsSuccessfulAt = Fleet.Sim.Now;
        if (Fleet.Healed || !Fleet.Dice.Chance(Fleet.Scenario.BootFails)) return;
        _bootIsSuccessfulAt = Fleet.Dice.Chance(0.5) ? Fleet.Sim.Now + Fleet.Dice.Seconds(5, 1500) : TimeSpan.MaxValue;
    }

    private BootIdentity NextBoot() => _container ? new BootIdentity($"{Name}-kernel", ++_boots) : new BootIdentity($"{Name}-boot{++_boots}", 100);

    private IReadOnlyList<Script> DrawScripts(ScriptStage stage)
    {
        int count = stage == ScriptStage.NeedsUpdate ? 1 + Fleet.Dice.Below(2)
            : stage.IsOptional() ? (Fleet.Dice.Chance(0.3) ? 1 + Fleet.Dice.Below(2) : 0)
            : Fleet.Dice.Below(5);
        var scripts = new Script[count];
        for (int i = 0; i < count; i++)
        {
            bool last = i == count - 1;
            bool once = !(stage == ScriptStage.Reboot && last) && !stage.IsCheck() && Fleet.Dice.Chance(0.15);
            scripts[i] = new Script(stage, $"{i}0-script", $"/{stage.DirectoryName()}/{i}0-script", new ScriptHeader(RunOnce: once), null, null);
        }

        return scripts;
    }
}
