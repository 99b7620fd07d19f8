using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>A server that takes every connection and never answers. The harness waits a minute for the program to end; a request to
/// FleetLock lasts five by itself.</summary>
public sealed class SilentServerTests
{
    [Theory]
    [InlineData("fleetlock", "run with wait_max")]
    [InlineData("dlmengine", "run with wait_max")]
    [InlineData("foreman", "run with wait_max")]
    [InlineData("etcd v2", "run with wait_max")]
    [InlineData("etcd v3", "run with wait_max")]
    [InlineData("fleetlock", "run without waiting")]
    [InlineData("fleetlock", "lock acquire")]
    [InlineData("fleetlock", "lock release")]
    [InlineData("fleetlock", "check")]
    public void Whoever_asks_it_ends_and_says_what_was_waited_for(string service, string verb)
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        string url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");
        using Sandbox host = Host(service, url);
        Ended ended = verb switch
        {
            "run with wait_max" => Agent.Run(host.Set("lock", "wait_max", "2s"), "run"),
            "run without waiting" => Agent.Run(host.Set("lock", "wait", "false"), "run"),
            "check" => Agent.Run(host, "check"),
            _ => Agent.Call([.. verb.Split(' '), "--config", host.Config]),
        };

        ended.Expect(verb == "check" ? 78 : 69);
        Assert.Contains("127.0.0.1", ended.Output + ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Log.Started, s => !s.StartsWith("needs_update/", StringComparison.Ordinal));
    }

    private static Sandbox Host(string service, string url)
    {
        Sandbox host = new Sandbox("host-1").Cycle(reboot: false).Set("file", "directory", null).Set("lock", "service", service.Split(' ')[0]);
        string secret = host.Root + "/secret";
        File.WriteAllText(secret, "secret\n");
        File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return service switch
        {
            "fleetlock" => host.Set("fleetlock", "url", url),
            "dlmengine" => host.Set("dlmengine", "url", url).Set("dlmengine", "secret_id", "id").Set("dlmengine", "secret_file", secret),
            "foreman" => host.Set("foreman", "url", url),
            _ => host.Set("etcd", "endpoints", url).Set("etcd", "api", service[^2..]).Set("etcd", "layout", service == "etcd v2" ? "locksmith" : "airlock"),
        };
    }
}
