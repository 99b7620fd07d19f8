using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Bench.Simulation;

/// <summary>Boot identity, clocks and the reboot command.</summary>
internal sealed class SimMachine(Agent agent) : IHost
{
    public BootIdentity Boot => agent.Host.Boot;

    public TimeSpan BootClock => agent.Host.BootClock;

    public DateTimeOffset BootedAt => agent.Host.BootedAt;

    public ValueTask<ScriptResult> RequestReboot(ScriptContext context, CancellationToken cancel)
    {
        Fleet fleet = agent.Host.Fleet;
        fleet.Judge.RebootRequested(agent);
        TimeSpan takes = fleet.Dice.Seconds(0.01, 3);
        var done = new TaskCompletionSource<ScriptResult>();
        bool fails = !fleet.Healed && fleet.Dice.Chance(fleet.Scenario.RebootFails);
        bool diesAtOnce = !fleet.Healed && fleet.Dice.Chance(0.1);
        fleet.Sim.After(takes, agent, () =>
        {
            agent.RebootFailed |= fails;
            if (!fails) agent.Host.RebootAccepted();
            if (diesAtOnce) agent.Host.GoDown("reboot, during the request");
            else done.TrySetResult(new ScriptResult.Exited(fails ? 1 : 0, takes));
        });
        cancel.Register(() =>
        {
            if (fleet.Dice.Chance(0.3)) agent.Host.RebootAccepted();
            done.TrySetResult(new ScriptResult.Interrupted(143, takes));
        });
        agent.MaybeKill(takes);
        return new ValueTask<ScriptResult>(done.Task);
    }
}
