using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow;

/// <summary>Runs the scripts of one stage, one after the other, with a record after each: what is recorded is not repeated, what is
/// not recorded is.</summary>
internal static class ScriptSequence
{
    /// <summary>Runs what is not recorded yet. Succeeded: every script is recorded, in <see cref="RunState.Finished"/>.</summary>
    /// <param name="run">The ports.</param>
    /// <param name="state">The open run, or for needs_update the run that may become one.</param>
    /// <param name="stored">False for needs_update: nothing is stored for it.</param>
    /// <param name="set">The stage's scripts, found a moment ago.</param>
    /// <param name="cancel">SIGTERM, SIGINT.</param>
    internal static ValueTask<PhaseOutcome> Run(RunContext run, RunState state, ScriptSet set, bool stored, CancellationToken cancel) =>
        Run(run, state, set, stored, null, cancel);

    /// <summary>Runs the scripts of <paramref name="stage"/> between those of <c>phase_hooks.d</c>, which are called with two arguments, <c>pre</c> or <c>post</c> and
    /// the phase, as DLMEngineUpdater called its plug-ins. A hook that fails vetoes: before, no script of the phase is run; after, the phase has failed.</summary>
    internal static async ValueTask<PhaseOutcome> RunHooked(RunContext run, RunState state, ScriptStage stage, CancellationToken cancel)
    {
        PhaseOutcome outcome = await Run(run, state, run.Scripts.Find(ScriptStage.PhaseHooks), true, "pre", cancel);
        if (outcome.Verdict == Verdict.Succeeded) outcome = await Run(run, outcome.State, run.Scripts.Find(stage), true, null, cancel);
        if (outcome.Verdict == Verdict.Succeeded) outcome = await Run(run, outcome.State, run.Scripts.Find(ScriptStage.PhaseHooks), true, "post", cancel);
        return outcome;
    }

    private static async ValueTask<PhaseOutcome> Run(RunContext run, RunState state, ScriptSet set, bool stored, string? moment, CancellationToken cancel)
    {
        if (Obstacle(set, state) is { } obstacle) return obstacle;
        foreach (string warning in set.Warnings) run.Events.On(new RunEvent.Warning(warning));

        string[] arguments = moment is null ? [] : [moment, state.Phase.Name()];
        for (int i = 0; i < set.Scripts.Count; i++)
        {
            Script script = set.Scripts[i];

            // No file name holds a slash, and no user's name a space: a hook's record is never taken for a script's.
            string record = moment is null ? script.Name : $"{moment} {script.Name}";
            if (state.Finished.Any(f => f.Name == record)) continue;
            if (run.Scripts.IsDoneForEver(script))
            {
                run.Events.On(new RunEvent.ScriptSkipped(state.Phase, script, "run=once, and done before"));
                continue;
            }

            if (cancel.IsCancellationRequested) return new PhaseOutcome(Verdict.Interrupted, state, $"interrupted before {set.Stage.Name()}/{script.Name}");

            run.Events.On(new RunEvent.ScriptStarting(state.Phase, script, i + 1, set.Scripts.Count));
            ScriptResult result = await run.Scripts.Run(script, run.ScriptContext(state.Phase, state.RunId, state.Attempt, arguments), cancel);
            run.Events.On(new RunEvent.ScriptEnded(state.Phase, script, result));

            if (result is ScriptResult.Interrupted)
            {
                string next = result.StillRuns ? "waits for it and then runs it again" : "runs it again";
                return new PhaseOutcome(Verdict.Interrupted, state, $"interrupted in {set.Stage.Name()}/{script.Name}; the next start {next}");
            }

            if (result is ScriptResult.NotWritable no)
                return new PhaseOutcome(Verdict.NotWritable, state,
                    $"{set.Stage.Name()}/{script.Name} was not started: {no.Why}")
                { WasNotStarted = true };
            if (Failure(run, set, script, result) is { } why)
                return new PhaseOutcome(Verdict.ScriptFailed, state, moment is null ? why : $"{why}, and so vetoes {state.Phase.Name()}") { Failed = (script.Path, result.ShellCode) };

            if (script.Header.RunOnce && result.Succeeded && run.Scripts.RecordDoneForEver(script, state.RunId) is { } unrecorded)
                return new PhaseOutcome(Verdict.NotWritable, state, unrecorded);
            state = state with { Finished = state.Finished.Add(new FinishedScript(record, result.ShellCode, result.Duration)) };
            if (stored && await run.Store.Save(state) is { } unsaved) return new PhaseOutcome(Verdict.NotWritable, state, unsaved);
            if (moment is null) await Listeners.Finished(run, state, script, result.ShellCode, cancel);
        }

        return new PhaseOutcome(Verdict.Succeeded, state);
    }

    /// <summary>Why the stage cannot run at all, before any of its scripts is started; null if it can.</summary>
    internal static PhaseOutcome? Obstacle(ScriptSet set, RunState state)
    {
        if (set.Unusable is { } unusable) return new PhaseOutcome(Verdict.Misconfigured, state, unusable);
        if (set.Refused.Count == 0) return null;
        string all = string.Join("; ", set.Refused.Select(r => $"{r.Path}: {string.Join(", ", r.Reasons)}"));
        return new PhaseOutcome(Verdict.ScriptFailed, state, $"{set.Refused.Count} script(s) in {set.Directory} cannot be trusted and nothing was run: {all}")
        {
            Failed = (set.Refused[0].Path, 126),
        };
    }

    private static string? Failure(RunContext run, ScriptSet set, Script script, ScriptResult result)
    {
        string name = $"{set.Stage.Name()}/{script.Name}";
        if (set.Stage.IsCheck())
            return CheckAnswers.Read(result, run.Settings.Scripts.Checks) == CheckAnswer.Error
                ? $"the check {name} gave no answer: {result.Describe()}; an answer is exit code 0 (no) or 1 to 125 (yes)"
                : null;
        return result.Succeeded ? null : $"{name} failed: {result.Describe()}";
    }
}
