using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Workflow;

/// <summary>phase_hooks.d: what the phase hooks of DLMEngineUpdater's plug-ins could do, and a veto that is never lost.</summary>
public sealed class PhaseHooksTests
{
    private readonly Bed _bed = new() { Names = { [ScriptStage.PhaseHooks] = ["10-ask"], [ScriptStage.PreUpdate] = ["drain"], [ScriptStage.PostUpdate] = ["start"], [ScriptStage.Update] = ["install"] } };

    [Fact]
    public void Hooks_are_asked_before_and_after_pre_update_and_post_update_and_nowhere_else()
    {
        Assert.Equal(Ending.Done, _bed.Run().Ending);
        Assert.Equal(["pre", "pre_update", "post", "pre_update", "pre", "post_update", "post", "post_update"], _bed.Arguments);
        Assert.Equal(
            ["phase_hooks/10-ask", "pre_update/drain", "phase_hooks/10-ask", "update/install", "phase_hooks/10-ask", "post_update/start", "phase_hooks/10-ask"],
            _bed.Acts.Where(a => a.Contains('/', StringComparison.Ordinal) && !a.StartsWith("needs_", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_veto_before_pre_update_runs_no_script_keeps_the_lock_and_is_told()
    {
        _bed.Results["phase_hooks/10-ask"] = () => Bed.Exit(4);
        _bed.Names[ScriptStage.OnFailure] = ["tell"];
        RunReport report = _bed.Run();
        Assert.Equal((Ending.ScriptFailed, true), (report.Ending, report.StateKept));
        Assert.Contains("phase_hooks/10-ask failed: exit code 4, and so vetoes pre_update", report.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pre_update/drain", _bed.Acts);
        Assert.DoesNotContain("release", _bed.Acts);
        Assert.Equal(["fleet", "True", "True", "pre_update", "/scripts/phase_hooks.d/10-ask", "4"], _bed.Arguments[^6..]);
    }

    [Fact]
    public void A_veto_after_post_update_keeps_the_lock()
    {
        int asked = 0;
        _bed.Results["phase_hooks/10-ask"] = () => Bed.Exit(++asked == 4 ? 1 : 0);
        Assert.Equal(Ending.ScriptFailed, _bed.Run().Ending);
        Assert.Equal((Phase.PostUpdate, "pre 10-ask+start"), (_bed.Open.Phase, string.Join('+', _bed.Open.Finished.Select(f => f.Name))));
        Assert.DoesNotContain("release", _bed.Acts);

        Assert.Equal(Ending.Done, _bed.Run().Ending);
        Assert.Equal(5, asked);
    }

    [Fact]
    public void A_hook_that_cannot_run_is_a_veto_and_not_a_yes()
    {
        _bed.Results["phase_hooks/10-ask"] = () => new ScriptResult.NotStarted("no such interpreter");
        Assert.Equal(Ending.ScriptFailed, _bed.Run().Ending);
        Assert.DoesNotContain("pre_update/drain", _bed.Acts);
    }

    [Fact]
    public void What_a_hook_allowed_is_not_asked_again_by_a_start_that_goes_on()
    {
        _bed.Results["pre_update/drain"] = () => Bed.Exit(1);
        Assert.Equal(Ending.ScriptFailed, _bed.Run().Ending);
        _bed.Acts.Clear();
        _bed.Results.Remove("pre_update/drain");
        Assert.Equal(Ending.Done, _bed.Run().Ending);
        Assert.Equal("pre_update/drain", _bed.Acts.First(a => a.Contains('/', StringComparison.Ordinal)));
    }
}
