using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.DlmEngine;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Tests.Locks.DlmEngine;

/// <summary>Hosts at the fake, without a network.</summary>
internal sealed partial class FakeEngine
{
    /// <summary>A service that talks to <paramref name="send"/> instead of a network.</summary>
    public static DlmEngineLockService Service(Func<HttpAsk, HttpReply> send, string holder = "a.example", int api = 2, string name = "web", string secret = Secret) =>
        SlowService(ask => new ValueTask<HttpReply>(send(ask)), holder, api, name, secret);

    /// <summary>The same, for answers that take their time.</summary>
    public static DlmEngineLockService SlowService(Func<HttpAsk, ValueTask<HttpReply>> send, string holder = "a.example", int api = 2, string name = "web", string secret = Secret) =>
        new(new Wire(send), new EngineApi(api), new LockIdentity("dlmengine", name, holder), new EngineCredential(SecretId, new SecretText(secret)), TimeProvider.System);

    public static HttpReply Answer(int status, string body) => new HttpReply.Answer(status, Encoding.UTF8.GetBytes(body));

    /// <summary>A service of one host at this fake, without a network.</summary>
    public DlmEngineLockService For(string holder = "a.example", int api = 2, string name = "web") => Service(Reply, holder, api, name);

    public HttpReply Reply(HttpAsk ask)
    {
        string? Header(string name) => ask.Headers.FirstOrDefault(h => h.Name == name).Value;
        (int status, string body) = Handle(ask.Method, ask.Path, Header("x-secret-id"), Header("x-secret"), ask.Body is { } sent ? Encoding.UTF8.GetString(sent.Span) : "");
        return Answer(status, body);
    }

    private sealed class Wire(Func<HttpAsk, ValueTask<HttpReply>> send) : IHttpTransport
    {
        public string Server => "engine.example";

        public ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            return send(ask);
        }
    }
}
