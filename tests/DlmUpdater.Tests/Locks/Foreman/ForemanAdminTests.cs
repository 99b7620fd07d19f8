using System.Text;
using System.Text.Json;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Foreman;
using DlmUpdater.Locks.Http;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.Foreman;

/// <summary>What a user of Foreman may do that a host may not.</summary>
public sealed class ForemanAdminTests
{
    private readonly FakeForeman foreman = new();
    private readonly Desk desk;

    public ForemanAdminTests() => desk = new Desk(foreman);

    [Fact]
    public void A_lock_is_switched_off_and_on_and_says_who_keeps_it()
    {
        foreman.Holder = "b.example";
        var off = Assert.IsType<SwitchReply.Switched>(Admin().Switch(false, default).Now());
        Assert.True(off.Changed);
        Assert.Equal("b.example", Assert.Single(off.Holders).Id);
        Assert.False(foreman.Enabled);
        Assert.False(Assert.IsType<SwitchReply.Switched>(Admin().Switch(false, default).Now()).Changed);
        Assert.True(Assert.IsType<SwitchReply.Switched>(Admin().Switch(true, default).Now()).Changed);
        Assert.True(foreman.Enabled);
        Assert.Equal(["GET /api/dlmlocks/web", "PUT /api/dlmlocks/1", "GET /api/dlmlocks/web", "GET /api/dlmlocks/web", "PUT /api/dlmlocks/1"], desk.Asked);
    }

    [Fact]
    public void A_lock_that_nobody_used_yet_is_made_to_be_switched_off()
    {
        foreman.Exists = false;
        Assert.False(Assert.IsType<SwitchReply.Switched>(Admin().Switch(true, default).Now()).Changed);
        Assert.False(foreman.Exists);
        Assert.True(Assert.IsType<SwitchReply.Switched>(Admin().Switch(false, default).Now()).Changed);
        Assert.True(foreman.Exists);
        Assert.False(foreman.Enabled);
    }

    [Fact]
    public void Only_the_named_holder_is_freed_also_where_the_lock_is_disabled()
    {
        foreman.Holder = "b.example";
        foreman.Enabled = false;
        Assert.Equal("b.example", Assert.IsType<ReleaseReply.HeldByOther>(Admin().Unlock("c.example", default).Now()).Holder.Id);
        Assert.Equal("b.example", foreman.Holder);
        Assert.IsType<ReleaseReply.Released>(Admin().Unlock("B.example", default).Now());
        Assert.Null(foreman.Holder);
        Assert.IsType<ReleaseReply.NotHeld>(Admin().Unlock("b.example", default).Now());
    }

    [Fact]
    public void Events_of_all_pages_are_told_newest_first()
    {
        for (int i = 1; i <= 250; i++) desk.Events.Add((i, i % 2 == 0 ? "release" : "acquire", new DateTime(2026, 3, 1).AddMinutes(i)));
        var told = Assert.IsType<EventsReply.Told>(Admin().Events(default).Now());
        Assert.Equal((250, 250), (told.Total, told.Events.Count));
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 4, 10, 0, TimeSpan.Zero), told.Events[0].When);
        Assert.Equal(("release", "acquire"), (told.Events[0].What, told.Events[^1].What));
        foreman.Exists = false;
        Assert.Empty(Assert.IsType<EventsReply.Told>(Admin().Events(default).Now()).Events);
    }

    [Fact]
    public void All_locks_are_listed_with_their_holders()
    {
        foreman.Holder = "a.example";
        LockView view = Assert.Single(Assert.IsType<ListReply.Told>(Admin().List(default).Now()).Locks);
        Assert.Equal(("web", true), (view.Name, view.HeldByUs));
    }

    [Fact]
    public void Without_a_login_every_question_names_the_settings()
    {
        ForemanLockService service = FakeForeman.Service(desk, "a.example", default);
        string[] whys =
        [
            Assert.IsType<SwitchReply.Refused>(service.Switch(true, default).Now()).Why, Assert.IsType<ReleaseReply.Refused>(service.Unlock("b.example", default).Now()).Why,
            Assert.IsType<EventsReply.Refused>(service.Events(default).Now()).Why, Assert.IsType<ListReply.Refused>(service.List(default).Now()).Why,
        ];
        Assert.All(whys, why => Assert.Contains("[foreman] username", why));
        Assert.Empty(desk.Asked);
    }

    [Theory]
    [InlineData(401, "username")]
    [InlineData(403, "edit_dlmlocks")]
    public void A_user_who_may_not_is_told_what_is_missing_and_the_password_is_not_repeated(int status, string expected)
    {
        desk.Refuse = status;
        foreach (string why in (string[])
        [
            Assert.IsType<SwitchReply.Refused>(Admin().Switch(false, default).Now()).Why, Assert.IsType<ReleaseReply.Refused>(Hold("b.example").Unlock("b.example", default).Now()).Why,
        ])
        {
            Assert.Contains(expected, why);
            Assert.Contains($"({status})", why);
            Assert.DoesNotContain("hunter2", why);
        }
    }

    [Fact]
    public void No_garbage_crashes_an_admin_or_passes_for_done()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            var dice = new Random(seed);
            string whole = foreman.Show("a.example");
            string[] bodies = ["", "<html>", "[]", "{\"results\":7,\"subtotal\":1}", "{\"results\":[7],\"subtotal\":1}", "{\"results\":[],\"subtotal\":99999999}", whole[..dice.Next(whole.Length)], whole,
                whole.Replace("true", "7")];
            int[] statuses = [200, 201, 204, 302, 400, 401, 403, 404, 412, 422, 500, 503];
            var service = FakeForeman.Service(new Garbage(() => new HttpReply.Answer(statuses[dice.Next(statuses.Length)], Encoding.UTF8.GetBytes(bodies[dice.Next(bodies.Length)]))),
                "a.example", default, login: Login);
            SwitchReply switched = service.Switch(false, default).Now();
            Assert.True(switched is not SwitchReply.Switched, $"seed {seed}: {switched}");
            ReleaseReply freed = service.Unlock("b.example", default).Now();
            Assert.True(freed is not ReleaseReply.Released, $"seed {seed}: {freed}");
            service.Events(default).Now();
            service.List(default).Now();
        }
    }

    private static Login Login => new("admin", new SecretText("hunter2"));

    private ForemanLockService Admin() => FakeForeman.Service(desk, "a.example", default, login: Login);

    private ForemanLockService Hold(string host)
    {
        foreman.Holder = host;
        return Admin();
    }

    private sealed class Garbage(Func<HttpReply> next) : IHttpTransport
    {
        public string Server => "foreman.example";

        public ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel) => new(next());
    }

    /// <summary>The part of Foreman's API that takes users.</summary>
    private sealed class Desk(FakeForeman foreman) : IHttpTransport
    {
        public string Server => "foreman.example";

        public List<string> Asked { get; } = [];

        public List<(int Id, string Type, DateTime At)> Events { get; } = [];

        public int Refuse { get; set; }

        public ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel)
        {
            Asked.Add($"{ask.Method} {ask.Path}");
            bool known = ask.Headers.Contains(("Authorization", "Basic " + Convert.ToBase64String("admin:hunter2"u8)));
            if (!known || Refuse == 401) return new(FakeForeman.Answer(401, """{"error":{"message":"Unable to authenticate user admin"}}"""));
            if (Refuse == 403 && ask.Method != "GET") return new(FakeForeman.Answer(403, """{"error":{"message":"Access denied","details":"…","missing_permissions":["edit_dlmlocks"]}}"""));
            return new(Answer(ask));
        }

        private HttpReply Answer(HttpAsk ask)
        {
            string[] path = ask.Path.Split('?')[0].Split('/');
            if (path is ["", "api", "dlmlocks"]) return ask.Method == "POST" ? Create(ask) : FakeForeman.Answer(200, Envelope(1, foreman.Body(foreman.Holder, null)));
            if (!foreman.Exists || path[3] is not ("web" or "1")) return FakeForeman.Answer(404, """{"error":{"message":"Resource dlmlock not found by id 'web'"}}""");
            if (path is [_, _, _, "1", "dlmlock_events"])
            {
                int page = int.Parse(ask.Path.Split("&page=")[1]);
                Assert.Contains("per_page=100", ask.Path);
                return FakeForeman.Answer(200, Envelope(Events.Count, string.Join(",", Events.Skip((page - 1) * 100).Take(100)
                    .Select(e => $$"""{"id":{{e.Id}},"event_type":"{{e.Type}}","created_at":"{{e.At:yyyy-MM-dd HH:mm:ss}} UTC","updated_at":"{{e.At:yyyy-MM-dd HH:mm:ss}} UTC"}"""))));
            }

            if (ask.Method == "PUT") Change(ask);
            return FakeForeman.Answer(200, foreman.Body(foreman.Holder, null));
        }

        private HttpReply.Answer Create(HttpAsk ask)
        {
            foreman.Exists = true;
            Change(ask);
            return (HttpReply.Answer)FakeForeman.Answer(201, foreman.Body(foreman.Holder, null));
        }

        private void Change(HttpAsk ask)
        {
            Assert.Equal("application/json", ask.ContentType);
            using JsonDocument body = JsonDocument.Parse(ask.Body!.Value);
            JsonElement change = body.RootElement.GetProperty("dlmlock");
            if (change.TryGetProperty("enabled", out JsonElement enabled)) foreman.Enabled = enabled.GetBoolean();
            if (change.TryGetProperty("host_id", out JsonElement host) && host.ValueKind == JsonValueKind.Null) foreman.Holder = null;
        }

        private static string Envelope(int total, string results) =>
            $$"""{"total":{{total}},"subtotal":{{total}},"page":1,"per_page":100,"search":null,"sort":{"by":null,"order":null},"results":[{{results}}]}""";
    }
}
