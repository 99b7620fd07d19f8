using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow.Phases;

namespace DlmUpdater.Core.Workflow;

/// <summary>Carries the host through an update: one start of the agent, from the stored state to an ending. Decides only by
/// <see cref="Resume"/> and <see cref="Transitions"/>; acts only through its ports; writes the state before each act.</summary>
public sealed class UpdateRun
{
    private readonly RunContext _run;
    private readonly LockKeeper _keeper;
    private DateTimeOffset? _decidedUntil;
    private Phase? _resumedIn;
    private bool _bootPassed;

    /// <summary>One start with these ports.</summary>
    public UpdateRun(RunContext run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _run = run;
        _keeper = new LockKeeper(run.LockService, run.Settings.Lock, run.Settings.Reboot.Strategy, run.Time, run.Dice, run.Events);
    }

    /// <summary>Goes on with the open run, or starts a new one.</summary>
    /// <param name="afterReboot">True: only go on; without an open run nothing happens.</param>
    /// <param name="cancel">SIGTERM, SIGINT: the running script is asked to stop, the state is kept, the next start goes on.</param>
    public async ValueTask<RunReport> Start(bool afterReboot, CancellationToken cancel)
    {
        RunReport report = await Decide(afterReboot, cancel);
        _run.Events.On(new RunEvent.Ended(report));
        return report;
    }

    private async ValueTask<RunReport> Decide(bool afterReboot, CancellationToken cancel)
    {
        StoredRun stored = await _run.Store.Load(cancel);
        string? openRun = (stored as StoredRun.Open)?.State.RunId;
        ResumePlan plan = _run.ResumeTable(stored, new ResumeFacts(
            _run.Time.GetUtcNow(), _run.Host.Boot, _run.Host.BootClock, _run.Host.BootedAt,
            _run.Settings.Reboot.Timeout, _keeper.Identity, _run.NewRunId()));

        if (plan is ResumePlan.Stop stop)
            return new RunReport(stop.Ending, stop.Why, openRun, 0, null, StateKept: true);
        if (!await _run.Scripts.AwaitOutlived(openRun, cancel))
            return new RunReport(Ending.Interrupted, "interrupted while waiting for a script of an earlier start to end", openRun, 0, null, stored is not StoredRun.None);

        return plan switch
        {
            ResumePlan.Fresh => await StartNew(afterReboot, cancel),
            ResumePlan.AskWhoseLock ask => await AskWhoseLock(ask.State, afterReboot, cancel),
            ResumePlan.Continue go => await GoOn(go.State, state => Drive(state, null, false, cancel), cancel),
            ResumePlan.Rebooted up => await GoOn(up.State, async state =>
                await Follow(await BootIsShut(state, cancel) ?? new PhaseOutcome(Verdict.Rebooted, state, "the host has rebooted"), cancel), cancel),
            ResumePlan.DidNotReboot down => await GoOn(down.State, state => Follow(new PhaseOutcome(Verdict.DidNotReboot, state,
                state.Reboot is { } request ? RebootPhase.DidNotReboot(request, down.Since) : "the host did not reboot"), cancel), cancel),
            _ => throw new InvalidOperationException($"no rule for {plan.GetType().Name}"),
        };
    }

    private async ValueTask<RunReport> StartNew(bool afterReboot, CancellationToken cancel)
    {
        if (afterReboot) return new RunReport(Ending.Done, "no run is open, nothing to go on with after the reboot", null, 0, null, StateKept: false);

        DateTimeOffset now = _run.Time.GetUtcNow();
        var state = new RunState
        {
            RunId = _run.NewRunId(),
            Phase = Phase.NeedsUpdate,
            Started = now,
            PhaseSince = now,
            Attempt = 1,
            Boot = _run.Host.Boot,
            FirstBoot = _run.Host.Boot,
        };
        if (_run.NoNewRun is { } no) return await Follow(new PhaseOutcome(Verdict.Misconfigured, state, no), cancel);
        if (_run.Settings.Reboot.Strategy == RebootStrategy.Off)
            return await Follow(new PhaseOutcome(Verdict.SwitchedOff, state, "[reboot] strategy = off: no new run is started"), cancel);
        if (Gate(state) is { } closed) return await Follow(closed, cancel);
        if (await Delay(cancel))
        {
            // The day or the window may be over by now.
            if (cancel.IsCancellationRequested) return await Follow(new PhaseOutcome(Verdict.Interrupted, state, "interrupted before the start"), cancel);
            if (Gate(state) is { } late) return await Follow(late, cancel);
        }

        _run.Events.On(new RunEvent.Started(state.RunId, 1, Resumed: false, Phase.NeedsUpdate));
        _run.Events.On(new RunEvent.PhaseEntered(state.RunId, Phase.NeedsUpdate, now));
        return await Follow(await NeedsUpdatePhase.Run(_run, state, cancel), cancel);
    }

    /// <summary>Null if a new run may start now.</summary>
    private PhaseOutcome? Gate(RunState state)
    {
        Admission admission = _run.Schedule.Admit(_run.Time.GetUtcNow());
        _decidedUntil = (admission as Admission.Open)?.Until;
        return admission switch
        {
            Admission.NotToday not => new PhaseOutcome(Verdict.NotToday, state, not.Why),
            Admission.Closed closed => new PhaseOutcome(Verdict.WindowClosed, state, closed.Why),
            _ => null,
        };
    }

    /// <summary>Waits for this host's place in the fleet's start. False if there was nothing to wait for.</summary>
    private async ValueTask<bool> Delay(CancellationToken cancel)
    {
        TimeSpan delay = StartDelay.Of(_run.Settings.Schedule, _keeper.Identity.Holder, _run.Dice());
        if (delay <= TimeSpan.Zero) return false;
        _run.Events.On(new RunEvent.Note($"starts in {delay.TotalSeconds:0} s ([schedule] random_delay, stable_delay)"));
        await Nap.For(delay, _run.Time, cancel);
        return true;
    }

    /// <summary>A start was killed while it asked for the lock. Only the service knows whether it was granted.</summary>
    private async ValueTask<RunReport> AskWhoseLock(RunState state, bool afterReboot, CancellationToken cancel)
    {
        // Nothing was done to the host yet. To begin the update now would be to begin a run.
        if (_run.NoNewRun is { } no) return await Follow(new PhaseOutcome(Verdict.Misconfigured, state, no) { MayBeOurs = state.Lock is not null }, cancel);
        if (state.Lock is null) return await StartAfresh(state, afterReboot, cancel);

        switch (await _keeper.LookPatiently(cancel))
        {
            case ShowReply.Shown { View.HeldByUs: true }:
                return _run.Schedule.Admit(_run.Time.GetUtcNow()) switch
                {
                    Admission.Closed closed => await Follow(new PhaseOutcome(Verdict.WindowClosed, state, closed.Why) { MayBeOurs = true }, cancel),
                    Admission.NotToday not => await Follow(new PhaseOutcome(Verdict.NotToday, state, not.Why) { MayBeOurs = true }, cancel),
                    _ => await GoOn(state, counted => Drive(counted, null, true, cancel), cancel),
                };
            case ShowReply.Shown:
                return await StartAfresh(state, afterReboot, cancel);
            case ShowReply.CannotTell:
                (Verdict verdict, string how) = await _keeper.GiveBack(patient: true, cancel);
                return verdict == Verdict.Released
                    ? await StartAfresh(state, afterReboot, cancel)
                    : await Follow(new PhaseOutcome(verdict, state, how) { MayBeOurs = true }, cancel);
            case ShowReply.Refused refused:
                return await Follow(new PhaseOutcome(Verdict.LockRefused, state, $"the lock service refuses this host: {refused.Why}") { MayBeOurs = true }, cancel);
            case ShowReply.Unreachable cut when cancel.IsCancellationRequested:
                return await Follow(new PhaseOutcome(Verdict.Interrupted, state, cut.Why) { MayBeOurs = true }, cancel);
            case ShowReply.Unreachable when _run.Settings.Reboot.Strategy == RebootStrategy.BestEffort:
                // Best-effort must not be stopped for ever by one unanswered acquire: the phase waits for the service once more, then waives.
                return await GoOn(state, counted => Drive(counted, null, true, cancel), cancel);
            case ShowReply.Unreachable away:
                return await Follow(new PhaseOutcome(Verdict.LockUnreachable, state, away.Why) { MayBeOurs = true }, cancel);
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    private async ValueTask<RunReport> StartAfresh(RunState state, bool afterReboot, CancellationToken cancel)
    {
        _run.Events.On(new RunEvent.Note($"the run {state.RunId} ended before it got the lock; starting afresh"));
        return await _run.Store.Remove() is { } unsaved
            ? Report(Ending.NotWritable, state, unsaved, kept: true)
            : await StartNew(afterReboot, cancel);
    }

    /// <summary>Counts the start in the stored state before anything else is done.</summary>
    private async ValueTask<RunReport> GoOn(RunState state, Func<RunState, ValueTask<RunReport>> next, CancellationToken cancel)
    {
        state = state with { Attempt = state.Attempt + 1 };
        if (await _run.Store.Save(state) is { } unsaved)
            return await End(Transitions.Of(state.Phase, Verdict.NotWritable), new PhaseOutcome(Verdict.NotWritable, state, unsaved) { MayBeOurs = true }, cancel);
        _resumedIn = state.Phase;
        _run.Events.On(new RunEvent.Started(state.RunId, state.Attempt, Resumed: true, state.Phase));
        return await next(state);
    }

    /// <summary>Null: this boot may go on with post_update and the release. Asked once in a start, and by every start anew.</summary>
    private async ValueTask<PhaseOutcome?> BootIsShut(RunState state, CancellationToken cancel)
    {
        if (_bootPassed || !BootGate.Applies(state, _run.Host.Boot)) return null;
        if (await BootGate.Pass(_run, state, cancel) is { } shut) return shut;
        _bootPassed = true;
        return null;
    }

    /// <summary>Acts phase after phase until a transition ends the start.</summary>
    private async ValueTask<RunReport> Drive(RunState state, Clearance? fresh, bool mayBeOurs, CancellationToken cancel)
    {
        if (state.Phase >= Phase.PostUpdate && await BootIsShut(state, cancel) is { } shut) return await Follow(shut, cancel);
        _run.Events.On(new RunEvent.PhaseEntered(state.RunId, state.Phase, state.PhaseSince));
        PhaseOutcome outcome = state.Phase switch
        {
            Phase.LockGet => await LockGetPhase.Run(_run, _keeper, state, mayBeOurs, _decidedUntil, cancel),
            Phase.PostUpdate => await PostUpdatePhase.Run(_run, state, await _keeper.Prove(state, patient: false, cancel), cancel),
            Phase.LockRelease => await LockReleasePhase.Run(_keeper, state, resumed: _resumedIn == Phase.LockRelease, cancel),
            _ => await UnderTheLock(state, fresh, cancel),
        };
        return await Follow(outcome, cancel);
    }

    private async ValueTask<PhaseOutcome> UnderTheLock(RunState state, Clearance? fresh, CancellationToken cancel)
    {
        if (fresh is null)
        {
            LockOutcome proof = await _keeper.Prove(state, patient: true, cancel);
            if (proof is LockOutcome.NotCleared no) return new PhaseOutcome(no.Verdict, state, no.Why);
            fresh = ((LockOutcome.Cleared)proof).Clearance;
        }

        if (fresh is HeldLock held) state = state with { Lock = held.Claim };
        return state.Phase switch
        {
            Phase.PreUpdate => await PreUpdatePhase.Run(_run, state, fresh, cancel),
            Phase.Update => await UpdatePhase.Run(_run, state, fresh, cancel),
            Phase.NeedsReboot => await NeedsRebootPhase.Run(_run, state, fresh, cancel),
            Phase.Reboot => await RebootPhase.Run(_run, state, fresh, cancel),
            _ => throw new InvalidOperationException($"phase {state.Phase.Name()} is not one under the lock"),
        };
    }

    /// <summary>Looks up what the outcome leads to, and goes there.</summary>
    private async ValueTask<RunReport> Follow(PhaseOutcome outcome, CancellationToken cancel)
    {
        Transition row = Transitions.Of(outcome.State.Phase, outcome.Verdict);
        if (row.To is not { } next) return await End(row, outcome, cancel);

        if (outcome.Why.Length > 0) _run.Events.On(new RunEvent.Note(outcome.Why));
        RunState state = Enter(outcome.State, next);
        if (await _run.Store.Save(state) is { } unsaved)
            return await End(Transitions.Of(outcome.State.Phase, Verdict.NotWritable), outcome with { Verdict = Verdict.NotWritable, Why = unsaved }, cancel);
        if (outcome.Verdict == Verdict.Cleared) await Listeners.Milestone(_run, state, isRunning: true, cancel);
        return await Drive(state, outcome.Fresh, false, cancel);
    }

    private RunState Enter(RunState state, Phase phase) => state with
    {
        Phase = phase,
        PhaseSince = _run.Time.GetUtcNow(),
        Boot = _run.Host.Boot,
        Finished = [],
        Lock = phase == Phase.LockGet ? (_keeper.NeedsLock ? _keeper.Claim() : null) : state.Lock,
    };

    private async ValueTask<RunReport> End(Transition row, PhaseOutcome outcome, CancellationToken cancel)
    {
        RunState state = outcome.State;
        string why = outcome.Why;
        bool keep = row.State == StateFate.Kept;
        Ending ending = row.End!.Value;
        if (row.State == StateFate.RemovedIfNotOurs && outcome.MayBeOurs)
        {
            // Also when interrupted: a short, last question is worth more than a lock that nobody gives back tonight.
            (Verdict verdict, string how) = await _keeper.GiveBack(patient: false, CancellationToken.None);

            // A question that was cut off a moment ago may reach the service after this one: the next start looks once more.
            keep = verdict != Verdict.Released || outcome.Verdict == Verdict.Interrupted;

            // A lock that may still be ours is not "done", whatever led here.
            if (ending == Ending.Done && keep) ending = Transitions.Of(Phase.LockGet, verdict).End ?? ending;
            why += verdict != Verdict.Released
                ? $"; the lock '{_keeper.Identity.Name}' may be ours and could not be given back ({how}): the next start settles it"
                : $"; the lock '{_keeper.Identity.Name}' {how}";
        }

        if (!keep && row.State != StateFate.NotStored && await _run.Store.Remove() is { } unsaved)
            return Report(Ending.NotWritable, state, unsaved, kept: true);

        if (row.TellsOnFailure) await Listeners.Failed(_run, state, outcome, ending, cancel);
        if (outcome.Verdict is Verdict.NothingDue or Verdict.Released) await Listeners.Milestone(_run, state, isRunning: false, cancel);
        if (ending == Ending.ScriptFailed && keep && state.Lock is not null)
            why += $"; the lock '{state.Lock.Identity.Name}' is kept: repair the host, then 'dlm-updater run' goes on here";
        return Report(ending, state, why, keep);
    }

    private static RunReport Report(Ending ending, RunState state, string why, bool kept) =>
        new(ending, why, state.RunId, state.Attempt, state.Phase, kept, state.Waiver?.Reason) { RunStarted = state.Started };
}
