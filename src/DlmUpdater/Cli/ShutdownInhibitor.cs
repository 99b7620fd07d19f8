using DlmUpdater.Core.Workflow;
using DlmUpdater.Logging;
using DlmUpdater.Scripts;

namespace DlmUpdater.Cli;

/// <summary>Asks logind to keep this host up while scripts run that must not be cut off. It is let go before the reboot that the run itself
/// asks for, while the boot checks are waited for (one of them may reboot the host), and by the kernel when this process dies:
/// <c>systemd-inhibit</c> holds it for a command that ends when the pipe to it is closed.</summary>
/// <param name="start">Starts that command; null where there is no logind.</param>
internal sealed class ShutdownInhibitor(Func<NotifyCommand?> start) : IRunEvents, IDisposable
{
    /// <summary>How long letting go may take, and how long after SIGTERM.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5), Grace = TimeSpan.FromSeconds(1);

    private NotifyCommand? _held;
    private bool _isHeld;

    /// <summary>The one of this host: held where systemd is PID 1.</summary>
    internal static ShutdownInhibitor OfThisHost(Log log, TimeProvider time) => new(() =>
    {
        if (!Directory.Exists("/run/systemd/system") || RunnableCheck.InSearchPath("systemd-inhibit") is null) return null;
        NotifyCommand? held = NotifyCommand.Start(
            ["systemd-inhibit", "--what=shutdown:sleep", "--mode=block", "--who=dlm-updater", "--why=an update is running", "cat"], [], time, out string why);
        if (held is null) log.Warning($"nothing keeps this host from being shut down in the middle of a script: {why}");
        return held;
    });

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        if (happened is RunEvent.PhaseEntered { Phase: Phase.PreUpdate or Phase.Update or Phase.NeedsReboot or Phase.PostUpdate }) Hold();
        else if (happened is RunEvent.PhaseEntered or RunEvent.BootWaiting or RunEvent.Ended) Dispose();
    }

    /// <summary>Holds it from now on.</summary>
    internal void Hold()
    {
        if (_isHeld) return;
        (_isHeld, _held) = (true, start());
    }

    /// <summary>Lets go, and returns when logind has been told.</summary>
    public void Dispose()
    {
        // Without a bus there is no logind either, and the command has ended with an error long ago: nothing that this run could do better.
        _ = _held?.Close(Limit, Grace);
        (_isHeld, _held) = (false, null);
    }
}
