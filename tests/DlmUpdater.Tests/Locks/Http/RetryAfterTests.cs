using DlmUpdater.Locks.Http;

namespace DlmUpdater.Tests.Locks.Http;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 14, 2, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("7", 7)]
    [InlineData("0086400", 86400)]
    [InlineData("999999999999999999999999", 999_999_999)]
    [InlineData("Sat, 14 Mar 2026 02:00:30 GMT", 30)]
    [InlineData("Saturday, 14-Mar-26 02:00:30 GMT", 30)]
    [InlineData("Sat Mar 14 02:00:30 2026", 30)]
    public void Seconds_and_dates_are_read(string header, int seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Read(503, header));

    [Theory]
    [InlineData("")]
    [InlineData("-5")]
    [InlineData("+5")]
    [InlineData("5.5")]
    [InlineData("5 s")]
    [InlineData("soon")]
    [InlineData("Sat, 14 Mar 2026 01:59:30 GMT")]
    [InlineData("Mon, 14 Mar 2026 02:00:30 GMT")]
    [InlineData("Sat, 99 Mar 2026 02:00:30 GMT")]
    [InlineData("\u0665")]
    public void What_cannot_be_meant_is_no_pause(string header) => Assert.Null(Read(429, header));

    [Theory]
    [InlineData(200)]
    [InlineData(302)]
    [InlineData(500)]
    public void Only_429_and_503_ask_for_a_pause(int status) => Assert.Null(Read(status, "7"));

    [Fact]
    public void A_date_is_one_of_the_clock_of_the_server()
    {
        var head = new HttpHead(503, null, "Sat, 14 Mar 2026 12:00:30 GMT", "Sat, 14 Mar 2026 12:00:00 GMT");
        Assert.Equal(TimeSpan.FromSeconds(30), RetryAfter.Of(head, Now));
        Assert.Equal(TimeSpan.FromSeconds(30), RetryAfter.Of(head with { RetryAfter = "Sat, 14 Mar 2026 02:00:30 GMT", Date = "nonsense" }, Now));
    }

    private static TimeSpan? Read(int status, string header) => RetryAfter.Of(new HttpHead(status, null, header), Now);
}
