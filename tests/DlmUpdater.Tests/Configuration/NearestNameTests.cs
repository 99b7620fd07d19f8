using DlmUpdater.Configuration;

namespace DlmUpdater.Tests.Configuration;

public class NearestNameTests
{
    [Theory]
    [InlineData("a", "", 1)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("nmae", "name", 1)]
    [InlineData("same", "same", 0)]
    public void Edits_are_counted(string a, string b, int edits) => Assert.Equal(edits, NearestName.Distance(a, b));

    [Theory]
    [InlineData("TIMOUT", "timeout")]
    [InlineData("tmeouts", "timeout")]
    [InlineData("completely_other", null)]
    [InlineData("", null)]
    public void Only_a_slip_is_corrected(string written, string? meant) =>
        Assert.Equal(meant, NearestName.Find(written, ["checks", "timeout", "directory"]));

    [Fact]
    public void A_name_of_a_thousand_letters_is_not_measured() => Assert.Null(NearestName.Find(new string('a', 1000), ["a"]));
}
