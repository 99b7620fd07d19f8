using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Upgrades;

/// <summary>One script of an upgrade.</summary>
/// <param name="Number">The number in front of its name.</param>
/// <param name="Script">The file, found and trusted.</param>
/// <param name="Header">What it says of itself.</param>
/// <param name="RunsOnce">True: recorded after exit code 0 and not run again.</param>
/// <param name="Sha256">Of its content; empty if it does not run once.</param>
public sealed record UpgradeScript(int Number, Script Script, UpgradeHeader Header, bool RunsOnce, string Sha256)
{
    /// <summary>Its file name: what the history and <c>--skip</c> know it by.</summary>
    public string Name => Script.Name;
}

/// <summary>A once-script that is done.</summary>
/// <param name="Sha256">Of what was run; null: a plain list, as katello-upgrade kept it, does not say.</param>
/// <param name="At">When; null: a plain list does not say.</param>
/// <param name="UpgradeId">The upgrade that ran it; null: it was marked by hand, or a plain list does not say.</param>
public sealed record DoneOnce(string? Sha256, DateTimeOffset? At, string? UpgradeId);

/// <summary>An upgrade that was begun and is not done: what its next start goes on with.</summary>
/// <param name="Id">Tells upgrades apart.</param>
/// <param name="Begun">When.</param>
/// <param name="ByRun">The run whose update it is; null = it was begun by hand.</param>
/// <param name="Attempt">Which start this is, from 1.</param>
/// <param name="Finished">What ended with exit code 0 and is not run again in this upgrade; scripts beside a band as <c>before-NAME.d/10-x</c>.</param>
/// <param name="Skipped">Scripts that an admin left out, and by what.</param>
/// <param name="Entered">Bands whose services were touched.</param>
/// <param name="Left">Bands that are done.</param>
public sealed record UpgradeProgress(
    string Id,
    DateTimeOffset Begun,
    string? ByRun,
    int Attempt,
    IReadOnlySet<string> Finished,
    IReadOnlyDictionary<string, string> Skipped,
    IReadOnlySet<string> Entered,
    IReadOnlySet<string> Left);
