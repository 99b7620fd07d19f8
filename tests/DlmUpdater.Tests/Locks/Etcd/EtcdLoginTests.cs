using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Etcd;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>A real etcd that wants to know who asks.</summary>
public sealed class EtcdLoginTests
{
    internal const string Secret = "geheim!#&";

    private static readonly string Key = EtcdSetup.Key(EtcdLayout.Airlock, "default");

    [Fact]
    public async Task A_user_takes_waits_for_and_gives_back_the_lock_and_a_token_that_is_forgotten_is_renewed()
    {
        await using EtcdServer server = await WithUsers();
        using EtcdLockService a = As(server, "host", Secret, "a"), b = As(server, "host", Secret, "b");
        Assert.IsType<AcquireReply.Granted>(await a.Acquire(default));
        var busy = Assert.IsType<AcquireReply.Busy>(await b.Acquire(default));
        // Its tokens live in its memory.
        await server.Stop();
        await server.Start();
        Task wait = b.WaitForChange(busy.Revision, Etcd.Hour, default).AsTask();
        await Task.Delay(80);
        Assert.False(wait.IsCompleted);
        Assert.IsType<ReleaseReply.Released>(await a.Release(default));
        await wait.WaitAsync(Etcd.Patience);
        Assert.IsType<AcquireReply.Granted>(await b.Acquire(default));
    }

    [Fact]
    public async Task Without_user_with_a_wrong_password_and_without_a_role_it_is_refused_with_what_to_set_and_no_password_is_told()
    {
        await using EtcdServer server = await WithUsers();
        using EtcdLockService nobody = Etcd.Service([server.Url], EtcdLayout.Airlock, "a", "default");
        Assert.Contains("set [etcd] username", Why(await nobody.Acquire(default)));
        using EtcdLockService wrong = As(server, "host", Secret + "x", "a");
        string why = Why(await wrong.Acquire(default));
        Assert.Contains("password_file", why);
        Assert.DoesNotContain(Secret, why);
        using EtcdLockService stranger = As(server, "stranger", Secret, "a");
        why = Why(await stranger.Acquire(default));
        Assert.Contains("role", why);
        Assert.DoesNotContain(Secret, why);
        Assert.IsType<ShowReply.Refused>(await stranger.Show(default));
        Assert.IsType<ReleaseReply.Refused>(await stranger.Release(default));
        // None of them can listen; each waits out its time.
        foreach (EtcdLockService one in (EtcdLockService[])[nobody, wrong, stranger])
        {
            long start = TimeProvider.System.GetTimestamp();
            await one.WaitForChange("1", TimeSpan.FromMilliseconds(60), default).AsTask().WaitAsync(Etcd.Patience);
            Assert.True(TimeProvider.System.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(55));
        }
    }

    [Fact]
    public async Task A_changed_role_makes_the_token_old_and_it_is_renewed()
    {
        await using EtcdServer server = await WithUsers();
        using EtcdLockService a = As(server, "host", Secret, "a");
        Assert.IsType<AcquireReply.Granted>(await a.Acquire(default));
        await server.Post("/v3/auth/role/add", """{"name":"another"}""");
        Assert.IsType<AcquireReply.Granted>(await a.Acquire(default));
        Assert.IsType<ReleaseReply.Released>(await a.Release(default));
    }

    [Fact]
    public async Task A_user_is_no_harm_where_etcd_knows_none_and_is_used_once_it_does()
    {
        await using EtcdServer server = await EtcdServer.Start();
        using EtcdLockService a = As(server, "host", Secret, "a");
        Assert.IsType<AcquireReply.Granted>(await a.Acquire(default));
        await SwitchOn(server);
        Assert.IsType<ReleaseReply.Released>(await a.Release(default));
    }

    [Fact]
    public async Task In_v2_user_and_password_go_with_every_request()
    {
        await using EtcdServer server = await EtcdServer.Start();
        string root = "root:" + Secret;
        await server.Send2(HttpMethod.Put, "/v2/auth/users/root", $$"""{"user":"root","password":"{{Secret}}"}""");
        await server.Send2(HttpMethod.Put, "/v2/auth/enable");
        await server.Send2(HttpMethod.Put, "/v2/auth/roles/guest", """{"role":"guest","revoke":{"kv":{"read":["/*"],"write":["/*"]}}}""", root);
        using EtcdLockService a = As(server, "root", Secret, "a", EtcdLayout.Locksmith), nobody = Etcd.Service([server.Url], EtcdLayout.Locksmith, "a", null),
            wrong = As(server, "root", Secret + "x", "a", EtcdLayout.Locksmith);
        Assert.Contains("username", Why(await nobody.Acquire(default)));
        string why = Why(await wrong.Acquire(default));
        Assert.Contains("password_file", why);
        Assert.DoesNotContain(Secret, why);
        Assert.IsType<AcquireReply.Granted>(await a.Acquire(default));
        string? revision = Assert.IsType<ShowReply.Shown>(await a.Show(default)).View.Revision;
        Task wait = a.WaitForChange(revision, Etcd.Hour, default).AsTask();
        using EtcdLockService again = As(server, "root", Secret, "a", EtcdLayout.Locksmith);
        Assert.IsType<ReleaseReply.Released>(await again.Release(default));
        await wait.WaitAsync(Etcd.Patience);
    }

    private static string Why(AcquireReply reply) => Assert.IsType<AcquireReply.Refused>(reply).Why;

    private static EtcdLockService As(EtcdServer server, string user, string password, string host, EtcdLayout layout = EtcdLayout.Airlock) =>
        Etcd.Service([server.Url], layout, host, layout == EtcdLayout.Airlock ? "default" : null, login: new Login(user, new SecretText(password)));

    internal static async Task<EtcdServer> WithUsers()
    {
        EtcdServer server = await EtcdServer.Start();
        await SwitchOn(server);
        return server;
    }

    private static async Task SwitchOn(EtcdServer server)
    {
        foreach (string user in (string[])["root", "host", "stranger"]) await server.Post("/v3/auth/user/add", $$"""{"name":"{{user}}","password":"{{Secret}}"}""");
        foreach (string role in (string[])["root", "locker"]) await server.Post("/v3/auth/role/add", $$"""{"name":"{{role}}"}""");
        await server.Post("/v3/auth/role/grant", $$$"""{"name":"locker","perm":{"permType":"READWRITE","key":"{{{EtcdServer.Base64(Key)}}}"}}""");
        await server.Post("/v3/auth/user/grant", """{"user":"root","role":"root"}""");
        await server.Post("/v3/auth/user/grant", """{"user":"host","role":"locker"}""");
        await server.Post("/v3/auth/enable", "{}");
        JsonElement root = await server.Post("/v3/auth/authenticate", $$"""{"name":"root","password":"{{Secret}}"}""");
        server.Token = root.GetProperty("token").GetString();
    }
}
