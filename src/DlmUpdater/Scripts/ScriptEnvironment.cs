using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Scripts;

/// <summary>The environment of a script: what it is told, and nothing of what this process was started with.</summary>
internal static class ScriptEnvironment
{
    /// <summary>Where commands are looked for, on every host.</summary>
    public const string SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Carries the run's id; how a script that outlived its agent is found.</summary>
    public const string RunIdVariable = "DLM_UPDATER_RUN_ID";

    /// <summary>Carries the script's name in its stage.</summary>
    public const string ScriptVariable = "DLM_UPDATER_SCRIPT";

    /// <summary>Carries the phase.</summary>
    public const string PhaseVariable = "DLM_UPDATER_PHASE";

    /// <summary>What any process of this program gets: nothing of a run.</summary>
    public static List<string> Plain(UserAccount user) =>
    [
        "PATH=" + SearchPath,
        "HOME=" + user.Home,
        "USER=" + user.Name,
        "LOGNAME=" + user.Name,
        "LANG=C.UTF-8",
        "PYTHONDONTWRITEBYTECODE=1",
    ];

    /// <summary>The environment of <paramref name="script"/> when <paramref name="user"/> runs it.</summary>
    public static List<string> Build(ScriptContext context, string script, string stateDirectory, UserAccount user)
    {
        string phase = context.Phase.Name();
        return
        [
            .. Plain(user),
            PhaseVariable + "=" + phase,
            "DLM_UPDATER_LOCK_NAME=" + context.LockName,
            "DLM_UPDATER_LOCK_SERVICE=" + context.LockService,
            RunIdVariable + "=" + context.RunId,
            "DLM_UPDATER_ATTEMPT=" + context.Attempt,
            "DLM_UPDATER_STATE_DIR=" + stateDirectory,
            ScriptVariable + "=" + script,
            "DLM_ENGINE_UPDATER_PHASE=" + phase,
            "DLM_ENGINE_UPDATER_LOCK_NAME=" + context.LockName,
            .. context.Variables,
        ];
    }
}
