namespace DlmUpdater.Core.Scheduling;

/// <summary>New runs start only on the days of a date constraint, which old configurations mean in local time.</summary>
/// <param name="constraint">The days.</param>
/// <param name="zone">The host's zone.</param>
public sealed class DateSchedule(DateConstraint constraint, TimeZoneInfo zone) : ISchedule
{
    /// <inheritdoc/>
    public Admission Admit(DateTimeOffset now)
    {
        DateTime local = TimeZoneInfo.ConvertTime(now, zone).DateTime;
        if (!constraint.IsMet(DateOnly.FromDateTime(local)))
            return new Admission.NotToday($"nothing to do: {local:yyyy-MM-dd} does not meet the date constraint {constraint}");

        // Waiting for the lock ends with the day, so that tomorrow does not run today's decision.
        DateTime midnight = local.Date.AddDays(1);
        // By the offset of midnight, not of now: on the day of a clock change the two differ.
        return new Admission.Open(new DateTimeOffset(midnight, zone.GetUtcOffset(midnight)).ToUniversalTime());
    }
}
