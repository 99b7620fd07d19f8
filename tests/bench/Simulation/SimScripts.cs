using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Bench.Simulation;

/// <summary>A script's process. It belongs to the host: it may outlive the agent that started it.</summary>
internal sealed class ScriptProcess(Script script)
{
    internal Script Script { get; } = script;

    internal bool Gone { get; set; }

    /// <summary>Its own process has ended after a signal, and what it has started still works for it.</summary>
    internal bool IsSurvivor { get; set; }

    /// <summary>No marker names it, so no later start can know of it.</summary>
    internal bool IsForgotten { get; set; }
}

/// <summary>The host's scripts: durations, failures, checks that crash, processes that outlive their agent, or their leader after a
/// signal.</summary>
internal sealed class SimScripts(Agent agent) : IScripts
{
    private bool _preflight = true;

    private Host Host => agent.Host;

    private Fleet Fleet => agent.Host.Fleet;

    public ScriptSet Find(ScriptStage stage)
    {
        IReadOnlyList<Script> all = Host.Scripts[(int)stage];
        if (Fleet.Sabotage.HasFlag(Sabotage.ScriptsReversed)) all = [.. all.Reverse()];
        bool blind = Fleet.Sabotage.HasFlag(Sabotage.PreflightSeesNothing) && _preflight && stage != ScriptStage.NeedsUpdate;
        if (stage == ScriptStages.All[^1]) _preflight = false;
        if (agent.Untrusted is not { } bad || bad.Stage != stage || bad.Index >= all.Count || blind)
            return new ScriptSet { Stage = stage, Directory = stage.DirectoryName(), Scripts = all };
        var trusted = all.Where((_, i) => i != bad.Index).ToArray();
        return new ScriptSet { Stage = stage, Directory = stage.DirectoryName(), Scripts = trusted, Refused = [new Refusal(all[bad.Index].Path, ["mode 0777"])] };
    }

    public ValueTask<ScriptResult> Run(Script script, ScriptContext context, CancellationToken cancel)
    {
        if (!Fleet.Healed && context.Phase != Phase.PostUpdate && Fleet.Dice.Chance(Fleet.Scenario.WriteFails))
        {
            agent.RebootFailed |= script.Stage == ScriptStage.Reboot;
            return ValueTask.FromResult<ScriptResult>(new ScriptResult.NotWritable("running: no space left on device"));
        }

        Fleet.Judge.ScriptStarts(agent, script, context);
        var process = new ScriptProcess(script);
        Host.Processes.Add(process);
        TimeSpan lasts = Duration(script.Stage);
        ScriptResult result = Draw(script, lasts);
        var done = new TaskCompletionSource<ScriptResult>();

        void End(ScriptResult how)
        {
            if (process.Gone) return;
            process.Gone = true;
            Host.Processes.Remove(process);
            Fleet.Sim.Say(Host.Name, $"{script.Stage.Name()}/{script.Name}: {how.Describe()}{(agent.Alive ? "" : " (its agent is dead)")}");
            if (script.Stage == ScriptStage.Reboot && how.Succeeded && script == Host.Scripts[(int)script.Stage][^1]) Host.RebootAccepted();
            if (agent.Alive)
            {
                agent.RebootFailed |= script.Stage == ScriptStage.Reboot && how is { Succeeded: false } and not ScriptResult.Interrupted;
                var seen = (context.RunId, script.Stage, script.Stage == ScriptStage.PhaseHooks ? $"{context.Arguments[0]} {script.Name}" : script.Name);
                Host.Seen[seen] = how;
                Host.SeenOn[seen] = Host.Boot;
                done.TrySetResult(how);
            }

            Host.ProcessEnded();
        }

        void Interrupt()
        {
            if (process.Gone || process.IsSurvivor) return;
            var how = new ScriptResult.Interrupted(Fleet.Dice.Pick(0, 1, 143), lasts);
            if (!Fleet.Dice.Chance(Fleet.Scenario.Survives))
            {
                End(how);
                return;
            }

            process.IsSurvivor = true;
            Fleet.Sim.Say(Host.Name, $"{script.Stage.Name()}/{script.Name}: {how.Describe()}, and leaves processes that still work");
            if (Fleet.Sabotage.HasFlag(Sabotage.SurvivorsAreForgotten))
            {
                process.IsForgotten = true;
                if (agent.Alive) done.TrySetResult(how);
            }

            Fleet.Sim.After(Fleet.Dice.Seconds(1, 3600), null, () => End(how));
        }

        Fleet.Sim.After(lasts, null, () =>
        {
            if (!process.IsSurvivor) End(result);
        });
        cancel.Register(() => Fleet.Sim.After(Fleet.Dice.Seconds(0, 10), null, Interrupt));
        agent.AtOnce.Register(() =>
        {
            if (!process.Gone) done.TrySetResult(new ScriptResult.Interrupted(143, lasts) { StillRuns = true });
        });
        agent.MaybeKill(lasts);
        return new ValueTask<ScriptResult>(done.Task);
    }

    public ValueTask<bool> AwaitOutlived(string? runId, CancellationToken cancel)
    {
        if (Host.Processes.TrueForAll(p => p.IsForgotten)
            || Fleet.Sabotage.HasFlag(Sabotage.OutlivedIsNotAwaited)) return ValueTask.FromResult(true);
        if (cancel.IsCancellationRequested) return ValueTask.FromResult(false);
        var done = new TaskCompletionSource<bool>();
        Host.WhenIdle.Add(() =>
        {
            if (agent.Alive) done.TrySetResult(true);
        });
        cancel.Register(() => done.TrySetResult(false));
        agent.MaybeKill(TimeSpan.FromSeconds(5));
        return new ValueTask<bool>(done.Task);
    }

    public bool IsDoneForEver(Script script) => !Fleet.Sabotage.HasFlag(Sabotage.RunOnceIsForgotten) && Host.DoneForEver.Contains(script.Path);

    public string? RecordDoneForEver(Script script, string runId)
    {
        if (!Fleet.Healed && Fleet.Dice.Chance(Fleet.Scenario.WriteFails)) return "upgrade-history: no space left on device";
        Host.DoneForEver.Add(script.Path);
        return null;
    }

    private TimeSpan Duration(ScriptStage stage) =>
        Fleet.Dice.Chance(0.03) ? Fleet.Dice.Seconds(600, 7200) : stage.IsCheck() ? Fleet.Dice.Seconds(0.05, 20) : Fleet.Dice.Seconds(0.5, 300);

    private ScriptResult Draw(Script script, TimeSpan lasts)
    {
        Dice dice = Fleet.Dice;
        bool check = script.Stage.IsCheck();
        if (!Fleet.Healed && dice.Chance(check ? Fleet.Scenario.CheckFails : Fleet.Scenario.ScriptFails))
        {
            return dice.Below(5) switch
            {
                0 => new ScriptResult.Exited(126, lasts),
                1 => new ScriptResult.Exited(127, lasts),
                2 => new ScriptResult.Signalled(9, lasts),
                3 => new ScriptResult.TimedOut(lasts, lasts),
                _ => check ? new ScriptResult.NotStarted("text file busy") : new ScriptResult.Exited(1 + dice.Below(125), lasts),
            };
        }

        if (!check) return new ScriptResult.Exited(0, lasts);
        bool yes = script.Stage == ScriptStage.NeedsUpdate ? !Fleet.Healed && dice.Chance(0.6) : dice.Chance(0.4);
        return new ScriptResult.Exited(yes ? dice.Pick(1, 100, 125) : 0, lasts);
    }
}
