using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace DlmUpdater.Tests;

/// <summary>Imports run one way: Program → Cli → the acting folders → Host → Core → base library.</summary>
public sealed partial class HouseTests
{
    private static readonly string[] ActingFolders = ["Configuration", "State", "Scripts", "Locks", "Logging"];

    [Fact]
    public void Acting_folders_do_not_know_each_other()
    {
        foreach (string folder in ActingFolders)
        {
            foreach (string file in Files(folder))
            {
                string[] wrong = [.. Imports(file).Where(import => import.StartsWith("DlmUpdater.", StringComparison.Ordinal)
                    && !import.StartsWith("DlmUpdater.Core", StringComparison.Ordinal) && import != "DlmUpdater.Host" && !IsWithin(import, folder))];
                Assert.True(wrong.Length == 0, $"{file} imports {string.Join(", ", wrong)}");
            }
        }
    }

    [Fact]
    public void Host_is_a_leaf()
    {
        foreach (string file in Files("Host"))
            Assert.DoesNotContain(Imports(file), import => import.StartsWith("DlmUpdater.", StringComparison.Ordinal) && !import.StartsWith("DlmUpdater.Core", StringComparison.Ordinal));
    }

    [Fact]
    public void Core_bans_files_network_processes_clocks_and_dice()
    {
        string banned = File.ReadAllText(Path.Combine(Source, "DlmUpdater.Core", "BannedSymbols.txt"));
        foreach (string symbol in (string[])["N:System.IO;", "N:System.Net;", "N:System.Diagnostics;", "T:System.Random;", "P:System.DateTime.UtcNow;", "T:System.Environment;"])
            Assert.Contains(symbol, banned);
        Assert.Contains("BannedSymbols.txt", File.ReadAllText(Path.Combine(Source, "DlmUpdater.Core", "DlmUpdater.Core.csproj")));
    }

    [Fact]
    public void Every_native_call_goes_to_the_C_library_and_stands_in_Host()
    {
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(Source, "DlmUpdater"), "*.cs", SearchOption.AllDirectories).Where(IsSource)];
        foreach (string file in files.Where(f => File.ReadAllText(f).Contains("LibraryImport(", StringComparison.Ordinal)))
        {
            Assert.StartsWith(Path.Combine(Source, "DlmUpdater", "Host", "Native"), file, StringComparison.Ordinal);
            Assert.DoesNotMatch(OtherLibrary(), File.ReadAllText(file));
        }

        Assert.DoesNotContain(files, f => File.ReadAllText(f).Contains("DllImport(", StringComparison.Ordinal));
    }

    /// <summary>The base library follows links, creates files that everyone may read, and takes flocks that a user can hold; and a file that is opened for writing
    /// must be this program's own. Only Host/OwnFile.cs opens files for writing.</summary>
    [Fact]
    public void Files_are_opened_for_writing_only_by_OwnFile()
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Source, "DlmUpdater"), "*.cs", SearchOption.AllDirectories).Where(IsSource))
        {
            string[] lines = File.ReadAllLines(file);
            for (int i = 0; i < lines.Length; i++)
            {
                Assert.False(BaseLibraryFile().IsMatch(lines[i]), $"{file}:{i + 1} opens a file by the base library; use RegularFile or OwnFile: {lines[i].Trim()}");
                bool isAllowed = file.EndsWith("/Host/OwnFile.cs", StringComparison.Ordinal) || file.Contains("/Host/Native", StringComparison.Ordinal)
                    || lines[i].Contains("OwnFile.", StringComparison.Ordinal) || lines[i].Contains("CreateLocked(", StringComparison.Ordinal) || lines[i].Contains("open(\"/dev/null\", ", StringComparison.Ordinal)
                    || lines[i].Contains("\"/proc/self/fd/", StringComparison.Ordinal);
                Assert.True(isAllowed || !WritingFlag().IsMatch(lines[i]), $"{file}:{i + 1} opens a file for writing; use OwnFile: {lines[i].Trim()}");
            }
        }
    }

    /// <summary>A server that takes a request and never answers must not keep a verb: calls go through BoundedCall, or carry the token of a wait.</summary>
    [Fact]
    public void No_verb_calls_a_lock_service_without_a_limit()
    {
        foreach (string file in Files("Cli").Where(f => Path.GetFileName(f) != "BoundedCall.cs"))
            Assert.DoesNotMatch(UnboundedCall(), File.ReadAllText(file));
    }

    /// <summary>The packages, the commands of the README and an example name the release: one that was forgotten installs the old one.</summary>
    [Theory]
    [InlineData("README.md", @"dlm-updater[_-]([0-9.]+[0-9])[_-]")]
    [InlineData("deb/changelog", @"\Adlm-updater \(([0-9.]+)\)")]
    [InlineData("rpm/dlm-updater.spec", @"%changelog\n.* - ([0-9.]+)-1\n")]
    [InlineData("src/dist/man/dlm-updater-hooks.7", @"""dlm\\-updater ([0-9.]+)""")]
    [InlineData("src/dist/image/kubernetes.yaml", @"dlm-updater:([0-9.]+)")]
    [InlineData(".github/CHANGELOG.md", @"\A# Changelog\n\n## ([0-9.]+) ")]
    public void Every_file_that_names_the_version_names_this_one(string file, string pattern)
    {
        string version = Regex.Match(File.ReadAllText(Path.Combine(Source, "Directory.Build.props")), "<Version>(.*)</Version>").Groups[1].Value;
        MatchCollection named = Regex.Matches(File.ReadAllText(Path.Combine(Source, "..", file)), pattern);
        Assert.NotEmpty(named);
        Assert.All(named, match => Assert.Equal(version, match.Groups[1].Value));
    }

    /// <summary>A registration that a verb disposes throws, or ends the process, when a signal comes a moment later.</summary>
    [Fact]
    public void Signals_are_handled_in_one_class()
    {
        string[] handling = [.. Directory.EnumerateFiles(Path.Combine(Source, "DlmUpdater"), "*.cs", SearchOption.AllDirectories)
            .Where(IsSource).Where(f => File.ReadAllText(f).Contains("PosixSignalRegistration.Create(", StringComparison.Ordinal))];

        Assert.Equal([Path.Combine(Source, "DlmUpdater", "Host", "Signals.cs")], handling);
    }

    /// <summary>Text reaches a terminal through <c>ShownText</c>, which cleans it, and JSON through an encoder that escapes the same characters.</summary>
    [Fact]
    public void Nothing_is_written_to_stdout_past_the_reports_and_nothing_by_the_console_class()
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Source, "DlmUpdater"), "*.cs", SearchOption.AllDirectories).Where(IsSource))
        {
            string text = Comment().Replace(File.ReadAllText(file), "");
            Assert.DoesNotMatch(@"\bConsole\.", text);
            if (!file.EndsWith("/Cli/Report.cs", StringComparison.Ordinal)) Assert.DoesNotContain("StandardStreams.WriteOut(", text, StringComparison.Ordinal);

            // What is not for a terminal: the progress file, and the shapes in which a secret may be written.
            if (!file.EndsWith("/Host/PlainJson.cs", StringComparison.Ordinal) && !file.EndsWith("/Logging/ProgressJson.cs", StringComparison.Ordinal)
                && !file.EndsWith("/Logging/Redactor.cs", StringComparison.Ordinal)) Assert.DoesNotContain("UnsafeRelaxedJsonEscaping", text, StringComparison.Ordinal);
        }
    }

    /// <summary>The base library's text of a file's error names types, repeats the path and may have several lines: <c>FileErrors.Text</c> has the system's.</summary>
    [Fact]
    public void What_is_caught_of_files_is_said_in_the_systems_words()
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Source, "DlmUpdater"), "*.cs", SearchOption.AllDirectories).Where(IsSource))
        {
            // Whose exceptions have the system's own text.
            if (file.EndsWith("/Host/Signals.cs", StringComparison.Ordinal)) continue;
            Assert.DoesNotMatch(@"catch \([^{]*\b(IOException|UnauthorizedAccessException)\b[^{]*\{[^}]*\be\.Message\b", File.ReadAllText(file));
        }
    }

    private static string Source { get; } = Path.GetFullPath(Path.Combine(Here(), "..", "..", "src"));

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    private static string[] Files(string folder)
    {
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(Source, "DlmUpdater", folder), "*.cs", SearchOption.AllDirectories)];
        Assert.NotEmpty(files);
        return files;
    }

    private static bool IsSource(string file) => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal);

    private static bool IsWithin(string import, string folder) =>
        import == "DlmUpdater." + folder || import.StartsWith($"DlmUpdater.{folder}.", StringComparison.Ordinal);

    private static IEnumerable<string> Imports(string file) => Using().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value);

    [GeneratedRegex(@"\.(Acquire|Release|Show|Unlock|List|Events|Switch|SetSlots|Probe)\(([^()]*, )?(CancellationToken\.None|default)\)")]
    private static partial Regex UnboundedCall();

    [GeneratedRegex(@"^using (?:static )?(?:\w+ = )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"\b(FileStream|StreamWriter|StreamReader|FileMode|File\.(Open|Create(?!SymbolicLink)|Append|Write|Read|Copy|Move|Replace)\w*)\b")]
    private static partial Regex BaseLibraryFile();

    [GeneratedRegex(@"\b(O_CREAT|O_WRONLY|O_RDWR|O_TMPFILE|O_TRUNC)\b")]
    private static partial Regex WritingFlag();

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"LibraryImport\((?!LibC\b)")]
    private static partial Regex OtherLibrary();
}
