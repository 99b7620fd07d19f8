using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Cli;

/// <summary>What <c>check</c> says of the script directories, and of the way to reboot.</summary>
internal static class ChecksScripts
{
    /// <summary>One stage.</summary>
    internal static IEnumerable<Finding> Stage(ScriptSet set)
    {
        string what = set.Stage.DirectoryName();
        if (set.Absent) yield return Finding.Ok(what, $"{set.Directory} does not exist, and need not");
        if (set.Unusable is { } unusable) yield return Unusable(set, unusable);
        foreach (Refusal refusal in set.Refused)
            yield return Finding.Error(what, $"{refusal.Path} is refused: {string.Join("; ", refusal.Reasons)}", "mend each of these, or remove the file");
        foreach (string warning in set.Warnings)
            yield return Finding.Warning(what, warning, "let root own it, and nobody else write to it");
        if (set is { Absent: false, Unusable: null, Refused.Count: 0, Warnings.Count: 0 }) yield return Content(set);
    }

    /// <summary>The reboot command, which counts only where reboot.d holds no script.</summary>
    /// <param name="reboot">reboot.d.</param>
    /// <param name="command">The command in words.</param>
    /// <param name="configured">True if it stands in the configuration.</param>
    /// <param name="find">Looks a command up in the fixed PATH, or proves a path to be a program; null = it is none.</param>
    internal static Finding RebootCommand(ScriptSet reboot, IReadOnlyList<string> command, bool configured, Func<string, string?> find)
    {
        const string What = "reboot command";
        if (reboot.Scripts.Count > 0) return Finding.Ok(What, $"not used: {reboot.Directory} holds scripts");
        return find(command[0]) is { } path
            ? Finding.Ok(What, $"'{string.Join(' ', command)}'{(configured ? "" : ", the host's own")} is {path}")
            : Finding.Error(What, $"'{command[0]}' is not a program in {DlmUpdater.Scripts.ScriptEnvironment.SearchPath}",
                $"set [reboot] command to what reboots this host, or put a script into {reboot.Directory}");
    }

    private static Finding Unusable(ScriptSet set, string why) => why.EndsWith(": create it; empty is fine", StringComparison.Ordinal)
        ? Finding.Error(set.Stage.DirectoryName(), $"{set.Directory} does not exist", $"create it, empty is fine: install -d -m 0755 {set.Directory}")
        : Finding.Error(set.Stage.DirectoryName(), why, "mend it; the directory must exist and be readable by root");

    private static Finding Content(ScriptSet set)
    {
        string what = set.Stage.DirectoryName();
        return (set.Stage, set.Scripts.Count) switch
        {
            (ScriptStage.NeedsUpdate, 0) => Finding.Warning(what, "holds no script, so no update is ever due", $"put a check into {set.Directory} that ends with 1 if one is"),
            (ScriptStage.NeedsReboot, 0) => Finding.Warning(what, "holds no script, so every update reboots", $"put a check into {set.Directory}, or leave it so if that is meant"),
            (_, 0) => Finding.Ok(what, $"{set.Directory} holds no script"),
            (_, var count) => Finding.Ok(what, $"{count} script{(count == 1 ? "" : "s")}, all trusted"),
        };
    }

    /// <summary>Which stages <see cref="UpdaterSettings"/> sends to one directory is said by the configuration's own checks.</summary>
    internal static IEnumerable<Finding> All(IEnumerable<ScriptSet> sets) => sets.SelectMany(Stage);
}
