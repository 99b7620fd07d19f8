using DlmUpdater.Cli;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.Tests.Cli;

public sealed class ChecksTlsTests : IDisposable
{
    private readonly TestDirectory scratch = new();
    private readonly Authority authority = new();

    public ChecksTlsTests()
    {
        File.WriteAllText(scratch.At("ca.pem"), authority.Pem);
        Use(authority.Issue("a.example"));
    }

    public void Dispose()
    {
        authority.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public void What_is_in_order_is_said_with_its_end()
    {
        Finding[] findings = Findings();
        Assert.All(findings, f => Assert.Equal(FindingLevel.Ok, f.Level));
        Assert.Contains("names a.example, until 20", findings[0].Why);
        Assert.Contains("ca.pem, until 20", findings[1].Why);
        Assert.Equal(2, findings.Length);
    }

    [Fact]
    public void A_certificate_that_ends_soon_is_a_warning()
    {
        Use(authority.Issue("a.example", toDays: 3));
        Finding finding = Findings()[0];
        Assert.Equal(FindingLevel.Warning, finding.Level);
        Assert.Contains("2 days from now", finding.Why);
    }

    [Fact]
    public void A_certificate_of_another_authority_is_a_warning()
    {
        using var stranger = new Authority("Stranger");
        Use(stranger.Issue("a.example"));
        Finding finding = Findings()[0];
        Assert.Equal(FindingLevel.Warning, finding.Level);
        Assert.Contains("no CA in", finding.Why);
    }

    [Fact]
    public void A_key_that_others_can_read_is_a_warning_with_the_command_that_mends_it()
    {
        File.SetUnixFileMode(scratch.At("key.pem"), (UnixFileMode)0b110_100_000);
        Finding finding = Assert.Single(Findings(), f => f.Level == FindingLevel.Warning);
        Assert.Equal($"chmod 600 {scratch.At("key.pem")}", finding.Fix);
    }

    [Theory]
    [InlineData("expired", "expired on")]
    [InlineData("mismatch", "does not match")]
    [InlineData("missing", "does not exist")]
    [InlineData("ca", "holds no PEM certificate")]
    public void What_would_stop_a_request_is_an_error(string wrong, string expected)
    {
        if (wrong == "expired") Use(authority.Issue("a", -9, -2));
        if (wrong == "mismatch") File.WriteAllText(scratch.At("key.pem"), authority.Issue("b").Key);
        if (wrong == "missing") File.Delete(scratch.At("crt.pem"));
        if (wrong == "ca") File.WriteAllText(scratch.At("ca.pem"), "");
        Finding finding = Assert.Single(Findings());
        Assert.Equal(FindingLevel.Error, finding.Level);
        Assert.Contains(expected, finding.Why);
    }

    [Fact]
    public void Puppet_without_a_certificate_is_an_error_with_what_was_tried()
    {
        UpdaterSettings settings = Foreman("https://foreman.example");
        Finding finding = Assert.Single(ChecksTls.All(settings, TimeProvider.System.GetUtcNow()));
        Assert.Equal(FindingLevel.Error, finding.Level);
        Assert.Contains("/etc/puppetlabs/puppet/ssl/certs/", finding.Why);
    }

    [Fact]
    public void Plain_HTTP_has_no_certificates_to_look_at() => Assert.Empty(ChecksTls.All(Foreman("http://localhost"), TimeProvider.System.GetUtcNow()));

    private static UpdaterSettings Foreman(string url) => new()
    {
        Lock = new LockSettings { Service = LockServiceKind.Foreman, Name = "web" },
        Foreman = new ForemanSettings { Url = url, Certificate = new ClientCertificate.OfPuppet() },
    };

    private Finding[] Findings()
    {
        var files = new TlsFiles(new ClientCertificate.Files(scratch.At("crt.pem"), scratch.At("key.pem")), scratch.At("ca.pem"), "foreman");
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        TlsFacts? facts = TlsFacts.Read(files, now, out string why);
        return [.. ChecksTls.Certificates(files, facts, why, now)];
    }

    private void Use((string Certificate, string Key) identity)
    {
        File.WriteAllText(scratch.At("crt.pem"), identity.Certificate);
        File.WriteAllText(scratch.At("key.pem"), identity.Key);
        File.SetUnixFileMode(scratch.At("key.pem"), (UnixFileMode)0b110_000_000);
    }
}
