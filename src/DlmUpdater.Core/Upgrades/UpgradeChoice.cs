using System.Collections.Immutable;

namespace DlmUpdater.Core.Upgrades;

/// <summary>What an admin asks of one start of an upgrade.</summary>
public sealed record UpgradeChoice
{
    /// <summary><c>--from N</c>: scripts below are left out.</summary>
    public int? From { get; init; }

    /// <summary><c>--only NAME</c>: every other script is left out.</summary>
    public ImmutableArray<string> Only { get; init; } = [];

    /// <summary><c>--skip NAME</c>: these are left out.</summary>
    public ImmutableArray<string> Skip { get; init; } = [];

    /// <summary><c>--rerun NAME</c>: these run although they are recorded as done.</summary>
    public ImmutableArray<string> Rerun { get; init; } = [];

    /// <summary><c>--deployment NAME</c>: scripts whose <c>#apply:</c> names others are left out; null = all are meant.</summary>
    public string? Deployment { get; init; }

    /// <summary>Why a script is left out, or null if it is not.</summary>
    public string? LeavesOut(UpgradeScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        if (Skip.Contains(script.Name))
            return "--skip " + script.Name;
        if (!Only.IsEmpty && !Only.Contains(script.Name))
            return "--only " + string.Join(" --only ", Only);
        if (From is { } from && script.Number < from)
            return $"--from {from}";
        return null;
    }

    /// <summary>Why a script is for another deployment, or null if it is for this one.</summary>
    public string? IsForOthers(UpgradeScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        return Deployment is { } here && !script.Header.Apply.IsEmpty && !script.Header.Apply.Contains(here)
            ? $"it applies to {string.Join(", ", script.Header.Apply)}, not to {here}"
            : null;
    }
}
