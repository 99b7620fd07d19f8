using System.Net;
using System.Net.Sockets;
using System.Text;
using DlmUpdater.Host;
using DlmUpdater.Tests.Logging;

namespace DlmUpdater.Tests.Host;

/// <summary>The write end of something real whose reader reads only when it is told to.</summary>
internal sealed unsafe class Unread : IDisposable
{
    private readonly PseudoTerminal? terminal;
    private readonly Socket? near, far;
    private int read = -1;

    private Unread(string kind)
    {
        if (kind == "terminal")
        {
            terminal = new PseudoTerminal(80);
            Fd = terminal.Fd;
        }
        else if (kind == "socket")
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 8192 };
            near.Connect(listener.LocalEndPoint!);
            far = listener.Accept();
            Fd = (int)near.SafeHandle.DangerousGetHandle();
        }
        else
        {
            int* ends = stackalloc int[2];
            Assert.Equal(0, Native.Files.pipe2(ends, Native.O_CLOEXEC));
            (read, Fd) = (ends[0], ends[1]);
            _ = Native.Files.fcntl(read, Native.Files.F_SETFL, Native.O_NONBLOCK);
            if (kind != "blocking pipe") _ = Native.Files.fcntl(Fd, Native.Files.F_SETFL, Native.O_NONBLOCK);
        }
    }

    internal int Fd { get; }

    internal static Unread Open(string kind) => new(kind);

    /// <summary>Stops the terminal's output, as Ctrl-S does.</summary>
    internal void Stop()
    {
        const byte controlS = 0x13;
        terminal!.Type(controlS);

        // The kernel hands a key over some time later.
        var descriptor = new OutputDescriptor(Fd);
        while (descriptor.WaitForRoom(TimeSpan.Zero)) Thread.Sleep(1);
    }

    internal void CloseReader()
    {
        _ = Native.Files.close(read);
        read = -1;
    }

    /// <summary>All that was written and not read yet.</summary>
    internal string Read()
    {
        if (terminal is not null) return terminal.Written();
        if (far is null) return Encoding.UTF8.GetString(Descriptor.ReadAll(read, 1 << 20));
        var text = new StringBuilder();
        byte[] part = new byte[65536];
        const int microseconds = 200_000;
        while (far.Poll(microseconds, SelectMode.SelectRead)) text.Append(Encoding.UTF8.GetString(part, 0, far.Receive(part)));
        return text.ToString();
    }

    public void Dispose()
    {
        terminal?.Dispose();
        near?.Dispose();
        far?.Dispose();
        if (read >= 0) _ = Native.Files.close(read);
        if (near is null && terminal is null) _ = Native.Files.close(Fd);
    }
}
