using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DlmUpdater.Locks.Http;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Locks.Http;

public sealed class HttpListenTests : IDisposable
{
    private const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly FakeTimeProvider time = new();
    private readonly HttpTransport http;

    public HttpListenTests()
    {
        listener.Start();
        http = new HttpTransport(new HttpTarget($"http://127.0.0.1:{Port}", null, new TlsFiles(null, null, "etcd")), time);
    }

    private int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public void Dispose()
    {
        http.Dispose();
        listener.Dispose();
    }

    [Fact]
    public async Task Pieces_are_handed_on_as_they_come_however_long_they_take()
    {
        (Task<HttpReply> listening, Heard heard, Socket server) = await Listening();
        await Say(server, Chunked + "3\r\none\r\n");
        await heard.Wait("one");
        // Far beyond the time of a call.
        time.Advance(TimeSpan.FromHours(3));
        await Say(server, "3\r\ntwo\r\n");
        await heard.Wait("onetwo");
        Assert.False(listening.IsCompleted);
        await Say(server, "0\r\nGrpc-Trailer-Content-Type: application/grpc\r\n\r\n");
        var end = Assert.IsType<HttpReply.Answer>(await listening.WaitAsync(Patience));
        Assert.Equal((200, 0, null), (end.Status, end.Body.Length, end.BodyProblem));
        Assert.Equal(0, await server.ReceiveAsync(new byte[1]));
        server.Dispose();
    }

    [Fact]
    public async Task Enough_is_enough_and_the_connection_is_closed()
    {
        (Task<HttpReply> listening, Heard heard, Socket server) = await Listening(until: "stop");
        await Say(server, Chunked + "2\r\ngo\r\n4\r\nstop\r\n2\r\nno\r\n");
        Assert.Null(Assert.IsType<HttpReply.Answer>(await listening.WaitAsync(Patience)).BodyProblem);
        Assert.Equal("gostop", heard.Text);
        Assert.Equal(0, await server.ReceiveAsync(new byte[1]).WaitAsync(Patience));
        server.Dispose();
    }

    [Fact]
    public async Task A_stream_that_is_cut_off_says_so()
    {
        (Task<HttpReply> listening, Heard heard, Socket server) = await Listening();
        await Say(server, Chunked + "3\r\none\r\n");
        await heard.Wait("one");
        server.Dispose();
        Assert.Equal("was cut off", Assert.IsType<HttpReply.Answer>(await listening.WaitAsync(Patience)).BodyProblem);
    }

    [Fact]
    public async Task The_head_must_come_in_the_time_of_a_call()
    {
        (Task<HttpReply> listening, _, Socket server) = await Listening();
        time.Advance(http.CallTimeout - TimeSpan.FromSeconds(1));
        await Task.Delay(30);
        Assert.False(listening.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        var none = Assert.IsType<HttpReply.NoAnswer>(await listening.WaitAsync(Patience));
        Assert.True(none.MayHaveHappened);
        Assert.Contains("30 s", none.Why);
        server.Dispose();
    }

    [Fact]
    public async Task Another_answer_than_2xx_is_read_whole_and_not_handed_on()
    {
        (Task<HttpReply> listening, Heard heard, Socket server) = await Listening();
        await Say(server, "HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nwhat");
        var answer = Assert.IsType<HttpReply.Answer>(await listening.WaitAsync(Patience));
        Assert.Equal((401, "what", ""), (answer.Status, Encoding.ASCII.GetString(answer.Body.Span), heard.Text));
        server.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancelling_ends_it_at_once_before_and_after_the_head(bool hasHead)
    {
        using var cancel = new CancellationTokenSource();
        (Task<HttpReply> listening, Heard heard, Socket server) = await Listening(cancel: cancel.Token);
        if (hasHead)
        {
            await Say(server, Chunked + "3\r\none\r\n");
            await heard.Wait("one");
        }

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listening.WaitAsync(Patience));
        server.Dispose();
    }

    [Fact]
    public async Task It_has_a_connection_of_its_own_and_the_kept_one_goes_on()
    {
        Task<HttpReply> first = http.Send(new HttpAsk("GET", "/a"), default).AsTask();
        using Socket kept = await listener.AcceptSocketAsync();
        await Read(kept);
        await Say(kept, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await first.WaitAsync(Patience);

        (Task<HttpReply> listening, _, Socket server) = await Listening();
        await Say(server, Chunked + "0\r\n\r\n");
        await listening.WaitAsync(Patience);
        Task<HttpReply> second = http.Send(new HttpAsk("GET", "/b"), default).AsTask();
        Assert.StartsWith("GET /b", await Read(kept).WaitAsync(Patience));
        await Say(kept, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await second.WaitAsync(Patience);
        server.Dispose();
    }

    [Fact]
    public async Task The_kernel_keeps_asking_whether_the_peer_is_alive()
    {
        using var cancel = new CancellationTokenSource();
        (Task<HttpReply> listening, Heard heard, Socket server) = await Listening(cancel: cancel.Token);
        await Say(server, Chunked + "3\r\none\r\n");
        await heard.Wait("one");
        string local = $"0100007F:{((IPEndPoint)server.RemoteEndPoint!).Port:X4}", remote = $"0100007F:{Port:X4}";
        string line = File.ReadLines("/proc/net/tcp").Single(l => l.Contains(local + " " + remote, StringComparison.Ordinal));
        string[] timer = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[5].Split(':');
        // 02 is the keepalive timer; its time stands in hundredths of a second.
        Assert.Equal("02", timer[0]);
        Assert.InRange(int.Parse(timer[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture), 1, 3100);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listening);
        server.Dispose();
    }

    [Fact]
    public async Task Where_nobody_is_nothing_was_asked()
    {
        listener.Stop();
        var none = Assert.IsType<HttpReply.NoAnswer>(await http.Listen(new HttpAsk("GET", "/"), _ => true, default).AsTask().WaitAsync(Patience));
        Assert.False(none.MayHaveHappened);
    }

    private static Task<int> Say(Socket socket, string text) => socket.SendAsync(Encoding.ASCII.GetBytes(text));

    private static async Task<string> Read(Socket socket)
    {
        byte[] buffer = new byte[4096];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer));
    }

    private async Task<(Task<HttpReply> Listening, Heard Heard, Socket Server)> Listening(string? until = null, CancellationToken cancel = default)
    {
        var heard = new Heard();
        Task<HttpReply> listening = http.Listen(new HttpAsk("GET", "/watch"), piece =>
        {
            string text = Encoding.ASCII.GetString(piece.Span);
            heard.Text += text;
            return text != until;
        }, cancel).AsTask();
        Socket server = await listener.AcceptSocketAsync(CancellationToken.None);
        Assert.StartsWith("GET /watch HTTP/1.1", await Read(server));
        return (listening, heard, server);
    }

    private sealed class Heard
    {
        public string Text { get; set; } = "";

        public async Task Wait(string text)
        {
            for (int i = 0; i < 2000 && Text != text; i++) await Task.Delay(5);
            Assert.Equal(text, Text);
        }
    }
}
