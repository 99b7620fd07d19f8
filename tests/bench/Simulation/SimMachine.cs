using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Bench.Simulation;

/// <summary>Boot identity, clocks, boot checks and the reboot command.</summary>
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

    public ValueTask<BootAnswer> AskBoot(bool start, TimeSpan atMost, CancellationToken cancel)
    {
        Fleet fleet = agent.Host.Fleet;
        bool hangs = !fleet.Healed && fleet.Dice.Chance(fleet.Scenario.BootFails * 0.1);
        TimeSpan takes = hangs ? atMost : fleet.Dice.Seconds(0.005, 0.3);
        var done = new TaskCompletionSource<BootAnswer>();
        fleet.Sim.After(takes, agent, () =>
        {
            BootAnswer answer = fleet.Sabotage.HasFlag(Sabotage.BootIsAlwaysSuccessful) ? new BootAnswer.Successful("sabotage")
                : hangs ? new BootAnswer.NoAnswer("systemctl hangs")
                : agent.Host.HasNoBootChecks ? new BootAnswer.NoGate("no systemd")
                : agent.Host.BootIsSuccessful ? new BootAnswer.Successful("active")
                : fleet.Dice.Chance(0.5) ? new BootAnswer.Pending("activating", ["check.service"])
                : new BootAnswer.NotSuccessful("failed", ["check.service"]);
            if (answer is BootAnswer.NoGate or BootAnswer.Successful) agent.GatePassedAt = fleet.Sim.Now;
            fleet.Sim.Say(agent.Host.Name, $"boot checks: {answer}");
            done.TrySetResult(answer);
        });
        cancel.Register(() => done.TrySetResult(new BootAnswer.NoAnswer("interrupted")));
        agent.MaybeKill(takes);
        return new ValueTask<BootAnswer>(done.Task);
    }
}
