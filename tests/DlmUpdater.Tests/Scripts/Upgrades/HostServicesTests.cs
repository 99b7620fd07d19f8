using System.Net;
using System.Net.Sockets;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Scripts;
using DlmUpdater.Scripts.Upgrades;

namespace DlmUpdater.Tests.Scripts.Upgrades;

public sealed class HostServicesTests : IDisposable
{
    private readonly TrustedDirectory _directory = new();
    private readonly List<string> _said = [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_TCP_port_is_proved_by_a_connection()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Null(await Prove(new Proof.Tcp(null, "127.0.0.1", port)));
        Assert.Null(await Prove(new Proof.Tcp(null, "localhost", port)));
        listener.Stop();
        Assert.Equal("Connection refused", await Prove(new Proof.Tcp(null, "127.0.0.1", port)));
    }

    [Fact]
    public async Task A_Unix_socket_is_proved_by_a_connection_and_a_left_over_file_is_none()
    {
        string path = _directory.Root + "/s.sock";
        Assert.NotNull(await Prove(new Proof.Unix(null, path)));
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            socket.Listen();
            Assert.Null(await Prove(new Proof.Unix(null, path)));
        }

        File.WriteAllText(path, "");
        Assert.Equal("Connection refused", await Prove(new Proof.Unix(null, path)));
    }

    [Fact]
    public async Task A_command_is_proved_by_exit_code_0_and_its_last_line_says_why_not()
    {
        Assert.Null(await Prove(new Proof.Command(null, ["true"])));
        Assert.Equal("exit code 3: not yet", await Prove(new Proof.Command(null, ["/bin/sh", "-c", "echo well; echo not yet; exit 3"])));
        Assert.Contains("is not in PATH", await Prove(new Proof.Command(null, ["no-such-command-anywhere"])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_takes_start_stop_and_status()
    {
        string up = _directory.Root + "/up", service = _directory.Shell("service", $"case $1 in start) touch {up}; echo started;; stop) rm {up} || exit 5;; status) [ -e {up} ];; esac");
        HostServices services = Services();
        Assert.NotNull(await services.Look(service, BandState.Up, default));
        Assert.Null(await services.Look(service, BandState.Down, default));
        Assert.Null(await services.Set(service, BandState.Up, default));
        Assert.Equal([service + " started"], _said);
        Assert.Null(await services.Look(service, BandState.Up, default));
        Assert.Equal("its status is 0: it runs", await services.Look(service, BandState.Down, default));
        Assert.Null(await services.Set(service, BandState.Down, default));
        Assert.StartsWith("exit code 5", await services.Set(service, BandState.Down, default), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_that_cannot_be_run_is_neither_up_nor_down()
    {
        string gone = _directory.Root + "/gone";
        Assert.NotNull(await Services().Look(gone, BandState.Up, default));
        Assert.NotNull(await Services().Look(gone, BandState.Down, default));
    }

    [Fact]
    public async Task A_cancelled_call_throws()
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Services().Prove(new Proof.Command(null, ["true"]), stop.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Services().Prove(new Proof.Tcp(null, "127.0.0.1", 1), stop.Token));
    }

    private HostServices Services() => new(new ProcessRunner(TimeProvider.System, new RunnerLimits()), TimeProvider.System, (service, line) => _said.Add($"{service} {line}"));

    private async Task<string?> Prove(Proof proof) => await Services().Prove(proof, default);
}
