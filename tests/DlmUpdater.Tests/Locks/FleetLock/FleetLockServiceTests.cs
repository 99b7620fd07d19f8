using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.FleetLock;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;
using static DlmUpdater.Tests.Locks.FleetLock.FakeFleet;

namespace DlmUpdater.Tests.Locks.FleetLock;

public sealed class FleetLockServiceTests
{
    [Fact]
    public void The_body_is_the_protocols_and_compact() =>
        Assert.Equal("""{"client_params":{"id":"a1","group":"web.eu-1"}}""", Encoding.UTF8.GetString(FleetLockService.Body("a1", "web.eu-1").Span));

    [Theory]
    [InlineData(Dialect.Airlock)]
    [InlineData(Dialect.Poseidon)]
    public void A_grant_is_asked_for_twice(Dialect dialect)
    {
        var fleet = new FakeFleet(dialect);
        Assert.Equal(new AcquireReply.Granted(null), fleet.For().Acquire(default).Now());
        Assert.Equal(2, fleet.Requests);
        Assert.IsType<ShowReply.CannotTell>(fleet.For().Show(default).Now());
        Assert.IsType<ReleaseReply.Released>(fleet.For().Release(default).Now());
        Assert.Equal(3, fleet.Requests);
        Assert.Empty(fleet.Holders);
    }

    [Fact]
    public void A_grant_that_is_not_there_the_second_time_is_none()
    {
        int asked = 0;
        AcquireReply busy = Service(_ => asked++ == 0 ? Answer(200, "") : Answer(423, Error("lock_held", "held by host-b"))).Acquire(default).Now();
        Assert.Equal("host-b", Assert.Single(Assert.IsType<AcquireReply.Busy>(busy).Holders).Id);
        foreach (HttpReply second in (HttpReply[])[new HttpReply.NoAnswer("gone", false), new HttpReply.CannotAsk("no ca"), Answer(400, Error("unknown_group", "?")), Answer(500, ""),
            Answer(500, Error("failed_lock", "etcdserver: request timed out")), Answer(200, "<html>")])
        {
            asked = 0;
            Assert.True(Assert.IsType<AcquireReply.Unreachable>(Service(_ => asked++ == 0 ? Answer(200, "") : second).Acquire(default).Now()).MayHaveHappened);
        }
    }

    [Fact]
    public void A_full_airlock_is_told_from_a_broken_one()
    {
        var fleet = new FakeFleet(Dialect.Airlock, 2) { Holders = { "host-b", "host-c" } };
        Assert.Empty(Assert.IsType<AcquireReply.Busy>(fleet.For().Acquire(default).Now()).Holders);
        fleet.StoreIsDown = true;
        Assert.Contains("etcd", Assert.IsType<AcquireReply.Unreachable>(fleet.For().Acquire(default).Now()).Why);
        AcquireReply timedOut = Service(_ => Answer(500, Error("failed_lock", "context deadline exceeded"))).Acquire(default).Now();
        Assert.True(Assert.IsType<AcquireReply.Unreachable>(timedOut).MayHaveHappened);
    }

    [Fact]
    public void Poseidons_refusal_names_the_holder()
    {
        var fleet = new FakeFleet(Dialect.Poseidon) { Holders = { "host-b" } };
        Assert.Equal(new LockHolder("host-b", null, null, false), Assert.Single(Assert.IsType<AcquireReply.Busy>(fleet.For().Acquire(default).Now()).Holders));
        Assert.Equal("host-b", Assert.IsType<ReleaseReply.HeldByOther>(fleet.For().Release(default).Now()).Holder.Id);
        Assert.Single(fleet.Holders);
    }

    [Theory]
    [InlineData(Dialect.Airlock)]
    [InlineData(Dialect.Poseidon)]
    public void Others_that_get_in_between_cost_no_pause_and_no_false_answer(Dialect dialect)
    {
        var fleet = new FakeFleet(dialect) { Conflicts = 2 };
        Assert.IsType<AcquireReply.Granted>(fleet.For().Acquire(default).Now());
        fleet.Conflicts = 2;
        Assert.IsType<ReleaseReply.Released>(fleet.For().Release(default).Now());
        Assert.Empty(fleet.Holders);
        // A host that believed to be refused would stop its run as having lost the lock; one that believed another holds it would never release.
        fleet.Conflicts = 100;
        Assert.IsType<AcquireReply.Unreachable>(fleet.For().Acquire(default).Now());
        fleet.Holders.Add("host-a");
        fleet.Conflicts = 100;
        Assert.IsType<ReleaseReply.Unreachable>(fleet.For().Release(default).Now());
        Assert.Single(fleet.Holders);
    }

    [Fact]
    public void A_release_that_is_refused_for_our_own_sake_is_no_release() =>
        Assert.IsType<ReleaseReply.Unreachable>(Service(_ => Answer(423, Error("lock_held", "held by host-a"))).Release(default).Now());

    [Theory]
    [InlineData(400, "invalid_client_identity", "[fleetlock] id")]
    [InlineData(400, "unknown_group", "[fleetlock] group")]
    [InlineData(400, "missing_header", "proxies")]
    [InlineData(400, "decode_error", "could not read")]
    [InlineData(405, "method_not_allowed", "[fleetlock] url")]
    [InlineData(500, "unknown_group", "[fleetlock] group")]
    public void A_kind_that_waiting_does_not_mend_is_a_refusal(int status, string kind, string fix)
    {
        FleetLockService service = Service(_ => Answer(status, Error(kind, "what it said")));
        string why = Assert.IsType<AcquireReply.Refused>(service.Acquire(default).Now()).Why;
        Assert.Contains(fix, why);
        Assert.Contains("what it said", why);
        Assert.Contains(kind, why);
        Assert.IsType<ReleaseReply.Refused>(service.Release(default).Now());
    }

    [Theory]
    [InlineData("failed_sem_init")]
    [InlineData("internal_error")]
    [InlineData("nil_server")]
    [InlineData("something_new")]
    public void A_kind_that_says_broken_is_waited_for(string kind)
    {
        FleetLockService service = Service(_ => Answer(500, Error(kind, "what it said")));
        Assert.True(Assert.IsType<AcquireReply.Unreachable>(service.Acquire(default).Now()).MayHaveHappened);
        Assert.Contains("what it said", Assert.IsType<ReleaseReply.Unreachable>(service.Release(default).Now()).Why);
    }

    [Theory]
    [InlineData(409, "failed_lock_semaphore_full")]
    [InlineData(423, "whatever")]
    [InlineData(423, null)]
    public void Busy_is_known_from_the_protocols_own_example_and_from_the_status(int status, string? kind) =>
        Assert.IsType<AcquireReply.Busy>(Service(_ => Answer(status, kind is null ? "Locked\n" : Error(kind, "wait"))).Acquire(default).Now());

    [Theory]
    [InlineData(400, "refused")]
    [InlineData(401, "refused")]
    [InlineData(403, "refused")]
    [InlineData(404, "refused")]
    [InlineData(405, "refused")]
    [InlineData(429, "away")]
    [InlineData(301, "away")]
    [InlineData(308, "away")]
    [InlineData(418, "away, may have happened")]
    [InlineData(500, "away, may have happened")]
    [InlineData(502, "away, may have happened")]
    [InlineData(503, "away, may have happened")]
    public void Every_status_without_a_kind_has_its_outcome(int status, string expected)
    {
        foreach (string page in (string[])["", "<html>oops", "plain words\n", "{}", "{\"kind\":7}"])
        {
            FleetLockService service = Service(_ => Answer(status, page));
            (string outcome, string why) = service.Acquire(default).Now() switch
            {
                AcquireReply.Refused no => ("refused", no.Why),
                AcquireReply.Unreachable no => (no.MayHaveHappened ? "away, may have happened" : "away", no.Why),
                var other => (other.ToString(), ""),
            };
            Assert.Equal(expected, outcome);
            Assert.Contains(status.ToString(), why);
            Assert.DoesNotContain('\n', why);
            Assert.Equal(expected == "refused", service.Release(default).Now() is ReleaseReply.Refused);
            Assert.Equal(expected != "refused", service.Release(default).Now() is ReleaseReply.Unreachable);
        }
    }

    [Theory]
    [InlineData(200, "")]
    [InlineData(200, "obtained reboot lease")]
    [InlineData(200, "{}")]
    [InlineData(201, "{\"ok\":true}")]
    [InlineData(204, "")]
    [InlineData(299, "yes")]
    public void Any_2xx_is_a_yes(int status, string body) => Assert.IsType<AcquireReply.Granted>(Service(_ => Answer(status, body)).Acquire(default).Now());

    [Theory]
    [InlineData("<!DOCTYPE html><title>Please log in")]
    [InlineData("\r\n <html>")]
    [InlineData("{\"kind\":\"something_new\",\"value\":\"no\"}")]
    [InlineData("{\"kind\":\"something_new\",\"value\":\"no")]
    public void A_page_or_an_error_is_no_yes_whatever_its_status(string body)
    {
        FleetLockService service = Service(_ => Answer(200, body));
        Assert.True(Assert.IsType<AcquireReply.Unreachable>(service.Acquire(default).Now()).MayHaveHappened);
        Assert.IsType<ReleaseReply.Unreachable>(service.Release(default).Now());
    }

    [Fact]
    public void A_yes_that_was_cut_off_is_none() => Assert.True(Assert.IsType<AcquireReply.Unreachable>(
        Service(_ => new HttpReply.Answer(200, default, null, "was cut off")).Acquire(default).Now()).MayHaveHappened);

    [Fact]
    public void An_unanswered_request_says_whether_it_may_have_happened()
    {
        foreach (bool sent in (bool[])[true, false])
            Assert.Equal(new AcquireReply.Unreachable("gone", sent), Service(_ => new HttpReply.NoAnswer("gone", sent)).Acquire(default).Now());
    }

    [Fact]
    public void A_dead_hosts_slot_is_freed_in_its_name()
    {
        var fleet = new FakeFleet(Dialect.Airlock, 2) { Holders = { "dead", "host-a" } };
        Assert.IsType<ReleaseReply.Released>(fleet.For().Unlock("dead", default).Now());
        Assert.Equal(["host-a"], fleet.Holders);
    }

    [Fact]
    public void Both_questions_may_be_repeated_by_the_connection() => Assert.IsType<AcquireReply.Granted>(Service(ask =>
    {
        Assert.True(ask.IsIdempotent);
        return Answer(200, "");
    }).Acquire(default).Now());
}
