using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.DlmEngine;

public sealed class DlmEngineFuzzTests
{
    private static readonly int[] Statuses = [200, 200, 200, 200, 201, 201, 400, 400, 404, 404, 401, 403, 405, 422, 500, 503, 302, 0, 999, -1];

    private static readonly string[] Pieces =
    [
        "\"acquired_by\":\"a.example\"", "\"acquired_by\":\"b.example\"", "\"acquired_by\":null", "\"acquired_by\":7", "\"id\":\"web\"", "\"id\":", "\"data\":", "\"detail\":", "null", "{", "}", "[", "]",
        ",", ":", "\"", "\\u0000", "\\ud800", "Resource ", "Duplicate", "\"acquired_since\":\"\\ud800\"", "\"acquired_since\":\"9999-99-99\"", "\ufeff", "1e999",
    ];

    [Fact]
    public void No_answer_crashes_and_none_is_a_grant_that_was_not_one_or_costs_another_the_lock()
    {
        int grants = 0, deletes = 0;
        for (int seed = 0; seed < 100_000; seed++)
        {
            var dice = new Random(seed);
            int api = 1 + (seed % 2);
            string? holder = dice.Next(3) switch { 0 => null, 1 => "a.example", _ => "b.example" };
            bool isOurs = false, isFree = false;
            var service = FakeEngine.Service(ask =>
            {
                if (ask.Method == "DELETE")
                {
                    Assert.True(isOurs, $"seed {seed}: a DELETE of what is not ours");
                    deletes++;
                }

                if (ask.Method == "POST")
                {
                    Assert.True(isFree, $"seed {seed}: a POST of what is not free");
                    // Whoever wins it, wins it here.
                    holder = dice.Next(2) == 0 ? "a.example" : "b.example";
                }

                int status = dice.Next(10) == 0 ? Statuses[dice.Next(Statuses.Length)] : ask.Method == "POST" ? dice.Next(2) == 0 ? 201 : 400 : holder is null ? 404 : 200;
                byte[] body = Body(status, holder, api, dice);
                string? problem = dice.Next(20) == 0 ? "was cut off" : null;
                isOurs = ask.Method == "GET" && status == 200 && problem is null && Holder(body, api) == "a.example";
                isFree = ask.Method == "GET" && status == 404;
                return dice.Next(30) == 0 ? new HttpReply.NoAnswer("lost", dice.Next(2) == 0) : new HttpReply.Answer(status, body, null, problem);
            }, api: api);
            if (service.Acquire(default).Now() is AcquireReply.Granted)
            {
                grants++;
                Assert.True(isOurs, $"seed {seed}: a grant from nothing");
            }

            (isOurs, isFree) = (false, false);
            bool told = service.Show(default).Now() is ShowReply.Shown { View.HeldByUs: true };
            Assert.True(!told || isOurs, $"seed {seed}: shown as ours from nothing");
            (isOurs, isFree) = (false, false);
            service.Release(default).Now();
            if (seed % 8 < 2) service.List(default).Now();
        }

        Assert.True(grants > 5_000, $"only {grants} grants: the fuzz never comes near one");
        Assert.True(deletes > 5_000, $"only {deletes} deletions: the fuzz never comes near one");
    }

    /// <summary>Whom an indulgent reader takes for the holder of our lock; null if nobody.</summary>
    private static string? Holder(byte[] body, int api)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement at = api == 1 ? document.RootElement.GetProperty("data") : document.RootElement;
            return at.GetProperty("id").GetString() == "web" ? at.GetProperty("acquired_by").GetString() : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The body that belongs to the status, or what is left of it.</summary>
    private static byte[] Body(int status, string? holder, int api, Random dice)
    {
        string whole = status switch
        {
            400 => FakeEngine.Detail("Duplicate Resource"),
            404 => FakeEngine.Detail("Resource locks {'id': 'web', 'deleting': False} not found"),
            200 or 201 => FakeEngine.Document("web", holder ?? "b.example", isOld: api == 1),
            _ => FakeEngine.Detail("something else"),
        };
        byte[] bytes = Encoding.UTF8.GetBytes(whole);
        switch (dice.Next(24))
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
                return Encoding.UTF8.GetBytes(new string('[', dice.Next(5000)) + whole);
            case 4:
            case 5:
                var text = new StringBuilder(whole);
                for (int i = dice.Next(1, 4); i > 0; i--) text.Insert(dice.Next(text.Length), Pieces[dice.Next(Pieces.Length)]);
                return Encoding.UTF8.GetBytes(text.ToString());
            default:
                return bytes;
        }
    }
}
