using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using DlmUpdater.Host;
using DlmUpdater.Tests.Logging;

namespace DlmUpdater.Tests.Host;

public sealed class SystemdNotifyTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    internal static Socket Listen(string name)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 2000 };
        socket.Bind(new UnixDomainSocketEndPoint(name[0] == '@' ? "\0" + name[1..] : name));
        return socket;
    }

    internal static string Receive(Socket socket)
    {
        byte[] buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_said_arrives(bool isAbstract)
    {
        string name = isAbstract ? "@dlm-updater-" + Guid.NewGuid() : scratch.File("notify");
        using Socket socket = Listen(name);
        using SystemdNotify notify = SystemdNotify.To(name)!;
        notify.Ready("update");
        notify.Status("update: 20-äpt, 2 of 5");
        notify.Stopping("done");
        Assert.Equal("READY=1\nSTATUS=update", Receive(socket));
        Assert.Equal("STATUS=update: 20-äpt, 2 of 5", Receive(socket));
        Assert.Equal("STOPPING=1\nSTATUS=done", Receive(socket));
    }

    [Fact]
    public void The_longest_path_works_and_a_longer_one_is_refused()
    {
        string longest = scratch.File(new string('n', 107 - scratch.Path.Length - 1));
        using Socket socket = Listen(longest);
        using SystemdNotify notify = SystemdNotify.To(longest)!;
        notify.Status("x");
        Assert.Equal("STATUS=x", Receive(socket));
        Assert.Null(SystemdNotify.To(longest + "n"));
    }

    [Fact]
    public void A_text_cannot_carry_another_assignment()
    {
        using Socket socket = Listen(scratch.File("notify"));
        using SystemdNotify notify = SystemdNotify.To(scratch.File("notify"))!;
        notify.Status("a\nMAINPID=1\r\0b");
        Assert.Equal("STATUS=a MAINPID=1  b", Receive(socket));
        notify.Status(new string('x', 100_000));
        Assert.InRange(Receive(socket).Length, 100, 1100);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("relative/path")]
    [InlineData("vsock:2:1234")]
    public void Where_nobody_can_listen_nothing_is_made(string? socket) => Assert.Null(SystemdNotify.To(socket));

    [Fact]
    public void Nobody_listening_is_no_error()
    {
        using SystemdNotify notify = SystemdNotify.To(scratch.File("nobody"))!;
        notify.Status("x");
        notify.Dispose();
        notify.Status("after the end");
    }

    [Fact]
    public async Task A_listener_that_does_not_read_never_blocks()
    {
        using Socket socket = Listen(scratch.File("notify"));
        using SystemdNotify notify = SystemdNotify.To(scratch.File("notify"))!;
        Task all = Task.Run(() =>
        {
            for (int i = 0; i < 5000; i++) notify.Status("x");
        });
        Assert.Same(all, await Task.WhenAny(all, Task.Delay(TimeSpan.FromSeconds(10))));
        Assert.Equal("STATUS=x", Receive(socket));
    }

    [Fact]
    public void A_script_does_not_inherit_the_socket()
    {
        using Socket socket = Listen(scratch.File("notify"));
        using SystemdNotify notify = SystemdNotify.To(scratch.File("notify"))!;
        int before = SocketsOfAChild();
        notify.Status("x");
        Assert.Equal("STATUS=x", Receive(socket));
        Assert.Equal(before, SocketsOfAChild());
    }

    private static int SocketsOfAChild()
    {
        using Process ls = Process.Start(new ProcessStartInfo("ls", ["-l", "/proc/self/fd"]) { RedirectStandardOutput = true })!;
        string seen = ls.StandardOutput.ReadToEnd();
        ls.WaitForExit();
        return seen.Split('\n').Count(l => l.Contains("socket:", StringComparison.Ordinal));
    }
}
