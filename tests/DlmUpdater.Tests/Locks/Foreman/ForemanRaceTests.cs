using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Locks.Foreman;

/// <summary>Two hosts, one lock, and a server that looks first and writes later. The order of every step is drawn by a seed; fake time
/// passes only while no write is under way, which is what confirm_after is for where the server is fast.</summary>
public sealed class ForemanRaceTests
{
    private static readonly string[] Hosts = ["a.example", "b.example"];

    [Fact]
    public void However_two_hosts_race_only_one_goes_on()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        int bothToldYes = 0, granted = 0;
        for (int seed = 0; seed < 3000; seed++)
        {
            var round = new Round(seed);
            AcquireReply[] replies = round.Play();
            int winners = replies.Count(r => r is AcquireReply.Granted);
            Assert.True(winners <= 1, $"seed {seed}: {winners} hosts go on");
            Assert.All(replies, r => Assert.True(r is AcquireReply.Granted or AcquireReply.Busy, $"seed {seed}: {r}"));
            if (winners == 1) Assert.Equal(round.Foreman.Holder, Hosts[Array.FindIndex(replies, r => r is AcquireReply.Granted)]);
            if (round.ToldYes == 2) bothToldYes++;
            granted += winners;
        }

        Assert.True(bothToldYes > 500, $"the fake told both hosts 200 in only {bothToldYes} rounds: the test proves nothing");
        Assert.Equal(3000, granted);
    }

    /// <summary>A server that takes longer between its look and its write than confirm_after, up to twenty seconds, and for one host up to
    /// four times longer than for
    /// the other: the winner sees how slow it is, and waits for so long that the loser's late write comes before the deciding
    /// look.</summary>
    [Fact]
    public void However_slow_the_server_is_the_pause_before_the_deciding_look_outlasts_the_other_hosts_write()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        int bothToldYes = 0;
        for (int seed = 0; seed < 2000; seed++)
        {
            var round = new SlowRound(seed, isMeasured: true);
            AcquireReply[] replies = round.Play();
            int winners = replies.Count(r => r is AcquireReply.Granted);
            Assert.True(winners <= 1, $"seed {seed}: {winners} hosts go on");
            if (winners == 1) Assert.Equal(round.Foreman.Holder, Hosts[Array.FindIndex(replies, r => r is AcquireReply.Granted)]);
            if (round.ToldYes == 2) bothToldYes++;
        }

        Assert.True(bothToldYes > 500, $"the fake told both hosts 200 in only {bothToldYes} rounds: the test proves nothing");
    }

    /// <summary>The same server, and a client that cannot see how slow it is: so what the other test sees is the measure's doing.</summary>
    [Fact]
    public void Without_the_measure_the_same_server_lets_both_in()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        int violations = Enumerable.Range(0, 300).Count(seed => new SlowRound(seed, isMeasured: false).Play().Count(r => r is AcquireReply.Granted) == 2);
        Assert.True(violations > 10, $"only {violations} of 300 rounds let both in");
    }

    [Theory]
    [InlineData(0, 3, 0)]
    [InlineData(2, 0.1, 2)]
    [InlineData(2, 3, 12)]
    public async Task The_pause_is_four_times_the_slowest_answer_and_confirm_after_at_least_and_none_if_none_is_wanted(double confirm, double answer, double pause)
    {
        SynchronizationContext.SetSynchronizationContext(null);
        var foreman = new FakeForeman();
        var time = new FakeTimeProvider();
        var looks = new List<TimeSpan>();
        DateTimeOffset began = time.GetUtcNow();
        var service = FakeForeman.Service(method =>
        {
            if (method == "GET") looks.Add(time.GetUtcNow() - began);
            else time.Advance(TimeSpan.FromSeconds(answer));
            return new(FakeForeman.Answer(200, foreman.Handle(method, "a.example").Body));
        }, "a.example", TimeSpan.FromSeconds(confirm), time);
        Task<AcquireReply> acquire = service.Acquire(default).AsTask();
        while (!acquire.IsCompleted) time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.IsType<AcquireReply.Granted>(await acquire);
        Assert.Equal(pause, looks.Count == 1 ? 0 : (looks[1] - looks[0]).TotalSeconds, 1);
    }

    [Fact]
    public async Task A_grant_that_there_is_no_time_to_confirm_may_be_ours_and_says_why()
    {
        var foreman = new FakeForeman();
        using var cancel = new CancellationTokenSource();
        Task<AcquireReply> acquire = FakeForeman.Service(m => new(FakeForeman.Answer(200, foreman.Handle(m, "a.example").Body)), "a.example", TimeSpan.FromSeconds(2), new FakeTimeProvider())
            .Acquire(cancel.Token).AsTask();
        await cancel.CancelAsync();
        var reply = Assert.IsType<AcquireReply.Unreachable>(await acquire);
        Assert.True(reply.MayHaveHappened);
        Assert.Contains("before the grant could be confirmed: that takes 2 s", reply.Why, StringComparison.Ordinal);
    }

    /// <summary>Two hosts that ask within one look-to-write gap of each other, on a clock of their own.</summary>
    private sealed class SlowRound
    {
        private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

        private readonly FakeTimeProvider time = new();
        private readonly Random dice;
        private readonly TimeSpan shortest;
        private readonly int seed;
        private readonly bool isMeasured;

        public SlowRound(int seed, bool isMeasured)
        {
            (this.seed, this.isMeasured, dice) = (seed, isMeasured, new Random(seed));
            shortest = TimeSpan.FromMilliseconds(dice.Next(100, 5000));
        }

        public FakeForeman Foreman { get; } = new();

        public int ToldYes { get; private set; }

        public AcquireReply[] Play()
        {
            TimeProvider clock = isMeasured ? time : new Unmeasured(time);
            Task<AcquireReply> Ask(string host) => FakeForeman.Service(m => Serve(m, host), host, TimeSpan.FromSeconds(2), clock).Acquire(default).AsTask();
            Task<AcquireReply> first = Ask(Hosts[0]);
            for (TimeSpan later = shortest * dice.NextDouble(); later > TimeSpan.Zero; later -= Tick) time.Advance(Tick);
            Task<AcquireReply>[] hosts = [first, Ask(Hosts[1])];
            for (int guard = 0; hosts.Any(h => !h.IsCompleted); guard++)
            {
                Assert.True(guard < 20_000, $"seed {seed} does not end");
                time.Advance(Tick);
            }

            return [.. hosts.Select(h => h.Result)];
        }

        private async ValueTask<HttpReply> Serve(string method, string host)
        {
            if (method == "GET") return FakeForeman.Answer(200, Foreman.Show(host));
            if (!Foreman.MayWrite(host, method)) return FakeForeman.Answer(412, FakeForeman.NotNow);
            await Pass(shortest * (1 + (3 * dice.NextDouble())));
            Foreman.Holder = host;
            ToldYes++;
            return FakeForeman.Answer(200, Foreman.Body(host, null));
        }

        private async Task Pass(TimeSpan gap)
        {
            var over = new TaskCompletionSource();
            await using ITimer timer = time.CreateTimer(_ => over.TrySetResult(), null, gap, Timeout.InfiniteTimeSpan);
            await over.Task;
        }

        /// <summary>Timers go, and what they measure is always nothing.</summary>
        private sealed class Unmeasured(TimeProvider real) : TimeProvider
        {
            public override DateTimeOffset GetUtcNow() => real.GetUtcNow();

            public override long GetTimestamp() => 0;

            public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => real.CreateTimer(callback, state, dueTime, period);
        }
    }

    private sealed class Round(int seed)
    {
        private readonly Random dice = new(seed);
        private readonly FakeTimeProvider time = new();
        private readonly List<TaskCompletionSource> pending = [];
        private int writing;

        public FakeForeman Foreman { get; } = new();

        public int ToldYes { get; private set; }

        public AcquireReply[] Play()
        {
            Task<AcquireReply>[] hosts =
            [
                .. Hosts.Select(host => FakeForeman.Service(m => Serve(m, host), host, TimeSpan.FromSeconds(2), time).Acquire(default).AsTask()),
            ];
            for (int guard = 0; hosts.Any(h => !h.IsCompleted); guard++)
            {
                Assert.True(guard < 500, $"seed {seed} does not end");
                if (pending.Count == 0 || (writing == 0 && dice.Next(4) == 0))
                {
                    time.Advance(TimeSpan.FromMilliseconds(dice.Next(1, 1500)));
                    continue;
                }

                TaskCompletionSource next = pending[dice.Next(pending.Count)];
                pending.Remove(next);
                next.SetResult();
            }

            return [.. hosts.Select(h => h.Result)];
        }

        private async ValueTask<HttpReply> Serve(string method, string host)
        {
            await Step();
            if (method == "GET") return FakeForeman.Answer(200, Foreman.Show(host));
            if (!Foreman.MayWrite(host, method)) return FakeForeman.Answer(412, FakeForeman.NotNow);
            writing++;
            await Step();
            Foreman.Holder = host;
            ToldYes++;
            writing--;
            return FakeForeman.Answer(200, Foreman.Body(host, null));
        }

        private Task Step()
        {
            var step = new TaskCompletionSource();
            pending.Add(step);
            return step.Task;
        }
    }
}
