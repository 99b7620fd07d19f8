using System.Collections.Immutable;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Scripts.Upgrades;

namespace DlmUpdater.Cli;

/// <summary>Everything that is known of an upgrade before it starts.</summary>
/// <param name="Settings">Its settings.</param>
/// <param name="Found">The scripts.</param>
/// <param name="Open">The upgrade that an earlier start left open; null = none.</param>
/// <param name="Plan">What is to be done.</param>
internal sealed record UpgradeFacts(UpdaterSettings Settings, FoundUpgrade Found, UpgradeProgress? Open, UpgradePlan Plan)
{
    /// <summary>The configuration that the settings are of, where it was read here.</summary>
    public LoadedConfiguration? Configuration { get; init; }

    /// <summary>What is wrong, of the directories and of the plan: not empty, nothing may run.</summary>
    public ImmutableArray<string> Complaints => [.. Found.Complaints, .. Plan.Complaints];

    /// <summary>What an admin should know.</summary>
    public ImmutableArray<string> Warnings => [.. Found.Warnings, .. Plan.Warnings];

    /// <summary>Where the once-scripts of these settings are recorded.</summary>
    public static string HistoryPath(UpdaterSettings settings) => settings.Upgrade.HistoryFile ?? Scripts.RunOnceRecord.PathIn(settings.Paths.StateDirectory);

    /// <summary>The store of these settings.</summary>
    public static UpgradeStore Store(UpdaterSettings settings) => new(settings.Paths.StateDirectory, HistoryPath(settings), TimeProvider.System);

    /// <summary>Gathers it. Null: why not is said, and <paramref name="code"/> is the exit code.</summary>
    public static UpgradeFacts? Gather(string config, UpgradeChoice choice, out int code, Unsound unsound = Unsound.Refuse)
    {
        code = Ending.Misconfigured.Code();
        if (Setup.LoadWithoutLock(config, unsound) is not { Settings: { } settings } loaded) return null;
        if (Of(settings, choice, out (Ending Ending, string Why) no) is { } facts) return facts with { Configuration = loaded };
        code = Setup.Fail(no.Ending, no.Why);
        return null;
    }

    /// <summary>The same of settings that are loaded already. Null, and why not.</summary>
    public static UpgradeFacts? Of(UpdaterSettings settings, UpgradeChoice choice, out (Ending Ending, string Why) no)
    {
        no = default;
        using UpgradeStore store = Store(settings);
        if (store.History(out string? why) is not { } history)
        {
            no = (Ending.NotWritable, why!);
            return null;
        }

        StoredUpgrade stored = store.Load();
        if (stored is StoredUpgrade.Unreadable unreadable)
        {
            no = (Ending.StateUnreadable, unreadable.Why);
            return null;
        }

        UpgradeProgress? open = (stored as StoredUpgrade.Open)?.Progress;
        FoundUpgrade found = new UpgradeDirectory(settings.Upgrade, settings.Scripts).Find();
        var plan = UpgradePlan.Make(found.Scripts, settings.Upgrade.Bands, history, open, choice with { Deployment = choice.Deployment ?? settings.Upgrade.Deployment });
        return new(settings, found, open, plan);
    }

    /// <summary>Says every complaint on stderr. Null if there is none, else the exit code.</summary>
    public int? Refused()
    {
        if (Complaints.IsEmpty) return null;
        foreach (string complaint in Complaints) StandardStreams.WriteError("dlm-updater: " + complaint);
        StandardStreams.WriteError($"dlm-updater: {Complaints.Length} complaint(s): no script was run");
        return Ending.ScriptFailed.Code();
    }
}
