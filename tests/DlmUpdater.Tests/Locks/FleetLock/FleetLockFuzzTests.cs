using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.FleetLock;

public sealed class FleetLockFuzzTests
{
    private static readonly int[] Statuses = [200, 200, 200, 204, 423, 500, 500, 400, 405, 401, 404, 429, 503, 302, 0, 999, -1, 299, 300, 199];

    private static readonly string[] Wholes =
    [
        "", "obtained reboot lease", FakeFleet.Error("lock_held", "reboot lease unavailable, held by host-b"), FakeFleet.Error("lock_held", "reboot lease unavailable, held by "),
        FakeFleet.Error("failed_lock", "all 2 semaphore slots currently locked"), FakeFleet.Error("failed_lock", "conflict on semaphore detected, aborting"),
        FakeFleet.Error("failed_sem_init", "context deadline exceeded"), FakeFleet.Error("unknown_group", "unknown group"), "<html>it works", "{}",
    ];

    private static readonly string[] Pieces =
    [
        "\"kind\":\"lock_held\"", "\"kind\":\"\"", "\"kind\":7", "\"kind\":null", "\"value\":7", "\"value\":\"held by\"", "held by ", "slots locked", "<", "{", "}", "[", "]", ",", ":", "\"",
        "\\u0000", "\\ud800", "\ufeff", "\n", "\u2028", "1e999",
    ];

    [Fact]
    public void No_answer_crashes_and_none_is_a_grant_that_was_not_one()
    {
        int grants = 0, busy = 0;
        for (int seed = 0; seed < 100_000; seed++)
        {
            var dice = new Random(seed);
            var said = new List<bool>();
            var service = FakeFleet.Service(_ =>
            {
                if (dice.Next(30) == 0)
                {
                    said.Add(false);
                    return new HttpReply.NoAnswer("lost", dice.Next(2) == 0);
                }

                int status = dice.Next(2) == 0 ? 200 : Statuses[dice.Next(Statuses.Length)];
                byte[] body = Body(dice, status);
                string? problem = dice.Next(20) == 0 ? "was cut off" : null;
                said.Add(status is >= 200 and < 300 && problem is null && !IsPage(body) && !IsError(body));
                return new HttpReply.Answer(status, body, null, problem);
            });
            AcquireReply acquired = service.Acquire(default).Now();
            switch (acquired)
            {
                case AcquireReply.Granted:
                    grants++;
                    Assert.True(said.Count >= 2 && said[^1] && said.Contains(true) && said[..^1].Contains(true), $"seed {seed}: a grant from nothing");
                    break;
                case AcquireReply.Busy:
                    busy++;
                    break;
                case AcquireReply.Refused:
                    Assert.False(said.Contains(true), $"seed {seed}: a refusal of what may be ours");
                    break;
                case AcquireReply.Unreachable away:
                    Assert.True(away.MayHaveHappened || !said.Contains(true), $"seed {seed}: what may be ours is forgotten");
                    Assert.DoesNotContain('\n', away.Why);
                    break;
            }

            Assert.True(said.Count <= 6, $"seed {seed}: asked {said.Count} times");
            said.Clear();
            bool isReleased = service.Release(default).Now() is ReleaseReply.Released;
            Assert.Equal(said[^1], isReleased);
        }

        Assert.True(grants > 5_000 && busy > 1_000, $"only {grants} grants and {busy} times busy: the fuzz never comes near one");
    }

    private static bool IsPage(byte[] body) => Encoding.UTF8.GetString(body).TrimStart('\ufeff', ' ', '\t', '\r', '\n').StartsWith('<');

    /// <summary>What an indulgent reader takes for an error.</summary>
    private static bool IsError(byte[] body)
    {
        if (Encoding.Latin1.GetString(body).Contains("\"kind\"", StringComparison.Ordinal)) return true;
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.TryGetProperty("kind", out _);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static byte[] Body(Random dice, int status)
    {
        string whole = status == 200 && dice.Next(3) > 0 ? "" : Wholes[dice.Next(Wholes.Length)];
        byte[] bytes = Encoding.UTF8.GetBytes(whole);
        switch (dice.Next(10))
        {
            case 0 when bytes.Length > 0:
                return bytes[..dice.Next(bytes.Length)];
            case 1 when bytes.Length > 0:
                bytes[dice.Next(bytes.Length)] = (byte)dice.Next(256);
                return bytes;
            case 2:
                dice.NextBytes(bytes);
                return bytes;
            case 3:
                return Encoding.UTF8.GetBytes(new string('[', dice.Next(5000)) + whole);
            case 4:
                var text = new StringBuilder(whole);
                for (int i = dice.Next(1, 4); i > 0; i--) text.Insert(dice.Next(text.Length + 1), Pieces[dice.Next(Pieces.Length)]);
                return Encoding.UTF8.GetBytes(text.ToString());
            default:
                return bytes;
        }
    }
}
