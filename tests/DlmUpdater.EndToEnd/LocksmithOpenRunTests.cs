using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Etcd;

namespace DlmUpdater.EndToEnd;

/// <summary>An open run owns its slot: <c>locksmithctl unlock</c> finds it where the configuration of this host keeps it.</summary>
public sealed class LocksmithOpenRunTests(SharedEtcd etcd) : IClassFixture<SharedEtcd>, IDisposable
{
    private readonly OldHost _host = new("dlm-updater") { MovesState = false };
    private readonly string _group = "prod db " + Guid.NewGuid().ToString("N");

    private Sandbox Box => _host.Box;

    private string Me => File.ReadAllText(_host.Etc + "/machine-id").Trim();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("state_dir = $ROOT/elsewhere")]
    [InlineData("state = $ROOT/word")]
    public void The_slot_of_an_open_run_is_left_alone_wherever_its_state_is(string where)
    {
        Open(where);
        Assert.Contains("is open in phase update", Unlock().Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("is open in phase update", Unlock(Me).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains(Me, Ctl("status").Expect(0).Output, StringComparison.Ordinal);

        // A slot of another host, and one of another group, is not the run's.
        Ctl("set-max", "2").Expect(0);
        Ctl("lock", "b").Expect(0);
        Unlock("b").Expect(0);
        _host.Call("locksmithctl", "-endpoint", etcd.Server.Url, "-group", _group + "2", "lock").Expect(0);
        _host.Call("locksmithctl", "-endpoint", etcd.Server.Url, "-group", _group + "2", "unlock").Expect(0);

        _host.Call("dlm-updater", "lock", "release").Expect(1);
        _host.Call("updatelock", "release").Expect(1);
        _host.Call("dlm-updater", "shield", "--", "true").Expect(1);
        _host.Call("dlm-updater", "lock", "unlock", Me, "--yes").Expect(1);
        Assert.Contains(Me, Ctl("status").Expect(0).Output, StringComparison.Ordinal);

        _host.Call("dlm-updater", "reset", "--yes").Expect(0);
        Unlock().Expect(0);
    }

    [Fact]
    public void An_error_elsewhere_in_the_configuration_does_not_hide_the_run()
    {
        Open("state_dir = $ROOT/elsewhere");
        Configure("state_dir = $ROOT/elsewhere", "[schedule]\nwindow = whenever\n");
        Assert.Contains("is open in phase update", Unlock().Expect(1).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("state_dir = elsewhere", "")]
    [InlineData("state = /a\nstate = /b", "")]
    [InlineData("state_dir = $ROOT/elsewhere", "this is no line\n")]
    public void Where_the_configuration_does_not_show_whether_a_run_is_open_this_hosts_slot_is_left_alone(string where, string more)
    {
        Open("state_dir = $ROOT/elsewhere");
        Configure(where, more);
        Assert.Contains("the configuration does not show where runs are kept (/etc/dlm-updater/config.ini:", Unlock().Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains(Me, Ctl("status").Expect(0).Output, StringComparison.Ordinal);
        Ctl("set-max", "2").Expect(0);
        Ctl("lock", "b").Expect(0);
        Unlock("b").Expect(0);
    }

    [Fact]
    public void Without_a_configuration_and_without_a_run_the_slot_is_freed()
    {
        Ctl("lock").Expect(0);
        Unlock().Expect(0);
    }

    private Ended Unlock(params string[] id) => Ctl(["unlock", .. id]);

    private Ended Ctl(params string[] words) => _host.Call("locksmithctl", ["-endpoint", etcd.Server.Url, "-group", _group, .. words]);

    private void Open(string where)
    {
        Box.Script("needs_update", "10-due", "finish 1");
        Box.Script("update", "10-fails", "finish 1");
        Configure(where, "");
        _host.Call("dlm-updater", "run").Expect(1);
        Assert.Contains(Me, Ctl("status").Expect(0).Output, StringComparison.Ordinal);
    }

    private void Configure(string where, string more) => _host.Write("config.ini", $"""
        [main]
        run_dir = {Box.RunDirectory}
        {where.Replace("$ROOT", Box.Root)}
        [lock]
        service = etcd
        [etcd]
        api = v2
        endpoints = {etcd.Server.Url}
        group = {_group}
        [scripts]
        directory = {Box.ScriptDirectory}
        {more}
        """);
}
