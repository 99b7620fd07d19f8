using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Locking;

/// <summary>What came of asking for clearance.</summary>
public abstract record LockOutcome
{
    /// <summary>Go on. <paramref name="MayBeOurs"/>: waived, but an unanswered acquire may still have taken the lock in our name.</summary>
    public sealed record Cleared(Clearance Clearance, bool MayBeOurs = false) : LockOutcome;

    /// <summary>Do not. <paramref name="MayBeOurs"/>: a reply is still open, so the lock may be held in our name.</summary>
    public sealed record NotCleared(Verdict Verdict, string Why, bool MayBeOurs) : LockOutcome;
}

/// <summary>Takes, proves and gives back the lock: the patience around the single tries of <see cref="ILockService"/>, and the
/// only maker of a <see cref="Clearance"/>. No call outlives what is left of the wait that it belongs to.</summary>
public sealed class LockKeeper(ILockService service, LockSettings settings, RebootStrategy strategy, TimeProvider time, Func<double> dice, IRunEvents events)
{
    /// <summary>How long one question may delay bringing the host back.</summary>
    private static readonly TimeSpan QuickAnswer = TimeSpan.FromSeconds(15);

    /// <summary>The same for a service whose last call was not answered: it will hardly answer this one.</summary>
    private static readonly TimeSpan LastAttempt = TimeSpan.FromSeconds(3);

    private long? _awaySince;
    private bool _awayTold;

    /// <summary>The configured lock.</summary>
    public LockIdentity Identity => service.Identity;

    /// <summary>The configured lock as a state records it.</summary>
    /// <param name="since">When it was granted; null = not yet.</param>
    /// <param name="confirmed">When it was last proved; null = never.</param>
    public LockClaim Claim(DateTimeOffset? since = null, DateTimeOffset? confirmed = null) =>
        new(Identity, since, confirmed) { HolderIsHostName = service.HolderFallback is not null };

    /// <summary>True if the strategy wants a lock at all.</summary>
    public bool NeedsLock => strategy != RebootStrategy.Reboot;

    /// <summary>Takes the lock, waiting for it as configured, at the latest until <paramref name="windowCloses"/>.</summary>
    /// <param name="windowCloses">Null = never.</param>
    /// <param name="mayBeOurs">True if an earlier acquire was not answered.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public async ValueTask<LockOutcome> Take(DateTimeOffset? windowCloses, bool mayBeOurs, CancellationToken cancel)
    {
        if (!NeedsLock) return Waive("[reboot] strategy = reboot: this host updates without a lock", mayBeOurs);

        TimeSpan atLeast = strategy == RebootStrategy.BestEffort ? settings.UnreachableAfter : TimeSpan.Zero;
        var patience = new Patience(settings, time, dice, windowCloses, atLeast);
        bool open = mayBeOurs;
        string? last = null;
        while (true)
        {
            if (cancel.IsCancellationRequested)
                return new LockOutcome.NotCleared(Verdict.Interrupted, Interrupted("waiting for", last), open);
            if (patience.WindowClosed)
            {
                string closed = $"the maintenance window closed while waiting for the lock{Because(last)}";
                return new LockOutcome.NotCleared(Verdict.WindowClosed, closed, open);
            }

            (AcquireReply reply, open) = await TryAcquire(open, patience.Begin(), cancel);
            if (reply is AcquireReply.Granted granted)
            {
                events.On(new RunEvent.LockHeld(Identity, patience.Waited, Again: false));
                return Held(granted.Since);
            }

            if (reply is AcquireReply.Refused refused)
                return new LockOutcome.NotCleared(Verdict.LockRefused, $"the lock service refuses this host: {refused.Why}", open);

            var (verdict, why, holders, revision) = Read(reply);
            TimeSpan? pause = patience.Next(verdict, (reply as AcquireReply.Unreachable)?.RetryAfter);
            if (cancel.IsCancellationRequested || patience.WindowClosed)
            {
                last = reply is AcquireReply.Unreachable ? last ?? why : why;
                continue;
            }

            last = why;
            bool isExcused = strategy == RebootStrategy.BestEffort && reply is AcquireReply.Unreachable { IsDistrusted: false };
            if (isExcused && patience.Unreachable >= settings.UnreachableAfter)
                return Waive($"[reboot] strategy = best-effort, and the lock service has been unreachable for {patience.Unreachable.TotalSeconds:0} s: {why}", open);
            if (pause is null) return new LockOutcome.NotCleared(verdict, why, open);

            await Wait(verdict, why, holders, revision, pause.Value, cancel);
        }
    }

    /// <summary>Proves that the open run's lock is still ours; takes it again if it is free.</summary>
    /// <param name="state">The open run.</param>
    /// <param name="patient">False: one quick question only, for a phase that must not be delayed.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public async ValueTask<LockOutcome> Prove(RunState state, bool patient, CancellationToken cancel)
    {
        if (state.Waiver is { } note) return new LockOutcome.Cleared(new Waiver(note));

        var patience = new Patience(settings, time, dice);
        string? last = null;
        while (true)
        {
            if (cancel.IsCancellationRequested) return new LockOutcome.NotCleared(Verdict.Interrupted, Interrupted("proving", last), true);
            var (outcome, revision, retryAfter) = await ProveOnce(state, patient ? patience.Begin() : Quick(QuickAnswer), cancel);
            if (outcome is not LockOutcome.NotCleared { Verdict: Verdict.LockUnreachable or Verdict.LockDisabled } no) return outcome;
            if (cancel.IsCancellationRequested)
            {
                last ??= no.Why;
                continue;
            }

            last = no.Why;
            if (!patient || patience.Next(no.Verdict, retryAfter) is not { } pause) return no;
            await Wait(no.Verdict, no.Why, [], revision, pause, cancel);
        }
    }

    /// <summary>Releases the lock, retrying as configured.</summary>
    /// <param name="patient">False: one quick question only.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <param name="neverSent">True if no release can have been sent before: another holder then means that the lock was lost. A first
    /// attempt that was not answered counts as sent.</param>
    public async ValueTask<(Verdict Verdict, string How)> GiveBack(bool patient, CancellationToken cancel, bool neverSent = false)
    {
        var patience = new Patience(settings, time, dice);
        string? last = null;
        while (true)
        {
            if (cancel.IsCancellationRequested) return (Verdict.Interrupted, Interrupted("giving back", last));
            var call = patient ? patience.Begin() : Quick(_awaySince is null ? QuickAnswer : LastAttempt);
            ReleaseReply reply = await Ask(service.Release, call, (why, _) => new ReleaseReply.Unreachable(why), cancel);
            Heard(reply is not ReleaseReply.Unreachable);
            var (verdict, how) = reply switch
            {
                ReleaseReply.Released => (Verdict.Released, "is released"),
                ReleaseReply.NotHeld => (Verdict.Released, "was free already"),
                ReleaseReply.HeldByOther { MayBeReleased: false } other when neverSent =>
                    (Verdict.LockLost, $"the lock was lost: held by {other.Holder} before this host released it{HolderSpelling.Hint(Identity, [other.Holder])}"),
                ReleaseReply.HeldByOther other =>
                    (Verdict.Released, $"is held by {other.Holder} by now and was left alone{HolderSpelling.Hint(Identity, [other.Holder])}"),
                ReleaseReply.Disabled => (Verdict.LockDisabled, "the lock is switched off: the service takes it back when an admin enables it"),
                ReleaseReply.Refused refused => (Verdict.LockRefused, $"the lock service refuses this host: {refused.Why}"),
                ReleaseReply.Unreachable unreachable => (Verdict.LockUnreachable, unreachable.Why),
                _ => throw new InvalidOperationException($"no rule for {reply}"),
            };
            if (verdict is Verdict.Released)
            {
                events.On(new RunEvent.LockReleased(Identity, how));
                return (verdict, how);
            }

            if (verdict is Verdict.LockLost) return (verdict, how);
            neverSent = false;
            if (cancel.IsCancellationRequested)
            {
                last ??= how;
                continue;
            }

            last = how;
            TimeSpan? retryAfter = (reply as ReleaseReply.Unreachable)?.RetryAfter;
            if (verdict is Verdict.LockRefused || !patient || patience.Next(verdict, retryAfter) is not { } pause) return (verdict, how);
            await Wait(verdict, how, [], null, pause, cancel);
        }
    }

    /// <summary>Looks once, for a start that finds an unanswered acquire.</summary>
    public ValueTask<ShowReply> Look(CancellationToken cancel) => Look(new Patience(settings, time, dice).Begin(), cancel);

    /// <summary>Asks whose the lock is, trying again as configured while the service is unreachable.</summary>
    public async ValueTask<ShowReply> LookPatiently(CancellationToken cancel)
    {
        var patience = new Patience(settings, time, dice);
        string? last = null;
        while (true)
        {
            ShowReply reply = await Look(patience.Begin(), cancel);
            if (reply is not ShowReply.Unreachable unreachable) return reply;
            if (cancel.IsCancellationRequested)
                return new ShowReply.Unreachable(Interrupted("asking for the holder of", last ?? unreachable.Why));
            last = unreachable.Why;
            if (patience.Next(Verdict.LockUnreachable, unreachable.RetryAfter) is not { } pause) return reply;
            await Wait(Verdict.LockUnreachable, unreachable.Why, [], null, pause, cancel);
        }
    }

    private static (TimeSpan Limit, string Bound) Quick(TimeSpan limit) => (limit, "of one short try");

    private static string Because(string? why) => why is null ? "" : $": {why}";

    private string Interrupted(string doing, string? why) =>
        $"interrupted while {doing} the lock '{Identity.Name}' at {Identity.Service}{Because(why)}";

    private async ValueTask<ShowReply> Look((TimeSpan Limit, string Bound) call, CancellationToken cancel)
    {
        ShowReply reply = await Ask(service.Show, call, (why, _) => new ShowReply.Unreachable(why), cancel);
        // A service that cannot show was not asked.
        if (reply is not ShowReply.CannotTell) Heard(reply is not ShowReply.Unreachable);
        return reply;
    }

    private async ValueTask<(LockOutcome Outcome, string? Revision, TimeSpan? RetryAfter)> ProveOnce(
        RunState state, (TimeSpan Limit, string Bound) call, CancellationToken cancel)
    {
        long began = time.GetTimestamp();
        ShowReply shown = await Look(call, cancel);
        if (shown is ShowReply.Shown { View.HeldByUs: true }) return (Held(state.Lock?.Since), null, null);
        if (shown is ShowReply.Unreachable away)
            return (new LockOutcome.NotCleared(Verdict.LockUnreachable, away.Why, true), null, away.RetryAfter);
        if (shown is ShowReply.Refused no)
            return (new LockOutcome.NotCleared(Verdict.LockRefused, $"the lock service refuses this host: {no.Why}", true), null, null);

        TimeSpan left = call.Limit - time.GetElapsedTime(began);
        var (reply, _) = await TryAcquire(true, (left < TimeSpan.Zero ? TimeSpan.Zero : left, call.Bound), cancel);
        if (reply is AcquireReply.Granted granted)
        {
            // A service that cannot show may simply have confirmed what was ours all the time.
            events.On(new RunEvent.LockHeld(Identity, TimeSpan.Zero, Again: shown is ShowReply.Shown));
            return (Held(granted.Since), null, null);
        }

        if (reply is AcquireReply.Refused refused)
            return (new LockOutcome.NotCleared(Verdict.LockRefused, $"the lock service refuses this host: {refused.Why}", true), null, null);

        var (verdict, why, _, revision) = Read(reply);
        return verdict == Verdict.LockBusy
            ? (new LockOutcome.NotCleared(Verdict.LockLost, $"the lock was lost: {why}", false), null, null)
            : (new LockOutcome.NotCleared(verdict, why, true), revision, (reply as AcquireReply.Unreachable)?.RetryAfter);
    }

    /// <summary>One try. The flag says whether the lock may be ours after it without our knowing, as after a call that was cut
    /// off.</summary>
    private async ValueTask<(AcquireReply Reply, bool Open)> TryAcquire(
        bool open, (TimeSpan Limit, string Bound) call, CancellationToken cancel)
    {
        AcquireReply reply = await Ask(
            service.Acquire, call, (why, mayHaveHappened) => new AcquireReply.Unreachable(why, mayHaveHappened), cancel);
        Heard(reply is not AcquireReply.Unreachable);
        bool now = reply switch
        {
            AcquireReply.Granted => true,
            AcquireReply.Busy => false,
            AcquireReply.Unreachable { MayHaveHappened: true } => true,
            _ => open,
        };
        return (reply, now);
    }

    /// <summary>One call, which is cut off at its limit. <paramref name="cutOff"/> gets where it stood by then, and whether it may have
    /// happened.</summary>
    private async ValueTask<T> Ask<T>(
        Func<CancellationToken, ValueTask<T>> ask, (TimeSpan Limit, string Bound) call, Func<string, bool, T> cutOff, CancellationToken cancel)
    {
        using var end = new CancellationTokenSource(call.Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, end.Token);
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException e)
        {
            var known = e as CutOffException;
            string waited = known?.WaitingFor ?? "the answer";
            string why = cancel.IsCancellationRequested
                ? $"{waited} was still missing"
                : $"{waited} took longer than the {call.Limit.TotalSeconds:0.#} s {call.Bound}";
            return cutOff(why, known is not { NothingSent: true });
        }
    }

    /// <summary>Remembers since when the service gives no usable answer, and tells when it does again.</summary>
    private void Heard(bool isAnswer)
    {
        if (!isAnswer)
        {
            _awaySince ??= time.GetTimestamp();
            return;
        }

        if (_awaySince is { } since && _awayTold) events.On(new RunEvent.LockServiceBack(Identity, time.GetElapsedTime(since)));
        (_awaySince, _awayTold) = (null, false);
    }

    private (Verdict Verdict, string Why, IReadOnlyList<LockHolder> Holders, string? Revision) Read(AcquireReply reply) => reply switch
    {
        AcquireReply.Busy { Holders.Count: 0 } busy => (Verdict.LockBusy, "the lock is busy", [], busy.Revision),
        AcquireReply.Busy busy => (
            Verdict.LockBusy, $"held by {string.Join(", ", busy.Holders)}{HolderSpelling.Hint(Identity, busy.Holders)}", busy.Holders,
            busy.Revision),
        AcquireReply.Disabled off => (Verdict.LockDisabled, $"no host gets the lock, because {off.Why}: an admin enables it with {off.Undo}", [], null),
        AcquireReply.Unreachable away => (Verdict.LockUnreachable, away.Why, [], null),
        _ => throw new InvalidOperationException($"no rule for {reply}"),
    };

    private async ValueTask Wait(
        Verdict verdict, string why, IReadOnlyList<LockHolder> holders, string? revision, TimeSpan pause, CancellationToken cancel)
    {
        bool isAway = verdict == Verdict.LockUnreachable;
        _awayTold |= isAway;
        events.On(new RunEvent.LockWaiting(Identity, why, holders, pause) { IsUnreachable = isAway });
        try
        {
            await service.WaitForChange(revision, pause, cancel);
        }
        catch (OperationCanceledException)
        {
            // The loop sees the token.
        }
    }

    private LockOutcome.Cleared Held(DateTimeOffset? since)
    {
        DateTimeOffset now = time.GetUtcNow();
        return new LockOutcome.Cleared(new HeldLock(Claim(since ?? now, now)));
    }

    private LockOutcome.Cleared Waive(string reason, bool mayBeOurs = false)
    {
        events.On(new RunEvent.Waived(reason));
        return new LockOutcome.Cleared(new Waiver(new WaiverNote(reason, time.GetUtcNow())), mayBeOurs);
    }
}
