using System.Text;

namespace DlmUpdater.Host;

/// <summary>Tells systemd how the service is doing (the sd_notify protocol). Never blocks, never fails: a service manager that does
/// not listen is no reason to stop an update.</summary>
internal sealed unsafe class SystemdNotify : IDisposable
{
    private const int MaximalPath = 107;

    private readonly byte[] address;
    private readonly int addressLength;
    private int fd = -1;
    private bool closed;

    private SystemdNotify(byte[] address, int addressLength)
    {
        this.address = address;
        this.addressLength = addressLength;
    }

    /// <summary>A notifier for <paramref name="socket"/> (the value of NOTIFY_SOCKET): an absolute path, or <c>@name</c> for an
    /// abstract socket. Null if it is unset or of another kind; opens nothing yet.</summary>
    internal static SystemdNotify? To(string? socket)
    {
        if (string.IsNullOrEmpty(socket) || socket[0] is not ('/' or '@')) return null;
        byte[] name = Encoding.UTF8.GetBytes(socket);
        if (name.Length < 2 || name.Length > MaximalPath) return null;
        if (name[0] == '@') name[0] = 0;

        // struct sockaddr_un. An abstract name ends where the length says, a path at its zero byte.
        byte[] address = new byte[2 + MaximalPath + 1];
        BitConverter.TryWriteBytes(address, (ushort)Native.AF_UNIX);
        name.CopyTo(address, 2);
        return new SystemdNotify(address, 2 + name.Length + (name[0] == 0 ? 0 : 1));
    }

    /// <summary>The service is up. Ignored for a oneshot service.</summary>
    internal void Ready(string status) => Send("READY=1\nSTATUS=" + OneLine(status));

    /// <summary>What <c>systemctl status</c> shows.</summary>
    internal void Status(string status) => Send("STATUS=" + OneLine(status));

    /// <summary>The service is about to end.</summary>
    internal void Stopping(string status) => Send("STOPPING=1\nSTATUS=" + OneLine(status));

    /// <summary>Closes the socket.</summary>
    public void Dispose()
    {
        if (fd >= 0) _ = Native.Files.close(fd);
        fd = -1;
        closed = true;
    }

    /// <summary>A newline would begin another assignment, such as <c>MAINPID=</c>.</summary>
    private static string OneLine(string text)
    {
        const int longest = 1000;
        if (text.Length > longest) text = text[..longest];
        return text.AsSpan().IndexOfAny('\n', '\r', '\0') < 0 ? text : text.Replace('\n', ' ').Replace('\r', ' ').Replace('\0', ' ');
    }

    private void Send(string message)
    {
        if (closed) return;
        if (fd < 0)
        {
            fd = Native.NotifySocket(Native.AF_UNIX, Native.SOCK_DGRAM | Native.SOCK_CLOEXEC, 0);
            if (fd < 0)
            {
                closed = true;
                return;
            }
        }

        byte[] bytes = Encoding.UTF8.GetBytes(message);
        fixed (byte* text = bytes, to = address)
            _ = Native.NotifySend(fd, text, (nuint)bytes.Length, Native.MSG_DONTWAIT | Native.MSG_NOSIGNAL, to, (uint)addressLength);
    }
}
