using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Foreman;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Tests.Locks.Foreman;

/// <content>The real service on the fake, without a network.</content>
internal sealed partial class FakeForeman
{
    /// <summary>A service that talks to <paramref name="send"/> instead of a network.</summary>
    public static ForemanLockService Service(Func<string, ValueTask<HttpReply>> send, string host = "a.example", TimeSpan confirm = default, TimeProvider? time = null, string name = "web") =>
        Service(new Wire(send), host, confirm, time, name);

    /// <summary>A service without an admin's login, on that transport.</summary>
    public static ForemanLockService Service(IHttpTransport http, string host, TimeSpan confirm, TimeProvider? time = null, string name = "web", Login? login = null)
    {
        var identity = new LockIdentity("foreman", name, host);
        var words = new ForemanWords("foreman.example", "the certificate " + host, name);
        return new ForemanLockService(http, identity, words, confirm, time ?? TimeProvider.System, new ForemanAdmin(http, identity, words, login));
    }

    public static HttpReply Answer(int status, string body) => new HttpReply.Answer(status, Encoding.UTF8.GetBytes(body));

    /// <summary>A service of one host at this fake.</summary>
    public ForemanLockService For(string host = "a.example") => Service(method =>
    {
        (int status, string body) = Handle(method, host);
        return new(Answer(status, body));
    }, host, name: Name);

    private sealed class Wire(Func<string, ValueTask<HttpReply>> send) : IHttpTransport
    {
        public string Server => "foreman.example";

        public ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            Assert.StartsWith("/api/dlmlocks/", ask.Path, StringComparison.Ordinal);
            return send(ask.Method);
        }
    }
}
