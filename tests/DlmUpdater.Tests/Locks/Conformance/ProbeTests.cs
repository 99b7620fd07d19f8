using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.DlmEngine;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Locks.FleetLock;
using DlmUpdater.Locks.Foreman;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Locks.DlmEngine;
using DlmUpdater.Tests.Locks.Etcd;
using DlmUpdater.Tests.Locks.FleetLock;
using DlmUpdater.Tests.Locks.Foreman;

namespace DlmUpdater.Tests.Locks.Conformance;

/// <summary>What <c>check</c> asks beyond the lock itself, and that asking changes nothing.</summary>
public sealed class ProbeTests
{
    [Theory]
    [InlineData(Dialect.Airlock)]
    [InlineData(Dialect.Poseidon)]
    public async Task A_FleetLock_server_is_recognized_without_a_change_and_its_group_is_not_known(Dialect dialect)
    {
        var fleet = new FakeFleet(dialect);
        fleet.Holders.Add("host-a");
        using FleetLockService service = fleet.For(group: "typo");
        IReadOnlyList<ProbeAnswer> answers = await service.Probe(default);
        Assert.IsType<ProbeAnswer.Good>(answers[0]);
        Assert.Equal("group 'typo'", Assert.IsType<ProbeAnswer.NotKnown>(answers[1]).What);
        Assert.Equal(["host-a"], fleet.Holders);
    }

    [Theory]
    [InlineData(404, "404 page not found", "correct [fleetlock] url")]
    [InlineData(405, "", "correct [fleetlock] url")]
    [InlineData(200, "<html>", "check [fleetlock] url")]
    [InlineData(200, "", "no FleetLock server accepts")]
    [InlineData(302, "", "redirects")]
    [InlineData(503, "", "out of service")]
    public async Task Another_server_at_the_address_of_FleetLock_is_an_error(int status, string body, string why)
    {
        using FleetLockService service = FakeFleet.Service(_ => FakeFleet.Answer(status, body));
        Assert.Contains(why, Assert.IsType<ProbeAnswer.Bad>((await service.Probe(default))[0]).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_FleetLock_server_whose_name_does_not_resolve_is_an_error()
    {
        var target = new HttpTarget("http://no-such-host.invalid", null, new TlsFiles(null, null, "fleetlock"));
        static Task<System.Net.IPAddress[]> Unknown(string name) => throw new System.Net.Sockets.SocketException(11001);
        using var http = new HttpTransport(target, TimeProvider.System) { Resolve = Unknown };
        using var service = new FleetLockService(new FleetLockWays(http, http), new LockIdentity("fleetlock", "default", "a"), TimeProvider.System);
        Assert.Contains("the name no-such-host.invalid cannot be resolved", Assert.IsType<ProbeAnswer.Bad>((await service.Probe(default))[0]).Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_permissions_of_a_user_of_DLMEngine_are_asked_without_a_change(int api)
    {
        var engine = new FakeEngine();
        engine.Locks["web"] = "b.example";
        using DlmEngineLockService service = engine.For(api: api);
        IReadOnlyList<ProbeAnswer> answers = await service.Probe(default);
        Assert.Equal("permission LOCK:DELETE", Assert.IsType<ProbeAnswer.Good>(answers[0]).What);
        Assert.Contains("lock acquire", Assert.IsType<ProbeAnswer.NotKnown>(answers[1]).Why, StringComparison.Ordinal);
        Assert.Equal(["b.example"], engine.Locks.Values);
        Assert.DoesNotContain(engine.Asked, a => a.StartsWith("POST", StringComparison.Ordinal) || a.EndsWith("/web", StringComparison.Ordinal));

        engine.Permissions.Remove("LOCK:DELETE");
        Assert.Contains("give the permission LOCK:DELETE", Assert.IsType<ProbeAnswer.Bad>((await service.Probe(default))[0]).Why, StringComparison.Ordinal);
        engine.UserIsAdmin = true;
        Assert.IsType<ProbeAnswer.Good>((await service.Probe(default))[1]);
    }

    public static TheoryData<string?, Type> Hosts => new()
    {
        { null, typeof(ProbeAnswer.NotKnown) },
        { """{"name":"a.example","parameters":[],"all_parameters":[{"name":"x","value":"no"}]}""", typeof(ProbeAnswer.Good) },
        { """{"all_parameters":[{"name":"can_acquire_update_locks","value":"false"}]}""", typeof(ProbeAnswer.Bad) },
        { """{"all_parameters":[{"name":"can_acquire_update_locks","value":false}]}""", typeof(ProbeAnswer.Bad) },
        { """{"all_parameters":[{"name":"can_acquire_update_locks","value":" No "}]}""", typeof(ProbeAnswer.Bad) },
        { """{"all_parameters":[{"name":"can_acquire_update_locks","value":"true"}]}""", typeof(ProbeAnswer.Good) },
        { """{"all_parameters":[{"name":"can_acquire_update_locks","value":""}]}""", typeof(ProbeAnswer.Good) },
        { """{"parameters":[{"name":"can_acquire_update_locks","value":"off"}]}""", typeof(ProbeAnswer.Bad) },
        { """{"parameters":[]}""", typeof(ProbeAnswer.NotKnown) },
        { """{"all_parameters":{}}""", typeof(ProbeAnswer.NotKnown) },
        { "[]", typeof(ProbeAnswer.NotKnown) },
        { "<html>", typeof(ProbeAnswer.NotKnown) },
    };

    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task The_host_parameter_that_keeps_a_host_from_its_lock_at_Foreman_is_asked_as_a_user(string? body, Type answer)
    {
        using ForemanLockService service = Foreman(ask =>
        {
            Assert.Equal(("GET", "/api/hosts/a.example"), (ask.Method, ask.Path));
            return FakeForeman.Answer(body is null ? 403 : 200, body ?? "");
        }, new Login("admin", new SecretText("hunter2")));
        Assert.IsType(answer, Assert.Single(await service.Probe(default)));
    }

    [Fact]
    public async Task Without_a_user_the_host_parameter_is_not_known_and_nothing_is_asked()
    {
        using ForemanLockService service = Foreman(_ => throw new InvalidOperationException("asked"), null);
        Assert.Contains("[foreman] username", Assert.IsType<ProbeAnswer.NotKnown>(Assert.Single(await service.Probe(default))).Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task Each_member_of_etcd_is_asked_for_itself_and_the_semaphore_stays_as_it_is(EtcdLayout layout)
    {
        await using EtcdServer server = await EtcdServer.Start();
        using EtcdLockService service = Etcd.Etcd.Service([server.Url, "http://127.0.0.1:1"], layout, "a", "default");
        for (int round = 0; round < 2; round++)
        {
            ShowReply before = await service.Show(default);
            IReadOnlyList<ProbeAnswer> answers = await service.Probe(default);
            Assert.IsType<ProbeAnswer.Good>(answers[0]);
            Assert.Equal("etcd member 127.0.0.1:1", Assert.IsType<ProbeAnswer.Degraded>(answers[1]).What);
            LockView after = ((ShowReply.Shown)await service.Show(default)).View;
            Assert.Equal((((ShowReply.Shown)before).View.Exists, round > 0), (after.Exists, after.HeldByUs));
            Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        }
    }

    [Fact]
    public async Task A_user_of_etcd_who_may_only_read_is_an_error()
    {
        await using EtcdServer server = await EtcdLoginTests.WithUsers();
        string key = EtcdServer.Base64(EtcdSetup.Key(EtcdLayout.Airlock, "default"));
        await server.Post("/v3/auth/role/add", """{"name":"reader"}""");
        await server.Post("/v3/auth/role/grant", $$$"""{"name":"reader","perm":{"permType":"READ","key":"{{{key}}}"}}""");
        await server.Post("/v3/auth/user/grant", """{"user":"stranger","role":"reader"}""");
        foreach ((string user, bool may) in ((string, bool)[])[("stranger", false), ("host", true)])
        {
            using EtcdLockService service = Etcd.Etcd.Service(
                [server.Url], EtcdLayout.Airlock, "a", "default", login: new Login(user, new SecretText(EtcdLoginTests.Secret)));
            Assert.IsType<ShowReply.Shown>(await service.Show(default));
            ProbeAnswer answer = Assert.Single(await service.Probe(default));
            Assert.Equal(may, answer is ProbeAnswer.Good);
            if (!may) Assert.Contains("read and write", Assert.IsType<ProbeAnswer.Bad>(answer).Why, StringComparison.Ordinal);
        }
    }

    private static ForemanLockService Foreman(Func<HttpAsk, HttpReply> send, Login? login) =>
        FakeForeman.Service(new Wire(send), "a.example", TimeSpan.Zero, login: login);

    private sealed class Wire(Func<HttpAsk, HttpReply> send) : IHttpTransport
    {
        public string Server => "foreman.example";

        public ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel) => new(send(ask));
    }
}
