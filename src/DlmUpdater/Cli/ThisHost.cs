using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Scripts;

namespace DlmUpdater.Cli;

/// <summary>The host this process runs on.</summary>
internal sealed class ThisHost(BootIdentity boot, TimeProvider time, HostScripts scripts, RebootSettings settings) : IHost
{
    /// <inheritdoc/>
    public BootIdentity Boot => boot;

    /// <inheritdoc/>
    public TimeSpan BootClock => BootInfo.BootClock();

    /// <inheritdoc/>
    public DateTimeOffset BootedAt => BootInfo.BootedAt(time);

    /// <inheritdoc/>
    public ValueTask<ScriptResult> RequestReboot(ScriptContext context, CancellationToken cancel) =>
        scripts.RunCommand(RebootCommand(settings), context, timeout: null, cancel);

    /// <inheritdoc/>
    public ValueTask<BootAnswer> AskBoot(bool start, TimeSpan atMost, CancellationToken cancel) =>
        new(new BootChecks(new ProcessRunner(time, new RunnerLimits()), time).Ask(start, atMost, cancel));

    /// <summary>What is run where reboot.d holds no script.</summary>
    internal static IReadOnlyList<string> RebootCommand(RebootSettings settings) => settings.Command.IsEmpty ? HostCommand : settings.Command;

    /// <summary>What the host has: systemd's own call waits for nobody else's, and everything else has <c>reboot</c>.</summary>
    internal static IReadOnlyList<string> HostCommand => Directory.Exists("/run/systemd/system") ? ["systemctl", "reboot"] : ["reboot"];
}
