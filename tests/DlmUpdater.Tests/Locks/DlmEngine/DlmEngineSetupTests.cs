using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.DlmEngine;
using DlmUpdater.Tests.Locks.Http;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Locks.DlmEngine;

public sealed class DlmEngineSetupTests
{
    private static readonly DlmEngineSettings Engine = new() { Url = "http://localhost:8000", SecretId = "id", Secret = SecretText.NotRead };

    private static readonly LockSettings Lock = new() { Name = "web", Holder = "a.example" };

    [Fact]
    public void A_service_is_made_without_reading_the_secret()
    {
        using DlmEngineLockService? service = DlmEngineSetup.Make(Engine, Lock, TimeProvider.System, out string why);
        Assert.Equal("", why);
        Assert.Equal(new("dlmengine", "web", "a.example"), service!.Identity);
    }

    [Theory]
    [InlineData("http://engine.example", null, "[dlmengine] url")]
    [InlineData("http://localhost:8000", "http://proxy.example:3128", "[dlmengine] proxy")]
    [InlineData("http://127.0.0.1:8000", "http://127.0.0.2:3128", "")]
    [InlineData("http://[::1]:8000", null, "")]
    [InlineData("https://engine.example", "http://proxy.example:3128", "")]
    public void The_secret_leaves_the_host_only_encrypted(string url, string? proxy, string complaint)
    {
        using DlmEngineLockService? service = DlmEngineSetup.Make(Engine with { Url = url, Proxy = proxy }, Lock, TimeProvider.System, out string why);
        Assert.Equal(complaint.Length == 0, service is not null);
        if (complaint.Length > 0) Assert.StartsWith(complaint, why);
    }

    [Fact]
    public void A_lock_that_the_old_api_would_take_for_its_search_is_refused()
    {
        LockSettings search = Lock with { Name = "_search" };
        Assert.Null(DlmEngineSetup.Make(Engine with { Api = 1 }, search, TimeProvider.System, out string why));
        Assert.Contains("[lock] name", why);
        using DlmEngineLockService? other = DlmEngineSetup.Make(Engine, search, TimeProvider.System, out _);
        Assert.NotNull(other);
    }

    [Fact]
    public void A_holder_that_is_none_is_refused() =>
        Assert.Null(DlmEngineSetup.Make(Engine, Lock with { Holder = "" }, TimeProvider.System, out _));

    [Fact]
    public async Task What_is_configured_is_what_is_sent()
    {
        var engine = new FakeEngine();
        using var server = new TestServer(seen => Answer(engine, seen));
        using DlmEngineLockService service = Make(server, TimeProvider.System);
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        Assert.Equal("a.example", engine.Locks["web"]);
        Assert.Equal("/engine/api/v2/locks/web", server.Requests[1].Path);
        Assert.Equal("""{"acquired_by":"a.example"}""", server.Requests[1].Body);
        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("DELETE")]
    public async Task A_reply_that_never_ends_is_given_up_and_settled_by_a_look(string method)
    {
        var engine = new FakeEngine();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var server = new TestServer(seen =>
        {
            byte[] whole = Answer(engine, seen);
            if (seen.Method != method) return whole;
            reached.SetResult();
            return "HTTP/1.1 201 X\r\nContent-Length: 99\r\n\r\n{"u8.ToArray();
        });
        var time = new FakeTimeProvider();
        using DlmEngineLockService service = Make(server, time);
        if (method == "DELETE")
        {
            engine.Locks["web"] = "a.example";
            Task<ReleaseReply> release = service.Release(default).AsTask();
            await reached.Task;
            time.Advance(TimeSpan.FromSeconds(31));
            Assert.IsType<ReleaseReply.Released>(await release);
        }
        else
        {
            Task<AcquireReply> acquire = service.Acquire(default).AsTask();
            await reached.Task;
            time.Advance(TimeSpan.FromSeconds(31));
            Assert.IsType<AcquireReply.Granted>(await acquire);
        }

        Assert.Single(server.Requests, r => r.Method == method);
    }

    private static DlmEngineLockService Make(TestServer server, TimeProvider time) => DlmEngineSetup.Make(
        Engine with { Url = server.Url + "/engine", SecretId = FakeEngine.SecretId, Secret = new SecretText(FakeEngine.Secret) }, Lock, time, out _)!;

    private static byte[] Answer(FakeEngine engine, Seen seen)
    {
        bool isDressed = seen.Head.Contains($"\r\nx-secret-id: {FakeEngine.SecretId}\r\n") && (seen.Head + "\r\n").Contains($"\r\nx-secret: {FakeEngine.Secret}\r\n");
        (int status, string body) = engine.Handle(seen.Method, seen.Path.Replace("/engine/", "/"), isDressed ? FakeEngine.SecretId : null, FakeEngine.Secret, seen.Body);
        return TestServer.Reply(status, body);
    }
}
