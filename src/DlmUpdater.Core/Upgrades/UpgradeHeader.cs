using System.Collections.Immutable;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Core.Upgrades;

/// <summary>What a script of an upgrade says of itself, in this program's words or in katello-upgrade's.</summary>
/// <param name="Title">A name for people; null = none.</param>
/// <param name="Description">What it does, on one line; null = none.</param>
/// <param name="RunOnce">True for once, false for always, null if it does not say.</param>
/// <param name="Apply">The deployments it is for (<c>#apply:</c>); empty = all.</param>
public sealed record UpgradeHeader(string? Title, string? Description, bool? RunOnce, ImmutableArray<string> Apply)
{
    private static readonly string[] KatelloKeys = ["name", "apply", "run", "description"];

    /// <summary>Reads the first lines of a script.</summary>
    /// <param name="lines">The lines, as <see cref="ScriptHead"/> gives them.</param>
    /// <param name="header">What the <c># dlm:</c> lines say; complaints of those are made where they are read.</param>
    /// <param name="isRequired">True: a script without a header is complained of.</param>
    /// <param name="complaints">What is wrong, each a sentence part.</param>
    public static UpgradeHeader Read(IReadOnlyList<string> lines, ScriptHeader header, bool isRequired, out IReadOnlyList<string> complaints)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(header);
        var wrong = new List<string>();
        complaints = wrong;
        bool isOurs = lines.Any(IsOurs);
        if (isOurs)
        {
            bool? once = lines.Any(l => IsOurs(l) && l.Contains("run=", StringComparison.Ordinal)) ? header.RunOnce : null;
            if (isRequired && header.Description is null)
                wrong.Add("its header has no description: add \"# dlm: description=what it does\"");
            return new(header.Name, header.Description, once, []);
        }

        Dictionary<string, string> said = Katello(lines, wrong);
        if (said.Count == 0)
        {
            if (isRequired)
                wrong.Add("it has no header: add \"# dlm: run=once description=what it does\" below the first line, or run=always");
            return new(null, null, null, []);
        }

        foreach (string key in KatelloKeys)
        {
            if (!said.TryGetValue(key, out string? value) || value.Length == 0)
                wrong.Add($"its header has no #{key}:");
        }

        bool? runsOnce = said.GetValueOrDefault("run") switch { "once" => true, "always" => false, _ => null };
        if (runsOnce is null && said.GetValueOrDefault("run") is { Length: > 0 } run)
            wrong.Add($"#run: {run} is neither once nor always");
        return new(
            said.GetValueOrDefault("name"), said.GetValueOrDefault("description"), runsOnce,
            [.. (said.GetValueOrDefault("apply") ?? "").Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries)]);
    }

    private static bool IsOurs(string line) => line.AsSpan().Trim() is ['#', .. var rest] && rest.TrimStart('#').TrimStart().StartsWith("dlm:", StringComparison.Ordinal);

    /// <summary>katello-upgrade's keys. A description goes on over the comment lines that follow it.</summary>
    private static Dictionary<string, string> Katello(IReadOnlyList<string> lines, List<string> wrong)
    {
        var said = new Dictionary<string, string>();
        bool inDescription = false;
        foreach (string line in lines)
        {
            string text = line.Trim();
            if (!text.StartsWith('#') || text.StartsWith("#!", StringComparison.Ordinal))
            {
                inDescription = false;
                continue;
            }

            text = text.TrimStart('#').Trim();
            int colon = text.IndexOf(':');
            string key = colon > 0 ? text[..colon].TrimEnd() : "";
            if (KatelloKeys.Contains(key))
            {
                if (!said.TryAdd(key, text[(colon + 1)..].Trim()))
                    wrong.Add($"#{key}: is given twice");
                inDescription = key == "description";
            }
            else if (inDescription)
            {
                if (text.Length > 0)
                    said["description"] = (said["description"] + " " + text).Trim();
            }
        }

        // A comment that happens to begin with "name:" is no header.
        return said.ContainsKey("run") || said.ContainsKey("apply") ? said : [];
    }
}
