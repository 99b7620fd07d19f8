using DlmUpdater.Core.Locking;

namespace DlmUpdater.Core.Workflow;

/// <summary>What a start knows of the world when it decides how to go on.</summary>
/// <param name="Now">Wall clock.</param>
/// <param name="Boot">This boot.</param>
/// <param name="BootClock">Time since this boot.</param>
/// <param name="BootedAt">Wall clock of this boot.</param>
/// <param name="RebootTimeout">How long after the first request the host must have gone down.</param>
/// <param name="Lock">The lock that is configured now.</param>
/// <param name="NewRunId">The id for a run that has none yet.</param>
public sealed record ResumeFacts(
    DateTimeOffset Now, BootIdentity Boot, TimeSpan BootClock, DateTimeOffset BootedAt, TimeSpan RebootTimeout, LockIdentity Lock, string NewRunId);

/// <summary>How a start goes on.</summary>
public abstract record ResumePlan
{
    /// <summary>No run is open: needs_update.</summary>
    public sealed record Fresh : ResumePlan;

    /// <summary>A run was killed while it asked for the lock: whose is it?</summary>
    public sealed record AskWhoseLock(RunState State) : ResumePlan;

    /// <summary>Go on in this state's phase, with the first script that is not recorded.</summary>
    public sealed record Continue(RunState State) : ResumePlan;

    /// <summary>Another boot than the one that asked for the reboot.</summary>
    public sealed record Rebooted(RunState State) : ResumePlan;

    /// <summary>The host still runs after the timeout. Nothing is requested again.</summary>
    public sealed record DidNotReboot(RunState State, TimeSpan Since) : ResumePlan;

    /// <summary>Nothing may be done: say why and end.</summary>
    public sealed record Stop(Ending Ending, string Why) : ResumePlan;
}

/// <summary>The resume table: stored state and present facts to a plan.</summary>
public static class Resume
{
    /// <summary>Decides. Pure: the same state and facts give the same plan.</summary>
    public static ResumePlan Decide(StoredRun stored, ResumeFacts facts) => stored switch
    {
        StoredRun.None => new ResumePlan.Fresh(),
        StoredRun.Unreadable unreadable => new ResumePlan.Stop(Ending.StateUnreadable, unreadable.Why),
        StoredRun.Unavailable unavailable => new ResumePlan.Stop(Ending.NotWritable, unavailable.Why),
        StoredRun.OldWord old => DecideOpen(Adopt(old, facts), facts),
        StoredRun.Open open => DecideOpen(open.State, facts),
        _ => throw new InvalidOperationException($"no resume for {stored.GetType().Name}"),
    };

    private static ResumePlan DecideOpen(RunState? state, ResumeFacts facts)
    {
        if (state is null) return new ResumePlan.Fresh();

        // The lock of an older tool's run, until this program has proved it: the configuration may say by now under which name that tool
        // took it.
        if (state is { Phase: > Phase.LockGet, Waiver: null, Lock: { Since: null } adopted }
            && adopted.Identity == facts.Lock with { Holder = adopted.Identity.Holder })
        {
            state = state with { Lock = adopted with { Identity = facts.Lock } };
        }

        // A claim that is another lock than the configured one cannot be proved or released by this configuration.
        if (state.Lock is { } claim && claim.Identity != facts.Lock)
            return new ResumePlan.Stop(Ending.Misconfigured,
                $"the open run {state.RunId} began under {Describe(claim.Identity)}, but the configuration now says {Describe(facts.Lock)}: " +
                "put the configuration back until the run is over, or end the run with 'dlm-updater reset'");

        return state.Phase switch
        {
            Phase.NeedsUpdate => new ResumePlan.Fresh(),
            Phase.LockGet => new ResumePlan.AskWhoseLock(state),
            Phase.Reboot => DecideReboot(state, facts),
            Phase.PostUpdate or Phase.LockRelease when state.Boot != facts.Boot => new ResumePlan.Continue(OnThisBoot(state, facts)),
            _ => new ResumePlan.Continue(state),
        };
    }

    /// <summary>A success of post_update that was recorded on an earlier boot proves nothing of this one: the whole phase runs
    /// again.</summary>
    private static RunState OnThisBoot(RunState state, ResumeFacts facts) => state with
    {
        Phase = Phase.PostUpdate,
        PhaseSince = state.Phase == Phase.PostUpdate ? state.PhaseSince : facts.Now,
        Boot = facts.Boot,
        Finished = [],
        ReleaseSent = state.ReleaseSent || state.Phase == Phase.LockRelease,
    };

    private static ResumePlan DecideReboot(RunState state, ResumeFacts facts)
    {
        // A reboot that somebody else made before ours was asked for is as good.
        if ((state.Reboot?.Boot ?? state.Boot) != facts.Boot) return new ResumePlan.Rebooted(state);
        if (state.Reboot is not { } request) return new ResumePlan.Continue(state);

        TimeSpan since = facts.BootClock - request.FirstBootClock;
        return since <= facts.RebootTimeout ? new ResumePlan.Continue(state) : new ResumePlan.DidNotReboot(state, since);
    }

    /// <summary>Makes a state of an old one-word file. Its lock is the configured one: the old tools had no other.</summary>
    private static RunState? Adopt(StoredRun.OldWord old, ResumeFacts facts)
    {
        bool rebooted = facts.BootedAt > old.WrittenAt;
        Phase? phase = old.Phase switch
        {
            Phase.NeedsUpdate => null,
            Phase.Reboot => rebooted ? Phase.PostUpdate : Phase.Reboot,

            // The old tools wrote post_update before the reboot command. On the same boot only the checks can tell whether the
            // reboot is still to come; going on with post_update would release the lock without one.
            Phase.PostUpdate => rebooted ? Phase.PostUpdate : Phase.NeedsReboot,
            Phase.LockRelease => rebooted ? Phase.PostUpdate : Phase.LockRelease,
            _ => old.Phase,
        };
        return phase is null ? null : new RunState
        {
            RunId = facts.NewRunId,
            Phase = phase.Value,
            Started = old.WrittenAt,
            PhaseSince = old.WrittenAt,
            Attempt = 0,
            Boot = facts.Boot,
            Lock = new LockClaim(facts.Lock, null, null),
            ReleaseSent = old.Phase == Phase.LockRelease,
        };
    }

    private static string Describe(LockIdentity identity) => $"lock '{identity.Name}' at {identity.Service} as {identity.Holder}";
}
