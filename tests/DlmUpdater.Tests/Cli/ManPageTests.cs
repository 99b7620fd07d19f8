using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text;
using DlmUpdater.Cli;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Tests.Cli;

/// <summary>The manual and the program cannot drift apart. <c>DLM_UPDATER_WRITE=1</c> writes the list of keys anew.</summary>
public sealed class ManPageTests
{
    [Fact]
    public void The_page_of_the_configuration_holds_every_key_with_form_default_and_description_and_no_other()
    {
        string page = Page("dlm-updater.ini.5");
        int start = page.IndexOf(".SH SECTIONS AND KEYS\n", StringComparison.Ordinal);
        Assert.True(start >= 0, "no SECTIONS AND KEYS");
        int end = page.IndexOf("\n.SH ", start + 1, StringComparison.Ordinal);

        if (Environment.GetEnvironmentVariable("DLM_UPDATER_WRITE") == "1")
        {
            File.WriteAllText(PathOf("dlm-updater.ini.5"), page[..start] + Keys() + page[(end + 1)..]);
            return;
        }

        string[] wanted = Keys().Split('\n');
        string[] written = [.. page[start..(end + 1)].Split('\n').Where(line => !line.StartsWith(".\\\"", StringComparison.Ordinal))];
        for (int i = 0; i < Math.Min(wanted.Length, written.Length); i++)
            Assert.True(wanted[i] == written[i], $"line {i} of SECTIONS AND KEYS is\n{written[i]}\nand should be\n{wanted[i]}\nthe whole should be:\n{Keys()}");
        Assert.Equal(wanted.Length, written.Length);
    }

    [Fact]
    public void The_page_of_the_program_holds_every_verb_with_each_of_its_options()
    {
        string page = Page("dlm-updater.8");
        foreach (var (name, build) in CommandLine.Verbs)
        {
            foreach (var (path, command) in Leaves(name, build()))
            {
                string block = Block(page, $".SS {Escaped(path)}\n");
                Option[] options = [.. command.Options, .. command.Parents.OfType<Command>().SelectMany(c => c.Options).Where(o => o.Recursive)];
                foreach (Option option in options)
                {
                    foreach (string spelling in (string[])[option.Name, .. option.Aliases])
                        Assert.True(block.Contains(Escaped(spelling), StringComparison.Ordinal), $"'{spelling}' is not in the part of '{path}'");
                }

                foreach (string written in Options(block))
                    Assert.True(options.Any(o => o.Name == written || o.Aliases.Contains(written)), $"'{path}' has no option '{written}'");
            }
        }

        string[] verbs = [.. CommandLine.Verbs.SelectMany(v => Leaves(v.Name, v.Build())).Select(l => l.Path)];
        string[] headings = [.. page.Split('\n').Where(l => l.StartsWith(".SS ", StringComparison.Ordinal)).Select(l => l[4..].Replace("\\-", "-", StringComparison.Ordinal))];
        Assert.Equal(verbs, headings);
    }

    [Fact]
    public void The_page_of_the_program_holds_every_exit_code_and_no_other()
    {
        string block = Section(Page("dlm-updater.8"), "EXIT STATUS");
        int[] codes = [.. Enum.GetValues<Ending>().Select(e => e.Code()).Append(ExitCodes.Usage).Append(ExitCodes.Bug).Distinct().Order()];
        Assert.Equal(codes, block.Split('\n').Where(l => l.StartsWith(".B ", StringComparison.Ordinal)).Select(l => int.Parse(l[3..], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void The_page_of_the_program_tells_what_to_do_when_it_stops_in_each_phase()
    {
        string block = Section(Page("dlm-updater.8"), "WHEN A RUN STOPS");
        foreach (Phase phase in Enum.GetValues<Phase>()) Assert.Contains($"\n.B {phase.Name()}\n", block, StringComparison.Ordinal);
        string files = Section(Page("dlm-updater.8"), "SCRIPTS");
        foreach (ScriptStage stage in ScriptStages.All) Assert.Contains($"\n.B {stage.DirectoryName()}\n", files, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_of_the_program_holds_every_name_that_is_passed_over_and_no_other()
    {
        string block = Section(Page("dlm-updater.8"), "SCRIPTS");
        int start = block.IndexOf(".EX\n    .* ", StringComparison.Ordinal);
        string[] written = block[(start + 4)..block.IndexOf(".EE", start, StringComparison.Ordinal)].Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(ScriptOrder.PassedOver.Select(p => Escaped(p.Pattern)), written);
    }

    [Fact]
    public void The_page_of_the_configuration_holds_every_key_that_may_be_empty_and_no_other()
    {
        string block = Section(Page("dlm-updater.ini.5"), "DESCRIPTION");
        int start = block.IndexOf("Only these keys may be empty", StringComparison.Ordinal);
        string[] written = [.. block[start..block.IndexOf(".PP", start, StringComparison.Ordinal)].Split('\n')
            .Where(l => l.StartsWith(".BR ", StringComparison.Ordinal) && !l.Contains('[', StringComparison.Ordinal)).Select(l => l.Split(' ')[1])];
        string[] keys = [.. SettingsCatalog.Keys.Where(k => k.MayBeEmpty && k.Canonical == k).Select(k => k.Key).Distinct()];
        Assert.Equal(keys.Order(StringComparer.Ordinal), written.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("dlm-updater.8")]
    [InlineData("dlm-updater.ini.5")]
    [InlineData("dlm-updater-hooks.7")]
    public void A_page_is_plain_ASCII_and_has_no_line_that_a_leading_dot_or_quote_would_swallow(string name)
    {
        string page = Page(name);
        Assert.DoesNotContain(page, c => c > '~' || (c < ' ' && c != '\n'));
        string[] macros = [".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".I", ".BR", ".RB", ".RI", ".IR", ".br", ".nf", ".fi", ".EX", ".EE", ".RS", ".RE", ".\\\""];
        foreach (string line in page.Split('\n'))
        {
            if (line.StartsWith('.')) Assert.Contains(line.Split(' ')[0], macros);
            Assert.False(line.StartsWith('\''), line);
        }
    }

    /// <summary>What can be called: a verb with parts may be called by itself too.</summary>
    private static IEnumerable<(string Path, Command Command)> Leaves(string path, Command command) =>
        [.. command.Action is null ? [] : new[] { (path, command) }, .. command.Subcommands.SelectMany(c => Leaves($"{path} {c.Name}", c))];

    /// <summary>The part of the page as the catalog wants it.</summary>
    private static string Keys()
    {
        var text = new StringBuilder(".SH SECTIONS AND KEYS\n");
        foreach ((string section, SettingKey[] keys) in SettingsCatalog.Sections.Select(s => (s, SettingsCatalog.Keys.Where(k => k.Section == s).ToArray())).Append(("band NAME", BandReading.Keys("NAME"))))
        {
            text.Append($".SS [{section}]\n");
            foreach (SettingKey key in keys)
            {
                text.Append($".TP\n\\fB{Escaped(key.Key)}\\fR = \\fI{Escaped(key.Form)}\\fR\n{Escaped(key.Description)}\n");
                if (key.Default.Length > 0) text.Append($"Default: \\fB{Escaped(key.Default)}\\fR.\n");
            }
        }

        return text.ToString();
    }

    /// <summary>The options that stand in bold in a part of the page.</summary>
    private static IEnumerable<string> Options(string block)
    {
        foreach (string word in block.Split(["\\fB", "\\fR", "\n.B "], StringSplitOptions.None).Select(w => w.Split('\n', ' ', '=')[0].Replace("\\-", "-", StringComparison.Ordinal)))
        {
            if (word.StartsWith("--", StringComparison.Ordinal)) yield return word;
        }
    }

    private static string Section(string page, string name) => Block(page, $".SH {name}\n", "\n.SH ");

    private static string Block(string page, string heading, string? ending = null)
    {
        int start = page.IndexOf(heading, StringComparison.Ordinal);
        Assert.True(start >= 0, $"the page has no {heading.Trim()}");
        int end = page.IndexOf("\n.S", start + heading.Length - 1, StringComparison.Ordinal);
        if (ending is not null) end = page.IndexOf(ending, start + heading.Length - 1, StringComparison.Ordinal);
        return page[start..(end < 0 ? page.Length : end + 1)];
    }

    private static string Escaped(string text)
    {
        var escaped = new StringBuilder();
        foreach (char c in text)
        {
            escaped.Append(c switch
            {
                '\\' => "\\e",
                '-' => "\\-",
                '~' => "\\(ti",
                '^' => "\\(ha",
                '\'' => "\\(aq",
                '\u2026' => "...",
                _ => c.ToString(),
            });
        }

        return escaped.ToString();
    }

    private static string Page(string name) => File.ReadAllText(PathOf(name));

    private static string PathOf(string name) => Path.GetFullPath(Path.Combine(Here(), "../../../src/dist/man", name));

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
