using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Tests.Host;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>A real etcd with TLS that wants client certificates.</summary>
public sealed class EtcdTlsTests : IDisposable
{
    private readonly TestDirectory scratch = new();
    private readonly Authority authority = new();

    public EtcdTlsTests()
    {
        File.WriteAllText(scratch.At("ca.pem"), authority.Pem);
        Issue("server", "localhost");
        Issue("host", "web1.example");
    }

    public void Dispose()
    {
        authority.Dispose();
        scratch.Dispose();
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_certificate_opens_the_way_also_to_listen_and_without_it_the_message_says_so(EtcdLayout layout)
    {
        await using EtcdServer server = await EtcdServer.Start(true, "--client-cert-auth", "--trusted-ca-file", scratch.At("ca.pem"),
            "--cert-file", scratch.At("server.pem"), "--key-file", scratch.At("server.key"));
        var files = new ClientCertificate.Files(scratch.At("host.pem"), scratch.At("host.key"));
        using EtcdLockService a = Etcd.Service([server.Url], layout, "a", "g", certificate: files, ca: scratch.At("ca.pem"));
        using EtcdLockService b = Etcd.Service([server.Url], layout, "b", "g", certificate: files, ca: scratch.At("ca.pem"));
        await Until(a);
        Assert.IsType<AcquireReply.Granted>(await a.Acquire(default));
        var busy = Assert.IsType<AcquireReply.Busy>(await b.Acquire(default));
        Task wait = b.WaitForChange(busy.Revision, Etcd.Hour, default).AsTask();
        await Task.Delay(80);
        Assert.False(wait.IsCompleted);
        Assert.IsType<ReleaseReply.Released>(await a.Release(default));
        await wait.WaitAsync(Etcd.Patience);

        using EtcdLockService nobody = Etcd.Service([server.Url], layout, "n", "g", ca: scratch.At("ca.pem"));
        Assert.Contains("requires a client certificate", Assert.IsType<AcquireReply.Refused>(await nobody.Acquire(default)).Why);
        using var other = new Authority("Stranger");
        File.WriteAllText(scratch.At("other.pem"), other.Pem);
        using EtcdLockService stranger = Etcd.Service([server.Url], layout, "n", "g", certificate: files, ca: scratch.At("other.pem"));
        Assert.Contains("other.pem does not lead to", Assert.IsType<AcquireReply.Unreachable>(await stranger.Acquire(default)).Why);
        using EtcdLockService missing = Etcd.Service([server.Url], layout, "n", "g", certificate: files with { Key = scratch.At("none.key") }, ca: scratch.At("ca.pem"));
        Assert.Contains("[etcd] client_key", Assert.IsType<AcquireReply.Refused>(await missing.Acquire(default)).Why);
    }

    [Fact]
    public async Task With_users_a_certificate_without_a_name_and_a_password_open_the_way_and_one_with_a_name_is_told_apart()
    {
        await using EtcdServer server = await EtcdLoginTests.WithUsers();
        await server.Restart(true, "--client-cert-auth", "--trusted-ca-file", scratch.At("ca.pem"),
            "--cert-file", scratch.At("server.pem"), "--key-file", scratch.At("server.key"));
        Issue("nameless", "");
        var login = new Login("host", new SecretText(EtcdLoginTests.Secret));
        using EtcdLockService a = Etcd.Service([server.Url], EtcdLayout.Airlock, "a", "default", login: login,
            certificate: new(scratch.At("nameless.pem"), scratch.At("nameless.key")), ca: scratch.At("ca.pem"));
        await Until(a);
        Assert.IsType<AcquireReply.Granted>(await a.Acquire(default));
        using EtcdLockService named = Etcd.Service([server.Url], EtcdLayout.Airlock, "n", "default", login: login,
            certificate: new(scratch.At("host.pem"), scratch.At("host.key")), ca: scratch.At("ca.pem"));
        string why = Assert.IsType<AcquireReply.Refused>(await named.Acquire(default)).Why;
        Assert.Contains("(CN)", why);
        Assert.Contains("[etcd] client_crt", why);
        Assert.DoesNotContain(EtcdLoginTests.Secret, why);
    }

    private static async Task Until(EtcdLockService service)
    {
        // TLS answers before etcd has elected itself.
        for (int i = 0; i < 400 && await service.Show(default) is not ShowReply.Shown; i++) await Task.Delay(25);
    }

    private void Issue(string file, string name)
    {
        (string certificate, string key) = authority.Issue(name);
        File.WriteAllText(scratch.At(file + ".pem"), certificate);
        File.WriteAllText(scratch.At(file + ".key"), key);
    }
}
