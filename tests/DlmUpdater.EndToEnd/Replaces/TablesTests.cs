using System.Text.RegularExpressions;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd.Replaces;

/// <summary>The tables beside this file: everything that a replaced tool has, and each of its defects, with the test that shows it here or the reason against.</summary>
public sealed partial class TablesTests
{
    private const string Reason = "against: ";

    public static TheoryData<string> Tables => ["foreman_dlm_updater", "DLMEngineUpdater", "updatelock", "locksmith", "dlm_engine_cli"];

    [Theory]
    [MemberData(nameof(Tables))]
    public void Every_row_names_tests_that_exist_or_a_reason(string tool)
    {
        HashSet<string> tests = Tests();
        List<(string What, string Shown)> rows = Rows(tool);
        Assert.True(rows.Count > 10, "rows are missing");
        foreach ((string what, string shown) in rows)
        {
            string[] named = [.. Name().Matches(shown).Select(m => m.Value)];
            if (!shown.StartsWith(Reason, StringComparison.Ordinal)) Assert.True(string.Join(", ", named) == shown, $"{tool}: '{what}': '{shown}' is neither a list of tests nor a reason");
            Assert.True(named.Length > 0 || shown.Length > Reason.Length + 40, $"{tool}: '{what}' is neither shown nor argued against");
            Assert.All(named, name => Assert.True(tests.Contains(name), $"{tool}: '{what}': there is no test {name}"));
        }

        Assert.Equal(rows.Count, rows.Select(r => r.What).Distinct().Count());
    }

    [Theory]
    [InlineData("DLMEngineUpdater", "DlmEngineUpdaterSettings.cs", "main_(?!(?:api|log)\")[a-z_]+")]
    [InlineData("locksmith", "LocksmithdSettings.cs", "LOCKSMITHD_[A-Z]+[A-Z_]*")]
    public void Every_name_that_a_translation_knows_has_its_row(string tool, string file, string names)
    {
        string source = File.ReadAllText($"{Binary.Source}/src/DlmUpdater/Configuration/Adopted/{file}"), table = File.ReadAllText(Table(tool));
        string[] known = [.. Regex.Matches(source, $"\"({names})\"").Select(m => m.Groups[1].Value).Distinct()];
        Assert.NotEmpty(known);
        Assert.All(known, name => Assert.Contains($"`{name}`", table, StringComparison.Ordinal));
    }

    private static string Table(string tool) => $"{Binary.Source}/tests/DlmUpdater.EndToEnd/Replaces/{tool}.md";

    private static List<(string What, string Shown)> Rows(string tool) =>
        [.. File.ReadAllLines(Table(tool)).Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Select(l => l.Trim('|', ' ').Split(" | "))
            .Where(cells => cells is [not ("what it has" or "defect"), _]).Select(cells => (cells[0], cells[1]))];

    /// <summary>Class.Method of every test of this repository, and Class.* of every class that has one.</summary>
    private static HashSet<string> Tests()
    {
        var found = new HashSet<string>();
        foreach (string file in Directory.EnumerateFiles(Binary.Source + "/tests", "*Tests.cs", SearchOption.AllDirectories))
        {
            string type = Path.GetFileNameWithoutExtension(file);
            foreach (Match test in Test().Matches(File.ReadAllText(file)))
            {
                found.Add($"{type}.{test.Groups[1].Value}");
                found.Add(type + ".*");
            }
        }

        return found;
    }

    [GeneratedRegex(@"\[(?:Fact|Theory)\](?:\s*(?:\[[^\n]*\]|//[^\n]*|#[^\n]*|""""""[^\n]*))*\s*public (?:async )?(?:Task|void) ([A-Z]\w+)\(")]
    private static partial Regex Test();

    [GeneratedRegex(@"\b[A-Z]\w+Tests\.(?:\w+|\*)")]
    private static partial Regex Name();
}
