using System.Collections.Immutable;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Bench.Simulation;

/// <summary>The state file: what a save had made durable when the agent died is what the next start reads, and nothing else.</summary>
internal sealed class SimStore(Agent agent) : IRunStore
{
    private Fleet Fleet => agent.Host.Fleet;

    public ValueTask<StoredRun> Load(CancellationToken cancel) => ValueTask.FromResult(Clone(agent.Host.Disk));

    public ValueTask<string?> Save(RunState state)
    {
        if (Fleet.Sabotage.HasFlag(Sabotage.StoreSaysSavedTooEarly))
        {
            RunState late = Clone(state);
            Fleet.Sim.After(Fleet.Dice.Seconds(0.1, 5), agent, () => Commit(late));
            return ValueTask.FromResult<string?>(null);
        }

        RunState copy = Clone(state);
        return Write(() => Commit(copy));
    }

    public ValueTask<string?> Remove() => Write(() =>
    {
        Fleet.Judge.Removing(agent);
        if (Fleet.Sabotage.HasFlag(Sabotage.RemoveIsLost)) return;
        agent.Host.Disk = new StoredRun.None();
        Fleet.Sim.Say(agent.Host.Name, $"state removed");
    });

    private void Commit(RunState state)
    {
        Fleet.Judge.Committing(agent, state);
        agent.Host.Disk = new StoredRun.Open(state);
        Fleet.Sim.Say(agent.Host.Name, $"state: {state.Phase.Name()} attempt {state.Attempt}, {state.Finished.Length} script(s) finished");
    }

    /// <summary>At once or with a latency; a kill between the write and the reply leaves the new state, one before it the old.</summary>
    private ValueTask<string?> Write(Action commit)
    {
        if (!Fleet.Healed && Fleet.Dice.Chance(Fleet.Scenario.WriteFails)) return ValueTask.FromResult<string?>("no space left on device");
        TimeSpan before = Fleet.Dice.Seconds(0.0001, 0.05), after = Fleet.Dice.Seconds(0.0001, 0.05);
        var done = new Pending<string?>(CancellationToken.None);
        Fleet.Sim.After(before, agent, commit);
        Fleet.Sim.After(before + after, agent, () => done.Answer(null));
        agent.MaybeKill(before + after);
        return new ValueTask<string?>(done.Task);
    }

    private static StoredRun Clone(StoredRun stored) => stored is StoredRun.Open open ? new StoredRun.Open(Clone(open.State)) : stored;

    /// <summary>Nothing but values survives, so that no object of a dead agent does.</summary>
    private static RunState Clone(RunState s) => new()
    {
        RunId = s.RunId,
        Phase = s.Phase,
        Started = s.Started,
        PhaseSince = s.PhaseSince,
        Attempt = s.Attempt,
        Boot = new BootIdentity(s.Boot.BootId, s.Boot.InitStarted),
        Lock = s.Lock is { } l ? l with { Identity = l.Identity with { } } : null,
        Waiver = s.Waiver is { } w ? w with { } : null,
        Finished = ImmutableArray.CreateRange(s.Finished, f => f with { }),
        FirstBoot = s.FirstBoot is { } f ? f with { } : null,
        ReleaseSent = s.ReleaseSent,
        Reboot = s.Reboot is { } r ? r with { Boot = r.Boot with { } } : null,
    };
}
