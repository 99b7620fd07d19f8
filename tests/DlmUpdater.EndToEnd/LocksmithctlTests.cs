using System.Diagnostics;
using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Etcd;

namespace DlmUpdater.EndToEnd;

/// <summary>The program called <c>locksmithctl</c>, at a real etcd.</summary>
public sealed class LocksmithctlTests(SharedEtcd etcd) : IClassFixture<SharedEtcd>, IDisposable
{
    private readonly Sandbox _host = new();
    private readonly string _group = "g" + Guid.NewGuid().ToString("N");

    public void Dispose() => _host.Dispose();

    [Fact]
    public void A_slot_is_taken_shown_and_given_back_as_locksmith_does()
    {
        Assert.Equal("Available: 1\nMax: 1\n", Ctl("status").Expect(0).Output);
        Assert.Equal(("", ""), Said(Ctl("lock", "b").Expect(0)));
        Assert.Equal("Available: 0\nMax: 1\n\nMACHINE ID\nb\n", Ctl("status").Expect(0).Output);
        Assert.Equal(("", "Error locking: semaphore is at 0\n"), Said(Ctl("lock", "a").Expect(1)));
        Assert.Equal(("", "Error locking: semaphore is at 0\n"), Said(Ctl("lock", "b").Expect(1)));
        Assert.Equal(("", "Error unlocking: holder does not exist\n"), Said(Ctl("unlock", "a").Expect(1)));
        Assert.Equal(("", ""), Said(Ctl("unlock", "b").Expect(0)));
        Assert.Equal("Available: 1\nMax: 1\n", Ctl("status").Expect(0).Output);
    }

    [Fact]
    public async Task Set_max_says_old_and_new_and_below_the_holders_the_rest_is_negative()
    {
        Assert.Equal("Old-Max: 1\nMax: 3\n", Ctl("set-max", "3").Expect(0).Output);
        Ctl("lock", "b").Expect(0);
        Ctl("lock", "a").Expect(0);
        Assert.Equal("Error locking: holder exists\n", Ctl("lock", "a").Expect(1).Error);
        Assert.Equal("Old-Max: 3\nMax: 1\n", Ctl("set-max", "1").Expect(0).Output);
        Assert.Equal("Available: -1\nMax: 1\n\nMACHINE ID\na\nb\n", Ctl("status").Expect(0).Output);
        Assert.Equal("""{"semaphore":-1,"max":1,"holders":["a","b"]}""", await etcd.Server.Get2($"coreos.com/updateengine/rebootlock/groups/{_group}/semaphore"));
        Assert.Equal("New maximum value must be set.\n", Ctl("set-max").Expect(1).Error);
        Assert.Equal("Invalid maximum value: many\n", Ctl("set-max", "many").Expect(1).Error);
    }

    [Fact]
    public void Without_an_id_it_is_this_machine()
    {
        Ctl("lock").Expect(0);
        Assert.EndsWith($"MACHINE ID\n{File.ReadAllText("/etc/machine-id").Trim()}\n", Ctl("status").Expect(0).Output, StringComparison.Ordinal);
        Ctl("unlock").Expect(0);
    }

    [Fact]
    public void Airlocks_semaphore_in_API_v3_is_asked_with_api_v3()
    {
        Call("-api=v3", "-endpoint", etcd.Server.Url, "-group", _group, "lock", "b").Expect(0);
        Assert.Contains("MACHINE ID\nb\n", Call("--api", "v3", "--endpoint=" + etcd.Server.Url, "--group=" + _group, "status").Expect(0).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("MACHINE ID", Ctl("status").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_stands_in_for_flags_and_a_flag_wins()
    {
        var variables = new Dictionary<string, string> { ["LOCKSMITHCTL_ENDPOINT"] = "http://127.0.0.1:1," + etcd.Server.Url, ["LOCKSMITHCTL_GROUP"] = _group };
        Call(variables, "lock", "b").Expect(0);
        Assert.Contains("\nb\n", Ctl("status").Expect(0).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\nb\n", Call(variables, "-group", _group + "2", "status").Expect(0).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { "-nonsense" }, 2, "", "flag provided but not defined: -nonsense")]
    [InlineData(new[] { "-endpoint" }, 2, "", "flag needs an argument: -endpoint")]
    [InlineData(new[] { "frobnicate" }, 2, "locksmithctl: unknown subcommand: \"frobnicate\"", "")]
    [InlineData(new[] { "help", "frobnicate" }, 1, "Unrecognized command: frobnicate\n", "")]
    [InlineData(new[] { "help", "lock" }, 0, "[MACHINE-ID]", "")]
    [InlineData(new string[0], 0, "set-max", "")]
    [InlineData(new[] { "-help" }, 0, "", "Usage of locksmithctl:\n")]
    [InlineData(new[] { "-version" }, 0, "locksmithctl version 0.6.2", "")]
    [InlineData(new[] { "-etcd-certfile", "/x", "status" }, 1, "", "Error initializing etcd client: ")]
    [InlineData(new[] { "-endpoint", "nowhere", "status" }, 1, "", "Error initializing etcd client: ")]
    [InlineData(new[] { "-endpoint", "http://127.0.0.1:1", "lock" }, 1, "", "Error initializing etcd client: ")]
    public void What_is_asked_wrongly_is_said_on_the_right_stream_with_the_right_code(string[] words, int code, string output, string error)
    {
        Ended ended = Call(words).Expect(code);
        Assert.StartsWith(error, ended.Error, StringComparison.Ordinal);
        Assert.Contains(output, ended.Output, StringComparison.Ordinal);
        Assert.Equal(output.Length == 0, ended.Output.Length == 0);
    }

    [Fact]
    public void The_password_is_never_said()
    {
        var variables = new Dictionary<string, string> { ["LOCKSMITHCTL_ETCD_USERNAME"] = "root", ["LOCKSMITHCTL_ETCD_PASSWORD"] = "hunter2" };
        Ended ended = Call(variables, "-endpoint", "http://127.0.0.1:1", "status").Expect(1);
        Assert.DoesNotContain("hunter2", ended.Output + ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Reboot_takes_the_slot_and_reboots_and_leaves_the_unlock_to_the_admin()
    {
        Reboots("echo \"$0 $*\" > $(dirname $0)/asked");
        Call(Path_, "-endpoint", etcd.Server.Url, "-group", _group, "reboot").Expect(0);
        Assert.Contains("reboot", File.ReadAllText(Bin + "/asked"), StringComparison.Ordinal);
        Assert.Contains("Available: 0\n", Ctl("status").Output, StringComparison.Ordinal);

        Ctl("unlock").Expect(0);
        Ctl("lock", "another").Expect(0);
        File.Delete(Bin + "/asked");
        Assert.Equal("Error locking: semaphore is at 0\n", Call(Path_, "-endpoint", etcd.Server.Url, "-group", _group, "reboot").Expect(1).Error);
        Assert.False(File.Exists(Bin + "/asked"));
    }

    [Fact]
    public void A_reboot_that_fails_gives_the_slot_back()
    {
        Reboots("exit 5");
        Assert.Contains("exit code 5", Call(Path_, "-endpoint", etcd.Server.Url, "-group", _group, "reboot").Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("Available: 1\n", Ctl("status").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_root_may_reboot()
    {
        string link = _host.Root + "/copy/locksmithctl";
        Sandbox.MakeDirectory(_host.Root + "/copy");
        File.Copy(Binary.Path, link);
        (int code, _, string error) = Binary.Command("setpriv", "--reuid=65534", "--clear-groups", link, "-endpoint", etcd.Server.Url, "reboot");
        Assert.Equal((1, "Must be root to initiate reboot.\n"), (code, error));
    }

    [Fact]
    public async Task Send_need_reboot_is_heard_on_the_bus_as_update_engine_says_it()
    {
        string bus = _host.Root + "/bus", address = "unix:path=" + bus;
        File.WriteAllText(_host.Root + "/bus.conf", $"""
            <busconfig><type>system</type><listen>{address}</listen><auth>EXTERNAL</auth>
            <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
            """);
        using Process daemon = Process.Start(new ProcessStartInfo("dbus-daemon", [$"--config-file={_host.Root}/bus.conf", "--nofork", "--nopidfile"]))!;
        try
        {
            Processes.Until(() => File.Exists(bus), "the bus listens");
            var start = new ProcessStartInfo("busctl", ["--system", "monitor", "--json=short", "--match=interface='com.coreos.update1.Manager'"]) { RedirectStandardOutput = true };
            start.Environment["DBUS_SYSTEM_BUS_ADDRESS"] = address;
            using Process monitor = Process.Start(start)!;
            try
            {
                // The monitor tells nobody when it listens: it is told until it has heard.
                Task<string?> heard = monitor.StandardOutput.ReadLineAsync();
                var variables = new Dictionary<string, string> { ["DBUS_SYSTEM_BUS_ADDRESS"] = address };
                Processes.Until(() => Call(variables, "send-need-reboot").Expect(0).Code == 0 && heard.Wait(100), "the signal is heard");
                string signal = (await heard)!;
                Assert.Contains("\"path\":\"/com/coreos/update1\"", signal, StringComparison.Ordinal);
                Assert.Contains("\"member\":\"StatusUpdate\"", signal, StringComparison.Ordinal);
                Assert.Matches("\"type\":\"xdssx\",\"data\":\\[0,0[^,]*,\"UPDATE_STATUS_UPDATED_NEED_REBOOT\",\"\",0\\]", signal);
            }
            finally
            {
                monitor.Kill();
            }
        }
        finally
        {
            daemon.Kill();
        }

        Assert.Contains("Error sending the signal", Call(new Dictionary<string, string> { ["DBUS_SYSTEM_BUS_ADDRESS"] = address }, "send-need-reboot").Expect(1).Error, StringComparison.Ordinal);
    }

    private string Bin => _host.Root + "/bin";

    private Dictionary<string, string> Path_ => new() { ["PATH"] = $"{Bin}:/usr/bin:/bin" };

    /// <summary>Stands in for the host's reboot, under both of the names that it may have.</summary>
    private void Reboots(string body)
    {
        Sandbox.MakeDirectory(Bin);
        foreach (string name in (string[])["reboot", "systemctl"])
        {
            File.WriteAllText($"{Bin}/{name}", $"#!/bin/sh\n{body}\n");
            File.SetUnixFileMode($"{Bin}/{name}", Sandbox.Executable);
        }
    }

    private static (string, string) Said(Ended ended) => (ended.Output, ended.Error);

    private Ended Ctl(params string[] words) => Call(["-endpoint", etcd.Server.Url, "-group", _group, .. words]);

    private Ended Call(params string[] words) => Call(new Dictionary<string, string>(), words);

    private Ended Call(Dictionary<string, string> variables, params string[] words)
    {
        string link = _host.Root + "/locksmithctl";
        if (!File.Exists(link)) File.CreateSymbolicLink(link, Binary.Path);
        return Agent.Call(new StartAs { Executable = link, Environment = variables }, words);
    }
}
