using System.Text;
using CsCheck;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Tests.Scripts;

public class ScriptOrderTests
{
    [Theory]
    [InlineData(".hidden")]
    [InlineData("README")]
    [InlineData("README.md")]
    [InlineData("10-a~")]
    [InlineData("a.bak")]
    [InlineData("a.swp")]
    [InlineData("a.orig")]
    [InlineData("a.rej")]
    [InlineData("a.rpmsave")]
    [InlineData("a.rpmnew")]
    [InlineData("a.rpmorig")]
    [InlineData("a.dpkg-dist")]
    [InlineData("a.ucf-old")]
    [InlineData("a.pyc")]
    [InlineData("a.pyo")]
    [InlineData("10-x.disabled")]
    [InlineData("10-x.off")]
    [InlineData("10-x.old")]
    [InlineData("10-x.save")]
    [InlineData("10-x.cfsaved")]
    [InlineData("10-x,v")]
    [InlineData("#10-x#")]
    [InlineData("10-x.sh.dpkg-bak")]
    public void Left_overs_are_skipped_with_a_reason(string name) =>
        Assert.False(string.IsNullOrEmpty(ScriptOrder.SkipReason(name)));

    [Theory]
    [InlineData("10-a")]
    [InlineData("a.sh")]
    [InlineData("a.py")]
    [InlineData("readme")]
    [InlineData("10-README")]
    [InlineData("a b")]
    [InlineData("bak")]
    [InlineData("dpkg-configure")]
    [InlineData("a.BAK")]
    [InlineData("10-x.sample")]
    [InlineData("10-x.txt")]
    [InlineData("10-x.disabled.sh")]
    [InlineData("10-turn-off")]
    [InlineData("#10-x")]
    [InlineData("#")]
    [InlineData("v")]
    [InlineData("")]
    public void Everything_else_is_a_script(string name) => Assert.Null(ScriptOrder.SkipReason(name));

    [Fact]
    public void The_order_is_that_of_the_bytes()
    {
        string[] names = ["b", "a", "B", "10", "9", "é", "z", "\U0001F600", "\uFF5E", "a-b", "a"];

        Array.Sort(names, ScriptOrder.Compare);

        Assert.Equal(["10", "9", "B", "a", "a", "a-b", "b", "z", "é", "\uFF5E", "\U0001F600"], names);
    }

    [Fact]
    public void The_order_is_that_of_the_bytes_for_any_two_names()
    {
        Gen<string> name = Gen.Int[0, 3].SelectMany(n => Gen.OneOf(
            Gen.Int[1, 0x7F], Gen.Int[0x80, 0xD7FF], Gen.Int[0xE000, 0xFFFF], Gen.Int[0x10000, 0x10FFFF]).Array[n])
            .Select(runes => string.Concat(runes.Select(char.ConvertFromUtf32)));

        Gen.Select(name, name).Sample((a, b) =>
            Math.Sign(ScriptOrder.Compare(a, b)) ==
            Math.Sign(Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b))));
    }
}
