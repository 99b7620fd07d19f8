using DlmUpdater.Core.Upgrades;

namespace DlmUpdater.Core.Tests.Upgrades;

public sealed class BandTests
{
    [Theory]
    [InlineData(1, "down", BandState.Down)]
    [InlineData(2999, "down", BandState.Down)]
    [InlineData(3000, "backends", BandState.Up)]
    [InlineData(5999, "backends", BandState.Up)]
    [InlineData(6000, "all", BandState.Up)]
    [InlineData(9999, "all", BandState.Up)]
    public void The_default_bands_are_those_that_katello_planned(int number, string name, BandState state)
    {
        Band band = Assert.Single(Band.Defaults, b => b.Holds(number));
        Assert.Equal((name, state), (band.Name, band.State));
    }

    [Fact]
    public void The_default_bands_have_no_fault() => Assert.Empty(Band.Faults(Band.Defaults));

    [Fact]
    public void Bands_that_overlap_or_end_before_they_begin_are_named_at_once()
    {
        Assert.Equal(
            ["[band b] (10-30) overlaps [band a] (1-20)", "[band c] ends at 40, before it begins at 50"],
            Band.Faults([new("a", 1, 20, BandState.Down), new("b", 10, 30, BandState.Up), new("c", 50, 40, BandState.Up)]));
    }
}
