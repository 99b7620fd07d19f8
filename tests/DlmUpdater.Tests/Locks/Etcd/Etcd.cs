using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>Short ways to what the tests ask for again and again.</summary>
internal static class Etcd
{
    public static readonly TimeSpan Hour = TimeSpan.FromHours(1), Patience = TimeSpan.FromSeconds(20);

    public static EtcdLockService Service(IEnumerable<string> urls, EtcdLayout layout, string host, string? group, int slots = 1, Login? login = null,
        ClientCertificate.Files? certificate = null, string? ca = null, TimeProvider? time = null)
    {
        EtcdLockService? service = EtcdSetup.Make(
            new EtcdSettings
            {
                Endpoints = [.. urls],
                Api = layout == EtcdLayout.Airlock ? 3 : 2,
                Layout = layout,
                Group = group,
                Slots = slots,
                Login = login,
                Certificate = certificate,
                Ca = ca,
            },
            new LockSettings { Service = LockServiceKind.Etcd, Name = "", Holder = host }, default, time ?? TimeProvider.System, () => 0.5, out string why);
        Assert.True(service is not null, why);
        return service;
    }

    /// <summary>A store that talks to functions instead of a network.</summary>
    public static ISemaphoreStore Store(EtcdLayout layout, Login? login, params Func<HttpAsk, HttpReply>[] members)
    {
        var all = new EtcdMembers([.. members.Select((m, i) => new Wire($"etcd{i}", m))]);
        return layout == EtcdLayout.Airlock ? new GatewayStore(all, "k", login) : new KeysStore(all, "k", login);
    }

    private sealed class Wire(string server, Func<HttpAsk, HttpReply> send) : IHttpTransport
    {
        public string Server => server;

        public ValueTask<HttpReply> Send(HttpAsk ask, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            return new(send(ask));
        }
    }
}
