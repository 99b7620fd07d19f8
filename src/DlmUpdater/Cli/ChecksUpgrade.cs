using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Scripts.Upgrades;

namespace DlmUpdater.Cli;

/// <summary>What <c>check</c> says of the scripts of an upgrade, where there are any.</summary>
internal static class ChecksUpgrade
{
    private const string What = "upgrade";

    /// <summary>Everything that would refuse an upgrade, and one that is open.</summary>
    internal static IEnumerable<Finding> All(UpdaterSettings settings)
    {
        if (!Directory.Exists(settings.Upgrade.Directory) && !File.Exists(UpgradeStore.PathIn(settings.Paths.StateDirectory))) yield break;
        if (UpgradeFacts.Of(settings, new UpgradeChoice(), out (Core.Workflow.Ending Ending, string Why) no) is not { } facts)
        {
            yield return Finding.Error(What, no.Why, "no upgrade runs before that is mended");
            yield break;
        }

        foreach (string complaint in facts.Complaints) yield return Finding.Error(What, complaint, "mend it; no script of an upgrade runs before");
        foreach (string warning in facts.Warnings) yield return Finding.Warning(What, warning, "mend it, or leave it so if that is meant");
        if (facts.Open is { } open)
        {
            yield return Finding.Warning(What, $"the upgrade of {LockReport.Time(open.Begun)} is not done after {open.Attempt} start(s)",
                open.ByRun is null ? "'dlm-updater upgrade' goes on with it" : $"the run {open.ByRun} goes on with it");
        }

        if (facts.Complaints.IsEmpty) yield return Finding.Ok(What, $"{facts.Plan.Steps.Length} script(s), {facts.Plan.Count} to run");
    }
}
