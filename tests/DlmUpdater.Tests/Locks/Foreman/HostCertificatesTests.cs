using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Foreman;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.Foreman;

public sealed class HostCertificatesTests : IDisposable
{
    private readonly TestDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("/etc/puppetlabs/puppet/ssl")]
    [InlineData("/var/lib/puppet/ssl")]
    [InlineData("/etc/puppet/ssl")]
    public void Puppets_certificate_is_found_in_every_layout(string ssl)
    {
        Puppet(ssl, "web1.example");
        Assert.Equal($"{scratch.Root}{ssl}/certs/web1.example.pem", Find("WEB1.example", out _)!.Certificate);
        Assert.Equal($"{scratch.Root}{ssl}/private_keys/web1.example.pem", Find("web1", out _)!.Key);
    }

    [Fact]
    public void The_certname_of_puppet_conf_wins()
    {
        Puppet("/etc/puppetlabs/puppet/ssl", "web1.example");
        Puppet("/etc/puppetlabs/puppet/ssl", "node-7");
        Write("/etc/puppetlabs/puppet/puppet.conf", "[main]\ncertname = nobody\n[agent]\n certname=Node-7 # ours\n[server]\ncertname = other\n");
        Assert.EndsWith("/certs/node-7.pem", Find("web1.example", out _)!.Certificate);
    }

    [Theory]
    [InlineData("ssldir = /srv/ssl", "/srv/ssl")]
    [InlineData("ssldir = $confdir/tls/", "/etc/puppetlabs/puppet/tls")]
    [InlineData("vardir = /srv/var\nssldir = $vardir/ssl", "/srv/var/ssl")]
    [InlineData("ssldir = $vardir/ssl", "/opt/puppetlabs/puppet/cache/ssl")]
    [InlineData("ssldir = $unknown/ssl", "/etc/puppetlabs/puppet/ssl")]
    [InlineData("#ssldir = /old", "/etc/puppetlabs/puppet/ssl")]
    public void The_ssldir_of_puppet_conf_is_looked_in(string settings, string ssl)
    {
        Puppet(ssl, "web1.example");
        if (ssl != "/etc/puppetlabs/puppet/ssl") Puppet("/var/lib/puppet/ssl", "web1.example");
        Write("/etc/puppetlabs/puppet/puppet.conf", $"[main]\n{settings}\n");
        Assert.Equal($"{scratch.Root}{ssl}/certs/web1.example.pem", Find("web1.example", out _)!.Certificate);
    }

    [Fact]
    public void What_was_tried_is_said()
    {
        Write("/etc/puppetlabs/puppet/ssl/certs/web1.example.pem", "");
        Assert.Null(Find("web1.example", out string why));
        Assert.Contains("/etc/puppetlabs/puppet/ssl/private_keys/web1.example.pem", why);
        Assert.Contains("/var/lib/puppet/ssl/certs/web1.example.pem", why);
        Assert.Null(new HostCertificates(scratch.Root, "h").Find(new ClientCertificate.OfRhsm(), out why));
        Assert.Contains("/etc/pki/consumer/cert.pem", why);
    }

    [Fact]
    public void One_of_two_hosts_of_the_same_first_name_is_not_guessed()
    {
        Puppet("/etc/puppet/ssl", "web1.a");
        Puppet("/etc/puppet/ssl", "web1.b");
        Assert.Null(Find("web1", out _));
    }

    [Fact]
    public void The_consumer_identity_is_found()
    {
        Write("/etc/pki/consumer/cert.pem", "");
        Write("/etc/pki/consumer/key.pem", "");
        Assert.EndsWith("/key.pem", new HostCertificates(scratch.Root, "h").Find(new ClientCertificate.OfRhsm(), out _)!.Key);
    }

    private ClientCertificate.Files? Find(string host, out string why) =>
        new HostCertificates(scratch.Root, host).Find(new ClientCertificate.OfPuppet(), out why);

    private void Puppet(string ssl, string name)
    {
        Write($"{ssl}/certs/{name}.pem", "");
        Write($"{ssl}/private_keys/{name}.pem", "");
    }

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(scratch.Root + path)!);
        File.WriteAllText(scratch.Root + path, text);
    }
}
