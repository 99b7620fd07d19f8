using DlmUpdater.Core.Upgrades;

namespace DlmUpdater.Core.Tests.Upgrades;

public sealed class ScriptNumberTests
{
    private static readonly Band Ten = new("ten", 1, 100, BandState.Down);

    [Theory]
    [InlineData("0010_migrate", 10)]
    [InlineData("10-migrate", 10)]
    [InlineData("3000.sh", 3000)]
    [InlineData("9999", 9999)]
    [InlineData("1_a", 1)]
    public void The_number_stands_in_front_loosely(string name, int expected)
    {
        Assert.True(ScriptNumber.TryRead(name, out int number));
        Assert.Equal(expected, number);
    }

    [Theory]
    [InlineData("migrate")]
    [InlineData("10migrate")]
    [InlineData("0000_none")]
    [InlineData("10000_more")]
    [InlineData("_10")]
    [InlineData("")]
    [InlineData("-1_x")]
    public void What_has_none_is_seen(string name) => Assert.False(ScriptNumber.TryRead(name, out _));

    [Theory]
    [InlineData(new int[0], 10)]
    [InlineData(new[] { 10 }, 20)]
    [InlineData(new[] { 10, 25 }, 30)]
    [InlineData(new[] { 10, 100 }, 20)]
    [InlineData(new[] { 500 }, 10)]
    [InlineData(new[] { 10, 20, 30, 40, 50, 60, 70, 80, 90, 100 }, null)]
    public void The_next_one_is_a_multiple_of_ten_behind_the_last(int[] taken, int? next) => Assert.Equal(next, ScriptNumber.Next(taken, Ten));
}
