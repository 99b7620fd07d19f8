using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Bench.Simulation;

/// <summary>One start of the agent on one host: a real <see cref="UpdateRun"/> over simulated ports. When it dies, everything that it
/// waits for is dropped for ever.</summary>
public sealed class Agent : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.MinValue;
    private readonly CancellationTokenSource _terminate = new();
    private readonly CancellationTokenSource _atOnce = new();

    internal Agent(Host host, RebootStrategy strategy, string lockName, (ScriptStage Stage, int Index)? untrusted, bool clockStepped)
    {
        Host = host;
        Strategy = strategy;
        LockName = lockName;
        Untrusted = untrusted;
        ClockStepped = clockStepped;
        StartedAt = AnsweredAt = NeedsProofSince = host.Fleet.Sim.Now;
    }

    /// <summary>Where it runs.</summary>
    public Host Host { get; }

    /// <summary>False once it has ended or was killed.</summary>
    public bool Alive { get; private set; } = true;

    /// <summary>SIGTERM was sent.</summary>
    public bool Terminated { get; private set; }

    /// <summary>When it was started.</summary>
    public TimeSpan StartedAt { get; }

    /// <summary>Its configuration.</summary>
    public RebootStrategy Strategy { get; }

    /// <summary>Its configuration.</summary>
    public string LockName { get; }

    /// <summary>The script that is refused during this start.</summary>
    public (ScriptStage Stage, int Index)? Untrusted { get; }

    /// <summary>The wall clock was stepped, so windows of before and after do not compare.</summary>
    public bool ClockStepped { get; }

    /// <summary>When the service executed the last request whose reply said "yours".</summary>
    public TimeSpan ProvedAt { get; set; } = Never;

    /// <summary>When the service last gave any answer.</summary>
    public TimeSpan AnsweredAt { get; set; }

    /// <summary>Scripts of the present phase need a proof that is younger than this.</summary>
    public TimeSpan NeedsProofSince { get; set; }

    /// <summary>When the boot gate opened in this start.</summary>
    public TimeSpan GatePassedAt { get; set; } = Never;

    /// <summary>The window that the schedule last let it into; null = it said no, or was not asked.</summary>
    public long? AdmittedWindow { get; set; }

    /// <summary>When the schedule was last asked.</summary>
    public TimeSpan AdmittedAt { get; set; } = Never;

    /// <summary>The window in which this start decided that an update is due.</summary>
    public long? DecisionWindow { get; set; }

    /// <summary>No script of the present phase was started yet by this start.</summary>
    public bool PhaseIsFresh { get; set; } = true;

    /// <summary>True once the reboot command, or a script of reboot.d, has failed in this start.</summary>
    public bool RebootFailed { get; set; }

    internal async Task Act(bool afterReboot)
    {
        try
        {
            RunReport report = await new UpdateRun(Context()).Start(
                afterReboot, Host.Fleet.Sabotage.HasFlag(Sabotage.SigtermIsNotHeard) ? default : _terminate.Token);
            Host.Fleet.Judge.Ended(this, report);
            Alive = false;
            Host.AgentEnded(this, report);
        }
        catch (Exception bug)
        {
            Host.Fleet.Judge.Fail(Rule.NoExceptions, Host, $"{bug}");
        }
    }

    internal void Terminate()
    {
        if (!Alive || Terminated) return;
        Terminated = true;
        Host.Fleet.Sim.Say(Host.Name, $"SIGTERM");
        _terminate.Cancel();
    }

    /// <summary>Cancelled by a second signal: what still runs is left to the next start.</summary>
    internal CancellationToken AtOnce => _atOnce.Token;

    internal void TerminateAtOnce()
    {
        if (!Alive || !Terminated || _atOnce.IsCancellationRequested) return;
        Host.Fleet.Sim.Say(Host.Name, $"SIGTERM again");
        _atOnce.Cancel();
    }

    internal void Drop() => Alive = false;

    /// <inheritdoc/>
    public void Dispose()
    {
        _terminate.Dispose();
        _atOnce.Dispose();
    }

    /// <summary>Rolls whether the agent is killed during a call that lasts this long.</summary>
    internal void MaybeKill(TimeSpan within)
    {
        Fleet fleet = Host.Fleet;
        if (fleet.Healed || !fleet.Dice.Chance(fleet.Scenario.KillPerCall)) return;
        bool powerCut = fleet.Dice.Chance(fleet.Scenario.PowerCutShare);
        fleet.Sim.After(within * fleet.Dice.Unit(), this, () =>
        {
            if (fleet.Healed) return;
            if (powerCut) Host.GoDown("power cut");
            else Host.KillAgent();
        });
    }

    private RunContext Context()
    {
        Fleet fleet = Host.Fleet;
        UpdaterSettings settings = fleet.Scenario.Settings;
        if (fleet.Sabotage.HasFlag(Sabotage.BestEffortAtOnce)) settings = settings with { Lock = settings.Lock with { UnreachableAfter = TimeSpan.Zero } };
        var context = new RunContext
        {
            Settings = settings with { Reboot = settings.Reboot with { Strategy = Strategy } },
            Store = new SimStore(this),
            LockService = new SimLockService(this, LockName),
            Scripts = new SimScripts(this),
            Host = new SimMachine(this),
            Events = new Ear(this),
            Time = new SimTime(this),
            Dice = fleet.Dice.Unit,
            NewRunId = Host.NewRunId,
            Schedule = new SimSchedule(this),
        };
        return fleet.Table is { } table ? context with { ResumeTable = (stored, facts) => table(stored, facts) } : context;
    }

    private sealed class Ear(Agent agent) : IRunEvents
    {
        public void On(RunEvent happened)
        {
            if (agent.Host.Fleet.Sim.Trace is not null) agent.Host.Fleet.Sim.Say(agent.Host.Name, $"  {Tell(happened)}");
        }

        private static string Tell(RunEvent happened) => happened switch
        {
            RunEvent.ScriptStarting e => $"{e.Script.Stage.Name()}/{e.Script.Name} ({e.Index} of {e.Count}) starts",
            RunEvent.ScriptSkipped e => $"{e.Script.Stage.Name()}/{e.Script.Name} is skipped: {e.Why}",
            RunEvent.ScriptEnded e => $"{e.Script.Stage.Name()}/{e.Script.Name}: {e.Result.Describe()}",
            RunEvent.PhaseEntered e => $"phase {e.Phase.Name()}",
            RunEvent.Started e => $"run {e.RunId}, attempt {e.Attempt}, {(e.Resumed ? "resumed" : "new")}",
            RunEvent.LockWaiting e => $"waits {e.Pause.TotalSeconds:0.0} s: {e.Why}",
            RunEvent.Ended => "ended",
            _ => $"{happened}",
        };
    }
}
