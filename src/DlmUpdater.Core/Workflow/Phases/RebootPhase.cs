using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Workflow.Phases;

/// <summary>Asks for the reboot. That it was asked for proves nothing: the next start looks at the boot identity.</summary>
internal static class RebootPhase
{
    internal static async ValueTask<PhaseOutcome> Run(RunContext run, RunState state, Clearance clearance, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(clearance);
        if (run.Settings.Reboot.LeftOut)
            return new PhaseOutcome(Verdict.Misconfigured, state, "the open run waits for a reboot, and reboots are left out here: let the host go on with it");
        ScriptSet set = run.Scripts.Find(ScriptStage.Reboot);
        if (ScriptSequence.Obstacle(set, state) is { } obstacle) return obstacle;

        // Waiting for a script of an earlier start, or for the lock service, may have taken us past the deadline.
        if (state.Reboot is { } first && first.Boot == run.Host.Boot && run.Host.BootClock - first.FirstBootClock > run.Settings.Reboot.Timeout)
            return new PhaseOutcome(Verdict.DidNotReboot, state, DidNotReboot(first, run.Host.BootClock - first.FirstBootClock));

        state = state with { Reboot = Request(run, state), Finished = Unfinished(run, set, state) ? state.Finished : [] };
        if (await run.Store.Save(state) is { } unsaved) return new PhaseOutcome(Verdict.NotWritable, state, unsaved);

        if (set.Scripts.Count > 0)
        {
            PhaseOutcome ran = await ScriptSequence.Run(run, state, set, stored: true, cancel);
            return ran.Verdict switch
            {
                Verdict.Succeeded => ran with { Verdict = Verdict.RebootRequested, Why = $"{set.Directory} has requested the reboot" },
                Verdict.ScriptFailed => await Forget(run, ran),
                Verdict.NotWritable when ran.WasNotStarted => await Forget(run, ran),
                _ => ran,
            };
        }

        if (cancel.IsCancellationRequested) return new PhaseOutcome(Verdict.Interrupted, state, "interrupted before the reboot was requested");
        ScriptResult result = await run.Host.RequestReboot(run.ScriptContext(Phase.Reboot, state.RunId, state.Attempt), cancel);
        if (result is ScriptResult.Interrupted) return new PhaseOutcome(Verdict.Interrupted, state, "interrupted while the reboot was requested");
        if (result is ScriptResult.NotWritable no) return await Forget(run,
            new PhaseOutcome(Verdict.NotWritable, state, $"the reboot was not requested: {no.Why}"));
        return result.Succeeded
            ? new PhaseOutcome(Verdict.RebootRequested, state, "the reboot is requested")
            : await Forget(run, new PhaseOutcome(Verdict.ScriptFailed, state, $"the reboot command failed: {result.Describe()}") { Failed = ("reboot", result.ShellCode) });
    }

    /// <summary>A request that failed starts no deadline: the start after the repair must be able to ask again. If the host goes down all
    /// the same, the boot on which the phase was entered tells.</summary>
    private static async ValueTask<PhaseOutcome> Forget(RunContext run, PhaseOutcome failed)
    {
        RunState state = failed.State with { Reboot = null };
        return await run.Store.Save(state) is { } unsaved ? new PhaseOutcome(Verdict.NotWritable, state, unsaved) : failed with { State = state };
    }

    /// <summary>What is said when the host still runs on the boot that was asked to end.</summary>
    internal static string DidNotReboot(RebootRequest request, TimeSpan since) =>
        $"the host did not reboot: it was asked {request.Requests} time(s), first {since.TotalSeconds:0} s ago, and still runs on the same boot; " +
        "reboot it by hand and the next start goes on, or end the run with 'dlm-updater reset'";

    /// <summary>A second request keeps the clock of the first: the deadline does not move.</summary>
    private static RebootRequest Request(RunContext run, RunState state) => state.Reboot is { } earlier
        ? earlier with { Requests = earlier.Requests + 1 }
        : new RebootRequest(run.Time.GetUtcNow(), run.Host.BootClock, run.Host.Boot, 1);

    /// <summary>Half-done scripts are gone on with; a whole request that did not bring the host down is made again from its first script.
    /// What says run=once and was done before is not waited for: it never gets a record here.</summary>
    private static bool Unfinished(RunContext run, ScriptSet set, RunState state) =>
        set.Scripts.Any(s => !state.Finished.Any(f => f.Name == s.Name) && !run.Scripts.IsDoneForEver(s));
}
