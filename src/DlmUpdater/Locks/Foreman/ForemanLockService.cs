using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.Foreman;

/// <summary>A lock of Foreman's plugin foreman_dlm. Foreman knows a host by its certificate, and two hosts that ask at the same moment
/// can both be told that they have the lock: so a grant counts only when Foreman, asked afterwards and again after a pause, names this
/// host as the holder.</summary>
/// <param name="http">The way to Foreman.</param>
/// <param name="identity">Which lock, and as whom.</param>
/// <param name="words">For messages.</param>
/// <param name="confirmAfter">How long after the first confirmation a grant is confirmed again, at least; zero = the first decides.</param>
/// <param name="time">The clock.</param>
/// <param name="admin">What goes beyond this host's own lock.</param>
internal sealed class ForemanLockService(
    IHttpTransport http, LockIdentity identity, ForemanWords words, TimeSpan confirmAfter, TimeProvider time, ForemanAdmin admin)
    : ILockService, ILockSwitch, ILockUnlock, ILockEvents, ILockList, ILockProbe, IDisposable
{
    /// <summary>A PUT of another host may overwrite this one's for as long as the server takes between its look and its write. How long
    /// that is shows in how long
    /// its answers take: the pause before the deciding look is this many times the slowest one that was seen.</summary>
    private const int Margin = 4;

    private readonly string _path = $"/api/dlmlocks/{Uri.EscapeDataString(identity.Name)}/lock";

    /// <summary>The slowest answer since the agent started.</summary>
    private TimeSpan _slowest;

    /// <inheritdoc/>
    public LockIdentity Identity => identity;

    /// <inheritdoc/>
    public ValueTask<AcquireReply> Acquire(CancellationToken cancel) => ServiceEdge.Acquire(http, () => Take(cancel));

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Release(CancellationToken cancel) => ServiceEdge.Release(http, () => GiveBack(cancel));

    /// <inheritdoc/>
    public ValueTask<ShowReply> Show(CancellationToken cancel) => ServiceEdge.Show(http, () => See(cancel));

    /// <inheritdoc/>
    public async ValueTask WaitForChange(string? revision, TimeSpan atMost, CancellationToken cancel)
    {
        // Foreman tells nobody of a free lock.
        if (atMost > TimeSpan.Zero) await Task.Delay(atMost, time, cancel);
    }

    /// <inheritdoc/>
    public ValueTask<SwitchReply> Switch(bool enabled, CancellationToken cancel) => admin.Switch(enabled, cancel);

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Unlock(string holder, CancellationToken cancel) => admin.Unlock(holder, cancel);

    /// <inheritdoc/>
    public ValueTask<EventsReply> Events(CancellationToken cancel) => admin.Events(cancel);

    /// <inheritdoc/>
    public ValueTask<ListReply> List(CancellationToken cancel) => admin.List(cancel);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ProbeAnswer>> Probe(CancellationToken cancel) => [await admin.MayAcquire(cancel)];

    /// <inheritdoc/>
    public void Dispose()
    {
        (http as IDisposable)?.Dispose();
        admin.Dispose();
    }

    private async ValueTask<AcquireReply> Take(CancellationToken cancel)
    {
        // Foreman reads such a name as a row's number where it can; asking first keeps us from taking a stranger's lock.
        if (char.IsAsciiDigit(identity.Name[0]) && await Look(cancel) is Sight.Unusable { IsAnotherLock: true } stranger)
            return new AcquireReply.Refused(stranger.Why);

        for (int attempt = 1; ; attempt++)
        {
            switch (ForemanAnswer.Read(await Measured(new HttpAsk("PUT", _path) { Body = ReadOnlyMemory<byte>.Empty }, cancel), words))
            {
                case ForemanAnswer.Done:
                    // Nothing of the body counts: after a race it names both hosts, each to itself.
                    return await Confirm(cancel);
                case ForemanAnswer.NotNow:
                    if (await WhyNot(cancel) is { } reply) return reply;
                    // Given back between the two questions, perhaps: only a second refusal of a free lock means this host.
                    if (attempt == 1) continue;
                    return new AcquireReply.Refused($"{words.Server} refuses the free lock {identity.Name} to this host (412): remove the host parameter "
                        + $"can_acquire_update_locks of {identity.Holder} in Foreman, or set it to true");
                case ForemanAnswer.NoSuchLock:
                    return new AcquireReply.Unreachable($"{words.Server} did not create the lock {identity.Name} (404): create it in Foreman", false);
                case ForemanAnswer.No no:
                    return new AcquireReply.Refused(no.Why);
                case ForemanAnswer.Away away:
                    return new AcquireReply.Unreachable(away.Why, away.MayHaveHappened);
                default:
                    throw new InvalidOperationException("unknown answer");
            }
        }
    }

    private async ValueTask<ReleaseReply> GiveBack(CancellationToken cancel)
    {
        switch (ForemanAnswer.Read(await http.Send(new HttpAsk("DELETE", _path), cancel), words))
        {
            case ForemanAnswer.Done done:
                // Anything can say 200; a lock that is believed to be free and is not stops the whole fleet.
                return Sight.Of(done.Answer, identity, words) switch
                {
                    Sight.Unusable no => new ReleaseReply.Unreachable(no.Why),
                    Sight.Seen seen when IsOurs(seen.Lock) => new ReleaseReply.Unreachable($"{words.Server} says that it released the lock {identity.Name}, "
                        + "and that this host still holds it: look at the lock in Foreman"),
                    // It says the same of a lock that was free before.
                    _ => new ReleaseReply.Released(WasHeld: false),
                };
            case ForemanAnswer.NotNow:
                return await Look(cancel) switch
                {
                    Sight.Seen { Lock.Host: null } or Sight.Missing => new ReleaseReply.NotHeld(),
                    Sight.Seen seen when !IsOurs(seen.Lock) => new ReleaseReply.HeldByOther(Holder(seen.Lock)),
                    Sight.Seen { Lock.Enabled: false } => new ReleaseReply.Disabled(),
                    Sight.Seen => new ReleaseReply.Unreachable($"{words.Server} refused to release the lock {identity.Name}, which this host holds (412): look at the lock in Foreman"),
                    Sight.Refused no => new ReleaseReply.Refused(no.Why),
                    Sight.Unusable no => new ReleaseReply.Unreachable(no.Why),
                    _ => throw new InvalidOperationException("unknown sight"),
                };
            case ForemanAnswer.NoSuchLock:
                return new ReleaseReply.NotHeld();
            case ForemanAnswer.No no:
                return new ReleaseReply.Refused(no.Why);
            case ForemanAnswer.Away away:
                return new ReleaseReply.Unreachable(away.Why);
            default:
                throw new InvalidOperationException("unknown answer");
        }
    }

    private async ValueTask<ShowReply> See(CancellationToken cancel) => await Look(cancel) switch
    {
        Sight.Seen { Lock.Host: null } seen => new ShowReply.Shown(new LockView(identity.Name, 1, [], seen.Lock.Enabled, null)),
        Sight.Seen { Lock.Self: null } => new ShowReply.Unreachable(NoSelf),
        Sight.Seen seen => new ShowReply.Shown(new LockView(identity.Name, 1, [Holder(seen.Lock)], seen.Lock.Enabled, null)),
        // The plugin makes a lock when it is first taken.
        Sight.Missing => new ShowReply.Shown(new LockView(identity.Name, 1, [], true, null) { Exists = false }),
        Sight.Refused no => new ShowReply.Refused(no.Why),
        Sight.Unusable { IsAnotherLock: true } no => new ShowReply.Refused(no.Why),
        Sight.Unusable no => new ShowReply.Unreachable(no.Why),
        _ => throw new InvalidOperationException("unknown sight"),
    };

    private string NoSelf => $"{words.Server} does not say whether this host holds the lock {identity.Name} (no host.self): "
        + "check that its web server verifies client certificates, and that its plugin foreman_dlm is not older than 1.0";

    private async ValueTask<Sight> Look(CancellationToken cancel) => ForemanAnswer.Read(await Measured(new HttpAsk("GET", _path), cancel), words) switch
    {
        ForemanAnswer.Done done => Sight.Of(done.Answer, identity, words),
        ForemanAnswer.NoSuchLock => new Sight.Missing(),
        ForemanAnswer.No no => new Sight.Refused(no.Why),
        ForemanAnswer.Away away => new Sight.Unusable(away.Why),
        ForemanAnswer.NotNow => new Sight.Unusable($"{words.Server} answered a mere look with 412: check [foreman] url and the proxies on the way"),
        _ => throw new InvalidOperationException("unknown answer"),
    };

    private async ValueTask<AcquireReply> Confirm(CancellationToken cancel)
    {
        for (int look = 1; ; look++)
        {
            switch (await Look(cancel))
            {
                case Sight.Seen { Lock: { Host: not null, Self: true } ours }:
                    if (look == 2 || confirmAfter <= TimeSpan.Zero) return new AcquireReply.Granted(ours.Updated);
                    // Who asked in the same moment may still overwrite us.
                    if (await Pause(cancel) is { } cut) return cut;
                    continue;
                case Sight.Seen { Lock: { Host: not null, Self: null } }:
                    return new AcquireReply.Unreachable(NoSelf, true);
                case Sight.Seen seen:
                    return new AcquireReply.Busy(Holders(seen.Lock), null);
                case Sight.Missing:
                    return new AcquireReply.Busy([], null);
                // The lock may be ours by now, so this is no refusal that could be walked away from.
                case Sight.Refused no:
                    return new AcquireReply.Unreachable(no.Why, true);
                case Sight.Unusable no:
                    return new AcquireReply.Unreachable(no.Why, true);
                default:
                    throw new InvalidOperationException("unknown sight");
            }
        }
    }

    /// <summary>Waits before the deciding look. Not null: there was no time for that, and the lock may be this host's.</summary>
    private async ValueTask<AcquireReply?> Pause(CancellationToken cancel)
    {
        TimeSpan pause = _slowest * Margin > confirmAfter ? _slowest * Margin : confirmAfter;
        try
        {
            await Task.Delay(pause, time, cancel);
            return null;
        }
        catch (OperationCanceledException)
        {
            return new AcquireReply.Unreachable($"{words.Server} granted the lock {identity.Name}, and the time was over before the grant could be confirmed: "
                + $"that takes {pause.TotalSeconds:0.#} s ([lock] confirm_after, or {Margin} times the slowest answer of this Foreman, {_slowest.TotalSeconds:0.#} s); "
                + "set [lock] wait = true and a longer wait_max, or find out why Foreman is slow", true);
        }
    }

    /// <summary>Sends a request, and remembers how long its answer took. One that was sent and not answered took at least as long as it was
    /// waited for.</summary>
    private async ValueTask<HttpReply> Measured(HttpAsk ask, CancellationToken cancel)
    {
        long began = time.GetTimestamp();
        HttpReply reply = await http.Send(ask, cancel);
        TimeSpan took = time.GetElapsedTime(began);
        if (took > _slowest && reply is HttpReply.Answer or HttpReply.NoAnswer { MayHaveHappened: true }) _slowest = took;
        return reply;
    }

    /// <summary>What stands behind a 412; null if the lock is free.</summary>
    private async ValueTask<AcquireReply?> WhyNot(CancellationToken cancel) => await Look(cancel) switch
    {
        Sight.Seen { Lock.Enabled: false } => new AcquireReply.Disabled(),
        Sight.Seen { Lock.Host: null } or Sight.Missing => null,
        Sight.Seen { Lock.Self: true } => new AcquireReply.Unreachable($"{words.Server} refuses the lock {identity.Name} to this host, which holds it (412): "
            + $"remove the host parameter can_acquire_update_locks of {identity.Holder} in Foreman, or set it to true", true),
        Sight.Seen seen => new AcquireReply.Busy(Holders(seen.Lock), null),
        Sight.Refused no => new AcquireReply.Refused(no.Why),
        Sight.Unusable no => new AcquireReply.Unreachable(no.Why, false),
        _ => throw new InvalidOperationException("unknown sight"),
    };

    private bool IsOurs(ForemanLock seen) =>
        seen.Host is not null && (seen.Self ?? seen.Host.Equals(identity.Holder, StringComparison.OrdinalIgnoreCase));

    private static LockHolder Holder(ForemanLock seen) => new(seen.Host!, null, seen.Updated, seen.Self == true);

    private static LockHolder[] Holders(ForemanLock seen) => seen.Host is null ? [] : [Holder(seen)];
}
