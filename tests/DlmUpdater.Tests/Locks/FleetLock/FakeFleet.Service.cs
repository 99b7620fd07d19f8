using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Locks.FleetLock;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Tests.Locks.FleetLock;

/// <summary>Hosts at the fake, without a network.</summary>
internal sealed partial class FakeFleet
{
    /// <summary>A service of one host at this fake, without a network.</summary>
    public FleetLockService For(string id = "host-a", string group = Group) => Service(Reply, id, group);

    /// <summary>A service that talks to <paramref name="send"/> instead of a network.</summary>
    public static FleetLockService Service(Func<HttpAsk, HttpReply> send, string id = "host-a", string group = Group) =>
        new(new FleetLockWays(new Wire(send), new Wire(send)), new LockIdentity("fleetlock", group, id), TimeProvider.System);

    public static HttpReply Answer(int status, string body) => new HttpReply.Answer(status, Encoding.UTF8.GetBytes(body));

    public HttpReply Reply(HttpAsk ask)
    {
        Assert.Equal("application/json", ask.ContentType);
        (int status, string body) = Handle(ask.Method, ask.Path, ask.Headers.FirstOrDefault(h => h.Name == "fleet-lock-protocol").Value, Encoding.UTF8.GetString(ask.Body!.Value.Span));
        return Answer(status, body);
    }

    private sealed class Wire(Func<HttpAsk, HttpReply> send) : IHttpTransport
    {
        public string Server => "fleet.example";

        public ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            return new(send(ask));
        }
    }
}
