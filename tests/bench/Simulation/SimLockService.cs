using System.Globalization;
using DlmUpdater.Core.Locking;

namespace DlmUpdater.Bench.Simulation;

/// <summary>The network between one start of the agent and the lock service: latency, lost requests, lost replies, cancelled calls that happened.</summary>
public sealed class SimLockService(Agent agent, string name) : ILockService
{
    private Fleet Fleet => agent.Host.Fleet;

    /// <inheritdoc/>
    public LockIdentity Identity { get; } = new("sim", name, agent.Host.Name);

    /// <inheritdoc/>
    public ValueTask<AcquireReply> Acquire(CancellationToken cancel)
    {
        Fleet.Judge.AcquireSent(agent);
        if (Fleet.Sabotage.HasFlag(Sabotage.GrantWithoutAsking))
        {
            agent.ProvedAt = Fleet.Sim.Now;
            return ValueTask.FromResult<AcquireReply>(new AcquireReply.Granted(null));
        }

        return Ask<AcquireReply>("acquire", () => Fleet.Server.Acquire(agent, name), reply => reply is AcquireReply.Granted,
            (why, may) => new AcquireReply.Unreachable(why, may), why => new AcquireReply.Refused(why), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Release(CancellationToken cancel)
    {
        Fleet.Judge.ReleaseSent(agent);
        return Ask<ReleaseReply>("release", () => Fleet.Server.Release(agent, name), _ => false,
            (why, _) => new ReleaseReply.Unreachable(why), why => new ReleaseReply.Refused(why), cancel);
    }

    /// <inheritdoc/>
    public ValueTask<ShowReply> Show(CancellationToken cancel)
    {
        if (!Fleet.Scenario.CanShow) return ValueTask.FromResult<ShowReply>(new ShowReply.CannotTell());
        if (Fleet.Sabotage.HasFlag(Sabotage.ShowFromMemory))
            return ValueTask.FromResult<ShowReply>(new ShowReply.Shown(new LockView(name, 1, [new LockHolder(agent.Host.Name, null, null, true)], true, null)));
        if (Fleet.Sabotage.HasFlag(Sabotage.ShowCannotBeCutShort)) return Later<ShowReply>(TimeSpan.FromMinutes(5), new ShowReply.Unreachable("slow"), default);
        return Ask<ShowReply>("show", () => Fleet.Server.Show(agent, name), reply => reply is ShowReply.Shown { View.HeldByUs: true },
            (why, _) => new ShowReply.Unreachable(why), why => new ShowReply.Refused(why), cancel);
    }

    /// <inheritdoc/>
    public ValueTask WaitForChange(string? revision, TimeSpan atMost, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested) return ValueTask.FromCanceled(cancel);
        var done = new Pending<bool>(cancel);
        TimeSpan wait = Fleet.Dice.Chance(0.05) ? atMost * Fleet.Dice.Unit() : atMost;
        Fleet.Sim.After(wait, agent, () => done.Answer(true));
        if (Fleet.Scenario.Pushes && revision is not null)
        {
            Fleet.Server.Watch(name, int.Parse(revision, CultureInfo.InvariantCulture), () =>
            {
                if (agent.Alive) done.Answer(true);
            });
        }

        agent.MaybeKill(wait < TimeSpan.FromSeconds(5) ? wait : TimeSpan.FromSeconds(5));
        return new ValueTask(done.Task);
    }

    /// <summary>One request. It is executed, or not, whatever becomes of the agent; only the reply is the agent's.</summary>
    private ValueTask<T> Ask<T>(
        string what, Func<T> execute, Func<T, bool> proves, Func<string, bool, T> away, Func<string, T> refuse, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested) return ValueTask.FromCanceled<T>(cancel);
        Dice dice = Fleet.Dice;
        Scenario scenario = Fleet.Scenario;
        bool calm = Fleet.Healed;
        if (!calm && Fleet.Server.AwayUntil > Fleet.Sim.Now && dice.Chance(0.5)) return Refuse();
        if (!calm && agent.Host.RefusedUntil > Fleet.Sim.Now) return Later(dice.Seconds(0.01, 1), refuse("401"), cancel);

        bool reaches = calm || !(Fleet.Server.AwayUntil > Fleet.Sim.Now || dice.Chance(scenario.LostRequest));
        bool answered = reaches && (calm || !dice.Chance(scenario.LostReply));
        TimeSpan there = dice.Seconds(0.005, dice.Chance(0.1) ? 8 : 0.5);
        TimeSpan back = answered ? dice.Seconds(0.005, dice.Chance(0.1) ? 8 : 0.5) : dice.Seconds(5, 25);
        bool executed = false, dropped = !reaches;
        T? reply = default;
        TimeSpan executedAt = default;

        void Execute()
        {
            if (dropped || executed) return;
            executed = true;
            executedAt = Fleet.Sim.Now;
            reply = execute();
        }

        var answer = new Pending<T>(cancel, () =>
        {
            if (executed || dropped) return;
            switch (dice.Below(3))
            {
                case 0:
                    dropped = true;
                    break;
                case 1:
                    Execute();
                    break;
                default:
                    // Cut off by SIGTERM, the request may still arrive after the next one. Cut off by the quick answer's end, it does not: see 0004.
                    if (agent.Terminated) Fleet.Sim.After(dice.Seconds(0, 3), null, Execute);
                    else Execute();
                    break;
            }
        });
        Fleet.Sim.After(there, null, Execute);
        Fleet.Sim.After(there + back, agent, () =>
        {
            if (answer.Task.IsCompleted) return;
            T told = answered && executed ? reply! : away(executed || dice.Chance(0.7) ? "no reply" : "no route", true);
            if (answered && executed)
            {
                agent.AnsweredAt = Fleet.Sim.Now;
                if (proves(told)) agent.ProvedAt = executedAt;
            }

            Fleet.Sim.Say(agent.Host.Name, $"{what}: {told}");
            answer.Answer(told);
        });
        agent.MaybeKill(there + back);
        return new ValueTask<T>(answer.Task);

        ValueTask<T> Refuse() => Later(dice.Seconds(0.001, 5), away("connection refused", false), cancel);
    }

    private ValueTask<T> Later<T>(TimeSpan delay, T told, CancellationToken cancel)
    {
        var answer = new Pending<T>(cancel);
        Fleet.Sim.After(delay, agent, () =>
        {
            if (told is not (AcquireReply.Unreachable or ReleaseReply.Unreachable or ShowReply.Unreachable)) agent.AnsweredAt = Fleet.Sim.Now;
            Fleet.Sim.Say(agent.Host.Name, $"{told}");
            answer.Answer(told);
        });
        agent.MaybeKill(delay);
        return new ValueTask<T>(answer.Task);
    }
}
