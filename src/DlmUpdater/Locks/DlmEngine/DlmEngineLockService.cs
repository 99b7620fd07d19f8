using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.DlmEngine;

/// <summary>A lock of DLMEngine. There a lock exists while it is held: POST makes it and says 400 to its own holder too, DELETE removes
/// anybody's. So both are asked only after a GET said whose it is, and what became of an unclear one is asked with a GET.</summary>
/// <param name="http">The way to DLMEngine.</param>
/// <param name="api">Which version of its API.</param>
/// <param name="identity">Which lock, and as whom.</param>
/// <param name="credential">What every request carries.</param>
/// <param name="time">The clock.</param>
internal sealed class DlmEngineLockService(
    IHttpTransport http, EngineApi api, LockIdentity identity, EngineCredential credential, TimeProvider time)
    : ILockService, ILockUnlock, ILockList, ILockProbe, IDisposable
{
    private readonly string _path = api.PathOf(identity.Name);
    private readonly EngineWords _words = new(http.Server, credential.Secret);

    /// <inheritdoc/>
    public LockIdentity Identity => identity;

    /// <inheritdoc/>
    public ValueTask<AcquireReply> Acquire(CancellationToken cancel) => ServiceEdge.Acquire(http, () => Take(cancel));

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Release(CancellationToken cancel) => ServiceEdge.Release(http, () => Free(identity.Holder, cancel));

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Unlock(string holder, CancellationToken cancel) => Free(holder, cancel);

    /// <inheritdoc/>
    public ValueTask<ShowReply> Show(CancellationToken cancel) => ServiceEdge.Show(http, () => See(cancel));

    /// <summary>DLMEngine looks at the permission before it looks for the lock: so a DELETE of a lock that cannot exist tells, and changes
    /// nothing. A POST would make
    /// a lock; only of an admin, who may do everything, is it known.</summary>
    public async ValueTask<IReadOnlyList<ProbeAnswer>> Probe(CancellationToken cancel)
    {
        const string Release = "permission LOCK:DELETE", Take = "permission LOCK:POST";
        string nowhere = api.PathOf("dlm-updater-check-" + Guid.NewGuid().ToString("N"));
        ProbeAnswer release = await Ask(new HttpAsk("DELETE", nowhere), cancel) switch
        {
            EngineAnswer.Missing => new ProbeAnswer.Good(Release, "granted"),
            EngineAnswer.No no => new ProbeAnswer.Bad(Release, no.Why),
            EngineAnswer.Away away => new ProbeAnswer.Bad(Release, away.Why),
            _ => new ProbeAnswer.Bad(Release, $"{_words.Server} says that it deleted a lock that does not exist: "
                + "check [dlmengine] url and the proxies on the way"),
        };
        bool isAdmin = await Ask(new HttpAsk("GET", EngineApi.OwnUserPath), cancel)
            is EngineAnswer.Done { Answer: { BodyProblem: null } answer } && EngineApi.IsAdmin(answer.Body);
        return
        [
            release,
            isAdmin ? new ProbeAnswer.Good(Take, "granted: the user is an admin") : new ProbeAnswer.NotKnown(Take,
                "DLMEngine tells only when a lock is taken whether the user may: 'dlm-updater lock acquire', then 'dlm-updater lock release' prove it"),
        ];
    }

    /// <inheritdoc/>
    public async ValueTask<ListReply> List(CancellationToken cancel)
    {
        var locks = new SortedDictionary<string, LockView>(StringComparer.Ordinal);
        // A page that brings nothing new is another's change in between, or a server that does not turn pages: two of them end it.
        for (int page = 0, stale = 0; stale < 2; page++)
        {
            HttpReply.Answer answer;
            switch (await Ask(new HttpAsk("GET", api.PathOfPage(page)), cancel))
            {
                case EngineAnswer.Done done: answer = done.Answer; break;
                case EngineAnswer.No no: return new ListReply.Refused(no.Why);
                case EngineAnswer.Away away: return new ListReply.Unreachable(away.Why);
                default: return new ListReply.Unreachable($"{_words.Server} has no list of locks: check [dlmengine] url and api");
            }

            string? why = answer.BodyProblem;
            if (why is not null || api.ReadPage(answer.Body, out why) is not { } found)
                return new ListReply.Unreachable($"the answer of {_words.Server} is not a list of locks ({why}): check [dlmengine] url "
                    + "and api, and the proxies on the way");
            int known = locks.Count;
            foreach (EngineLock one in found) locks[one.Name] = View(one);
            if (found.Count < EngineApi.PageLimit) break;
            stale = locks.Count == known ? stale + 1 : 0;
        }

        return new ListReply.Told([.. locks.Values]);
    }

    /// <inheritdoc/>
    public async ValueTask WaitForChange(string? revision, TimeSpan atMost, CancellationToken cancel)
    {
        // DLMEngine tells nobody of a free lock.
        if (atMost > TimeSpan.Zero) await Task.Delay(atMost, time, cancel);
    }

    /// <inheritdoc/>
    public void Dispose() => (http as IDisposable)?.Dispose();

    private async ValueTask<AcquireReply> Take(CancellationToken cancel)
    {
        switch (await Look(cancel))
        {
            case EngineSight.Seen seen: return Whose(seen.Lock);
            case EngineSight.Refused no: return new AcquireReply.Refused(no.Why);
            case EngineSight.Unusable no: return new AcquireReply.Unreachable(no.Why, false);
        }

        switch (await Ask(new HttpAsk("POST", _path) { Body = api.Claim(identity.Holder) }, cancel))
        {
            case EngineAnswer.No no: return new AcquireReply.Refused(no.Why);
            case EngineAnswer.Away { MayHaveHappened: false } away: return new AcquireReply.Unreachable(away.Why, false);
            case var unsure: return await Settle(unsure, cancel);
        }
    }

    private async ValueTask<ShowReply> See(CancellationToken cancel) => await Look(cancel) switch
    {
        EngineSight.Seen seen => new ShowReply.Shown(View(seen.Lock)),
        EngineSight.Missing => new ShowReply.Shown(new LockView(identity.Name, 1, [], true, null)),
        EngineSight.Refused no => new ShowReply.Refused(no.Why),
        EngineSight.Unusable no => new ShowReply.Unreachable(no.Why),
        _ => throw new InvalidOperationException("unknown sight"),
    };

    private async ValueTask<EngineAnswer> Ask(HttpAsk ask, CancellationToken cancel)
    {
        if (credential.Headers(out string why) is not { } headers) return new EngineAnswer.No(why);
        // DELETE does not ask whose the lock is: one that was lost with its connection may have been done, and a second would then free
        // the next holder's. It is never repeated without a look.
        var dressed = new HttpAsk(ask.Method, ask.Path) { Body = ask.Body, Headers = headers, IsIdempotent = ask.Method == "GET" };
        return EngineAnswer.Read(await http.Send(dressed, cancel), ask.Method, _words);
    }

    private async ValueTask<EngineSight> Look(CancellationToken cancel) => await Ask(new HttpAsk("GET", _path), cancel) switch
    {
        EngineAnswer.Done done => EngineSight.Of(done.Answer, api, identity.Name, _words),
        EngineAnswer.Missing => new EngineSight.Missing(),
        EngineAnswer.No no => new EngineSight.Refused(no.Why),
        EngineAnswer.Away away => new EngineSight.Unusable(away.Why),
        _ => throw new InvalidOperationException("no such answer to a look"),
    };

    /// <summary>Whose is it, after a POST that did something, or may have?</summary>
    private async ValueTask<AcquireReply> Settle(EngineAnswer posted, CancellationToken cancel)
    {
        switch (await Look(cancel))
        {
            case EngineSight.Seen seen:
                return Whose(seen.Lock);
            // Refused, and nobody has it: just given back, or a deletion that stopped half-way and blocks the lock until somebody
            // deletes it again.
            case EngineSight.Missing when posted is EngineAnswer.Duplicate:
                return new AcquireReply.Busy([], null);
            case EngineSight.Missing:
                return new AcquireReply.Unreachable(posted is EngineAnswer.Away away
                    ? away.Why
                    : $"{_words.Server} says that it gave the lock {identity.Name} to this host, and then that nobody "
                        + "has it: try again", true);
            // The lock may be ours by now, so this is no refusal that could be walked away from.
            case EngineSight.Refused no:
                return new AcquireReply.Unreachable(no.Why, true);
            case EngineSight.Unusable no:
                return new AcquireReply.Unreachable(no.Why, true);
            default:
                throw new InvalidOperationException("unknown sight");
        }
    }

    private async ValueTask<ReleaseReply> Free(string holder, CancellationToken cancel)
    {
        switch (await Look(cancel))
        {
            case EngineSight.Missing: return new ReleaseReply.NotHeld();
            case EngineSight.Seen seen when seen.Lock.Holder != holder: return new ReleaseReply.HeldByOther(Holder(seen.Lock));
            case EngineSight.Refused no: return new ReleaseReply.Refused(no.Why);
            case EngineSight.Unusable no: return new ReleaseReply.Unreachable(no.Why);
        }

        string unsure;
        switch (await Ask(new HttpAsk("DELETE", _path), cancel))
        {
            case EngineAnswer.Missing: return new ReleaseReply.NotHeld();
            case EngineAnswer.No no: return new ReleaseReply.Refused(no.Why);
            case EngineAnswer.Away { MayHaveHappened: false } away: return new ReleaseReply.Unreachable(away.Why);
            case EngineAnswer.Away away: unsure = away.Why; break;
            default:
                unsure = $"{_words.Server} says that it deleted the lock {identity.Name}, and that it is still held: "
                    + "look at the lock in DLMEngine";
                break;
        }

        // Also after a 200, which anything on the way can say: a lock that is believed to be free and is not stops the whole fleet.
        return await Look(cancel) switch
        {
            EngineSight.Seen seen when seen.Lock.Holder == holder => new ReleaseReply.Unreachable(unsure),
            EngineSight.Seen or EngineSight.Missing => new ReleaseReply.Released(),
            EngineSight.Refused no => new ReleaseReply.Unreachable(no.Why),
            EngineSight.Unusable no => new ReleaseReply.Unreachable(no.Why),
            _ => throw new InvalidOperationException("unknown sight"),
        };
    }

    private AcquireReply Whose(EngineLock seen) =>
        seen.Holder == identity.Holder ? new AcquireReply.Granted(seen.Since) : new AcquireReply.Busy([Holder(seen)], null);

    private LockView View(EngineLock seen) => new(OneLine.Of(seen.Name), 1, [Holder(seen)], true, null);

    private LockHolder Holder(EngineLock seen)
    {
        string name = seen.Holder.Length == 0 ? "somebody without a name" : OneLine.Of(seen.Holder);
        return new LockHolder(name, null, seen.Since, seen.Holder == identity.Holder);
    }
}
