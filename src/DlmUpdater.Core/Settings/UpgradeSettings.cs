using System.Collections.Immutable;
using DlmUpdater.Core.Upgrades;

namespace DlmUpdater.Core.Settings;

/// <summary><c>[upgrade]</c> and <c>[band NAME]</c></summary>
public sealed record UpgradeSettings
{
    /// <summary>Holds <c>default/</c> (every time), <c>upgrade/</c> (once) and the directories beside the bands; absolute.</summary>
    public string Directory { get; init; } = "/etc/dlm-updater/upgrade";

    /// <summary>The once-scripts that are done; null = <c>upgrade-history</c> in the state directory.</summary>
    public string? HistoryFile { get; init; }

    /// <summary>True: a script without a header is refused.</summary>
    public bool RequiresHeader { get; init; } = true;

    /// <summary>True: an upgrade by hand takes the fleet's lock; inside of a run the run has it.</summary>
    public bool TakesLock { get; init; } = true;

    /// <summary>Which deployment this host is, for scripts that say <c>#apply:</c>; null = all are meant.</summary>
    public string? Deployment { get; init; }

    /// <summary>The bands, by number, without overlap.</summary>
    public ImmutableArray<Band> Bands { get; init; } = Band.Defaults;
}
