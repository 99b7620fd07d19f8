using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow;

/// <summary>The host under the run: a port, acted out by the kernel.</summary>
public interface IHost
{
    /// <summary>Which boot this is.</summary>
    BootIdentity Boot { get; }

    /// <summary>Time since boot, suspend included (CLOCK_BOOTTIME): goes on where a stepped wall clock lies.</summary>
    TimeSpan BootClock { get; }

    /// <summary>Wall clock time of the boot.</summary>
    DateTimeOffset BootedAt { get; }

    /// <summary>Runs the configured reboot command. Accepted means only that it ended with 0: whether the host reboots is
    /// found out by the next start.</summary>
    ValueTask<ScriptResult> RequestReboot(ScriptContext context, CancellationToken cancel);

    /// <summary>Asks whether this boot was successful: one look, no waiting.</summary>
    /// <param name="start">True: first resets this program's own failed units and starts the boot checks, without waiting for them.</param>
    /// <param name="atMost">How long the question may take.</param>
    /// <param name="cancel">Ends it; the answer does not count then.</param>
    ValueTask<BootAnswer> AskBoot(bool start, TimeSpan atMost, CancellationToken cancel);
}
