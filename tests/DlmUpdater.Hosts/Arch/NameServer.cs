using System.Net;
using System.Net.Sockets;

namespace DlmUpdater.Hosts.Arch;

/// <summary>A DNS server for one name, on a loopback address of its own: <c>resolv.conf</c> has no place for a port.</summary>
internal sealed class NameServer : IDisposable
{
    private readonly UdpClient socket;
    private readonly string name;
    private int asked;

    internal NameServer(string name)
    {
        this.name = name;
        Address = new IPAddress([127, (byte)Random.Shared.Next(1, 255), (byte)Random.Shared.Next(256), (byte)Random.Shared.Next(1, 255)]);
        socket = new UdpClient(new IPEndPoint(Address, 53));
        _ = Serve();
    }

    internal IPAddress Address { get; }

    /// <summary>How often it was asked for the name.</summary>
    internal int Asked => Volatile.Read(ref asked);

    public void Dispose() => socket.Dispose();

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                UdpReceiveResult question = await socket.ReceiveAsync();
                await socket.SendAsync(Answer(question.Buffer), question.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    /// <summary>RFC 1035: the question again, and for an A question one answer that points back to its name.</summary>
    private byte[] Answer(byte[] question)
    {
        var words = new List<string>();
        int at = 12;
        for (; question[at] != 0; at += question[at] + 1) words.Add(System.Text.Encoding.ASCII.GetString(question, at + 1, question[at]));
        bool isKnown = string.Join('.', words).Equals(name, StringComparison.OrdinalIgnoreCase);
        if (isKnown) Interlocked.Increment(ref asked);
        bool isA = question[at + 2] == 1;
        byte[] head = [question[0], question[1], 0x85, (byte)(isKnown ? 0x80 : 0x83), 0, 1, 0, (byte)(isKnown && isA ? 1 : 0), 0, 0, 0, 0];
        byte[] record = isKnown && isA ? [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1] : [];
        return [.. head, .. question[12..(at + 5)], .. record];
    }
}
