using System.Text.Json;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>The two shapes of <c>check</c>. The JSON field names are a contract.</summary>
internal static class CheckReport
{
    /// <summary>One line each, the worst first, and a sum at the end.</summary>
    internal static ShownText Text(IReadOnlyList<Finding> findings)
    {
        var text = new ShownText();
        foreach (Finding finding in WorstFirst(findings)) text.Append($"{finding}\n");
        return text.Append($"{Count(findings, FindingLevel.Error, "error")}, {Count(findings, FindingLevel.Warning, "warning")}\n");
    }

    internal static void WriteJson(Utf8JsonWriter json, IReadOnlyList<Finding> findings)
    {
        json.WriteNumber("errors", findings.Count(f => f.Level == FindingLevel.Error));
        json.WriteNumber("warnings", findings.Count(f => f.Level == FindingLevel.Warning));
        json.WriteStartArray("findings");
        foreach (Finding finding in WorstFirst(findings))
        {
            json.WriteStartObject();
            json.WriteString("level", finding.LevelName);
            json.WriteString("what", finding.What);
            json.WriteString("why", finding.Why);
            json.WriteString("fix", finding.Fix);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static IEnumerable<Finding> WorstFirst(IReadOnlyList<Finding> findings) =>
        new[] { FindingLevel.Error, FindingLevel.Warning, FindingLevel.Unknown, FindingLevel.Ok }.SelectMany(level => findings.Where(f => f.Level == level));

    /// <summary><c>2 errors</c>, <c>no warning</c>.</summary>
    internal static string Count(IReadOnlyList<Finding> findings, FindingLevel level, string word) =>
        findings.Count(f => f.Level == level) switch
        {
            0 => $"no {word}",
            1 => $"1 {word}",
            var number => $"{number} {word}s",
        };
}
