using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.DlmEngine;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Tests.Locks.DlmEngine;

/// <summary>Three hosts take one lock and give it back while requests and replies get lost and deletions stand half-way. The order of every
/// step is drawn by a seed.</summary>
public sealed class DlmEngineRaceTests
{
    [Fact]
    public void However_hosts_race_only_one_holds_the_lock_and_nobody_frees_anothers()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        int grants = 0, lost = 0, halfWay = 0;
        for (int seed = 0; seed < 2000; seed++)
        {
            var round = new Round(seed);
            round.Play();
            grants += round.Grants;
            lost += round.Lost;
            halfWay += round.SeenHalfWay;
        }

        Assert.True(grants > 3000 && lost > 3000 && halfWay > 500, $"{grants} grants, {lost} lost, {halfWay} seen half-way: the test proves nothing");
    }

    private sealed class Round(int seed)
    {
        private readonly Random dice = new(seed);
        private readonly FakeEngine engine = new();
        private readonly List<TaskCompletionSource> pending = [];
        private readonly HashSet<string> holding = [];

        public int Grants { get; private set; }

        public int Lost { get; private set; }

        public int SeenHalfWay { get; private set; }

        public void Play()
        {
            Task[] hosts = [.. new[] { "a.example", "b.example", "c.example" }.Select(Live)];
            for (int guard = 0; hosts.Any(h => !h.IsCompleted); guard++)
            {
                foreach (Task host in hosts) if (host.IsFaulted) host.GetAwaiter().GetResult();
                Assert.True(guard < 5000 && pending.Count > 0, $"seed {seed} does not end");
                TaskCompletionSource next = pending[dice.Next(pending.Count)];
                pending.Remove(next);
                next.SetResult();
            }

            foreach (Task host in hosts) host.GetAwaiter().GetResult();
            Assert.Empty(engine.Locks);
        }

        /// <summary>One host: takes the lock, if it can in a few tries, and gives it back until that is certain.</summary>
        private async Task Live(string host)
        {
            DlmEngineLockService service = FakeEngine.SlowService(ask => Serve(ask, host), host);
            for (int tries = 0; tries < 4; tries++)
            {
                await Step();
                if (await service.Acquire(default) is not AcquireReply.Granted) continue;
                Grants++;
                Assert.True(holding.Add(host) && holding.Count == 1, $"seed {seed}: {string.Join(" and ", holding)} hold the lock");
                await Step();
                holding.Remove(host);
                break;
            }

            // What an unanswered acquire may have left behind goes too.
            while (await service.Release(default) is not (ReleaseReply.Released or ReleaseReply.NotHeld or ReleaseReply.HeldByOther)) await Step();
        }

        private async ValueTask<HttpReply> Serve(HttpAsk ask, string host)
        {
            await Step();
            if (dice.Next(8) == 0)
            {
                Lost++;
                return new HttpReply.NoAnswer("lost on the way there", true);
            }

            if (ask.Method == "DELETE" && engine.Locks.TryGetValue("web", out string? owner))
            {
                Assert.True(owner == host, $"seed {seed}: {host} frees the lock of {owner}");
                engine.HalfDeleted.Add("web");
                await Step();
            }

            if (engine.HalfDeleted.Count > 0 && ask.Method != "DELETE") SeenHalfWay++;
            HttpReply reply = engine.Reply(ask);
            await Step();
            if (dice.Next(8) > 0) return reply;
            Lost++;
            return new HttpReply.NoAnswer("lost on the way back", true);
        }

        private Task Step()
        {
            var step = new TaskCompletionSource();
            pending.Add(step);
            return step.Task;
        }
    }
}
