using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Scripts;

/// <summary>A directory of scripts. The first six belong to the phase of the same name.</summary>
public enum ScriptStage
{
    /// <summary><c>needs_update.d</c>: is an update due?</summary>
    NeedsUpdate,

    /// <summary><c>pre_update.d</c></summary>
    PreUpdate,

    /// <summary><c>update.d</c></summary>
    Update,

    /// <summary><c>needs_reboot.d</c>: is a reboot needed?</summary>
    NeedsReboot,

    /// <summary><c>reboot.d</c>, optional: request the reboot, in place of the reboot command.</summary>
    Reboot,

    /// <summary><c>post_update.d</c></summary>
    PostUpdate,

    /// <summary><c>on_failure.d</c>, optional: told when a run stops on a failure.</summary>
    OnFailure,

    /// <summary><c>ext_notify.d</c>, optional: told after every script, after the grant and at the end.</summary>
    ExtNotify,

    /// <summary><c>phase_hooks.d</c>, optional: asked before and after pre_update and post_update, and may veto.</summary>
    PhaseHooks,
}

/// <summary>What is fixed about each stage.</summary>
public static class ScriptStages
{
    private static readonly string[] Names =
        ["needs_update", "pre_update", "update", "needs_reboot", "reboot", "post_update", "on_failure", "ext_notify", "phase_hooks"];

    /// <summary>Every stage, in the order of the run; those beside the run last.</summary>
    public static IReadOnlyList<ScriptStage> All { get; } =
    [
        ScriptStage.NeedsUpdate, ScriptStage.PreUpdate, ScriptStage.Update, ScriptStage.NeedsReboot, ScriptStage.Reboot, ScriptStage.PostUpdate,
        ScriptStage.OnFailure, ScriptStage.ExtNotify, ScriptStage.PhaseHooks,
    ];

    /// <summary>The name without <c>.d</c>, such as <c>pre_update</c>.</summary>
    public static string Name(this ScriptStage stage) => Names[(int)stage];

    /// <summary>The directory's name and its key in the configuration, such as <c>pre_update.d</c>.</summary>
    public static string DirectoryName(this ScriptStage stage) => Names[(int)stage] + ".d";

    /// <summary>True for the directories that may be missing. A missing main directory is an error: missing is not empty.</summary>
    public static bool IsOptional(this ScriptStage stage) => stage == ScriptStage.Reboot || stage.IsBeside();

    /// <summary>True for the stages that have no phase of their own: they listen to others, or are asked by them.</summary>
    public static bool IsBeside(this ScriptStage stage) => stage >= ScriptStage.OnFailure;

    /// <summary>True for the stages whose failure changes nothing of how a run goes on or ends.</summary>
    public static bool OnlyListens(this ScriptStage stage) => stage is ScriptStage.OnFailure or ScriptStage.ExtNotify;

    /// <summary>True where exit codes answer a question (<see cref="CheckAnswer"/>).</summary>
    public static bool IsCheck(this ScriptStage stage) => stage is ScriptStage.NeedsUpdate or ScriptStage.NeedsReboot;

    /// <summary>The stage whose scripts <paramref name="phase"/> runs, or null for the two lock phases.</summary>
    public static ScriptStage? Stage(this Phase phase) => phase switch
    {
        Phase.NeedsUpdate => ScriptStage.NeedsUpdate,
        Phase.PreUpdate => ScriptStage.PreUpdate,
        Phase.Update => ScriptStage.Update,
        Phase.NeedsReboot => ScriptStage.NeedsReboot,
        Phase.Reboot => ScriptStage.Reboot,
        Phase.PostUpdate => ScriptStage.PostUpdate,
        _ => null,
    };
}
