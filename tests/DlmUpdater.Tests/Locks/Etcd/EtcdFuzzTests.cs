using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Locks.Http;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Locks.Etcd;

public sealed class EtcdFuzzTests
{
    private static readonly int[] Statuses = [400, 401, 403, 404, 405, 412, 429, 500, 503, 302, 201, 204, 0, -1, 999];

    private static readonly string[] Pieces =
    [
        "\"succeeded\":true", "\"succeeded\":\"true\"", "\"succeeded\":1", "\"response_put\":{}", "\"responses\":", "\"kvs\":", "\"kvs\":null", "\"count\":\"0\"", "\"mod_revision\":\"-1\"",
        "\"revision\":\"99999999999999999999\"", "\"action\":\"compareAndSwap\"", "\"node\":{}", "\"dir\":true", "\"modifiedIndex\":7", "\"errorCode\":101", "\"errorCode\":105", "\"errorCode\":100", "\"value\":\"\\ud800\"",
        "null", "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud800", "\ufeff", "1e999", "-", "9",
    ];

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public void No_answer_crashes_and_none_is_a_grant_that_was_not_one(EtcdLayout layout)
    {
        int grants = 0, others = 0;
        var time = new FakeTimeProvider();
        for (int seed = 0; seed < 100_000; seed++)
        {
            var dice = new Random(seed);
            var etcd = new FakeEtcd(layout, dice.Next(5) switch { 0 => null, 1 => [], 2 => ["a"], 3 => ["b"], _ => ["b", "c"] }, slots: dice.Next(1, 4));
            bool told = false;
            HttpReply Send(HttpAsk ask)
            {
                // Some never arrive, some are never answered.
                if (dice.Next(12) == 0) return new HttpReply.NoAnswer("cut", false);
                (int status, string body) = etcd.Handle(ask);
                if (dice.Next(12) == 0) return new HttpReply.NoAnswer("cut", true);
                byte[] bytes = dice.Next(2) == 0 ? Encoding.UTF8.GetBytes(body) : Mangled(body, dice);
                told |= SaysOurs(Encoding.UTF8.GetString(bytes));
                return new HttpReply.Answer(dice.Next(6) == 0 ? Statuses[dice.Next(Statuses.Length)] : status, bytes, null, dice.Next(20) == 0 ? "was cut off" : null);
            }

            Func<HttpAsk, HttpReply>[] members = dice.Next(2) == 0 ? [Send] : [Send, Send];
            var service = new EtcdLockService(Etcd.Store(layout, dice.Next(3) == 0 ? new Login("u", new SecretText("p")) : null, members), layout, 1,
                new LockIdentity("etcd", "test", "a"), time, () => 0);
            AcquireReply reply = Run(service.Acquire(default));
            if (reply is AcquireReply.Granted)
            {
                grants++;
                Assert.True(etcd.Holders.Contains("a") || told, $"seed {seed}: a grant from nothing");
            }
            else
            {
                others++;
            }

            Run(service.Release(default));
            Run(service.Show(default));
            Run(service.SetSlots(2, default));
        }

        Assert.True(grants > 1000 && others > 1000, $"{grants} grants, {others} others: the fuzz never comes near one");
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public void Whatever_is_lost_comes_late_or_is_changed_by_others_every_answer_is_true(EtcdLayout layout)
    {
        int grants = 0, opens = 0, releases = 0, late = 0;
        for (int seed = 0; seed < 50_000; seed++)
        {
            var dice = new Random(seed);
            var etcd = new FakeEtcd(layout, dice.Next(4) switch { 0 => null, 1 => [], 2 => ["a"], _ => ["b"] }, slots: dice.Next(1, 3));
            var pending = new List<HttpAsk>();
            HttpReply Send(HttpAsk ask)
            {
                if (pending.Count > 0 && dice.Next(3) == 0)
                {
                    late++;
                    etcd.Handle(pending[0]);
                    pending.RemoveAt(0);
                }

                // Another host comes or goes; none touches us.
                if (dice.Next(8) == 0 && etcd.Value is not null) Toggle(etcd, layout, "b");
                switch (dice.Next(8))
                {
                    case 0:
                        return new HttpReply.NoAnswer("never sent", false);
                    case 1:
                        pending.Add(ask);
                        return new HttpReply.NoAnswer("comes late", true);
                    case 2:
                        etcd.Handle(ask);
                        return new HttpReply.NoAnswer("not answered", true);
                    default:
                        (int status, string body) = etcd.Handle(ask);
                        return new HttpReply.Answer(status, Encoding.UTF8.GetBytes(body));
                }
            }

            Func<HttpAsk, HttpReply>[] members = dice.Next(2) == 0 ? [Send] : [Send, Send];
            var service = new EtcdLockService(Etcd.Store(layout, null, members), layout, 1, new LockIdentity("etcd", "test", "a"), new FakeTimeProvider(), () => 0);
            if (dice.Next(2) == 0)
            {
                AcquireReply reply = Run(service.Acquire(default));
                foreach (HttpAsk ask in pending) etcd.Handle(ask);
                bool isOurs = etcd.Holders.Contains("a");
                grants += reply is AcquireReply.Granted ? 1 : 0;
                opens += reply is AcquireReply.Unreachable { MayHaveHappened: true } ? 1 : 0;
                Assert.True(reply is not AcquireReply.Granted || isOurs, $"seed {seed}: granted, and not ours");
                Assert.True(reply is not AcquireReply.Busy || !isOurs, $"seed {seed}: busy, and ours");
            }
            else
            {
                ReleaseReply reply = Run(service.Release(default));
                foreach (HttpAsk ask in pending) etcd.Handle(ask);
                releases += reply is ReleaseReply.Released ? 1 : 0;
                bool isGone = reply is ReleaseReply.Released or ReleaseReply.NotHeld or ReleaseReply.HeldByOther;
                Assert.True(!isGone || !etcd.Holders.Contains("a"), $"seed {seed}: {reply}, and still ours");
            }
        }

        Assert.True(grants > 5000 && opens > 500 && releases > 2000 && late > 2000, $"{grants} {opens} {releases} {late}: too tame");
    }

    [Fact]
    public void No_stream_of_a_watch_crashes()
    {
        int changes = 0;
        for (int seed = 0; seed < 20_000; seed++)
        {
            var dice = new Random(seed);
            string line = dice.Next(4) switch
            {
                0 => """{"result":{"header":{"revision":"5"},"created":true}}""",
                1 => """{"result":{"header":{"revision":"9"},"canceled":true,"compact_revision":"7"}}""",
                _ => """{"result":{"header":{"revision":"7"},"events":[{"kv":{"key":"aw==","mod_revision":"7","value":"Yg=="}},{"type":"DELETE","kv":{"key":"aw==","mod_revision":"8"}}]}}""",
            };
            byte[] bytes = [.. dice.Next(2) == 0 ? Encoding.UTF8.GetBytes(line) : Mangled(line, dice), (byte)'\n'];
            var watch = new GatewayWatch("k"u8.ToArray(), _ => changes++);
            int at = 0;
            while (at < bytes.Length)
            {
                int next = Math.Min(bytes.Length, at + dice.Next(1, 40));
                if (!watch.Take(bytes.AsMemory(at, next - at))) break;
                at = next;
            }
        }

        Assert.InRange(changes, 10_000, 25_000);
    }

    private static void Toggle(FakeEtcd etcd, EtcdLayout layout, string host)
    {
        SemaphoreDocument document = SemaphoreDocument.Read(layout, Encoding.UTF8.GetBytes(etcd.Value!), out _)!;
        SlotSemaphore now = document.Semaphore;
        SlotSemaphore next = (now.Find(host) is null ? now.TryAcquire(new SlotHolder(host, null, null)) : now.Release(host)).Next;
        if (next != now) etcd.Write(Encoding.UTF8.GetString(document.With(next).Write()));
    }

    private static T Run<T>(ValueTask<T> call)
    {
        Assert.True(call.IsCompleted, "the call went asynchronous");
        return call.AsTask().GetAwaiter().GetResult();
    }

    private static bool SaysOurs(string text)
    {
        // A changed letter of base64 may make another text of it that is as good.
        if (text.Contains("\"succeeded\":true", StringComparison.Ordinal) && text.Contains("\"response_put\":{", StringComparison.Ordinal)) return true;
        if (text.Contains("\\\"a\\\"", StringComparison.Ordinal)) return true;
        foreach (string part in text.Split('"'))
        {
            Span<byte> bytes = new byte[part.Length];
            if (part.Length > 8 && Convert.TryFromBase64String(part, bytes, out int length) && bytes[..length].IndexOf("\"a\""u8) >= 0) return true;
        }

        return false;
    }

    private static byte[] Mangled(string whole, Random dice)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(whole);
        switch (dice.Next(6))
        {
            case 0:
                return bytes[..dice.Next(bytes.Length)];
            case 1:
                bytes[dice.Next(bytes.Length)] = (byte)dice.Next(256);
                return bytes;
            case 2:
                dice.NextBytes(bytes);
                return bytes;
            case 3:
                return Encoding.UTF8.GetBytes(new string('[', dice.Next(3000)) + whole);
            case 4:
                return [];
            default:
                var text = new StringBuilder(whole);
                for (int i = dice.Next(1, 4); i > 0; i--) text.Insert(dice.Next(text.Length), Pieces[dice.Next(Pieces.Length)]);
                return Encoding.UTF8.GetBytes(text.ToString());
        }
    }
}
