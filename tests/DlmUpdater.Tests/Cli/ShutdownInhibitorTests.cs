using DlmUpdater.Cli;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Tests.Cli;

public sealed class ShutdownInhibitorTests
{
    [Fact]
    public void A_check_may_reboot_the_host_while_it_is_waited_for()
    {
        int taken = 0;
        using var inhibitor = new ShutdownInhibitor(() =>
        {
            taken++;
            return null;
        });
        DateTimeOffset now = DateTimeOffset.UnixEpoch;

        inhibitor.On(new RunEvent.PhaseEntered("r", Phase.NeedsReboot, now));
        inhibitor.On(new RunEvent.PhaseEntered("r", Phase.PostUpdate, now));
        Assert.Equal(1, taken);

        inhibitor.On(new RunEvent.BootWaiting("check.service", TimeSpan.FromMinutes(1), Fails: true));
        inhibitor.On(new RunEvent.PhaseEntered("r", Phase.PostUpdate, now));
        Assert.Equal(2, taken);
    }
}
