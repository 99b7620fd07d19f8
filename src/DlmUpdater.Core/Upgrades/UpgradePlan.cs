using System.Collections.Immutable;

namespace DlmUpdater.Core.Upgrades;

/// <summary>What becomes of a script in this start.</summary>
public enum Fate
{
    /// <summary>It runs.</summary>
    Run,

    /// <summary>It runs once and is recorded as done.</summary>
    DoneBefore,

    /// <summary>It ended well in an earlier start of this upgrade.</summary>
    Finished,

    /// <summary>An admin left it out.</summary>
    LeftOut,

    /// <summary>It is for another deployment.</summary>
    ForOthers,
}

/// <summary>A script, where it runs, and what becomes of it.</summary>
/// <param name="Script">The script.</param>
/// <param name="Band">The band of its number.</param>
/// <param name="Fate">What becomes of it.</param>
/// <param name="Why">Why it does not run; empty if it does.</param>
public sealed record UpgradeStep(UpgradeScript Script, Band Band, Fate Fate, string Why);

/// <summary>The whole way of one start, decided before the first script runs.</summary>
/// <param name="Bands">The bands, by number.</param>
/// <param name="Steps">The scripts of both directories, by number.</param>
/// <param name="Complaints">Not empty: nothing may run. Each a whole sentence part.</param>
/// <param name="Warnings">What an admin should know though it runs.</param>
public sealed record UpgradePlan(ImmutableArray<Band> Bands, ImmutableArray<UpgradeStep> Steps, ImmutableArray<string> Complaints, ImmutableArray<string> Warnings)
{
    /// <summary>How many scripts run.</summary>
    public int Count => Steps.Count(s => s.Fate == Fate.Run);

    /// <summary>True if a once-script is to run: what makes an upgrade due. Scripts that run every time are no cause of their own.</summary>
    public bool IsDue => Steps.Any(s => s is { Fate: Fate.Run, Script.RunsOnce: true });

    /// <summary>The scripts of <paramref name="band"/> that run.</summary>
    public IEnumerable<UpgradeStep> In(Band band) => Steps.Where(s => s.Band == band && s.Fate == Fate.Run);

    /// <summary>Decides.</summary>
    /// <param name="scripts">The scripts of both directories, those that run every time first, each in the order of the names.</param>
    /// <param name="bands">The bands, without faults.</param>
    /// <param name="history">The once-scripts that are done, by name.</param>
    /// <param name="open">The upgrade that goes on; null = a new one.</param>
    /// <param name="choice">What the admin asks.</param>
    public static UpgradePlan Make(
        IReadOnlyList<UpgradeScript> scripts,
        IReadOnlyList<Band> bands,
        IReadOnlyDictionary<string, DoneOnce> history,
        UpgradeProgress? open,
        UpgradeChoice choice)
    {
        ArgumentNullException.ThrowIfNull(scripts);
        ArgumentNullException.ThrowIfNull(bands);
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(choice);
        var complaints = new List<string>();
        var warnings = new List<string>();
        var steps = new List<UpgradeStep>(scripts.Count);
        Named(scripts, choice, complaints);
        Numbers(scripts, complaints, warnings);

        var ordered = new List<UpgradeScript>(scripts);
        ordered.Sort(ByNumber);
        foreach (UpgradeScript script in ordered)
        {
            if (bands.FirstOrDefault(b => b.Holds(script.Number)) is not { } band)
            {
                complaints.Add($"{script.Script.Path}: no band holds the number {script.Number}: the bands are {string.Join(", ", bands.Select(b => $"{b.Name} {b.From}-{b.To}"))}");
                continue;
            }

            (Fate fate, string why) = Decide(script, history, open, choice, warnings);
            steps.Add(new(script, band, fate, why));
        }

        var inOrder = new List<Band>(bands);
        inOrder.Sort(static (a, b) => a.From.CompareTo(b.From));
        return new([.. inOrder], [.. steps], [.. complaints], [.. warnings]);
    }

    private static (Fate Fate, string Why) Decide(
        UpgradeScript script, IReadOnlyDictionary<string, DoneOnce> history, UpgradeProgress? open, UpgradeChoice choice, List<string> warnings)
    {
        if (choice.IsForOthers(script) is { } others)
            return (Fate.ForOthers, others);
        if (open is not null && open.Finished.Contains(script.Name))
            return (Fate.Finished, "done in an earlier start of this upgrade");
        if (script.RunsOnce && history.TryGetValue(script.Name, out DoneOnce? done))
        {
            bool byThis = open is not null && done.UpgradeId == open.Id;
            bool again = choice.Rerun.Contains(script.Name);
            if (byThis && !again)
                return (Fate.Finished, "done in an earlier start of this upgrade");
            if (!again)
            {
                if (done.Sha256 is { } before && before != script.Sha256)
                {
                    warnings.Add($"{script.Name} has changed since it was run{(done.At is { } at ? $" on {at.UtcDateTime:yyyy-MM-dd}" : "")} and is not run again: " +
                        $"give it a new number, or say --rerun {script.Name}");
                }

                return (Fate.DoneBefore, done.At is { } when ? $"once, done on {when.UtcDateTime:yyyy-MM-dd}" : "once, done before");
            }
        }

        if (choice.LeavesOut(script) is { } by)
            return (Fate.LeftOut, by);
        return open is not null && open.Skipped.TryGetValue(script.Name, out string? earlier) ? (Fate.LeftOut, earlier + ", by an earlier start of this upgrade") : (Fate.Run, "");
    }

    /// <summary>A name that is asked for and does not exist is a typing error.</summary>
    private static void Named(IReadOnlyList<UpgradeScript> scripts, UpgradeChoice choice, List<string> complaints)
    {
        foreach ((string flag, ImmutableArray<string> names) in (ReadOnlySpan<(string, ImmutableArray<string>)>)[("--only", choice.Only), ("--skip", choice.Skip), ("--rerun", choice.Rerun)])
        {
            foreach (string name in names)
            {
                UpgradeScript? script = scripts.FirstOrDefault(s => s.Name == name);
                if (script is null)
                    complaints.Add($"{flag} {name}: there is no such script");
                else if (flag == "--rerun" && !script.RunsOnce)
                    complaints.Add($"--rerun {name}: it runs every time anyway");
            }
        }
    }

    private static void Numbers(IReadOnlyList<UpgradeScript> scripts, List<string> complaints, List<string> warnings)
    {
        foreach (List<UpgradeScript> same in Alike(scripts, static (a, b) => string.CompareOrdinal(a.Name, b.Name)))
            complaints.Add($"two scripts are named {same[0].Name}: {string.Join(" and ", same.Select(s => s.Script.Path))}; the history could not tell them apart");
        foreach (List<UpgradeScript> same in Alike(scripts, static (a, b) => a.Number.CompareTo(b.Number)))
            warnings.Add($"the number {same[0].Number} is given {same.Count} times, and they run in this order: {string.Join(", ", same.Select(s => s.Name))}");
    }

    /// <summary>Those that share what <paramref name="by"/> looks at, two or more each.</summary>
    private static IEnumerable<List<UpgradeScript>> Alike(IReadOnlyList<UpgradeScript> scripts, Comparison<UpgradeScript> by)
    {
        var sorted = new List<UpgradeScript>(scripts);
        sorted.Sort((a, b) => by(a, b) is not 0 and var order ? order : ByNumber(a, b));
        for (int first = 0, end; first < sorted.Count; first = end)
        {
            end = first + 1;
            while (end < sorted.Count && by(sorted[first], sorted[end]) == 0)
                end++;
            if (end - first > 1)
                yield return sorted.GetRange(first, end - first);
        }
    }

    /// <summary>The order in which scripts run. Of one number what runs every time comes first, then by name.</summary>
    private static int ByNumber(UpgradeScript a, UpgradeScript b) =>
        a.Number != b.Number ? a.Number.CompareTo(b.Number)
        : a.RunsOnce != b.RunsOnce ? a.RunsOnce.CompareTo(b.RunsOnce)
        : string.CompareOrdinal(a.Name, b.Name);
}
