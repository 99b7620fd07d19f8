using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>Answers that a healthy etcd does not give.</summary>
public sealed class EtcdAnswerTests
{
    private static readonly Login User = new("u", new SecretText("hidden"));

    private readonly List<string> asked = [];

    [Theory]
    [InlineData("/v3/")]
    [InlineData("/v3beta/")]
    [InlineData("/v3alpha/")]
    public async Task The_gateway_is_found_under_the_name_of_its_version_and_asked_there_from_then_on(string prefix)
    {
        var etcd = new FakeEtcd(EtcdLayout.Airlock, [], 1);
        using EtcdLockService service = At(EtcdLayout.Airlock, null, ask =>
            ask.Path.StartsWith(prefix, StringComparison.Ordinal) ? Answer(etcd.Handle(ask)) : Answer((404, "404 page not found\n")));
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        asked.Clear();
        Assert.IsType<ReleaseReply.Released>(await service.Release(default));
        Assert.Equal([prefix + "kv/range", prefix + "kv/txn"], asked);
    }

    [Theory]
    // The write is answered so; the look before and after it is answered well.
    [InlineData(503, """{"error":"etcdserver: no leader","message":"etcdserver: no leader","code":14}""", false, "majority")]
    [InlineData(429, """{"error":"etcdserver: too many requests","code":8}""", false, "429")]
    [InlineData(429, """{"code":8,"message":"etcdserver: mvcc: database space exceeded","details":[]}""", false, "defragment")]
    [InlineData(503, """{"error":"etcdserver: request timed out","message":"etcdserver: request timed out","code":14}""", true, "timed out")]
    [InlineData(500, "oops", true, "log")]
    [InlineData(502, "<html>", true, "log")]
    [InlineData(200, "{}", true, "not etcd's")]
    [InlineData(200, """{"header":{"revision":"99"},"succeeded":true,"responses":[{"response_range":{}}]}""", true, "not etcd's")]
    [InlineData(200, """{"header":{"revision":"99"},"succeeded":true}""", true, "not etcd's")]
    [InlineData(200, """{"header":{"revision":"1"},"succeeded":true,"responses":[{"response_put":{}}]}""", true, "not etcd's")]
    [InlineData(307, "", false, "redirects")]
    public async Task A_write_that_goes_wrong_may_have_happened_unless_etcd_says_that_it_did_not(int status, string body, bool mayHaveHappened, string expected)
    {
        var etcd = new FakeEtcd(EtcdLayout.Airlock, [], 1);
        using EtcdLockService service = At(EtcdLayout.Airlock, null, ask => Answer(ask.Path == "/v3/kv/txn" ? (status, body) : etcd.Handle(ask)));
        var away = Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default));
        Assert.Equal(mayHaveHappened, away.MayHaveHappened);
        Assert.Contains(expected, away.Why);
        Assert.DoesNotContain('\n', away.Why);
    }

    [Theory]
    [InlineData("""{"error":"etcdserver: permission denied","message":"etcdserver: permission denied","code":7}""")]
    [InlineData("""{"code":7,"message":"etcdserver: permission denied","details":[]}""")]
    public async Task Both_shapes_of_an_error_are_understood(string body)
    {
        using EtcdLockService service = At(EtcdLayout.Airlock, null, _ => Answer((403, body)));
        Assert.Contains("permission denied", Assert.IsType<AcquireReply.Refused>(await service.Acquire(default)).Why);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock, 503, """{"error":"etcdserver: no leader","code":14}""")]
    [InlineData(EtcdLayout.Airlock, 500, "x")]
    [InlineData(EtcdLayout.Locksmith, 500, """{"errorCode":301,"message":"During Leader Election","cause":"","index":1}""")]
    [InlineData(EtcdLayout.Locksmith, 504, "x")]
    public async Task A_member_that_cannot_is_passed_over(EtcdLayout layout, int status, string body)
    {
        var etcd = new FakeEtcd(layout, [], 1);
        using EtcdLockService service = At(layout, null, _ => Answer((status, body)), ask => Answer(etcd.Handle(ask)));
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        Assert.Equal(["a"], etcd.Holders);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock, "/v3/kv/txn", 403, """{"error":"etcdserver: permission denied","code":7}""")]
    [InlineData(EtcdLayout.Airlock, "/v3/kv/txn", 404, "404 page not found")]
    [InlineData(EtcdLayout.Airlock, "/v3/kv/txn", 400, """{"error":"etcdserver: user name is empty","code":3}""")]
    [InlineData(EtcdLayout.Locksmith, "prevIndex", 401, """{"errorCode":110,"message":"m","cause":"c","index":0}""")]
    public async Task A_refusal_by_one_member_is_none_if_another_may_have_done_it(EtcdLayout layout, string write, int status, string body)
    {
        var etcd = new FakeEtcd(layout, [], 1);
        HttpReply First(HttpAsk ask)
        {
            if (!ask.Path.Contains(write, StringComparison.Ordinal)) return etcd.Value is null || etcd.Holders.Length == 0 ? Answer(etcd.Handle(ask)) : Lost;
            etcd.Handle(ask);
            return Lost;
        }

        using EtcdLockService service = At(layout, null, First, _ => Answer((status, body)));
        Assert.True(Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default)).MayHaveHappened);
        Assert.Equal(["a"], etcd.Holders);
    }

    [Fact]
    public async Task A_connection_that_is_closed_without_a_word_renews_an_old_token_once()
    {
        var etcd = new FakeEtcd(EtcdLayout.Airlock, [], 1);
        string token = "t.1";
        bool isDead = false;
        using EtcdLockService service = At(EtcdLayout.Airlock, User, ask =>
        {
            if (ask.Path.EndsWith("/auth/authenticate", StringComparison.Ordinal)) return Answer((200, $$"""{"header":{},"token":"{{token}}"}"""));
            return ask.Headers is [("Authorization", var shown)] && shown == token && !isDead ? Answer(etcd.Handle(ask)) : Lost;
        });
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        Assert.Equal(["/v3/auth/authenticate", "/v3/kv/range", "/v3/kv/txn"], asked);
        asked.Clear();
        token = "t.2";
        Assert.IsType<ReleaseReply.Released>(await service.Release(default));
        Assert.Equal(["/v3/kv/range", "/v3/auth/authenticate", "/v3/kv/range", "/v3/kv/txn"], asked);
        asked.Clear();
        isDead = true;
        Assert.IsType<ShowReply.Unreachable>(await service.Show(default));
        Assert.Equal(["/v3/kv/range", "/v3/auth/authenticate", "/v3/kv/range"], asked);
    }

    [Theory]
    [InlineData("""{"token":"a\r\nX: y"}""")]
    [InlineData("""{"token":""}""")]
    [InlineData("""{"token":7}""")]
    [InlineData("{}")]
    [InlineData("x")]
    public async Task What_is_no_token_gets_into_no_header(string body)
    {
        using EtcdLockService service = At(EtcdLayout.Airlock, User, ask =>
        {
            Assert.Empty(ask.Headers);
            return Answer((200, body));
        });
        Assert.False(Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default)).MayHaveHappened);
        Assert.All(asked, path => Assert.Equal("/v3/auth/authenticate", path));
    }

    [Theory]
    [InlineData(401, """{"error":"etcdserver: invalid auth token","code":16}""")]
    [InlineData(400, """{"error":"etcdserver: revision of auth store is old","code":3}""")]
    public async Task A_token_that_is_refused_again_and_again_is_not_asked_for_for_ever(int status, string body)
    {
        using EtcdLockService service = At(EtcdLayout.Airlock, User, ask =>
            Answer(ask.Path.EndsWith("/auth/authenticate", StringComparison.Ordinal) ? (200, """{"token":"t"}""") : (status, body)));
        string why = Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default)).Why;
        Assert.DoesNotContain("hidden", why);
        Assert.InRange(asked.Count, 2, 4);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_race_that_is_always_lost_ends_and_is_no_refusal(EtcdLayout layout)
    {
        var etcd = new FakeEtcd(layout, [], 1);
        using EtcdLockService service = At(layout, null, ask =>
        {
            // Another writes the same just before every write.
            if (ask.Path.Contains("txn", StringComparison.Ordinal) || ask.Path.Contains("prevIndex", StringComparison.Ordinal)) etcd.Write(etcd.Value);
            return Answer(etcd.Handle(ask));
        });
        var away = Assert.IsType<AcquireReply.Unreachable>(await service.Acquire(default));
        Assert.False(away.MayHaveHappened);
        Assert.Contains("16 times", away.Why);
        Assert.Empty(etcd.Holders);
    }

    [Fact]
    public void The_holder_is_the_configured_one_else_the_machine_id_and_nothing_else()
    {
        Assert.Equal("x", Make("x", default).Service!.Identity.Holder);
        Assert.Equal("0a5d", Make(null, new MachineIdReading("0a5d", "")).Service!.Identity.Holder);
        (EtcdLockService? none, string why) = Make(null, new MachineIdReading(null, "/etc/machine-id is empty"));
        Assert.Null(none);
        Assert.Contains("/etc/machine-id is empty", why);
        Assert.Contains("[lock] holder", why);
        (none, why) = Make("a\nb", new MachineIdReading("0a5d", ""));
        Assert.Null(none);
        Assert.Contains("[lock] holder", why);
    }

    [Theory]
    [InlineData("plain-_.09~", "\"plain-_.09~\"")]
    [InlineData("a\"b\\c", "\"a\\\"b\\\\c\"")]
    [InlineData("<&>", "\"\\u003c\\u0026\\u003e\"")]
    [InlineData("\n\r\t\u0001", "\"\\n\\r\\t\\u0001\"")]
    [InlineData("ü\u2028+'`\u007f", "\"ü\\u2028+'`\u007f\"")]
    public void Texts_are_escaped_as_Go_does(string text, string expected) => Assert.Equal(expected, GoJson.Text(text));

    private static HttpReply Lost => new HttpReply.NoAnswer("lost", true);

    private static (EtcdLockService? Service, string Why) Make(string? configured, MachineIdReading machine)
    {
        EtcdLockService? service = EtcdSetup.Make(new EtcdSettings { Endpoints = ["http://127.0.0.1:1"] }, new LockSettings { Holder = configured }, machine,
            TimeProvider.System, () => 0, out string why);
        return (service, why);
    }

    private static HttpReply.Answer Answer((int Status, string Body) what) => new(what.Status, Encoding.UTF8.GetBytes(what.Body));

    private EtcdLockService At(EtcdLayout layout, Login? login, params Func<HttpAsk, HttpReply>[] members) =>
        new(Etcd.Store(layout, login, [.. members.Select(m => (Func<HttpAsk, HttpReply>)(ask =>
        {
            asked.Add(ask.Path);
            return m(ask);
        }))]), layout, 1, new LockIdentity("etcd", "test", "a"), TimeProvider.System, () => 0);
}
