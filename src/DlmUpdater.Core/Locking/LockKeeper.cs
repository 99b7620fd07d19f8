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
/// only maker of a <see cref="Clearance"/>.</summary>
public sealed class LockKeeper(ILockService service, LockSettings settings, RebootStrategy strategy, TimeProvider time, Func<double> dice, IRunEvents events)
{
    /// <summary>How long one question may delay bringing the host back.</summary>
    private static readonly TimeSpan QuickAnswer = TimeSpan.FromSeconds(15);

    /// <summary>The configured lock.</summary>
    public LockIdentity Identity => service.Identity;

    /// <summary>True if the strategy wants a lock at all.</summary>
    public bool NeedsLock => strategy != RebootStrategy.Reboot;

    /// <summary>Takes the lock, waiting for it as configured, at the latest until <paramref name="windowCloses"/>.</summary>
    /// <param name="windowCloses">Null = never.</param>
    /// <param name="mayBeOurs">True if an earlier acquire was not answered.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public async ValueTask<LockOutcome> Take(DateTimeOffset? windowCloses, bool mayBeOurs, CancellationToken cancel)
    {
        if (!NeedsLock) return Waive("[reboot] strategy = reboot: this host updates without a lock", mayBeOurs);

        var patience = new Patience(
            settings, time, dice, windowCloses, RetryPolicy.AcquirePatience,
            unreachableAtLeast: strategy == RebootStrategy.BestEffort ? settings.UnreachableAfter : TimeSpan.Zero);
        bool open = mayBeOurs;
        while (true)
        {
            if (cancel.IsCancellationRequested) return new LockOutcome.NotCleared(Verdict.Interrupted, "interrupted while waiting for the lock", open);
            if (patience.WindowClosed) return new LockOutcome.NotCleared(Verdict.WindowClosed, "the maintenance window closed while waiting for the lock", open);

            (AcquireReply? reply, open) = await TryAcquire(open, cancel);
            switch (reply)
            {
                case null:
                    continue;
                case AcquireReply.Granted granted:
                    events.On(new RunEvent.LockHeld(Identity, patience.Waited, Again: false));
                    return Held(granted.Since);
                case AcquireReply.Refused refused:
                    return new LockOutcome.NotCleared(Verdict.LockRefused, $"the lock service refuses this host: {refused.Why}", open);
            }

            var (verdict, why, holders, revision) = Read(reply);
            TimeSpan? pause = patience.Next(verdict);
            if (verdict == Verdict.LockUnreachable && strategy == RebootStrategy.BestEffort && patience.Unreachable >= settings.UnreachableAfter)
                return Waive($"[reboot] strategy = best-effort, and the lock service has been unreachable for {patience.Unreachable.TotalSeconds:0} s: {why}", open);
            if (pause is null) return new LockOutcome.NotCleared(verdict, why, open);

            events.On(new RunEvent.LockWaiting(Identity, why, holders, pause.Value));
            await Pause(revision, pause.Value, cancel);
        }
    }

    /// <summary>Proves that the open run's lock is still ours; takes it again if it is free.</summary>
    /// <param name="state">The open run.</param>
    /// <param name="patient">False: one quick question only, for a phase that must not be delayed.</param>
    /// <param name="cancel">Ends the waiting.</param>
    public async ValueTask<LockOutcome> Prove(RunState state, bool patient, CancellationToken cancel)
    {
        if (state.Waiver is { } note) return new LockOutcome.Cleared(new Waiver(note));

        var patience = new Patience(settings, time, dice, null, null);
        using var quick = patient ? null : new CancellationTokenSource(QuickAnswer, time);
        using var both = quick is null ? null : CancellationTokenSource.CreateLinkedTokenSource(cancel, quick.Token);
        while (true)
        {
            if (cancel.IsCancellationRequested) return new LockOutcome.NotCleared(Verdict.Interrupted, "interrupted while proving the lock", true);
            var (outcome, waitFor) = await ProveOnce(state, both?.Token ?? cancel);
            if (outcome is not LockOutcome.NotCleared { Verdict: Verdict.LockUnreachable or Verdict.LockDisabled } no) return outcome;
            if (cancel.IsCancellationRequested) continue;
            if (!patient || patience.Next(no.Verdict) is not { } pause) return no;
            events.On(new RunEvent.LockWaiting(Identity, no.Why, [], pause));
            await Pause(waitFor, pause, cancel);
        }
    }

    /// <summary>Releases the lock, retrying as configured.</summary>
    /// <param name="patient">False: one quick question only.</param>
    /// <param name="cancel">Ends the waiting.</param>
    /// <param name="neverSent">True if no release can have been sent before: another holder then means that the lock was lost. A first attempt that
    /// was not answered counts as sent.</param>
    public async ValueTask<(Verdict Verdict, string How)> GiveBack(bool patient, CancellationToken cancel, bool neverSent = false)
    {
        var patience = new Patience(settings, time, dice, null, null);
        using var quick = patient ? null : new CancellationTokenSource(QuickAnswer, time);
        using var both = quick is null ? null : CancellationTokenSource.CreateLinkedTokenSource(cancel, quick.Token);
        while (true)
        {
            if (cancel.IsCancellationRequested) return (Verdict.Interrupted, "interrupted while giving the lock back");
            ReleaseReply reply;
            try
            {
                reply = await service.Release(both?.Token ?? cancel);
            }
            catch (OperationCanceledException)
            {
                reply = new ReleaseReply.Unreachable("no answer in time");
            }

            var (verdict, how) = reply switch
            {
                ReleaseReply.Released => (Verdict.Released, "is released"),
                ReleaseReply.NotHeld => (Verdict.Released, "was free already"),
                ReleaseReply.HeldByOther other when neverSent => (Verdict.LockLost, $"the lock was lost: held by {other.Holder} before this host released it"),
                ReleaseReply.HeldByOther other => (Verdict.Released, $"is held by {other.Holder} by now and was left alone"),
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
            if (cancel.IsCancellationRequested) continue;
            if (verdict is Verdict.LockRefused || !patient || patience.Next(verdict) is not { } pause) return (verdict, how);
            events.On(new RunEvent.LockWaiting(Identity, how, [], pause));
            await Pause(null, pause, cancel);
        }
    }

    /// <summary>Looks once, for a start that finds an unanswered acquire.</summary>
    public async ValueTask<ShowReply> Look(CancellationToken cancel)
    {
        try
        {
            return await service.Show(cancel);
        }
        catch (OperationCanceledException)
        {
            return new ShowReply.Unreachable("no answer in time");
        }
    }

    /// <summary>Asks whose the lock is, trying again as configured while the service is unreachable.</summary>
    public async ValueTask<ShowReply> LookPatiently(CancellationToken cancel)
    {
        var patience = new Patience(settings, time, dice, null, RetryPolicy.AcquirePatience);
        while (true)
        {
            ShowReply reply = await Look(cancel);
            if (reply is not ShowReply.Unreachable unreachable || cancel.IsCancellationRequested) return reply;
            if (patience.Next(Verdict.LockUnreachable) is not { } pause) return reply;
            events.On(new RunEvent.LockWaiting(Identity, unreachable.Why, [], pause));
            await Pause(null, pause, cancel);
        }
    }

    private async ValueTask<(LockOutcome Outcome, string? Revision)> ProveOnce(RunState state, CancellationToken cancel)
    {
        ShowReply shown = await Look(cancel);
        if (shown is ShowReply.Shown { View.HeldByUs: true }) return (Held(state.Lock?.Since), null);
        if (shown is ShowReply.Unreachable away) return (new LockOutcome.NotCleared(Verdict.LockUnreachable, away.Why, true), null);
        if (shown is ShowReply.Refused no)
            return (new LockOutcome.NotCleared(Verdict.LockRefused, $"the lock service refuses this host: {no.Why}", true), null);

        var (reply, _) = await TryAcquire(true, cancel);
        if (reply is AcquireReply.Granted granted)
        {
            // A service that cannot show may simply have confirmed what was ours all the time.
            events.On(new RunEvent.LockHeld(Identity, TimeSpan.Zero, Again: shown is ShowReply.Shown));
            return (Held(granted.Since), null);
        }

        if (reply is AcquireReply.Refused refused)
            return (new LockOutcome.NotCleared(Verdict.LockRefused, $"the lock service refuses this host: {refused.Why}", true), null);
        if (reply is null) return (new LockOutcome.NotCleared(Verdict.LockUnreachable, "no answer in time", true), null);

        var (verdict, why, _, revision) = Read(reply);
        return verdict == Verdict.LockBusy
            ? (new LockOutcome.NotCleared(Verdict.LockLost, $"the lock was lost: {why}", false), null)
            : (new LockOutcome.NotCleared(verdict, why, true), revision);
    }

    /// <summary>One try. The flag says whether the lock may be ours after it without our knowing; null: cancelled half-way.</summary>
    private async ValueTask<(AcquireReply? Reply, bool Open)> TryAcquire(bool open, CancellationToken cancel)
    {
        try
        {
            AcquireReply reply = await service.Acquire(cancel);
            bool now = reply switch
            {
                AcquireReply.Granted => true,
                AcquireReply.Busy => false,
                AcquireReply.Unreachable { MayHaveHappened: true } => true,
                _ => open,
            };
            return (reply, now);
        }
        catch (OperationCanceledException)
        {
            return (null, true);
        }
    }

    private static (Verdict Verdict, string Why, IReadOnlyList<LockHolder> Holders, string? Revision) Read(AcquireReply reply) => reply switch
    {
        AcquireReply.Busy busy => (Verdict.LockBusy, busy.Holders.Count == 0 ? "the lock is busy" : "held by " + string.Join(", ", busy.Holders), busy.Holders, busy.Revision),
        AcquireReply.Disabled => (Verdict.LockDisabled, "the lock is switched off until an admin enables it", [], null),
        AcquireReply.Unreachable away => (Verdict.LockUnreachable, away.Why, [], null),
        _ => throw new InvalidOperationException($"no rule for {reply}"),
    };

    private async ValueTask Pause(string? revision, TimeSpan pause, CancellationToken cancel)
    {
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
        return new LockOutcome.Cleared(new HeldLock(new LockClaim(Identity, since ?? now, now)));
    }

    private LockOutcome.Cleared Waive(string reason, bool mayBeOurs = false)
    {
        events.On(new RunEvent.Waived(reason));
        return new LockOutcome.Cleared(new Waiver(new WaiverNote(reason, time.GetUtcNow())), mayBeOurs);
    }
}
