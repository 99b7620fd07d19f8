using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;
using static DlmUpdater.Tests.Locks.Foreman.FakeForeman;

namespace DlmUpdater.Tests.Locks.Foreman;

public sealed class ForemanLockServiceTests
{
    private readonly FakeForeman foreman = new();

    [Fact]
    public void A_lock_is_taken_shown_and_given_back()
    {
        var granted = Assert.IsType<AcquireReply.Granted>(foreman.For().Acquire(default).Now());
        Assert.Equal(new DateTimeOffset(2026, 3, 14, 1, 59, 26, TimeSpan.Zero), granted.Since);
        LockView view = Assert.IsType<ShowReply.Shown>(foreman.For().Show(default).Now()).View;
        Assert.True(view.HeldByUs);
        Assert.Equal("a.example", Assert.Single(view.Holders).Id);
        Assert.False(Assert.IsType<ShowReply.Shown>(foreman.For("b.example").Show(default).Now()).View.HeldByUs);
        Assert.IsType<ReleaseReply.Released>(foreman.For().Release(default).Now());
        Assert.Null(foreman.Holder);
    }

    [Fact]
    public void A_lock_that_does_not_exist_is_free()
    {
        foreman.Exists = false;
        Assert.Empty(Assert.IsType<ShowReply.Shown>(foreman.For().Show(default).Now()).View.Holders);
        Assert.IsType<AcquireReply.Granted>(foreman.For().Acquire(default).Now());
    }

    [Fact]
    public void Others_are_told_who_holds_it_and_cannot_free_it()
    {
        foreman.For("b.example").Acquire(default).Now();
        Assert.Equal("b.example", Assert.Single(Assert.IsType<AcquireReply.Busy>(foreman.For().Acquire(default).Now()).Holders).Id);
        Assert.Equal("b.example", Assert.IsType<ReleaseReply.HeldByOther>(foreman.For().Release(default).Now()).Holder.Id);
        Assert.Equal("b.example", foreman.Holder);
    }

    [Fact]
    public void A_disabled_lock_is_told_from_a_busy_one()
    {
        foreman.Enabled = false;
        Assert.IsType<AcquireReply.Disabled>(foreman.For().Acquire(default).Now());
        Assert.IsType<ReleaseReply.NotHeld>(foreman.For().Release(default).Now());
        foreman.Holder = "a.example";
        Assert.IsType<ReleaseReply.Disabled>(foreman.For().Release(default).Now());
        foreman.Holder = "b.example";
        Assert.IsType<ReleaseReply.HeldByOther>(foreman.For().Release(default).Now());
    }

    [Fact]
    public void A_host_that_may_not_take_locks_is_told_the_parameter()
    {
        foreman.Forbidden.Add("a.example");
        Assert.Contains("can_acquire_update_locks", Assert.IsType<AcquireReply.Refused>(foreman.For().Acquire(default).Now()).Why);
        foreman.Holder = "b.example";
        Assert.IsType<AcquireReply.Busy>(foreman.For().Acquire(default).Now());
        foreman.Holder = "a.example";
        Assert.True(Assert.IsType<AcquireReply.Unreachable>(foreman.For().Acquire(default).Now()).MayHaveHappened);
    }

    [Fact]
    public void A_lock_given_back_between_412_and_the_look_is_asked_for_again()
    {
        foreman.Holder = "b.example";
        int puts = 0;
        AcquireReply reply = Service(method =>
        {
            if (method == "GET" && puts == 1) foreman.Holder = null;
            if (method == "PUT") puts++;
            (int status, string body) = foreman.Handle(method, "a.example");
            return new(Answer(status, body));
        }).Acquire(default).Now();
        Assert.IsType<AcquireReply.Granted>(reply);
        Assert.Equal(2, puts);
    }

    [Fact]
    public void An_unknown_host_is_told_its_certificate()
    {
        string why = Assert.IsType<AcquireReply.Refused>(foreman.For("c.example").Acquire(default).Now()).Why;
        Assert.Contains("the certificate c.example", why);
        Assert.Contains("registered", why);
    }

    [Fact]
    public void The_lock_that_a_number_names_is_not_taken_for_ours()
    {
        bool put = false;
        AcquireReply reply = Service(method =>
        {
            put |= method == "PUT";
            (int status, string body) = foreman.Handle(method, "a.example");
            return new(Answer(status, body));
        }, name: "1-web").Acquire(default).Now();
        Assert.Contains("digit", Assert.IsType<AcquireReply.Refused>(reply).Why);
        Assert.False(put);
    }

    [Theory]
    [InlineData(400, "refused")]
    [InlineData(401, "refused")]
    [InlineData(403, "refused")]
    [InlineData(404, "refused")]
    [InlineData(415, "refused")]
    [InlineData(422, "refused")]
    [InlineData(429, "away")]
    [InlineData(301, "away")]
    [InlineData(302, "away")]
    [InlineData(418, "away, may have happened")]
    [InlineData(204, "away, may have happened")]
    [InlineData(500, "away, may have happened")]
    [InlineData(502, "away, may have happened")]
    [InlineData(503, "away, may have happened")]
    public void Every_status_has_its_outcome_for_every_question(int status, string expected)
    {
        foreach (string page in (string[])["", "<html>oops", "{\"error\":{\"message\":\"what it said\"}}"])
        {
            var service = Service(_ => new(Answer(status, page)));
            (string outcome, string why) = service.Acquire(default).Now() switch
            {
                AcquireReply.Refused no => ("refused", no.Why),
                AcquireReply.Unreachable no => (no.MayHaveHappened ? "away, may have happened" : "away", no.Why),
                var other => (other.ToString(), ""),
            };
            Assert.Equal(expected, outcome);
            Assert.Contains(status.ToString(), why);
            if (page.Contains("said")) Assert.True(status < 400 || why.Contains("what it said"), why);
            Assert.DoesNotContain('\n', why);
            bool refused = expected == "refused";
            Assert.Equal(refused, service.Release(default).Now() is ReleaseReply.Refused);
            Assert.Equal(!refused, service.Release(default).Now() is ReleaseReply.Unreachable);
            Assert.Equal(refused, service.Show(default).Now() is ShowReply.Refused);
            Assert.Equal(!refused, service.Show(default).Now() is ShowReply.Unreachable);
        }
    }

    [Fact]
    public void Two_first_users_of_a_lock_are_no_refusal() => Assert.False(Assert.IsType<AcquireReply.Unreachable>(
        Service(_ => new(Answer(422, """{"error":{"full_messages":["Name has already been taken"]}}"""))).Acquire(default).Now()).MayHaveHappened);

    [Fact]
    public void A_release_is_believed_only_from_a_lock_that_is_free_of_us()
    {
        foreach (string page in (string[])["<html>welcome to the hotel", "{}", foreman.Body("a.example", null), foreman.Body(null, null)[..^1], foreman.Body(null, null).Replace("\"web\"", "\"db\"")])
            Assert.IsType<ReleaseReply.Unreachable>(Service(_ => new(Answer(200, page))).Release(default).Now());
        Assert.IsType<ReleaseReply.Released>(Service(_ => new(Answer(200, foreman.Body(null, null)))).Release(default).Now());
    }

    [Fact]
    public void What_happens_to_the_confirmation_leaves_the_lock_open()
    {
        foreach (HttpReply reply in (HttpReply[])[new HttpReply.NoAnswer("gone", false), new HttpReply.CannotAsk("no key"), Answer(401, ""), Answer(500, ""), Answer(200, "<html>"),
            Answer(200, foreman.Body("a.example", null)), new HttpReply.Answer(200, default, null, "was cut off")])
        {
            AcquireReply got = Service(method => new(method == "PUT" ? Answer(200, "") : reply)).Acquire(default).Now();
            Assert.True(Assert.IsType<AcquireReply.Unreachable>(got).MayHaveHappened, got.ToString());
        }
    }

    [Fact]
    public void An_unanswered_put_says_whether_it_may_have_happened()
    {
        foreach (bool sent in (bool[])[true, false])
            Assert.Equal(new AcquireReply.Unreachable("gone", sent), Service(_ => new(new HttpReply.NoAnswer("gone", sent))).Acquire(default).Now());
    }
}
