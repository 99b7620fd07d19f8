using DlmUpdater.Core.Scheduling;

namespace DlmUpdater.Core.Tests.Scheduling;

public sealed class MaintenanceWindowTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Theory]
    [InlineData("02:00/3h", "02:00/3h")]
    [InlineData(" sat,SUN  23:30 / 2h ", "Sat 23:30/2h | Sun 23:30/2h")]
    [InlineData("Fri-Mon 00:00/24h|Wed 04:15/90m", "Fri 00:00/1d | Sat 00:00/1d | Sun 00:00/1d | Mon 00:00/1d | Wed 04:15/1h30m")]
    [InlineData("Tue-Tue 12:00/6d", "Tue 12:00/6d")]
    public void Windows_are_read(string text, string expected)
    {
        Assert.True(MaintenanceWindow.TryParse(text, out MaintenanceWindow? window, out string? error), error);
        Assert.Equal(expected, window!.ToString());
    }

    [Theory]
    [InlineData("", "is not a window")]
    [InlineData("Sat 23:30", "is not a window")]
    [InlineData("Sat 23:30/2h |", "'' is not a window")]
    [InlineData("Sat Sun 23:30/2h", "is not a window")]
    [InlineData("Sat 23:30/2h/3h", "is not a window")]
    [InlineData("Sat 24:00/2h", "'24:00' in 'Sat 24:00/2h' is not a time of day")]
    [InlineData("Sat 9:00/2h", "'9:00'")]
    [InlineData("Caturday 09:00/2h", "'Caturday'")]
    [InlineData("Sat- 09:00/2h", "'Sat-'")]
    [InlineData("Mon-Wed-Fri 09:00/2h", "'Mon-Wed-Fri'")]
    [InlineData("Sat 09:00/soon", "the length in 'Sat 09:00/soon'")]
    [InlineData("Sat 09:00/0", "longer than nothing")]
    [InlineData("09:00/24h", "shorter than a day")]
    [InlineData("Sat 09:00/7d", "shorter than a week")]
    public void What_is_no_window_is_said_with_its_place(string text, string expected)
    {
        Assert.False(MaintenanceWindow.TryParse(text, out _, out string? error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-03-07T23:29:59Z", null, "2026-03-07T23:30Z")]
    [InlineData("2026-03-07T23:30:00Z", "2026-03-08T01:30Z", null)]
    [InlineData("2026-03-08T01:29:59Z", "2026-03-08T01:30Z", null)]
    [InlineData("2026-03-08T01:30:00Z", null, "2026-03-08T23:30Z")]
    [InlineData("2026-03-09T12:00:00Z", null, "2026-03-14T23:30Z")]
    public void It_is_open_from_its_first_instant_up_to_its_end_over_midnight(string now, string? closes, string? opens) =>
        Check("Sat,Sun 23:30/2h", TimeZoneInfo.Utc, now, closes, opens);

    [Theory]
    [InlineData("01:00/2h | 03:00/1h | 02:30/3h", "2026-03-07T01:00Z", "2026-03-07T05:30Z")]
    [InlineData("Sat 00:00/3d | Sun 00:00/6d", "2026-03-07T01:00Z", "2026-03-14T00:00Z+1d")]
    public void Windows_that_overlap_or_touch_are_one(string text, string now, string closes)
    {
        if (closes.EndsWith("+1d", StringComparison.Ordinal)) Check(text, TimeZoneInfo.Utc, now, "9999-12-31T23:59:59.9999999Z", null);
        else Check(text, TimeZoneInfo.Utc, now, closes, null);
    }

    [Theory]
    // Spring: 02:00 becomes 03:00 on 2026-03-29. A window at 02:30 opens after the gap, and is as long as ever.
    [InlineData("02:30/1h", "2026-03-29T00:59:59Z", null, "2026-03-29T01:00Z")]
    [InlineData("02:30/1h", "2026-03-29T01:00:00Z", "2026-03-29T02:00Z", null)]
    // One that goes over the gap is open for its elapsed length.
    [InlineData("01:30/2h", "2026-03-29T00:30:00Z", "2026-03-29T02:30Z", null)]
    // Autumn: 03:00 becomes 02:00 on 2026-10-25. 02:30 comes twice and counts the first time.
    [InlineData("02:30/15m", "2026-10-25T00:30:00Z", "2026-10-25T00:45Z", null)]
    [InlineData("02:30/15m", "2026-10-25T01:30:00Z", null, "2026-10-26T01:30Z")]
    [InlineData("02:30/2h", "2026-10-25T02:29:00Z", "2026-10-25T02:30Z", null)]
    public void Clocks_that_are_put_forward_and_back_skip_and_double_nothing(string text, string now, string? closes, string? opens) =>
        Check(text, Berlin, now, closes, opens);

    [Theory]
    [InlineData("UTC")]
    [InlineData("Europe/Berlin")]
    [InlineData("America/New_York")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("Asia/Kathmandu")]
    [InlineData("Pacific/Apia")]
    public void Every_moment_is_open_or_tells_when_it_is_and_both_agree_with_the_clock_on_the_wall(string name)
    {
        TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(name);
        string[] texts = ["Sat,Sun 23:30/2h", "02:10/50m | Wed 01:00/30h", "Mon-Fri 22:00/9h | Sun 02:00/1h", "00:00/1m"];
        foreach (string text in texts)
        {
            Assert.True(MaintenanceWindow.TryParse(text, out MaintenanceWindow? window, out _));
            var dice = new Random(text.Length);
            for (int i = 0; i < 3000; i++)
            {
                DateTimeOffset now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(dice.Next(366 * 1440)).AddSeconds(dice.Next(60));
                if (window!.Closes(now, zone) is { } end)
                {
                    Assert.True(end > now, $"{text} at {now:O}: closes at {end:O}");
                    Assert.NotNull(window.Closes(end.AddSeconds(-1), zone));
                    Assert.Null(window.Closes(end, zone));
                }
                else
                {
                    DateTimeOffset next = window.Opens(now, zone);
                    Assert.InRange(next - now, TimeSpan.FromTicks(1), TimeSpan.FromDays(7.1));
                    Assert.NotNull(window.Closes(next, zone));
                    Assert.Null(window.Closes(next.AddSeconds(-1), zone));
                    // The wall says the time of one of the windows, but where a clock was put forward over it.
                    DateTime wall = TimeZoneInfo.ConvertTime(next, zone).DateTime;
                    bool isGap = zone.GetUtcOffset(next) != zone.GetUtcOffset(next.AddHours(-1.5));
                    Assert.True(isGap || window.Parts.Any(p => p.Start == TimeOnly.FromDateTime(wall) && (p.Day ?? wall.DayOfWeek) == wall.DayOfWeek), $"{text} in {name}: {wall:O}");
                }
            }
        }
    }

    [Fact]
    public void A_window_and_a_date_constraint_must_both_be_met_and_the_earlier_end_counts()
    {
        Assert.True(MaintenanceWindow.TryParse("Tue 22:00/4h", out MaintenanceWindow? window, out _));
        Assert.True(DateConstraint.TryParse("2:Tue", out DateConstraint? second, out _));
        var schedule = new WindowSchedule(window!, TimeZoneInfo.Utc, new DateSchedule(second!, TimeZoneInfo.Utc));
        Assert.Equal(new Admission.Open(At("2026-03-11T00:00Z")), schedule.Admit(At("2026-03-10T22:30Z")));
        Assert.IsType<Admission.NotToday>(schedule.Admit(At("2026-03-11T00:30Z")));
        Assert.IsType<Admission.NotToday>(schedule.Admit(At("2026-03-17T22:30Z")));
        Assert.Equal(new Admission.Closed("the maintenance window is closed; it opens at 2026-03-10T22:00Z"), schedule.Admit(At("2026-03-10T12:00Z")));
    }

    [Fact]
    public void The_opening_that_is_said_falls_on_a_day_that_is_allowed()
    {
        Assert.True(MaintenanceWindow.TryParse("22:00/1h", out MaintenanceWindow? window, out _));
        Assert.True(DateConstraint.TryParse("2:Tue", out DateConstraint? second, out _));
        var schedule = new WindowSchedule(window!, TimeZoneInfo.Utc, new DateSchedule(second!, TimeZoneInfo.Utc));
        Assert.Equal(new Admission.Closed("the maintenance window is closed; it opens at 2026-04-14T22:00Z"), schedule.Admit(At("2026-03-10T23:30Z")));
    }

    [Theory]
    [InlineData("5:Sun", "2026-03-28T23:30Z", "2026-03-29T22:00Z")]
    [InlineData("4:Sun", "2026-10-24T22:30Z", "2026-10-25T23:00Z")]
    public void An_allowed_day_ends_at_its_midnight_also_when_the_clock_is_changed_on_it(string days, string now, string until)
    {
        Assert.True(DateConstraint.TryParse(days, out DateConstraint? constraint, out _));
        Assert.Equal(new Admission.Open(At(until)), new DateSchedule(constraint!, Berlin).Admit(At(now)));
    }

    [Fact]
    public void A_closed_window_says_its_next_opening_in_both_times()
    {
        Assert.True(MaintenanceWindow.TryParse("Sat 23:30/2h", out MaintenanceWindow? window, out _));
        Assert.Equal(
            new Admission.Closed("the maintenance window is closed; it opens at 2026-03-14T22:30Z (Sat 23:30 Europe/Berlin)"),
            new WindowSchedule(window!, Berlin, AlwaysOpen.Instance).Admit(At("2026-03-09T12:00Z")));
    }

    private static void Check(string text, TimeZoneInfo zone, string now, string? closes, string? opens)
    {
        Assert.True(MaintenanceWindow.TryParse(text, out MaintenanceWindow? window, out string? error), error);
        Assert.Equal(closes is null ? null : At(closes), window!.Closes(At(now), zone));
        if (opens is not null) Assert.Equal(At(opens), window.Opens(At(now), zone));
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
