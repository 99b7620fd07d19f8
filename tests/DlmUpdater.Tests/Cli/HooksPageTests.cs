using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Tests.Cli;

/// <summary>The manual of the ready hooks and the hooks cannot drift apart. <c>DLM_UPDATER_WRITE=1</c> writes its list anew.</summary>
public sealed partial class HooksPageTests
{
    private static readonly string Dist = Path.GetFullPath(Path.Combine(Here(), "../../../src/dist"));

    private static string[] Scripts => [.. Directory.GetFiles(Dist + "/hooks", "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    [Fact]
    public void The_page_lists_every_script_with_what_it_says_of_itself()
    {
        string file = Dist + "/man/dlm-updater-hooks.7", page = File.ReadAllText(file);
        int start = page.IndexOf(".SH READY HOOKS\n", StringComparison.Ordinal), end = page.IndexOf(".SH SETTINGS\n", StringComparison.Ordinal);
        string list = ".SH READY HOOKS\n" + List();
        if (Environment.GetEnvironmentVariable("DLM_UPDATER_WRITE") == "1") File.WriteAllText(file, page = page[..start] + list + page[end..]);
        end = page.IndexOf(".SH SETTINGS\n", StringComparison.Ordinal);
        Assert.Equal(list, page[start..end]);
        Assert.DoesNotContain(page, c => c > '~' || (c < ' ' && c != '\n'));
    }

    [Fact]
    public void Every_setting_that_a_hook_reads_is_in_the_page_and_no_other()
    {
        string page = File.ReadAllText(Dist + "/man/dlm-updater-hooks.7");
        string[] read = [.. Scripts.SelectMany(s => Setting().Matches(File.ReadAllText(s)).Select(m => m.Value.Trim('$', '{'))).Distinct().Order(StringComparer.Ordinal)];
        int start = page.IndexOf(".SH SETTINGS\n", StringComparison.Ordinal), end = page.IndexOf(".SH WRITING ONE\n", StringComparison.Ordinal);
        string[] written = [.. Name().Matches(page[start..end]).Select(m => m.Value).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(read, written);
    }

    private static string List()
    {
        var text = new StringBuilder();
        foreach (var hook in Scripts.GroupBy(s => Path.GetRelativePath(Dist + "/hooks", s).Split('/')[0]))
        {
            text.Append($".SS {Escaped(hook.Key)}\n");
            foreach (ScriptStage stage in ScriptStages.All)
            {
                foreach (string script in hook.Where(s => Path.GetFileName(Path.GetDirectoryName(s)) == stage.DirectoryName()))
                {
                    string description = ScriptHeader.Parse(File.ReadLines(script)).Header.Description ?? throw new InvalidOperationException($"{script} says nothing of itself");
                    text.Append($".TP\n.I {Escaped(stage.DirectoryName() + "/" + Path.GetFileName(script))}\n{Escaped(char.ToUpperInvariant(description[0]) + description[1..])}.\n");
                }
            }
        }

        return text.ToString();
    }

    private static string Escaped(string text) => text.Replace("-", "\\-", StringComparison.Ordinal);

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    [GeneratedRegex(@"\$\{?(FAILED_UNITS|APT_LOCK|KERNEL|HEALTH|KUBERNETES|ICINGA|ZABBIX|KUBECONFIG)[A-Z_]*")]
    private static partial Regex Setting();

    [GeneratedRegex("[A-Z]+(_[A-Z]+)+|KUBECONFIG")]
    private static partial Regex Name();
}
