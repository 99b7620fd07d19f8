using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Locks.Foreman;

/// <summary>Two hosts, one lock, and a server that looks first and writes later. The order of every step is drawn by a seed; fake time
/// passes only while no write is under way, which is what confirm_after is for.</summary>
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
