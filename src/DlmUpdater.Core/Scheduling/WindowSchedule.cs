using System.Globalization;

namespace DlmUpdater.Core.Scheduling;

/// <summary>New runs start only while a maintenance window is open, and only where another schedule lets them too.</summary>
/// <param name="window">The windows.</param>
/// <param name="zone">Whose clock their times are on.</param>
/// <param name="days">What else must be met, such as a date constraint.</param>
public sealed class WindowSchedule(MaintenanceWindow window, TimeZoneInfo zone, ISchedule days) : ISchedule
{
    /// <inheritdoc/>
    public Admission Admit(DateTimeOffset now)
    {
        if (days.Admit(now) is not Admission.Open day) return days.Admit(now);
        if (window.Closes(now, zone) is { } closes)
            return new Admission.Open(closes < (day.Until ?? DateTimeOffset.MaxValue) ? closes : day.Until);

        // The first opening that falls on a day that is allowed too; a year has at most so many.
        DateTimeOffset opens = window.Opens(now, zone);
        for (int tries = 0; tries < 366 && days.Admit(opens) is not Admission.Open; tries++) opens = window.Opens(opens, zone);
        DateTimeOffset there = TimeZoneInfo.ConvertTime(opens, zone);
        string local = zone.Id is "UTC" or "Etc/UTC" ? "" : string.Create(CultureInfo.InvariantCulture, $" ({there:ddd HH:mm} {zone.Id})");
        return new Admission.Closed(string.Create(CultureInfo.InvariantCulture, $"the maintenance window is closed; it opens at {opens.UtcDateTime:yyyy-MM-dd'T'HH:mm'Z'}{local}"));
    }
}
