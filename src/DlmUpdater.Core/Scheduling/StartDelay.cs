using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Scheduling;

/// <summary>Spreads the starts of a fleet whose timers all fire at once.</summary>
public static class StartDelay
{
    /// <summary>How long a new run waits before it asks anything.</summary>
    /// <param name="settings">random_delay and stable_delay; they add up.</param>
    /// <param name="holder">The host's name at the lock service: fixes its stable part.</param>
    /// <param name="dice">From 0 to below 1.</param>
    public static TimeSpan Of(ScheduleSettings settings, string holder, double dice) =>
        settings.RandomDelay * dice + settings.StableDelay * HostJitter.Stable(holder);
}
