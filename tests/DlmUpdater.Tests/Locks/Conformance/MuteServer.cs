using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DlmUpdater.Tests.Locks.Conformance;

/// <summary>How a server is there and does not answer.</summary>
public enum Mute
{
    /// <summary>It takes the request and says nothing.</summary>
    SaysNothing,

    /// <summary>It sends the head of an answer, and not the body.</summary>
    SendsOnlyTheHead,

    /// <summary>It sends an answer byte by byte, and never the last.</summary>
    Trickles,

    /// <summary>Its queue of connections is full: the kernel drops every further one.</summary>
    TakesNoConnection,

    /// <summary>Its name is asked for, and the name servers do not answer.</summary>
    HasNoName,
}

/// <summary>A server on the loopback that never gives a whole answer.</summary>
internal sealed class MuteServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _fillers = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Mute _how;
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal MuteServer(Mute how)
    {
        _how = how;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(how == Mute.TakesNoConnection ? 0 : 16);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        if (how == Mute.TakesNoConnection) Fill();
        else _ = Task.Run(Accept);
    }

    internal int Port { get; }

    /// <summary>True if a request can arrive there at all.</summary>
    internal bool CanBeAsked => _how is not (Mute.TakesNoConnection or Mute.HasNoName);

    /// <summary>Ends when a request has arrived; at once where none can.</summary>
    internal Task Asked => CanBeAsked ? _asked.Task : Task.CompletedTask;

    /// <summary>What the client asks for names: of this server's there is no answer.</summary>
    internal Task<IPAddress[]> Resolve(string name)
    {
        return _how == Mute.HasNoName ? new TaskCompletionSource<IPAddress[]>().Task : Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        foreach (Socket filler in _fillers) filler.Dispose();
    }

    /// <summary>Connects until a connection is not made any more: from then on the kernel answers to none.</summary>
    private void Fill()
    {
        for (int i = 0; i < 64; i++)
        {
            var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _fillers.Add(filler);
            try
            {
                filler.Connect(IPAddress.Loopback, Port);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                if (!filler.Poll(TimeSpan.FromMilliseconds(500), SelectMode.SelectWrite)) return;
            }
        }

        Assert.Fail("the queue of connections does not fill up");
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync(_stop.Token);
                _ = Task.Run(() => Serve(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task Serve(Socket client)
    {
        using Socket closed = client;
        try
        {
            byte[] buffer = new byte[65536];
            if (await client.ReceiveAsync(buffer, _stop.Token) == 0) return;
            if (_how == Mute.SendsOnlyTheHead) await Say(client, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n");
            if (_how == Mute.Trickles) await Say(client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            _asked.TrySetResult();
            while (_how == Mute.Trickles)
            {
                await Say(client, "1\r\n \r\n");
                await Task.Delay(20, _stop.Token);
            }

            while (await client.ReceiveAsync(buffer, _stop.Token) > 0)
            {
                // Whatever it says, there is no answer.
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client went, or the test is over.
        }
    }

    private async Task Say(Socket client, string text) => await client.SendAsync(Encoding.ASCII.GetBytes(text), _stop.Token);
}
