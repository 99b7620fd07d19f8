using System.Text;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.Http;

public sealed class HttpReaderTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true)]
    [InlineData("HTTP/1.1 200\nContent-Length: 5\n\nhello", 200, "hello", true)]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-LENGTH:5\r\n\r\nhello", 200, "hello", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: Close\r\n\r\nhello", 200, "hello", false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello", false)]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "", true)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204, "", true)]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", true)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;name=\"x\"\r\nlo\r\n0\r\n\r\n", 200, "hello", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 3\r\n\r\n0005\r\nhello\r\n000\r\nTrailer: x\r\nGrpc-Status: 0\r\n\r\n", 200, "hello", true)]
    public void An_answer_is_read_however_it_is_framed_and_however_it_comes_in_pieces(string raw, int status, string body, bool canGoOn)
    {
        foreach (int pieces in (int[])[1, 2, 3, 7, 100_000])
        {
            var reader = new HttpReader(new Drip(Encoding.Latin1.GetBytes(raw), pieces));
            HttpHead head = Assert.IsType<HttpHead>(reader.Head(default).Now());
            Assert.Equal((status, body, canGoOn), (head.Status, Body(reader), reader.CanGoOn));
            Assert.True(reader.Piece(default).Now().IsEmpty);
        }
    }

    [Fact]
    public void Answers_that_follow_each_other_do_not_run_into_each_other()
    {
        const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", Counted = "HTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\nb";
        var reader = new HttpReader(new Drip(Encoding.ASCII.GetBytes(Chunked + Counted + Chunked), 100_000));
        foreach ((int status, string body) in ((int, string)[])[(200, "a"), (201, "b"), (200, "a")])
        {
            Assert.Equal(status, reader.Head(default).Now()!.Status);
            Assert.False(reader.CanGoOn);
            Assert.Equal(body, Body(reader));
            Assert.True(reader.CanGoOn);
        }

        Assert.Null(reader.Head(default).Now());
        Assert.False(reader.CanGoOn);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("HTTP/2 200\r\n\r\n")]
    [InlineData("HTTP/1.1 20\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 +20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n")]
    public void What_breaks_the_rules_is_no_answer(string raw)
    {
        var reader = new HttpReader(new Drip(Encoding.ASCII.GetBytes(raw), 5));
        Assert.Throws<InvalidDataException>(() =>
        {
            reader.Head(default).Now();
            Body(reader);
        });
        Assert.False(reader.CanGoOn);
    }

    [Theory]
    [InlineData("H")]
    [InlineData("HTTP/1.1 200 OK\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")]
    public void What_stops_in_the_middle_is_told_from_what_ends(string raw)
    {
        var reader = new HttpReader(new Drip(Encoding.ASCII.GetBytes(raw), 4));
        Assert.Throws<EndOfStreamException>(() =>
        {
            reader.Head(default).Now();
            Body(reader);
        });
        Assert.False(reader.CanGoOn);
    }

    [Fact]
    public void An_endless_head_is_given_up()
    {
        foreach (string endless in (string[])["X: y\r\n", "x", "X: " + new string('y', 100)])
        {
            string raw = "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat(endless, 200_000));
            var stream = new Drip(Encoding.ASCII.GetBytes(raw), 4096);
            Assert.Throws<InvalidDataException>(() => new HttpReader(stream).Head(default).Now());
            Assert.InRange(stream.Position, 1, 3 * HttpReader.LongestHead);
        }
    }

    [Fact]
    public void No_bytes_crash_it_or_keep_it_for_ever()
    {
        string[] parts =
        [
            "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 C\r\n\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "\r\n", "\n", "5\r\nhello\r\n", "0\r\n\r\n", "hello", "\0", "ÿ",
            "ffffffffffffffff\r\n", "7fffffffffffffff\r\n", ":", " ", "A: b\r\n",
        ];
        for (int seed = 0; seed < 100_000; seed++)
        {
            var dice = new Random(seed);
            var raw = new StringBuilder(dice.Next(4) == 0 ? "" : parts[0]);
            for (int i = dice.Next(12); i > 0; i--) raw.Append(parts[dice.Next(parts.Length)]);
            var reader = new HttpReader(new Drip(Encoding.Latin1.GetBytes(raw.ToString()), dice.Next(1, 20)));
            try
            {
                for (int answers = 0; answers < 20 && reader.Head(default).Now() is not null; answers++) Body(reader);
            }
            catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
            {
                Assert.False(reader.CanGoOn, $"seed {seed}");
            }
        }
    }

    private static string Body(HttpReader reader)
    {
        var body = new StringBuilder();
        while (reader.Piece(default).Now() is { Length: > 0 } piece) body.Append(Encoding.Latin1.GetString(piece.Span));
        return body.ToString();
    }

    /// <summary>A stream that never gives more than so many bytes at once.</summary>
    private sealed class Drip(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(Read(buffer.Span[..Math.Min(most, buffer.Length)]));
    }
}
