using System.Collections.Immutable;
using System.Net.Sockets;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts.Upgrades;

/// <summary>The services of this host: systemd units by <c>systemctl</c>, and scripts that take <c>start</c>, <c>stop</c> and <c>status</c>.</summary>
/// <param name="runner">Runs what is called.</param>
/// <param name="time">The clock.</param>
/// <param name="line">Told of what the calls print.</param>
internal sealed class HostServices(ProcessRunner runner, TimeProvider time, Action<string, string> line) : IServices
{
    /// <summary>How long one look may take: what hangs is not ready.</summary>
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(30), ConnectLimit = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public ValueTask<string?> Set(string service, BandState state, CancellationToken cancel)
    {
        string word = state == BandState.Up ? "start" : "stop";
        string? said = null;
        ScriptResult result = Call(IsScript(service) ? [service, word] : ["systemctl", word, service], null, text => line(service, said = text), cancel);
        return new(result.Succeeded ? null : result.Describe() + (said is null ? "" : ": " + said));
    }

    /// <inheritdoc/>
    public ValueTask<string?> Look(string service, BandState state, CancellationToken cancel)
    {
        if (IsScript(service))
        {
            ScriptResult status = Call([service, "status"], LookLimit, null, cancel);
            return new(status switch
            {
                { Succeeded: true } when state == BandState.Up => null,
                { Succeeded: true } => "its status is 0: it runs",
                ScriptResult.Exited when state == BandState.Down => null,
                _ => $"its status: {status.Describe()}",
            });
        }

        string said = "";
        ScriptResult result = Call(["systemctl", "is-active", service], LookLimit, text => said = text, cancel);
        if (result is not ScriptResult.Exited)
            return new($"systemctl is-active: {result.Describe()}");

        // "failed" is down: what crashed on its way down is down. "activating" and "deactivating" are neither.
        bool isThere = state == BandState.Up ? said == "active" : said is "inactive" or "failed" or "unknown";
        return new(isThere ? null : $"it is {(said.Length == 0 ? "not known to systemd" : said)}");
    }

    /// <inheritdoc/>
    public async ValueTask<string?> Prove(Proof proof, CancellationToken cancel) => proof switch
    {
        Proof.Tcp tcp => await Connect(AddressFamily.Unspecified, (socket, stop) => socket.ConnectAsync(tcp.Host, tcp.Port, stop), cancel),
        Proof.Unix unix => await Connect(AddressFamily.Unix, (socket, stop) => socket.ConnectAsync(new UnixDomainSocketEndPoint(unix.Path), stop), cancel),
        Proof.Unit unit => await Look(unit.Name, BandState.Up, cancel),
        Proof.Command command => Answer(command.Words, cancel),
        _ => throw new InvalidOperationException("no rule for this proof"),
    };

    private static bool IsScript(string service) => service.StartsWith('/');

    private string? Answer(ImmutableArray<string> words, CancellationToken cancel)
    {
        string? said = null;
        ScriptResult result = Call(words, LookLimit, text => said = text, cancel);
        return result.Succeeded ? null : result.Describe() + (said is null ? "" : ": " + said);
    }

    private async ValueTask<string?> Connect(AddressFamily family, Func<Socket, CancellationToken, ValueTask> connect, CancellationToken cancel)
    {
        using Socket socket = family == AddressFamily.Unix ? new(family, SocketType.Stream, ProtocolType.Unspecified) : new(SocketType.Stream, ProtocolType.Tcp);
        using var limit = new CancellationTokenSource(ConnectLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            await connect(socket, both.Token);
            return null;
        }
        catch (SocketException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"no answer within {ConnectLimit.TotalSeconds:0} s";
        }
    }

    private ScriptResult Call(IReadOnlyList<string> words, TimeSpan? limit, Action<string>? said, CancellationToken cancel)
    {
        if (new ProgramTrust(Native.geteuid()).Find(words, out string why) is not { } path)
            return new ScriptResult.NotStarted(why);
        ScriptResult result = runner.Run(
            new ProcessRequest { Path = path, Arguments = words, Environment = ScriptEnvironment.Plain(UserAccount.Own()), Limit = limit, InterruptGrace = LookLimit },
            new RunnerEvents { Line = said ?? (static _ => { }) }, cancel);
        cancel.ThrowIfCancellationRequested();
        return result;
    }
}
