using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Scripts;

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

    /// <summary>What trusted scripts say beforehand of themselves.</summary>
    /// <param name="sets">The scripts of every stage.</param>
    /// <param name="ask">Asks one; null = it will have an answer.</param>
    internal static IEnumerable<Finding> Probes(IEnumerable<ScriptSet> sets, Func<Script, string?> ask)
    {
        foreach (Script script in sets.SelectMany(set => set.Scripts).Where(script => script.Header.HasProbe))
        {
            string what = script.Stage.DirectoryName();
            yield return ask(script) is { } why
                ? Finding.Warning(what, $"{script.Path} will have no answer: {why}", "a run would stop there, perhaps with the lock held: correct it, or disable the script")
                : Finding.Ok(what, $"{script.Path} will have an answer");
        }
    }

    /// <summary>The reboot command, which counts only where reboot.d holds no script.</summary>
    /// <param name="reboot">reboot.d.</param>
    /// <param name="command">The command in words.</param>
    /// <param name="configured">True if it stands in the configuration.</param>
    /// <param name="programs">Finds the program and looks at who could change it.</param>
    internal static Finding RebootCommand(ScriptSet reboot, IReadOnlyList<string> command, bool configured, ProgramTrust programs)
    {
        const string What = "reboot command";
        if (reboot.Scripts.Count > 0) return Finding.Ok(What, $"not used: {reboot.Directory} holds scripts");
        return programs.Find(command, out string why) is { } path
            ? Finding.Ok(What, $"'{string.Join(' ', command)}'{(configured ? "" : ", the host's own")} is {path}")
            : Finding.Error(What, why,
                $"set [reboot] command to what reboots this host, or put a script into {reboot.Directory}");
    }

    /// <summary>The command of [notify]: a run goes on without one that cannot be trusted.</summary>
    internal static Finding NotifyCommand(IReadOnlyList<string> command, ProgramTrust programs) => programs.Find(command, out string why) is { } path
        ? Finding.Ok("notify command", $"'{string.Join(' ', command)}' is {path}")
        : Finding.Error("notify command", why, "mend it: until then runs start without it and tell nobody");

    /// <summary>The directories in which every script finds its commands: who can write to one can run anything as root.</summary>
    internal static IEnumerable<Finding> SearchPath(TrustChain chain)
    {
        foreach (string directory in ScriptEnvironment.SearchPath.Split(':'))
        {
            TrustResult trust = chain.Check(directory);
            if (trust is { Missing: false, Reasons.Count: > 0 })
                yield return Finding.Warning("PATH", string.Join("; ", trust.Reasons), $"scripts find commands in {directory}: let only root write to it");
        }
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
