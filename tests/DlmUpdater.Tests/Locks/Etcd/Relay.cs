using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>Stands between a client and a server, and can lose replies, hang up, and be away.</summary>
internal sealed class Relay : IDisposable
{
    private readonly int target;
    private readonly List<Socket> open = [];
    private TcpListener? listener;
    private string? loses;

    public Relay(int target)
    {
        this.target = target;
        Up();
    }

    public int Port { get; private set; }

    public string Url => $"http://127.0.0.1:{Port}";

    public int Lost { get; private set; }

    public int Connections { get; private set; }

    /// <summary>The next request with this text in it reaches the server, and its reply gets lost with the connection.</summary>
    public void LoseReplyTo(string text) => loses = text;

    public void Up()
    {
        listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _ = Accept(listener);
    }

    public void Down()
    {
        listener!.Stop();
        HangUp();
    }

    public void HangUp()
    {
        lock (open)
        {
            foreach (Socket socket in open) socket.Dispose();
            open.Clear();
        }
    }

    public void Dispose() => Down();

    private async Task Accept(TcpListener from)
    {
        try
        {
            while (true) _ = Serve(await from.AcceptSocketAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Down.
        }
    }

    private async Task Serve(Socket client)
    {
        Connections++;
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using Socket either = client;
        lock (open)
        {
            open.Add(client);
            open.Add(server);
        }

        try
        {
            await server.ConnectAsync(IPAddress.Loopback, target);
            bool isLost = false;
            Task back = Copy(server, client, _ =>
            {
                if (isLost) client.Dispose();
                return !isLost;
            });
            await Copy(client, server, piece =>
            {
                if (loses is { } text && Encoding.Latin1.GetString(piece).Contains(text, StringComparison.Ordinal))
                {
                    (isLost, loses) = (true, null);
                    Lost++;
                }

                return true;
            });
            server.Shutdown(SocketShutdown.Send);
            await back;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One of the two went.
        }
    }

    private static async Task Copy(Socket from, Socket to, Func<byte[], bool> mayPass)
    {
        byte[] buffer = new byte[65536];
        while (await from.ReceiveAsync(buffer) is > 0 and var length && mayPass(buffer[..length])) await to.SendAsync(buffer.AsMemory(0, length));
        if (from.Connected) to.Shutdown(SocketShutdown.Send);
    }
}
