using System.Text;
using DlmUpdater.Configuration;
using DlmUpdater.Configuration.Adopted;

namespace DlmUpdater.Tests.Configuration.Adopted;

public sealed class DotEnvTests
{
    /// <summary>What python-dotenv makes of it.</summary>
    [Theory]
    [InlineData("A=b", "A=b")]
    [InlineData("A = b", "A=b")]
    [InlineData("A=", "A=")]
    [InlineData("  A=b  ", "A=b")]
    [InlineData("export A=b", "A=b")]
    [InlineData("export\tA=b", "A=b")]
    [InlineData("exportA=b", "exportA=b")]
    [InlineData("export=b", "export=b")]
    [InlineData("'A B'=c", "A B=c")]
    [InlineData("A=b c d", "A=b c d")]
    [InlineData("A=b # comment", "A=b")]
    [InlineData("A=b\t#comment", "A=b")]
    [InlineData("A=b#c", "A=b#c")]
    [InlineData("A=#b", "A=#b")]
    [InlineData("A= # comment", "A=")]
    [InlineData("# A=b", "")]
    [InlineData("A", "")]
    [InlineData("A # comment", "")]
    [InlineData("A='b # c'", "A=b # c")]
    [InlineData("A='b' # c", "A=b")]
    [InlineData("A='b\\'c'", "A=b'c")]
    [InlineData("A='b\\nc'", "A=b\\nc")]
    [InlineData("A=\"b\\nc\"", "A=b\nc")]
    [InlineData("A=\"b\\\"c\\\\d\\te\"", "A=b\"c\\d\te")]
    [InlineData("A=\"b\\qc\"", "A=b\\qc")]
    [InlineData("A=\"b\nc\"\nD=e", "A=b\nc|D=e")]
    [InlineData("A=b\r\nC=d\rE=f", "A=b|C=d|E=f")]
    [InlineData("\uFEFFA=b", "A=b")]
    [InlineData("A=b\nA=c", "A=b|A=c")]
    [InlineData("A=b\nB=${A}/c", "A=b|B=b/c")]
    [InlineData("A='b'\nB='${A}'", "A=b|B=b")]
    [InlineData("B=${A}", "B=")]
    [InlineData("B=${A:-c d}", "B=c d")]
    [InlineData("B=${OUT}", "B=side")]
    [InlineData("OUT=in\nB=${OUT}", "OUT=in|B=in")]
    [InlineData("B=$A${", "B=$A${")]
    [InlineData("B=${A:x}", "B=${A:x}")]
    [InlineData("A=[\"x\", \"y\"]", "A=[\"x\", \"y\"]")]
    public void A_file_is_read_as_python_dotenv_reads_it(string content, string expected) => Assert.Equal(expected, Read(content, DotEnvRules.Python));

    /// <summary>What systemd makes of an EnvironmentFile.</summary>
    [Theory]
    [InlineData("A=b", "A=b")]
    [InlineData("A=b # c", "A=b # c")]
    [InlineData("; A=b\n# C=d", "")]
    [InlineData("A=\"b c\"", "A=b c")]
    [InlineData("A='b \"c\"'", "A=b \"c\"")]
    [InlineData("A=b\\\nc", "A=bc")]
    [InlineData("A=b\\ c", "A=b c")]
    [InlineData("A=\"b\\\"c\"", "A=b\"c")]
    [InlineData("A=${B}", "A=${B}")]
    [InlineData("A=b  ", "A=b")]
    public void An_environment_file_is_read_as_systemd_reads_it(string content, string expected) => Assert.Equal(expected, Read(content, DotEnvRules.Systemd));

    [Theory]
    [InlineData("A=b\nsecret words\nC=d", 2, "the line is not NAME=value", "A=b|C=d")]
    [InlineData("A=\"b\nC=d", 1, "the quoted value does not end", "C=d")]
    [InlineData("A='b' secret\nC=d", 1, "something follows the quoted value", "C=d")]
    [InlineData("=secret", 1, "there is no name before =", "")]
    [InlineData("A=\"x\ny\"\n'B\nC=d", 3, "the quoted name does not end", "A=x\ny|C=d")]
    public void A_wrong_line_is_named_without_its_value_and_the_rest_is_read(string content, int line, string text, string rest)
    {
        var findings = new Findings();
        string read = Read(content, DotEnvRules.Python, findings);
        string complaint = Assert.Single(findings.InOrder()).Text;
        Assert.Equal($"/x/.env:{line}: {text}", complaint);
        Assert.DoesNotContain("secret", complaint, StringComparison.Ordinal);
        Assert.Equal(rest, read);
    }

    [Fact]
    public void Each_setting_knows_its_line_and_its_name()
    {
        List<OldSetting> settings = DotEnv.Read("\n# c\nA=\"1\n2\"\nB=x"u8.ToArray(), DotEnvRules.Python, new Place(0, "/x/.env"), Empty, new Findings());
        Assert.Equal([("A", 3), ("B", 5)], settings.Select(s => (s.Place.Origin!, s.Place.Line)));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_one_complaint()
    {
        var findings = new Findings();
        Assert.Empty(DotEnv.Read([0x41, 0x3D, 0xFF], DotEnvRules.Python, new Place(0, "/x/.env"), Empty, findings));
        Assert.Single(findings.InOrder());
    }

    [Fact]
    public void Random_bytes_never_throw_and_never_hang()
    {
        var dice = new Random(20261123);
        char[] alphabet = [.. "A=b'\"\\#${}:- \t\r\nexport\uFEFFä;"];
        for (int i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder();
            for (int n = dice.Next(40); n > 0; n--) text.Append(alphabet[dice.Next(alphabet.Length)]);
            _ = Read(text.ToString(), i % 2 == 0 ? DotEnvRules.Python : DotEnvRules.Systemd);
        }
    }

    private static readonly Dictionary<string, string> Empty = [];

    private static string Read(string content, DotEnvRules rules, Findings? findings = null)
    {
        findings ??= new Findings();
        var environment = new Dictionary<string, string> { ["OUT"] = "side" };
        List<OldSetting> settings = DotEnv.Read(Encoding.UTF8.GetBytes(content), rules, new Place(0, "/x/.env"), environment, findings);
        return string.Join('|', settings.Select(s => $"{s.Name}={s.Value}"));
    }
}
