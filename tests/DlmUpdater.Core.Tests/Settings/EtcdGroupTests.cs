using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Tests.Settings;

public sealed class EtcdGroupTests
{
    [Theory]
    [InlineData("prod")]
    [InlineData("prod db")]
    [InlineData(" prod ")]
    [InlineData("prod/db")]
    [InlineData("...")]
    [InlineData("a%2Fb")]
    [InlineData("x?y#z&=+;'\"")]
    [InlineData("ü")]
    [InlineData("😀")]
    [InlineData("")]
    public void Whatever_prints_names_a_group(string name) => Assert.Null(EtcdGroup.Wrong(name));

    [Theory]
    [InlineData(".", "etcd removes it from the key")]
    [InlineData("..", "etcd removes it from the key")]
    [InlineData("a\tb", "the control character U+0009")]
    [InlineData("a\nb", "the control character U+000A")]
    [InlineData("a\u0085", "the control character U+0085")]
    [InlineData("a\ufffdb", "not valid UTF-8")]
    [InlineData("a\ud800b", "not valid UTF-8")]
    public void What_would_not_arrive_as_it_was_meant_is_refused(string name, string why) => Assert.Contains(why, EtcdGroup.Wrong(name), StringComparison.Ordinal);

    [Fact]
    public void A_name_has_a_longest_length() => Assert.NotNull(EtcdGroup.Wrong(new string('x', 1025)));
}
