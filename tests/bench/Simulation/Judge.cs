using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Bench.Simulation;

/// <summary>The rules that no seed may break.</summary>
public enum Rule
{
    /// <summary>At most as many hosts as slots are between grant and release.</summary>
    SlotsAreKept,

    /// <summary>A host between grant and release holds the lock, or was robbed by an admin, or is waived.</summary>
    InsideMeansHeld,

    /// <summary>No script under the lock and no reboot request without holding it when it starts.</summary>
    NoScriptWithoutLock,

    /// <summary>Each phase under the lock proves it first.</summary>
    EveryPhaseProves,

    /// <summary>A waiver only if the strategy allows it, and best-effort only after the service was away long enough.</summary>
    WaiversAreConfigured,

    /// <summary>The state names the act before it happens.</summary>
    StateBeforeAct,

    /// <summary>The stored phases follow the design's order.</summary>
    PhasesInOrder,

    /// <summary>Every script of every phase ended with a success before the phase is over.</summary>
    NothingSkipped,

    /// <summary>The scripts run in their order.</summary>
    ScriptsInOrder,

    /// <summary>A recorded success is never repeated, and no record is forgotten.</summary>
    NothingRepeated,

    /// <summary>What is recorded did happen.</summary>
    RecordsAreTrue,

    /// <summary>One script at a time on a host, also after a kill.</summary>
    OneScriptAtATime,

    /// <summary>No script while processes of another, which a signal has ended, still work.</summary>
    NothingBesideSurvivors,

    /// <summary>post_update never runs on the boot that was asked to reboot.</summary>
    PostUpdateOnAnotherBoot,

    /// <summary>post_update never runs, and the lock is never released after it, on a boot that was not successful, unless the run began on that boot.</summary>
    BootIsSuccessful,

    /// <summary>A reboot only if the checks answered so; nothing is requested after the deadline.</summary>
    RebootsAreDue,

    /// <summary>An unreachable service does not delay post_update.</summary>
    PostUpdateIsNotDelayed,

    /// <summary>A state is removed only when its lock is not held; no lock without an open run.</summary>
    LocksDoNotLeak,

    /// <summary>A state that cannot be understood is left alone.</summary>
    UnreadableIsKept,

    /// <summary>The report says what the disk says.</summary>
    ReportsAreTrue,

    /// <summary>Nothing new outside its window, on a wrong day or under strategy off; no old decision in a later window.</summary>
    ScheduleIsKept,

    /// <summary>Nothing is begun after SIGTERM.</summary>
    NothingAfterSigterm,

    /// <summary>No acquire while a script of any stage is refused.</summary>
    PreflightBeforeLock,

    /// <summary>No start ends in an exception.</summary>
    NoExceptions,

    /// <summary>Once everything is healed, every run ends and every lock is free.</summary>
    EndsWhenHealed,
}

/// <summary>A broken rule.</summary>
public sealed record Violation(Rule Rule, TimeSpan At, string Host, string What);

/// <summary>Watches every step. Judges by the service's truth and the hosts' disks, never by what Core believes.</summary>
public sealed class Judge(Fleet fleet)
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(60);

    /// <summary>The first rule that was broken.</summary>
    public Violation? Violation { get; private set; }

    /// <summary>How many starts ended.</summary>
    public int Starts { get; private set; }

    /// <summary>How many runs came to their end after an update.</summary>
    public int RunsDone { get; private set; }

    /// <summary>True if the host is between grant and release of this lock.</summary>
    public static bool Inside(Host host, LockTruth truth)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(truth);
        return host.Open is { Phase: >= Phase.PreUpdate and <= Phase.PostUpdate, Waiver: null, ReleaseSent: false } s && s.Lock?.Identity.Name == truth.Name;
    }

    /// <summary>Notes the first broken rule.</summary>
    public void Fail(Rule rule, Host host, string what)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (Violation is not null) return;
        Violation = new Violation(rule, fleet.Sim.Now, host.Name, what);
        fleet.Sim.Say(host.Name, $"!!! {rule}: {what}");
    }

    /// <summary>After every step: the rules of what is.</summary>
    internal void Look()
    {
        foreach (LockTruth truth in fleet.Server.Locks)
        {
            int inside = 0;
            foreach (Host host in fleet.Hosts)
            {
                bool holds = truth.Holds(host);
                bool robbed = host.RobbedAt(truth) != TimeSpan.MinValue;
                if (Inside(host, truth))
                {
                    if (!robbed) inside++;
                    if (!holds && !robbed) Fail(Rule.InsideMeansHeld, host, $"in {host.Open!.Phase.Name()} without holding '{truth.Name}'");
                }

                if (holds && host.Disk is StoredRun.None && !host.Gifts.Contains(truth)) Fail(Rule.LocksDoNotLeak, host, $"holds '{truth.Name}' and no run is open");
            }

            if (inside > truth.Slots) Fail(Rule.SlotsAreKept, fleet.Hosts[0], $"{inside} hosts are inside '{truth.Name}', which has {truth.Slots} slot(s)");
        }
    }

    internal void AcquireSent(Agent agent)
    {
        Host host = agent.Host;
        if (host.Open is not { } state || state.Phase is < Phase.LockGet or > Phase.PostUpdate)
            Fail(Rule.StateBeforeAct, host, $"asks for the lock, but its state says {host.Disk}");
        else if (state.Phase == Phase.LockGet && agent.Untrusted is { } bad && bad.Index < host.Scripts[(int)bad.Stage].Count)
            Fail(Rule.PreflightBeforeLock, host, $"asks for the lock, but {bad.Stage.Name()}/{bad.Index} is refused");
    }

    internal void ReleaseSent(Agent agent)
    {
        if (agent.Host.Open is { Phase: >= Phase.PostUpdate } state) MustBeSuccessful(agent.Host, state, "the release");
    }

    private void MustBeSuccessful(Host host, RunState state, string what)
    {
        bool beganHere = host.BeganOn.TryGetValue(state.RunId, out BootIdentity? began) && began == host.Boot;
        if (!beganHere && !host.BootIsSuccessful) Fail(Rule.BootIsSuccessful, host, $"{what} on the boot {host.Boot}, which was not successful");
    }

    internal void ScriptStarts(Agent agent, Script script, ScriptContext context)
    {
        Host host = agent.Host;
        if (host.Processes.Find(p => p.IsSurvivor) is { } survivor)
            Fail(Rule.NothingBesideSurvivors, host,
                $"{script.Stage.Name()}/{script.Name} starts while processes of {survivor.Script.Name} still work");
        if (host.Processes.Count > 0) Fail(Rule.OneScriptAtATime, host, $"{script.Stage.Name()}/{script.Name} starts beside {host.Processes[0].Script.Name}");
        if (agent.Terminated) Fail(Rule.NothingAfterSigterm, host, $"{script.Stage.Name()}/{script.Name} starts after SIGTERM");
        if (script.Header.RunOnce && host.DoneForEver.Contains(script.Path)) Fail(Rule.NothingRepeated, host, $"{script.Path} says run=once and is done");
        if (script.Stage.OnlyListens()) return;

        bool first = agent.PhaseIsFresh;
        agent.PhaseIsFresh = false;
        if (script.Stage == ScriptStage.NeedsUpdate)
        {
            if (host.Disk is StoredRun.Unreadable) Fail(Rule.UnreadableIsKept, host, "a new run begins over an unreadable state");
            if (host.Disk is not (StoredRun.None or StoredRun.OldWord { Phase: Phase.NeedsUpdate })) Fail(Rule.StateBeforeAct, host, $"needs_update runs over {host.Disk}");
            if (agent.Strategy == RebootStrategy.Off || agent.AdmittedWindow is null) Fail(Rule.ScheduleIsKept, host, "a new run starts outside its window or under strategy off");
            agent.DecisionWindow = agent.AdmittedWindow;
            return;
        }

        if (script.Stage == ScriptStage.PhaseHooks)
        {
            HookStarts(agent, script, context);
            return;
        }

        if (host.Open is not { } state || state.Phase.Stage() != script.Stage || state.RunId != context.RunId)
        {
            Fail(Rule.StateBeforeAct, host, $"{script.Stage.Name()}/{script.Name} starts, but the state says {host.Disk}");
            return;
        }

        if (Recorded(state, script.Name)) Fail(Rule.NothingRepeated, host, $"{script.Stage.Name()}/{script.Name} is recorded and starts again");
        foreach (Script earlier in host.Scripts[(int)script.Stage])
        {
            if (earlier == script) break;
            if (!Covered(host, state, earlier)) Fail(Rule.ScriptsInOrder, host, $"{script.Name} starts before {earlier.Name}");
        }

        if (script.Stage is ScriptStage.PreUpdate or ScriptStage.PostUpdate) MustBeAllowed(host, state, "pre");
        if (script.Stage == ScriptStage.PostUpdate)
        {
            if (state.Reboot?.Boot == host.Boot) Fail(Rule.PostUpdateOnAnotherBoot, host, $"{script.Name} starts on the boot that was asked to reboot");
            MustBeSuccessful(host, state, script.Name);
            TimeSpan since = agent.NeedsProofSince > agent.GatePassedAt ? agent.NeedsProofSince : agent.GatePassedAt;
            if (first && fleet.Sim.Now - since > Slack) Fail(Rule.PostUpdateIsNotDelayed, host, $"{fleet.Sim.Now - since} after the phase began");
            return;
        }

        MustBeCleared(agent, state, $"{script.Stage.Name()}/{script.Name}");
        if (script.Stage == ScriptStage.Reboot) MustBeDue(agent, state, first);
    }

    private void HookStarts(Agent agent, Script hook, ScriptContext context)
    {
        Host host = agent.Host;
        string what = $"{string.Join(' ', context.Arguments)}: {hook.Name}";
        if (host.Open is not { Phase: Phase.PreUpdate or Phase.PostUpdate } state || state.RunId != context.RunId || context.Arguments[1] != state.Phase.Name())
        {
            Fail(Rule.StateBeforeAct, host, $"{what} starts, but the state says {host.Disk}");
            return;
        }

        if (Recorded(state, $"{context.Arguments[0]} {hook.Name}")) Fail(Rule.NothingRepeated, host, $"{what} is recorded and starts again");
        foreach (Script script in host.Scripts[(int)state.Phase.Stage()!])
        {
            bool done = Covered(host, state, script);
            if (context.Arguments[0] == "pre" && Recorded(state, script.Name)) Fail(Rule.ScriptsInOrder, host, $"{what} starts after {script.Name}");
            if (context.Arguments[0] == "post" && !done) Fail(Rule.ScriptsInOrder, host, $"{what} starts before {script.Name}");
        }

        if (state.Phase == Phase.PreUpdate) MustBeCleared(agent, state, what);
        else MustBeSuccessful(host, state, what);
    }

    private void MustBeAllowed(Host host, RunState state, string moment)
    {
        foreach (Script hook in host.Scripts[(int)ScriptStage.PhaseHooks])
        {
            if (!Recorded(state, $"{moment} {hook.Name}") && !(hook.Header.RunOnce && host.DoneForEver.Contains(hook.Path)))
                Fail(Rule.NothingSkipped, host, $"{state.Phase.Name()} goes on without {moment} {hook.Name}");
        }
    }

    internal void RebootRequested(Agent agent)
    {
        Host host = agent.Host;
        if (agent.Terminated) Fail(Rule.NothingAfterSigterm, host, "a reboot is requested after SIGTERM");
        if (host.Open is not { Phase: Phase.Reboot } state)
        {
            Fail(Rule.StateBeforeAct, host, $"a reboot is requested, but the state says {host.Disk}");
            return;
        }

        MustBeCleared(agent, state, "the reboot request");
        MustBeDue(agent, state, true);
    }

    internal void Committing(Agent agent, RunState next)
    {
        Host host = agent.Host;
        if (agent.Strategy == RebootStrategy.Off && host.Disk is StoredRun.None) Fail(Rule.ScheduleIsKept, host, "a new run is stored under strategy off");
        switch (host.Disk)
        {
            case StoredRun.Unreadable:
                Fail(Rule.UnreadableIsKept, host, "an unreadable state is overwritten");
                break;
            case StoredRun.None:
            case StoredRun.OldWord { Phase: Phase.NeedsUpdate }:
                if (next is not { Phase: Phase.LockGet, Attempt: 1 }) Fail(Rule.PhasesInOrder, host, $"a new run begins in {next.Phase.Name()}");
                MustHaveAnswered(host, next.RunId, ScriptStage.NeedsUpdate, wantYes: true);
                host.BeganOn[next.RunId] = host.Boot;
                agent.NeedsProofSince = fleet.Sim.Now;
                break;
            case StoredRun.OldWord old:
                if (next.Phase != Adopted(host, old)) Fail(Rule.PhasesInOrder, host, $"the old state {old.Phase.Name()} goes on as {next.Phase.Name()}");
                Entered(agent);
                break;
            case StoredRun.Open open:
                Compare(agent, open.State, next);
                break;
        }

        if (next.Phase > Phase.LockGet && next.Lock is null && next.Waiver is null) Fail(Rule.StateBeforeAct, host, $"{next.Phase.Name()} is stored without lock and waiver");
    }

    internal void Removing(Agent agent)
    {
        Host host = agent.Host;
        switch (host.Disk)
        {
            case StoredRun.Unreadable:
                Fail(Rule.UnreadableIsKept, host, "an unreadable state is removed");
                break;
            case StoredRun.OldWord { Phase: not (Phase.LockGet or Phase.NeedsUpdate) } old:
                Fail(Rule.PhasesInOrder, host, $"the old state {old.Phase.Name()} is removed");
                break;
            case StoredRun.Open { State: var state }:
                if (state.Phase is not (Phase.LockGet or Phase.PostUpdate or Phase.LockRelease)) Fail(Rule.PhasesInOrder, host, $"the state is removed in {state.Phase.Name()}");
                if (state.Phase == Phase.PostUpdate) MustBeComplete(host, state);
                if (state.Lock is { } claim && fleet.Server.Lock(claim.Identity.Name) is var truth && truth.Holds(host) && !host.Gifts.Contains(truth))
                    Fail(Rule.LocksDoNotLeak, host, $"the state is removed in {state.Phase.Name()} while '{truth.Name}' is held");
                if (state.Phase != Phase.LockGet) RunsDone++;
                break;
        }
    }

    internal void Ended(Agent agent, RunReport report)
    {
        Host host = agent.Host;
        Starts++;
        bool kept = host.Disk is StoredRun.Open or StoredRun.Unreadable or StoredRun.OldWord { Phase: not Phase.NeedsUpdate };
        if (report.StateKept != kept) Fail(Rule.ReportsAreTrue, host, $"{report.Ending} says kept {report.StateKept}, the disk says {host.Disk}");
        if (report.Ending == Ending.Done && kept) Fail(Rule.ReportsAreTrue, host, $"done, but the disk says {host.Disk}");
        if (report.Ending is Ending.Rebooting or Ending.DidNotReboot && host.Open is not { Phase: Phase.Reboot, Reboot: not null }) Fail(Rule.ReportsAreTrue, host, $"{report.Ending}, but the disk says {host.Disk}");
        if (report.Ending == Ending.LockLost && kept == (report.Phase >= Phase.PostUpdate)) Fail(Rule.ReportsAreTrue, host, $"lock lost in {report.Phase}, kept {kept}");
        if (report.Ending == Ending.StateUnreadable && host.Disk is not StoredRun.Unreadable) Fail(Rule.ReportsAreTrue, host, "a readable state is called unreadable");
    }

    private void Compare(Agent agent, RunState old, RunState next)
    {
        Host host = agent.Host;
        if (next.RunId != old.RunId) Fail(Rule.PhasesInOrder, host, $"the open run {old.RunId} is replaced by {next.RunId}");
        if (next.Attempt != old.Attempt && next.Attempt != old.Attempt + 1) Fail(Rule.RecordsAreTrue, host, $"attempt {old.Attempt} is followed by {next.Attempt}");
        if (old.Waiver is not null && next.Waiver is null) Fail(Rule.WaiversAreConfigured, host, "the waiver is forgotten");

        if (next.Phase == old.Phase)
        {
            if (next.Waiver is not null && old.Waiver is null) Fail(Rule.WaiversAreConfigured, host, "a waiver appears in the middle of a phase");
            bool isAnew = next.Phase == Phase.PostUpdate && old.Boot != host.Boot && next.Boot == host.Boot && next.Finished.IsEmpty;
            if (next.Phase != Phase.Reboot && !isAnew) MustExtend(host, old, next);
            MustBeTrue(host, next);
            bool forgotten = next.Reboot is null && agent.RebootFailed;
            if (old.Reboot is { } asked && !forgotten && next.Reboot?.FirstBootClock != asked.FirstBootClock) Fail(Rule.RebootsAreDue, host, "the deadline of the reboot was moved");
            if (next.Attempt != old.Attempt) Entered(agent);
            return;
        }

        if (next.Finished.Length > 0) Fail(Rule.RecordsAreTrue, host, $"{next.Phase.Name()} begins with records");
        switch (old.Phase, next.Phase)
        {
            case (Phase.LockGet, Phase.PreUpdate):
                MustBeAdmitted(agent, next);
                agent.PhaseIsFresh = true;
                return;
            case (Phase.PreUpdate, Phase.Update):
            case (Phase.Update, Phase.NeedsReboot):
            case (Phase.PostUpdate, Phase.LockRelease):
                MustBeComplete(host, old);
                break;
            case (Phase.NeedsReboot, Phase.Reboot):
                if (host.Scripts[(int)ScriptStage.NeedsReboot].Count > 0) MustHaveAnswered(host, old.RunId, ScriptStage.NeedsReboot, wantYes: true);
                break;
            case (Phase.NeedsReboot, Phase.PostUpdate):
                if (host.Scripts[(int)ScriptStage.NeedsReboot].Count == 0) Fail(Rule.RebootsAreDue, host, "no check was there, and no reboot follows");
                MustHaveAnswered(host, old.RunId, ScriptStage.NeedsReboot, wantYes: false);
                break;
            case (Phase.Reboot, Phase.PostUpdate):
                if ((old.Reboot?.Boot ?? old.Boot) == host.Boot) Fail(Rule.PostUpdateOnAnotherBoot, host, "post_update follows on the same boot");
                break;
            case (Phase.LockRelease, Phase.PostUpdate):
                if (old.Boot == host.Boot || !next.ReleaseSent) Fail(Rule.PhasesInOrder, host, "post_update follows lock_release on the same boot");
                break;
            default:
                Fail(Rule.PhasesInOrder, host, $"{old.Phase.Name()} is followed by {next.Phase.Name()}");
                break;
        }

        Entered(agent);
    }

    private void Entered(Agent agent)
    {
        agent.NeedsProofSince = fleet.Sim.Now;
        agent.PhaseIsFresh = true;
    }

    /// <summary>Grant to pre_update: inside the window, the one of the decision, by a proof that is older than the last look at the schedule.</summary>
    private void MustBeAdmitted(Agent agent, RunState next)
    {
        Host host = agent.Host;
        if (agent.AdmittedWindow is null) Fail(Rule.ScheduleIsKept, host, "pre_update outside the window");
        else if (!agent.ClockStepped && agent.DecisionWindow is { } decided && decided != agent.AdmittedWindow) Fail(Rule.ScheduleIsKept, host, "pre_update in a later window than the decision");
        if (next.Waiver is null)
        {
            if (agent.ProvedAt < agent.NeedsProofSince) Fail(Rule.EveryPhaseProves, host, "pre_update without a grant");
            else if (agent.AdmittedAt < agent.ProvedAt) Fail(Rule.ScheduleIsKept, host, "the schedule was not asked again after the wait");
            return;
        }

        bool allowed = agent.Strategy == RebootStrategy.Reboot
            || (agent.Strategy == RebootStrategy.BestEffort && fleet.Sim.Now - agent.AnsweredAt >= fleet.Scenario.Settings.Lock.UnreachableAfter);
        if (!allowed) Fail(Rule.WaiversAreConfigured, host, $"waived under {agent.Strategy}: {next.Waiver.Reason}");
    }

    private void MustBeCleared(Agent agent, RunState state, string what)
    {
        if (state.Waiver is not null || state.Lock is null) return;
        Host host = agent.Host;
        LockTruth truth = fleet.Server.Lock(state.Lock.Identity.Name);
        if (agent.ProvedAt < agent.NeedsProofSince) Fail(Rule.EveryPhaseProves, host, $"{what} without a proof in this phase");
        bool robbedSince = host.RobbedAt(truth) >= agent.ProvedAt;
        if (!truth.Holds(host) && !robbedSince) Fail(Rule.NoScriptWithoutLock, host, $"{what} starts, but '{truth.Name}' is not held");
    }

    private void MustBeDue(Agent agent, RunState state, bool first)
    {
        Host host = agent.Host;
        if (state.Reboot is not { } request || request.Boot != host.Boot)
        {
            Fail(Rule.StateBeforeAct, host, "a reboot is requested that is not stored for this boot");
            return;
        }

        TimeSpan since = host.BootClock - request.FirstBootClock;
        if (first && since > fleet.Scenario.Settings.Reboot.Timeout + Slack) Fail(Rule.RebootsAreDue, host, $"a reboot is requested {since} after the first request");
    }

    private void MustBeComplete(Host host, RunState state)
    {
        if (state.Phase.Stage() is not { } stage) return;
        if (stage is ScriptStage.PreUpdate or ScriptStage.PostUpdate) MustBeAllowed(host, state, "post");
        foreach (Script script in host.Scripts[(int)stage])
        {
            if (!Covered(host, state, script)) Fail(Rule.NothingSkipped, host, $"{stage.Name()} is over without {script.Name}");
        }
    }

    private void MustHaveAnswered(Host host, string runId, ScriptStage stage, bool wantYes)
    {
        bool yes = false;
        foreach (Script script in host.Scripts[(int)stage])
        {
            if (!host.Seen.TryGetValue((runId, stage, script.Name), out ScriptResult? result))
            {
                Fail(Rule.NothingSkipped, host, $"{stage.Name()} is over without {script.Name}");
                return;
            }

            bool answers = fleet.Scenario.Settings.Scripts.Checks == CheckRule.AnyNonZero || result is ScriptResult.Exited { Code: <= 125 };
            if (!answers) Fail(Rule.RebootsAreDue, host, $"{stage.Name()}/{script.Name} gave no answer ({result.Describe()}), and the run goes on");
            yes |= !result.Succeeded;
        }

        if (yes != wantYes) Fail(Rule.RebootsAreDue, host, $"{stage.Name()} answered {(yes ? "yes" : "no")}, and the run does the other");
    }

    private void MustExtend(Host host, RunState old, RunState next)
    {
        for (int i = 0; i < old.Finished.Length; i++)
        {
            if (i >= next.Finished.Length || next.Finished[i] != old.Finished[i]) Fail(Rule.NothingRepeated, host, $"the record of {old.Finished[i].Name} is lost");
        }
    }

    private void MustBeTrue(Host host, RunState state)
    {
        if (state.Phase.Stage() is not { } stage) return;
        foreach (FinishedScript record in state.Finished)
        {
            bool isHook = record.Name.StartsWith("pre ", StringComparison.Ordinal) || record.Name.StartsWith("post ", StringComparison.Ordinal);
            var key = (state.RunId, isHook ? ScriptStage.PhaseHooks : stage, record.Name);
            if (state.Phase == Phase.PostUpdate && host.SeenOn.TryGetValue(key, out BootIdentity? boot) && boot != host.Boot)
                Fail(Rule.RecordsAreTrue, host, $"{stage.Name()}/{record.Name} succeeded on the boot {boot} and is recorded on {host.Boot}");
            if (!host.Seen.TryGetValue(key, out ScriptResult? result) || result.ShellCode != record.ExitCode)
                Fail(Rule.RecordsAreTrue, host, $"{stage.Name()}/{record.Name} is recorded with {record.ExitCode}, but ended so: {result?.Describe() ?? "never"}");
        }
    }

    private static bool Recorded(RunState state, string name)
    {
        foreach (FinishedScript record in state.Finished)
        {
            if (record.Name == name) return true;
        }

        return false;
    }

    private static bool Covered(Host host, RunState state, Script script) =>
        Recorded(state, script.Name) || (script.Header.RunOnce && host.DoneForEver.Contains(script.Path));

    private static Phase Adopted(Host host, StoredRun.OldWord old)
    {
        bool rebooted = host.BootedAt > old.WrittenAt;
        return old.Phase switch
        {
            Phase.Reboot => rebooted ? Phase.PostUpdate : Phase.Reboot,
            Phase.PostUpdate => rebooted ? Phase.PostUpdate : Phase.NeedsReboot,
            Phase.LockRelease => rebooted ? Phase.PostUpdate : Phase.LockRelease,
            _ => old.Phase,
        };
    }
}
