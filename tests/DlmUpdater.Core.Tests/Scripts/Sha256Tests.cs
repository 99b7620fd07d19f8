using System.Security.Cryptography;
using System.Text;
using CsCheck;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Tests.Scripts;

public class Sha256Tests
{
    // NIST, FIPS 180-4 examples and the CAVP short messages.
    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    [InlineData("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1")]
    public void Nist_vectors_hold(string message, string hash) => Assert.Equal(hash, Sha256.Hex(Encoding.ASCII.GetBytes(message)));

    [Fact]
    public void A_million_letters_hold()
    {
        var hash = new Sha256();
        byte[] part = Encoding.ASCII.GetBytes(new string('a', 1000));
        for (int i = 0; i < 1000; i++)
            hash.Append(part);

        Assert.Equal("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", hash.FinishHex());
    }

    [Fact]
    public void Every_length_around_a_block_agrees_with_the_base_library_however_it_is_cut()
    {
        byte[] bytes = Enumerable.Range(0, 300).Select(i => (byte)(i * 7)).ToArray();
        for (int length = 0; length <= bytes.Length; length++)
        {
            var hash = new Sha256();
            for (int at = 0, step = 1; at < length; at += step, step = (step * 5 % 67) + 1)
                hash.Append(bytes.AsSpan(at, Math.Min(step, length - at)));

            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(0, length))), hash.FinishHex());
        }
    }
}
