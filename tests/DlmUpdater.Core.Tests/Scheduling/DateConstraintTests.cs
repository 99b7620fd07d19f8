using DlmUpdater.Core.Scheduling;

namespace DlmUpdater.Core.Tests.Scheduling;

public class DateConstraintTests
{
    private static DateConstraint Read(string text)
    {
        Assert.True(DateConstraint.TryParse(text, out DateConstraint? constraint, out string? error), error);
        return constraint!;
    }

    [Theory]
    [InlineData("2:Tue,4:Fri", "2:Tue,4:Fri")]
    [InlineData(" 2 : TUE , 4:fri ", "2:Tue,4:Fri")]
    [InlineData("5:sun", "5:Sun")]
    public void It_is_read_in_any_case(string text, string same) => Assert.Equal(same, Read(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("Tue")]
    [InlineData("0:Tue")]
    [InlineData("6:Tue")]
    [InlineData("22:Tue")]
    [InlineData("2:Tuesday")]
    [InlineData("2:Die")]
    [InlineData("2:")]
    [InlineData(":Tue")]
    [InlineData("2:Tue,")]
    [InlineData("2:Tue;4:Fri")]
    [InlineData("-1:Tue")]
    public void It_is_refused_with_an_example(string text)
    {
        Assert.False(DateConstraint.TryParse(text, out DateConstraint? constraint, out string? error));
        Assert.Null(constraint);
        Assert.Contains("2:Tue,4:Fri", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2:Tue", "2026-11-10", true)]
    [InlineData("2:Tue", "2026-11-03", false)]
    [InlineData("2:Tue", "2026-11-17", false)]
    [InlineData("2:Tue", "2026-11-11", false)]
    [InlineData("1:Sun", "2026-11-01", true)]
    [InlineData("1:Sat", "2026-11-07", true)]
    [InlineData("2:Sun", "2026-11-08", true)]
    [InlineData("5:Sun", "2026-11-29", true)]
    [InlineData("5:Sat", "2026-11-28", false)]
    [InlineData("5:Thu", "2024-02-29", true)]
    [InlineData("2:Tue,4:Fri", "2026-11-27", true)]
    public void The_nth_weekday_of_the_month_counts(string text, string date, bool met) =>
        Assert.Equal(met, Read(text).IsMet(DateOnly.Parse(date)));

    [Fact]
    public void Every_day_meets_exactly_one_constraint()
    {
        var all = from n in Enumerable.Range(1, 5) from d in new[] { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" } select Read($"{n}:{d}");
        DateConstraint[] constraints = [.. all];
        for (var date = new DateOnly(2023, 1, 1); date.Year < 2027; date = date.AddDays(1))
            Assert.Single(constraints, c => c.IsMet(date));
    }

    [Fact]
    public void The_same_days_are_equal()
    {
        Assert.Equal(Read("2:Tue,4:Fri"), Read("2:tue, 4:fri"));
        Assert.Equal(Read("2:Tue,4:Fri").GetHashCode(), Read("2:tue, 4:fri").GetHashCode());
        Assert.NotEqual(Read("2:Tue"), Read("3:Tue"));
    }
}
