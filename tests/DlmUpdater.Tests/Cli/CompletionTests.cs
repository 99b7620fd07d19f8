using System.Diagnostics;
using System.Runtime.CompilerServices;
using DlmUpdater.Cli;

namespace DlmUpdater.Tests.Cli;

/// <summary>The completions that are installed are those of the command model, and the shells understand them.
/// <c>DLM_UPDATER_WRITE=1</c> writes them anew.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("dlm-updater.bash")]
    [InlineData("_dlm-updater")]
    [InlineData("dlm-updater.fish")]
    public void The_installed_file_is_that_of_the_command_model(string name)
    {
        string made = name switch
        {
            "dlm-updater.bash" => Completions.Bash(),
            "_dlm-updater" => Completions.Zsh(),
            _ => Completions.Fish(),
        };
        if (Environment.GetEnvironmentVariable("DLM_UPDATER_WRITE") == "1") File.WriteAllText(Installed(name), made);
        Assert.Equal(made, File.ReadAllText(Installed(name)));
    }

    [Theory]
    [InlineData("dlm-updater ", "run status plan check lock shield upgrade hooks history reset updatelock import version --help --version")]
    [InlineData("dlm-updater st", "status")]
    [InlineData("dlm-updater hooks e", "enable")]
    [InlineData("dlm-updater status --output ", "text json")]
    [InlineData("dlm-updater --config x lock sh", "show")]
    [InlineData("dlm-updater lock show --out", "--output")]
    public void Bash_completes(string line, string wanted)
    {
        string[] words = line.Split(' ');
        string said = Run("bash", "-c",
            $"set -eu; . {Installed("dlm-updater.bash")}; COMP_WORDS=({string.Join(' ', words.Select(w => $"'{w}'"))}); COMP_CWORD={words.Length - 1}; _dlm_updater; echo \"${{COMPREPLY[*]}}\"");
        Assert.Equal(wanted, said.Trim());
    }

    [Theory]
    [InlineData("dlm-updater st", "status")]
    [InlineData("dlm-updater hooks e", "enable")]
    [InlineData("dlm-updater status --output ", "json text")]
    [InlineData("dlm-updater lock show --out", "--output")]
    public void Fish_completes(string line, string wanted)
    {
        string said = Run("fish", "--no-config", "-c", $"source {Installed("dlm-updater.fish")}; complete -C '{line}'");
        Assert.Equal(wanted, string.Join(' ', said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t')[0]).Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("dlm-updater ''", "run")]
    [InlineData("dlm-updater hooks ''", "enable")]
    [InlineData("dlm-updater lock show ''", "--output")]
    public void Zsh_is_offered(string words, string wanted)
    {
        string count = $"{words.Split(' ').Length}";
        string said = Run("zsh", "-f", "-c", $"_describe() {{ print -l -- ${{(P)2}} }}; f() {{ local -a words; words=({words}); local CURRENT={count}; source {Installed("_dlm-updater")} }}; f");
        Assert.Contains(said.Split('\n'), l => l.StartsWith(wanted + ":", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_verb_is_in_each_file()
    {
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(Installed("x"))!))
        {
            foreach (var (name, _) in CommandLine.Verbs) Assert.Contains(name, File.ReadAllText(file), StringComparison.Ordinal);
        }
    }

    private static string Run(string shell, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(shell, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["HOME"] = "/nonexistent", ["TERM"] = "dumb" } })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{shell} ended with {process.ExitCode}: {error.GetAwaiter().GetResult()}");
        return output;
    }

    private static string Installed(string name, [CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../src/dist/completions", name));
}
