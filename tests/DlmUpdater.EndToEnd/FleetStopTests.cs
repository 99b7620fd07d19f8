using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Etcd;

namespace DlmUpdater.EndToEnd;

/// <summary><c>locksmithctl set-max 0</c> stops the whole fleet. Whoever meets the stop is told the command that ends it.</summary>
public sealed class FleetStopTests(SharedEtcd etcd) : IClassFixture<SharedEtcd>, IDisposable
{
    private readonly Sandbox _host = new Sandbox().Cycle(reboot: false);
    private readonly string _group = "prod db/" + Guid.NewGuid().ToString("N");

    private string Key => $"coreos.com/updateengine/rebootlock/groups/{_group.Replace(" ", "+").Replace("/", "%252F")}/semaphore";

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("""{"semaphore":-1,"max":0,"holders":["b"]}""", "because the maximum of its holders is 0")]
    [InlineData("{}", "because the maximum of its holders is 0")]
    [InlineData("""{"semaphore":0,"max":2,"holders":["b"]}""", "because its count of free slots is 0, although 1 of 2 slots are taken")]
    public async Task Who_meets_the_stop_is_told_the_command_that_ends_it(string document, string why)
    {
        _host.Set("lock", "service", "etcd").Set("lock", "name", null).Set("lock", "wait", "false");
        _host.Set("etcd", "api", "v2").Set("etcd", "endpoints", etcd.Server.Url).Set("etcd", "group", _group);
        await etcd.Server.Put2(Key, document);

        foreach (string said in (string[])
        [
            Verb("show").Expect(0).Output,
            Verb("acquire").Expect(75).Error,
            Agent.Run(_host, "check").Output,
            Agent.Run(_host, "run").Expect(75).Error,
        ])
        {
            Assert.Contains(why, said, StringComparison.Ordinal);
            Assert.Contains("'dlm-updater lock set-max N'", said, StringComparison.Ordinal);
            Assert.Contains("'locksmithctl set-max N'", said, StringComparison.Ordinal);
            Assert.DoesNotContain("lock enable", said, StringComparison.Ordinal);
        }

        Assert.Equal(document, await etcd.Server.Get2(Key));
        Agent.Call("lock", "set-max", "2", "--config", _host.Config).Expect(0);
        Assert.DoesNotContain("because", Verb("show").Expect(0).Output, StringComparison.Ordinal);
        Verb("acquire").Expect(0);
    }

    [Fact]
    public async Task Locksmithctl_stops_the_fleet_and_ends_the_stop()
    {
        Ctl("lock", "b").Expect(0);
        Assert.Equal("Old-Max: 1\nMax: 0\n", Ctl("set-max", "0").Expect(0).Output);
        Assert.Equal("""{"semaphore":-1,"max":0,"holders":["b"]}""", await etcd.Server.Get2(Key));
        Assert.Equal("Error locking: semaphore is at -1\n", Ctl("lock", "c").Expect(1).Error);
        Ctl("unlock", "b").Expect(0);
        Assert.Equal("Error locking: semaphore is at 0\n", Ctl("lock", "c").Expect(1).Error);
        Assert.Equal("Old-Max: 0\nMax: 1\n", Ctl("set-max", "1").Expect(0).Output);
        Ctl("lock", "c").Expect(0);
    }

    private Ended Verb(string verb) => Agent.Call("lock", verb, "--config", _host.Config);

    private Ended Ctl(params string[] words)
    {
        string link = _host.Root + "/locksmithctl";
        if (!File.Exists(link)) File.CreateSymbolicLink(link, Binary.Path);
        return Agent.Call(new StartAs { Executable = link }, ["-endpoint", etcd.Server.Url, "-group", _group, .. words]);
    }
}
