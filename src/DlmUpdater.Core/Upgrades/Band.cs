using System.Collections.Immutable;

namespace DlmUpdater.Core.Upgrades;

/// <summary>What a band wants of its services.</summary>
public enum BandState
{
    /// <summary>They are stopped while its scripts run.</summary>
    Down,

    /// <summary>They are started, and have proved that they answer, before its scripts run.</summary>
    Up,
}

/// <summary>A range of script numbers, and what is up while its scripts run.</summary>
/// <param name="Name">Lower-case letters, digits, <c>-</c> and <c>_</c>; part of the names <c>before-NAME.d</c> and <c>after-NAME.d</c>.</param>
/// <param name="From">The first number.</param>
/// <param name="To">The last number.</param>
/// <param name="State">What the band wants of its services.</param>
public sealed record Band(string Name, int From, int To, BandState State)
{
    /// <summary>The least and the greatest number of a script.</summary>
    public const int First = 1, Last = 9999;

    /// <summary>How long a band waits for its services unless told: a database that replays its journal takes minutes.</summary>
    public static readonly TimeSpan DefaultReadyTimeout = TimeSpan.FromMinutes(5);

    /// <summary>What the band stops or starts, in this order: systemd units, or absolute paths of scripts that take start, stop and status.</summary>
    public ImmutableArray<string> Services { get; init; } = [];

    /// <summary>What must be so before the first script runs, in this order; only where the services are up.</summary>
    public ImmutableArray<Proof> Ready { get; init; } = [];

    /// <summary>How long each service may take to be ready, or to be down; then the upgrade stops.</summary>
    public TimeSpan ReadyTimeout { get; init; } = DefaultReadyTimeout;

    /// <summary>The directory of an admin's own scripts that run before the band's services are stopped or started.</summary>
    public string BeforeDirectory => $"before-{Name}.d";

    /// <summary>The directory of an admin's own scripts that run after the band's last script.</summary>
    public string AfterDirectory => $"after-{Name}.d";

    /// <summary>The bands of the plan that katello-upgrade had and did not finish.</summary>
    public static ImmutableArray<Band> Defaults { get; } =
        [new("down", First, 2999, BandState.Down), new("backends", 3000, 5999, BandState.Up), new("all", 6000, Last, BandState.Up)];

    /// <summary>True if a script of this number belongs here.</summary>
    public bool Holds(int number) => number >= From && number <= To;

    /// <summary>What is wrong among <paramref name="bands"/>, each a whole sentence part; none: they can be used.</summary>
    public static IReadOnlyList<string> Faults(IReadOnlyList<Band> bands)
    {
        ArgumentNullException.ThrowIfNull(bands);
        var faults = new List<string>();
        for (int i = 0; i < bands.Count; i++)
        {
            Band band = bands[i];
            if (band.From > band.To)
                faults.Add($"[band {band.Name}] ends at {band.To}, before it begins at {band.From}");
            for (int j = 0; j < i; j++)
            {
                if (band.From <= bands[j].To && bands[j].From <= band.To)
                    faults.Add($"[band {band.Name}] ({band.From}-{band.To}) overlaps [band {bands[j].Name}] ({bands[j].From}-{bands[j].To})");
            }
        }

        return faults;
    }
}
