using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.EndToEnd;

/// <summary>What only the published binary can show of TLS: nothing is fetched to trust a server, and a host without OpenSSL.</summary>
public sealed class TlsLibraryTests
{
    /// <summary>Hides the host's OpenSSL from this one process.</summary>
    private const string NoOpenSsl =
        "for f in $(find -L /usr/lib /lib /lib64 /usr/local/lib -type f \\( -name 'libssl.so*' -o -name 'libcrypto.so*' \\) 2> /dev/null | xargs -r -n 1 readlink -f | sort -u); do mount --bind /dev/null \"$f\" || exit 98; done";

    [Fact]
    public void A_missing_issuer_is_not_fetched_from_where_the_certificate_says()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var root = new Authority("Fleet CA");
        using Authority between = root.Below("Issuing CA");
        using var shop = new TestServer(_ => TestServer.Reply(200, between.Pem));
        // The server does not send the certificate between its own and the root.
        using var server = new TestServer(_ => TestServer.Reply(200, "{}"), between.Issue("foreman.example", fetchIssuer: shop.Url + "/issuer.crt"), wantsClient: false);
        File.WriteAllText(host.Root + "/ca.crt", root.Pem);
        host.Set("foreman", "url", server.Url).Set("foreman", "ca", host.Root + "/ca.crt");

        Ended ended = Agent.Call("lock", "show", "--config", host.Config).Expect(69);

        Assert.Contains("was issued by 'CN=Issuing CA'", ended.Error, StringComparison.Ordinal);
        Assert.Contains("let the server send its intermediate certificates", ended.Error, StringComparison.Ordinal);
        Assert.Empty(shop.Requests);
        Assert.Equal(0, shop.Connections);
        Assert.Empty(server.Requests);
    }

    /// <summary>Puppet writes RSA keys in the traditional form; the binary carries the code of no other algorithms than RSA and EC.</summary>
    [Theory]
    [InlineData("RSA PRIVATE KEY", false)]
    [InlineData("RSA PRIVATE KEY", true)]
    [InlineData("PRIVATE KEY of RSA", true)]
    [InlineData("EC PRIVATE KEY", true)]
    [InlineData("PRIVATE KEY of EC", false)]
    public void A_key_of_each_kind_and_form_is_used(string form, bool serverIsRsa)
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var server = new ForemanServer(host.LockDirectory, serverIsRsa);
        host.Joins(server);
        (string certificate, string key) = Pair(server.Authority, form);
        Assert.Contains($"-----BEGIN {form.Split(" of ")[0]}-----", key, StringComparison.Ordinal);
        File.WriteAllText($"{host.Root}/ssl/{ForemanHost.A}.pem", certificate);
        File.WriteAllText($"{host.Root}/ssl/{ForemanHost.A}.key", key);

        Agent.Run(host, "run").Expect(0);

        Assert.Equal(ForemanHost.A, server.Requests[0].Host);
        Assert.Contains("post_update/20-health", host.Log.Started);
    }

    [Fact]
    public void A_key_of_another_certificate_is_said_whatever_its_kind()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var server = new ForemanServer(host.LockDirectory);
        host.Joins(server);
        foreach (string form in (string[])["RSA PRIVATE KEY", "EC PRIVATE KEY"])
        {
            File.WriteAllText($"{host.Root}/ssl/{ForemanHost.A}.key", Pair(server.Authority, form).Key);
            Assert.Contains("does not match the certificate", Agent.Call("lock", "show", "--config", host.Config).Error, StringComparison.Ordinal);
        }
    }

    private static (string Certificate, string Key) Pair(Authority authority, string form)
    {
        if (!form.Contains("RSA", StringComparison.Ordinal))
        {
            (string certificate, string key) = authority.Issue(ForemanHost.A);
            using var ec = System.Security.Cryptography.ECDsa.Create();
            ec.ImportFromPem(key);
            return (certificate, form == "EC PRIVATE KEY" ? ec.ExportECPrivateKeyPem() : key);
        }

        (string issued, System.Security.Cryptography.RSA rsa) = authority.IssueRsa(ForemanHost.A);
        using (rsa) return (issued, form == "RSA PRIVATE KEY" ? rsa.ExportRSAPrivateKeyPem() : rsa.ExportPkcs8PrivateKeyPem());
    }

    [Fact]
    public void Without_OpenSSL_https_is_a_message_and_not_an_abort()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        host.Set("foreman", "url", "https://localhost:1");

        foreach (string[] call in (string[][])[["lock", "show", "--config", host.Config], ["run", "--config", host.Config]])
            Assert.Contains("this host has no OpenSSL", Agent.Call(new StartAs { Prepare = NoOpenSsl }, call).Expect(78).Error, StringComparison.Ordinal);
        Assert.Contains("this host has no OpenSSL", Agent.Call(new StartAs { Prepare = NoOpenSsl }, "check", "--config", host.Config).Expect(78).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_OpenSSL_a_whole_cycle_with_the_file_service_works()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);

        Agent.Run(host, new StartAs { Prepare = NoOpenSsl }, "run").Expect(0);

        Assert.Contains("post_update/20-health", host.Log.Started);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void Without_OpenSSL_a_plain_HTTP_service_on_this_host_works()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("file", "directory", null).Set("lock", "service", "fleetlock");
        int asked = 0;
        using var server = new TestServer(_ =>
        {
            asked++;
            return TestServer.Reply(200, "");
        });
        host.Set("fleetlock", "url", server.Url);

        Agent.Run(host, new StartAs { Prepare = NoOpenSsl }, "run").Expect(0);

        Assert.InRange(asked, 3, 20);
    }
}
