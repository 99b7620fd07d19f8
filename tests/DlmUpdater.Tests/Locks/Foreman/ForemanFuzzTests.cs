using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.Foreman;

public sealed class ForemanFuzzTests
{
    private static readonly int[] Statuses = [200, 200, 200, 200, 412, 404, 401, 403, 415, 422, 500, 503, 302, 201, 0, 999, -1];

    private static readonly string[] Pieces =
    [
        "\"self\":true", "\"self\":false", "\"self\":null", "\"self\":\"true\"", "\"self\":1", "\"host\":", "null", "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud800", "\"name\":\"web\"",
        "\"enabled\":true", "\"enabled\":false", "\"error\":", "\"message\":7", "\"full_messages\":[\"taken\"]", "\"host_id\":7", "\"updated_at\":\"\\ud800\"", "\"updated_at\":\"9999-99-99 UTC\"", "\ufeff", "1e999",
    ];

    [Fact]
    public void No_answer_crashes_and_none_is_a_grant_that_was_not_one()
    {
        var foreman = new FakeForeman();
        int grants = 0;
        for (int seed = 0; seed < 100_000; seed++)
        {
            var dice = new Random(seed);
            foreman.Enabled = dice.Next(4) > 0;
            foreman.Holder = dice.Next(3) switch { 0 => null, 1 => "a.example", _ => "b.example" };
            bool put = false, proved = false;
            var service = FakeForeman.Service(method =>
            {
                int status = Statuses[dice.Next(Statuses.Length)];
                byte[] body = Body(foreman, dice, out bool isOurs);
                put |= method == "PUT" && status == 200;
                proved = method == "GET" && status == 200 && isOurs;
                return new(new HttpReply.Answer(status, body, null, dice.Next(20) == 0 ? "was cut off" : null));
            });
            AcquireReply reply = service.Acquire(default).Now();
            if (reply is AcquireReply.Granted)
            {
                grants++;
                Assert.True(put && proved, $"seed {seed}: a grant from nothing");
            }

            bool told = service.Show(default).Now() is ShowReply.Shown { View.HeldByUs: true };
            Assert.True(!told || proved, $"seed {seed}: shown as ours from nothing");
            service.Release(default).Now();
        }

        Assert.True(grants > 100, $"only {grants} grants: the fuzz never comes near one");
    }

    /// <summary>A body that is right, or was. <paramref name="isOurs"/>: it says, in every way that counts, that the lock is ours.</summary>
    private static byte[] Body(FakeForeman foreman, Random dice, out bool isOurs)
    {
        string whole = dice.Next(3) == 0 ? FakeForeman.NotNow : foreman.Show("a.example");
        isOurs = foreman.Holder == "a.example" && whole != FakeForeman.NotNow;
        if (dice.Next(3) == 0) return Encoding.UTF8.GetBytes(whole);
        byte[] bytes = Encoding.UTF8.GetBytes(whole);
        switch (dice.Next(5))
        {
            case 0:
                isOurs = false;
                return bytes[..dice.Next(bytes.Length)];
            case 1:
                bytes[dice.Next(bytes.Length)] = (byte)dice.Next(256);
                // A changed byte may leave the meaning as it was: what still parses must still say self.
                isOurs &= Encoding.Latin1.GetString(bytes).Contains("\"self\":true", StringComparison.Ordinal);
                return bytes;
            case 2:
                isOurs = false;
                dice.NextBytes(bytes);
                return bytes;
            case 3:
                isOurs = false;
                return Encoding.UTF8.GetBytes(new string('[', dice.Next(5000)) + whole);
            default:
                var text = new StringBuilder(whole);
                for (int i = dice.Next(1, 4); i > 0; i--) text.Insert(dice.Next(text.Length), Pieces[dice.Next(Pieces.Length)]);
                isOurs = text.ToString().Contains("\"self\":true", StringComparison.Ordinal);
                return Encoding.UTF8.GetBytes(text.ToString());
        }
    }
}
