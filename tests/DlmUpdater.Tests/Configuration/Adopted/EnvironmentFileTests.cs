using System.Diagnostics;
using DlmUpdater.Configuration;
using DlmUpdater.Configuration.Adopted;

namespace DlmUpdater.Tests.Configuration.Adopted;

/// <summary>Files of <c>EnvironmentFile=</c> beside the real systemd, whose generator of user environments reads files by the same rules.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class EnvironmentFileTests : IDisposable
{
    private const string Generator = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";

    private readonly ConfigurationSandbox _box = new();

    public void Dispose() => _box.Dispose();

    [Fact]
    public void Quotes_escapes_and_blanks_mean_what_they_mean_to_systemd()
    {
        string path = _box.Write("environment.d/1.conf", """
            # a comment
            ; another
            A1=plain
            A2="x" y
            A3=x"y z"
            A4=" x "
            A5='a\b'
            A6="a\b\"c\
            d"
            A7=x\ y\"z\\
            A8=one\
            two
            A9 = spaced
            A10="multi
            line"
            A12='q'"r"s"t"
            A13=x # no comment
            A14="q"  'r'	s
            A15=x \
             y
            A16=semi;colon
            A17='it'\''s'
            """ + "\nA18=blanks behind  \t\nA19=\"blanks \" \nA20=esc\\ \n");
        Dictionary<string, string> systemd = Systemd();
        Assert.Equal("""x"y z" """.TrimEnd(), systemd["A3"]);
        Assert.Equal(" x ", systemd["A4"]);
        Dictionary<string, string> ours = DotEnv.Read(File.ReadAllBytes(path), DotEnvRules.Systemd, new Place(0, path), _box.Environment, new Findings()).ToDictionary(s => s.Name, s => s.Value);
        Assert.Equal(systemd, ours);
    }

    [Fact]
    public void A_comment_that_ends_with_a_backslash_is_refused_because_versions_of_systemd_differ()
    {
        var findings = new Findings();
        _ = DotEnv.Read("A=1\n# note \\\nLOCKSMITHD_GROUP=x\n"u8.ToArray(), DotEnvRules.Systemd, new Place(0, "/etc/x"), _box.Environment, findings);
        Assert.StartsWith("/etc/x:2: the comment ends with a backslash", Assert.Single(findings.InOrder()).Text, StringComparison.Ordinal);
    }

    private Dictionary<string, string> Systemd()
    {
        var start = new ProcessStartInfo(Generator) { RedirectStandardOutput = true, Environment = { ["XDG_CONFIG_HOME"] = _box.Directory, ["HOME"] = _box.Directory } };
        using Process process = Process.Start(start)!;
        string[] lines = process.StandardOutput.ReadToEnd().Split('\n');
        process.WaitForExit();
        return lines.Where(line => line.StartsWith('A')).Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => Unquoted(pair[1]));
    }

    /// <summary>The generator writes what a shell would have to quote in double quotes, with escapes.</summary>
    private static string Unquoted(string text)
    {
        if (text is not ['"', .., '"']) return text;
        var plain = new System.Text.StringBuilder();
        for (int i = 1; i < text.Length - 1; i++)
            plain.Append(text[i] == '\\' ? text[++i] switch { 'n' => '\n', 't' => '\t', var c => c } : text[i]);
        return plain.ToString();
    }
}
