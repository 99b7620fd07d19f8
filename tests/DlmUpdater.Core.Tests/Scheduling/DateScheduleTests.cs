using DlmUpdater.Core.Scheduling;

namespace DlmUpdater.Core.Tests.Scheduling;

public sealed class DateScheduleTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(1), "test", "test");

    [Fact]
    public void The_day_is_that_of_the_host_not_of_UTC()
    {
        // The second Tuesday of November 2026 is the 10th.
        DateSchedule schedule = Of("2:Tue");
        Assert.IsType<Admission.NotToday>(schedule.Admit(At("2026-11-09T22:59:59Z")));
        Assert.IsType<Admission.Open>(schedule.Admit(At("2026-11-09T23:00:00Z")));
        Assert.IsType<Admission.Open>(schedule.Admit(At("2026-11-10T22:59:59Z")));
        Assert.IsType<Admission.NotToday>(schedule.Admit(At("2026-11-10T23:00:00Z")));
    }

    [Fact]
    public void Waiting_ends_with_the_day()
    {
        var open = Assert.IsType<Admission.Open>(Of("2:Tue").Admit(At("2026-11-10T12:30:00Z")));
        Assert.Equal(At("2026-11-10T23:00:00Z"), open.Until);
    }

    [Fact]
    public void A_closed_day_names_itself_and_the_constraint()
    {
        var not = Assert.IsType<Admission.NotToday>(Of("4:Fri").Admit(At("2026-11-10T12:00:00Z")));
        Assert.Contains("2026-11-10", not.Why);
        Assert.Contains("4:Fri", not.Why);
    }

    private static DateSchedule Of(string text)
    {
        Assert.True(DateConstraint.TryParse(text, out DateConstraint? constraint, out _));
        return new DateSchedule(constraint!, Berlin);
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
