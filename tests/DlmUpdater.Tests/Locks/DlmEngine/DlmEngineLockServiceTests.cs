using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.DlmEngine;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;
using static DlmUpdater.Tests.Locks.DlmEngine.FakeEngine;

namespace DlmUpdater.Tests.Locks.DlmEngine;

public sealed class DlmEngineLockServiceTests
{
    private readonly FakeEngine engine = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_lock_is_taken_shown_and_given_back_by_looking_first(int api)
    {
        Assert.Equal(new AcquireReply.Granted(Since), engine.For(api: api).Acquire(default).Now());
        Assert.Equal(["GET", "POST", "GET"], Methods());
        LockView view = Assert.IsType<ShowReply.Shown>(engine.For(api: api).Show(default).Now()).View;
        Assert.Equal(new LockHolder("a.example", null, Since, true), Assert.Single(view.Holders));
        Assert.False(Assert.IsType<ShowReply.Shown>(engine.For("b.example", api).Show(default).Now()).View.HeldByUs);
        engine.Asked.Clear();
        Assert.IsType<ReleaseReply.Released>(engine.For(api: api).Release(default).Now());
        Assert.Equal(["GET", "DELETE", "GET"], Methods());
        Assert.All(engine.Asked, a => Assert.EndsWith($" /api/v{api}/locks/web", a));
        Assert.Empty(engine.Locks);
    }

    [Fact]
    public void What_is_ours_is_granted_again_without_a_post()
    {
        engine.Locks["web"] = "a.example";
        Assert.Equal(new AcquireReply.Granted(Since), engine.For().Acquire(default).Now());
        Assert.Equal(["GET"], Methods());
    }

    [Fact]
    public void Anothers_lock_is_busy_and_never_deleted()
    {
        engine.Locks["web"] = "b.example";
        Assert.Equal("b.example", Assert.Single(Assert.IsType<AcquireReply.Busy>(engine.For().Acquire(default).Now()).Holders).Id);
        Assert.Equal("b.example", Assert.IsType<ReleaseReply.HeldByOther>(engine.For().Release(default).Now()).Holder.Id);
        Assert.Equal(["GET", "GET"], Methods());
        // DLMEngine compares nothing; a host of nearly the same name is another host.
        engine.Locks["web"] = "A.example";
        Assert.IsType<ReleaseReply.HeldByOther>(engine.For().Release(default).Now());
        Assert.Single(engine.Locks);
    }

    [Fact]
    public void A_lock_that_nobody_holds_is_not_deleted()
    {
        Assert.IsType<ReleaseReply.NotHeld>(engine.For().Release(default).Now());
        Assert.Equal(["GET"], Methods());
    }

    [Fact]
    public void A_half_deleted_lock_is_busy_without_a_holder()
    {
        engine.Locks["web"] = "b.example";
        engine.HalfDeleted.Add("web");
        Assert.Empty(Assert.IsType<AcquireReply.Busy>(engine.For().Acquire(default).Now()).Holders);
        Assert.IsType<ReleaseReply.NotHeld>(engine.For().Release(default).Now());
        Assert.DoesNotContain("DELETE", Methods());
    }

    [Fact]
    public void Who_came_first_is_asked_when_a_post_came_second()
    {
        AcquireReply reply = Service(ask =>
        {
            if (ask.Method == "POST") engine.Locks["web"] = "b.example";
            return engine.Reply(ask);
        }).Acquire(default).Now();
        Assert.Equal("b.example", Assert.Single(Assert.IsType<AcquireReply.Busy>(reply).Holders).Id);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("DELETE")]
    public void A_missing_permission_is_named(string method)
    {
        if (method == "DELETE") engine.Locks["web"] = "a.example";
        engine.Permissions.Remove("LOCK:" + method);
        string why = method == "POST"
            ? Assert.IsType<AcquireReply.Refused>(engine.For().Acquire(default).Now()).Why
            : Assert.IsType<ReleaseReply.Refused>(engine.For().Release(default).Now()).Why;
        Assert.Contains("give the permission LOCK:" + method, why);
        Assert.Contains("[dlmengine] secret_id", why);
    }

    [Fact]
    public void A_lost_post_is_settled_by_a_look_and_never_made_twice()
    {
        foreach (bool isDone in (bool[])[true, false])
        {
            engine.Locks.Clear();
            engine.Asked.Clear();
            AcquireReply reply = Losing("POST", isDone).Acquire(default).Now();
            if (isDone) Assert.IsType<AcquireReply.Granted>(reply);
            else Assert.Equal(new AcquireReply.Unreachable("lost", true), reply);
            Assert.Equal(isDone ? 1 : 0, Methods().Count(m => m == "POST"));
        }
    }

    [Fact]
    public void A_lost_delete_is_settled_by_a_look_and_never_made_twice()
    {
        foreach (bool isDone in (bool[])[true, false])
        {
            engine.Locks["web"] = "a.example";
            engine.Asked.Clear();
            ReleaseReply reply = Losing("DELETE", isDone).Release(default).Now();
            if (isDone) Assert.IsType<ReleaseReply.Released>(reply);
            else Assert.Equal(new ReleaseReply.Unreachable("lost"), reply);
        }
    }

    [Fact]
    public void Only_a_look_may_be_repeated_by_the_connection() => Service(ask =>
    {
        Assert.Equal(ask.Method == "GET", ask.IsIdempotent);
        return engine.Reply(ask);
    }).Acquire(default).Now();

    [Fact]
    public async Task A_delete_that_was_lost_with_a_kept_connection_frees_nobody_elses_lock()
    {
        // The server does it, and hangs up; by the time of a second DELETE the lock is another's.
        int deletes = 0;
        using var server = new Http.TestServer(seen =>
        {
            if (seen.Method == "DELETE")
            {
                if (deletes++ > 0) engine.Locks.Remove("web");
                else engine.Locks["web"] = "b.example";
                return null;
            }

            (int status, string body) = engine.Handle(seen.Method, seen.Path, SecretId, Secret, seen.Body);
            return Http.TestServer.Reply(status, body);
        });
        engine.Locks["web"] = "a.example";
        var transport = new HttpTransport(new HttpTarget(server.Url, null, new TlsFiles(null, null, "dlmengine")), TimeProvider.System);
        using var service = new DlmEngineLockService(transport, new EngineApi(2), new LockIdentity("dlmengine", "web", "a.example"),
            new EngineCredential(SecretId, new SecretText(Secret)), TimeProvider.System);
        Assert.IsType<ReleaseReply.Released>(await service.Release(default));
        Assert.Equal(1, deletes);
        Assert.Equal("b.example", engine.Locks["web"]);
    }

    [Fact]
    public void A_yes_that_the_lock_denies_is_not_believed()
    {
        Assert.True(Assert.IsType<AcquireReply.Unreachable>(Service(ask => ask.Method == "POST" ? Answer(201, "{}") : engine.Reply(ask)).Acquire(default).Now()).MayHaveHappened);
        engine.Locks["web"] = "a.example";
        Assert.IsType<ReleaseReply.Unreachable>(Service(ask => ask.Method == "DELETE" ? Answer(200, "<html>welcome") : engine.Reply(ask)).Release(default).Now());
    }

    [Theory]
    [InlineData("""{"id":"db","acquired_by":"a.example"}""")]
    [InlineData("""{"id":"web","acquired_by":null}""")]
    [InlineData("""{"id":"web"}""")]
    [InlineData("""{"id":"web","acquired_by":"a.example","acquired_by":"b.example"}""")]
    [InlineData("""{"data":{"id":"web","acquired_by":"a.example"}}""")]
    [InlineData("""["web"]""")]
    [InlineData("<html>200 all is well")]
    [InlineData("")]
    public void What_is_not_this_lock_is_no_grant_and_no_release(string body)
    {
        var asked = new List<string>();
        DlmEngineLockService service = Service(ask =>
        {
            asked.Add(ask.Method);
            return Answer(200, body);
        });
        Assert.False(Assert.IsType<AcquireReply.Unreachable>(service.Acquire(default).Now()).MayHaveHappened);
        Assert.IsType<ReleaseReply.Unreachable>(service.Release(default).Now());
        Assert.IsType<ShowReply.Unreachable>(service.Show(default).Now());
        Assert.All(asked, m => Assert.Equal("GET", m));
    }

    [Fact]
    public void What_happens_to_the_confirmation_leaves_the_lock_open()
    {
        foreach (HttpReply reply in (HttpReply[])[new HttpReply.NoAnswer("gone", false), new HttpReply.CannotAsk("no ca"), Answer(401, ""), Answer(500, ""), Answer(200, "<html>"),
            new HttpReply.Answer(200, default, null, "was cut off")])
        {
            foreach (int status in (int[])[201, 200, 400, 500, 502])
            {
                bool posted = false;
                AcquireReply got = Service(ask =>
                {
                    if (ask.Method == "GET") return posted ? reply : engine.Reply(ask);
                    posted = true;
                    return Answer(status, Detail("Duplicate Resource"));
                }).Acquire(default).Now();
                Assert.True(Assert.IsType<AcquireReply.Unreachable>(got).MayHaveHappened, got.ToString());
            }
        }
    }

    [Theory]
    [InlineData(400, true)]
    [InlineData(401, true)]
    [InlineData(403, true)]
    [InlineData(404, true)]
    [InlineData(405, true)]
    [InlineData(422, true)]
    [InlineData(429, false)]
    [InlineData(301, false)]
    [InlineData(302, false)]
    [InlineData(418, false)]
    [InlineData(201, false)]
    [InlineData(204, false)]
    [InlineData(500, false)]
    [InlineData(502, false)]
    [InlineData(503, false)]
    public void Every_status_has_its_outcome_for_every_question(int status, bool isRefused)
    {
        foreach (string page in (string[])["", "<html>oops", "{\"detail\":\"what it said\"}", "{\"detail\":[{\"loc\":[],\"msg\":\"what it said\"}]}"])
        {
            DlmEngineLockService service = Service(_ => Answer(status, page));
            (bool refused, string why) = service.Acquire(default).Now() switch
            {
                AcquireReply.Refused no => (true, no.Why),
                AcquireReply.Unreachable { MayHaveHappened: false } no => (false, no.Why),
                var other => throw new InvalidOperationException(other.ToString()),
            };
            Assert.Equal(isRefused, refused);
            Assert.Contains(status.ToString(), why);
            if (page.Contains("said") && status >= 400) Assert.Contains("what it said", why);
            Assert.DoesNotContain('\n', why);
            Assert.Equal(isRefused, service.Release(default).Now() is ReleaseReply.Refused);
            Assert.Equal(!isRefused, service.Release(default).Now() is ReleaseReply.Unreachable);
            Assert.Equal(isRefused, service.Show(default).Now() is ShowReply.Refused);
            Assert.Equal(!isRefused, service.Show(default).Now() is ShowReply.Unreachable);
            Assert.Equal(isRefused, service.List(default).Now() is ListReply.Refused);
            Assert.Equal(!isRefused, service.List(default).Now() is ListReply.Unreachable);
        }
    }

    [Fact]
    public void The_three_meanings_of_404_are_told_apart()
    {
        engine.UserIsGone = true;
        Assert.Contains("make a new credential", Assert.IsType<AcquireReply.Refused>(engine.For().Acquire(default).Now()).Why);
        engine.UserIsGone = false;
        Assert.Contains("[dlmengine] url", Assert.IsType<AcquireReply.Refused>(engine.For(api: 3).Acquire(default).Now()).Why);
        Assert.IsType<AcquireReply.Granted>(engine.For(name: "Resource users").Acquire(default).Now());
    }

    [Fact]
    public void A_store_that_is_down_is_no_refusal()
    {
        engine.StoreIsDown = true;
        Assert.Contains("MongoDB", Assert.IsType<AcquireReply.Unreachable>(engine.For().Acquire(default).Now()).Why);
    }

    [Fact]
    public void A_dead_hosts_lock_is_freed_and_only_that_hosts()
    {
        engine.Locks["web"] = "dead.example";
        Assert.Equal("dead.example", Assert.IsType<ReleaseReply.HeldByOther>(engine.For().Unlock("other.example", default).Now()).Holder.Id);
        Assert.IsType<ReleaseReply.Released>(engine.For().Unlock("dead.example", default).Now());
        Assert.IsType<ReleaseReply.NotHeld>(engine.For().Unlock("dead.example", default).Now());
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(1, 250)]
    [InlineData(2, 250)]
    [InlineData(1, 200)]
    [InlineData(2, 200)]
    public void All_locks_are_listed_over_all_pages(int api, int count)
    {
        for (int i = 0; i < count; i++) engine.Locks[$"lock-{i:000}"] = i == 7 ? "a.example" : "b.example";
        IReadOnlyList<LockView> locks = Assert.IsType<ListReply.Told>(engine.For(api: api).List(default).Now()).Locks;
        Assert.Equal(engine.Locks.Keys, locks.Select(l => l.Name));
        if (count > 0) Assert.Equal("lock-007", Assert.Single(locks, l => l.HeldByUs).Name);
    }

    [Fact]
    public void A_server_that_does_not_turn_pages_does_not_hold_us_for_ever()
    {
        for (int i = 0; i < 150; i++) engine.Locks[$"lock-{i:000}"] = "b.example";
        int asked = 0;
        ListReply reply = Service(ask =>
        {
            Assert.True(++asked < 10);
            return engine.Reply(new HttpAsk(ask.Method, ask.Path.Replace($"page={asked - 1}", "page=0")) { Headers = ask.Headers });
        }).List(default).Now();
        Assert.Equal(100, Assert.IsType<ListReply.Told>(reply).Locks.Count);
    }

    [Fact]
    public void A_secret_that_a_server_repeats_is_not_passed_on()
    {
        string why = Assert.IsType<AcquireReply.Refused>(Service(_ => Answer(401, Detail($"x-secret {Secret} is unknown"))).Acquire(default).Now()).Why;
        Assert.DoesNotContain(Secret, why);
        Assert.Contains("(secret)", why);
        string other = Assert.IsType<ShowReply.Unreachable>(Service(_ => Answer(200, Document(Secret, "a", false))).Show(default).Now()).Why;
        Assert.DoesNotContain(Secret, other);
    }

    [Theory]
    [InlineData("two\r\nlines: x")]
    [InlineData("schlüssel")]
    [InlineData("")]
    public void A_secret_that_no_header_can_carry_is_never_sent(string secret)
    {
        string why = Assert.IsType<AcquireReply.Refused>(Service(_ => throw new InvalidOperationException("sent"), secret: secret).Acquire(default).Now()).Why;
        Assert.Contains("[dlmengine] secret", why);
        if (secret.Length > 0) Assert.DoesNotContain(secret, why);
    }

    private string[] Methods() => [.. engine.Asked.Select(a => a.Split(' ')[0])];

    private DlmEngineLockService Losing(string method, bool isDone) => Service(ask =>
    {
        if (ask.Method != method) return engine.Reply(ask);
        if (isDone) engine.Reply(ask);
        return new HttpReply.NoAnswer("lost", true);
    });
}
