using System.Buffers;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.FleetLock;

/// <summary>The two ways to one FleetLock server, which differ in their patience.</summary>
/// <param name="Acquire">For pre-reboot, which a server may keep open until a slot is free.</param>
/// <param name="Release">For steady-state.</param>
internal sealed record FleetLockWays(IHttpTransport Acquire, IHttpTransport Release);

/// <summary>A group at a FleetLock server. Both of its questions are idempotent and nothing else can be asked: a grant is confirmed by
/// asking for it again, and nobody can tell who holds a slot.</summary>
/// <param name="ways">The ways to the server.</param>
/// <param name="identity">Which group, and as whom.</param>
/// <param name="time">The clock.</param>
internal sealed class FleetLockService(FleetLockWays ways, LockIdentity identity, TimeProvider time)
    : ILockService, ILockUnlock, ILockProbe, IDisposable
{
    /// <summary>How often one call asks when other hosts' requests get in between.</summary>
    private const int Tries = 3;

    private static readonly (string, string)[] Headers = [("fleet-lock-protocol", "true")];

    /// <inheritdoc/>
    public LockIdentity Identity => identity;

    /// <inheritdoc/>
    public ValueTask<AcquireReply> Acquire(CancellationToken cancel) => ServiceEdge.Acquire(ways.Acquire, () => Take(cancel));

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Release(CancellationToken cancel) => ServiceEdge.Release(ways.Release, () => Free(identity.Holder, cancel));

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Unlock(string holder, CancellationToken cancel) => Free(holder, cancel);

    /// <inheritdoc/>
    public ValueTask<ShowReply> Show(CancellationToken cancel) => new(new ShowReply.CannotTell());

    /// <summary>A request without the header of the protocol is refused by every server before it looks at anything else: so it changes
    /// nothing, and the
    /// refusal proves that a FleetLock server is there. All else that the protocol has takes or frees a slot.</summary>
    public async ValueTask<IReadOnlyList<ProbeAnswer>> Probe(CancellationToken cancel)
    {
        HttpReply reply = await ways.Acquire.Send(new HttpAsk("POST", "/v1/steady-state") { Body = "{}"u8.ToArray(), IsIdempotent = true }, cancel);
        return
        [
            Server(reply),
            new ProbeAnswer.NotKnown($"group '{identity.Name}'", $"FleetLock has no question for whether {ways.Acquire.Server} knows the group, nor for who holds a slot: "
                + "'dlm-updater lock acquire', then 'dlm-updater lock release' prove it"),
        ];
    }

    /// <inheritdoc/>
    public async ValueTask WaitForChange(string? revision, TimeSpan atMost, CancellationToken cancel)
    {
        // FleetLock tells nobody of a free slot but who has asked for it.
        if (atMost > TimeSpan.Zero) await Task.Delay(atMost, time, cancel);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        (ways.Acquire as IDisposable)?.Dispose();
        (ways.Release as IDisposable)?.Dispose();
    }

    /// <summary>The body of both questions.</summary>
    internal static ReadOnlyMemory<byte> Body(string id, string group)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartObject("client_params");
            json.WriteString("id", id);
            json.WriteString("group", group);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.WrittenMemory;
    }

    private async ValueTask<AcquireReply> Take(CancellationToken cancel)
    {
        switch (await Ask(ways.Acquire, "/v1/pre-reboot", identity.Holder, cancel))
        {
            case FleetLockAnswer.Yes: break;
            case FleetLockAnswer.Held held: return Busy(held);
            case FleetLockAnswer.Collided no: return new AcquireReply.Unreachable(no.Why, true);
            case FleetLockAnswer.No no: return new AcquireReply.Refused(no.Why);
            case FleetLockAnswer.Away away: return new AcquireReply.Unreachable(away.Why, away.MayHaveHappened);
        }

        return await Ask(ways.Acquire, "/v1/pre-reboot", identity.Holder, cancel) switch
        {
            FleetLockAnswer.Yes => new AcquireReply.Granted(null),
            FleetLockAnswer.Held held => Busy(held),
            // The lock may be ours by now, so this is no refusal that could be walked away from.
            FleetLockAnswer.Collided no => new AcquireReply.Unreachable(no.Why, true),
            FleetLockAnswer.No no => new AcquireReply.Unreachable(no.Why, true),
            FleetLockAnswer.Away away => new AcquireReply.Unreachable(away.Why, true),
            _ => throw new InvalidOperationException("unknown answer"),
        };
    }

    private async ValueTask<FleetLockAnswer> Ask(IHttpTransport http, string path, string id, CancellationToken cancel)
    {
        for (int attempt = 1; ; attempt++)
        {
            var ask = new HttpAsk("POST", path) { Body = Body(id, identity.Name), Headers = Headers, IsIdempotent = true };
            FleetLockAnswer answer = FleetLockAnswer.Read(await http.Send(ask, cancel), http.Server, identity.Name);
            if (answer is not FleetLockAnswer.Collided || attempt == Tries) return answer;
        }
    }

    private ProbeAnswer Server(HttpReply reply)
    {
        string what = $"server {ways.Acquire.Server}";
        if (reply is HttpReply.Answer { Status: 400 }) return new ProbeAnswer.Good(what, "answers as a FleetLock server does");
        return FleetLockAnswer.Read(reply, ways.Acquire.Server, identity.Name) switch
        {
            FleetLockAnswer.No no => new ProbeAnswer.Bad(what, no.Why),
            FleetLockAnswer.Away away => new ProbeAnswer.Bad(what, away.Why),
            _ => new ProbeAnswer.Bad(what, "it accepted a request that no FleetLock server accepts (without the header fleet-lock-protocol): check [fleetlock] url and "
                + "the proxies on the way"),
        };
    }

    private async ValueTask<ReleaseReply> Free(string id, CancellationToken cancel)
        => await Ask(ways.Release, "/v1/steady-state", id, cancel) switch
        {
            // Whether it was held before, no server tells.
            FleetLockAnswer.Yes => new ReleaseReply.Released(WasHeld: false),
            FleetLockAnswer.Held { Holder: { } other } when other == id => new ReleaseReply.Unreachable(
                $"{ways.Release.Server} refused to release the lock of the group {identity.Name}, which it says is held by this very id: "
                    + "look into its log"),
            FleetLockAnswer.Held held => new ReleaseReply.HeldByOther(Holder(held) ?? new LockHolder("another host", null, null, false)),
            FleetLockAnswer.Collided no => new ReleaseReply.Unreachable(no.Why),
            FleetLockAnswer.No no => new ReleaseReply.Refused(no.Why),
            FleetLockAnswer.Away away => new ReleaseReply.Unreachable(away.Why),
            _ => throw new InvalidOperationException("unknown answer"),
        };

    private AcquireReply.Busy Busy(FleetLockAnswer.Held held) => new(Holder(held) is { } holder ? [holder] : [], null);

    private LockHolder? Holder(FleetLockAnswer.Held held) =>
        held.Holder is { } id ? new LockHolder(id, null, null, id == identity.Holder) : null;
}
