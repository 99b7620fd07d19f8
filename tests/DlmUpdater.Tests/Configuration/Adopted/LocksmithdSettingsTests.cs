using DlmUpdater.Configuration;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Tests.Configuration.Adopted;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class LocksmithdSettingsTests : IDisposable
{
    private readonly ConfigurationSandbox _box = new();

    public void Dispose() => _box.Dispose();

    [Fact]
    public void Update_conf_is_taken_unchanged_with_locksmithds_defaults()
    {
        UpdaterSettings s = Good("GROUP=stable\nSERVER=https://update.example.com\nREBOOT_STRATEGY=etcd-lock\n");
        Assert.Equal((LockServiceKind.Etcd, RebootStrategy.Lock), (s.Lock.Service, s.Reboot.Strategy));
        Assert.Equal((2, EtcdLayout.Locksmith, null), (s.Etcd!.Api, s.Etcd.Layout, s.Etcd.Group));
        Assert.Equal<string>(["http://127.0.0.1:2379", "http://127.0.0.1:4001"], s.Etcd.Endpoints);
        Assert.Null(s.Schedule.Window);
    }

    [Theory]
    [InlineData("etcd-lock", RebootStrategy.Lock)]
    [InlineData("reboot", RebootStrategy.Reboot)]
    [InlineData("off", RebootStrategy.Off)]
    [InlineData("best-effort", RebootStrategy.BestEffort)]
    [InlineData("", RebootStrategy.Reboot)]
    public void Every_strategy_is_known_and_none_is_reboot(string word, RebootStrategy strategy) => Assert.Equal(strategy, Good($"REBOOT_STRATEGY={word}\n").Reboot.Strategy);

    [Fact]
    public void An_unknown_strategy_is_an_error_at_once_and_not_at_the_reboot()
    {
        LoadedConfiguration loaded = _box.LoadFile("update.conf", "REBOOT_STRATEGY=etcdlock\n");
        Assert.Null(loaded.Settings);
        Assert.StartsWith("update.conf:1: REBOOT_STRATEGY: 'etcdlock' is none of lock", _box.Relative(Assert.Single(loaded.Complaints)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("14:00", "1h", "14:00/1h")]
    [InlineData("Thu 23:00", "1h30m", "Thu 23:00/1h30m")]
    [InlineData("thu 4:00", "30m", "thu 04:00/30m")]
    [InlineData("  Sun   4:5 ", "1.5h", "Sun 04:05/1h30m")]
    [InlineData("04:00", "24h", null)]
    [InlineData("04:00", "36h", null)]
    [InlineData("Thu 04:00", "24h", "Thu 04:00/1d")]
    [InlineData("Thu 04:00", "168h", null)]
    [InlineData("04:00", "0", "04:00/1s")]
    [InlineData("\"Sat 02:30\"", "90s", "Sat 02:30/1m30s")]
    public void The_window_is_on_the_hosts_own_clock(string start, string length, string? window)
    {
        string content = $"REBOOT_STRATEGY=etcd-lock\nLOCKSMITHD_REBOOT_WINDOW_START={start}\nLOCKSMITHD_REBOOT_WINDOW_LENGTH={length}\n";
        UpdaterSettings s = Good(content);
        Assert.Equal((window, "local"), (s.Schedule.Window, s.Schedule.TimeZone));
    }

    [Fact]
    public void The_names_without_prefix_are_read_where_those_with_it_are_not_set()
    {
        Assert.Equal("03:00/1h", Good("REBOOT_STRATEGY=off\nREBOOT_WINDOW_START=03:00\nREBOOT_WINDOW_LENGTH=1h\n").Schedule.Window);
        Assert.Equal("05:00/1h", Good("REBOOT_STRATEGY=off\nREBOOT_WINDOW_START=03:00\nREBOOT_WINDOW_LENGTH=1h\nLOCKSMITHD_REBOOT_WINDOW_START=05:00\n").Schedule.Window);
    }

    [Theory]
    [InlineData("LOCKSMITHD_REBOOT_WINDOW_START=03:00\n", "LOCKSMITHD_REBOOT_WINDOW_START: is set without LOCKSMITHD_REBOOT_WINDOW_LENGTH")]
    [InlineData("REBOOT_WINDOW_LENGTH=1h\n", "REBOOT_WINDOW_LENGTH: is set without LOCKSMITHD_REBOOT_WINDOW_START")]
    [InlineData("REBOOT_WINDOW_START=03:00\nREBOOT_WINDOW_LENGTH=60\n", "REBOOT_WINDOW_LENGTH: '60' is not a length of time such as 1h30m")]
    [InlineData("REBOOT_WINDOW_START=Tag 03:00\nREBOOT_WINDOW_LENGTH=1h\n", "REBOOT_WINDOW_START: 'Tag 03:00' is not a start such as 14:00 or Thu 23:00")]
    [InlineData("REBOOT_WINDOW_START=Thursday 04:00\nREBOOT_WINDOW_LENGTH=1h\n", "REBOOT_WINDOW_START: 'Thursday 04:00' is not a start")]
    [InlineData("REBOOT_WINDOW_START=04:60\nREBOOT_WINDOW_LENGTH=1h\n", "REBOOT_WINDOW_START: '04:60' is not a start")]
    [InlineData("REBOOT_WINDOW_START=04:00 # night\nREBOOT_WINDOW_LENGTH=1h\n", "REBOOT_WINDOW_START: '04:00 # night' is not a start")]
    public void Half_a_window_or_a_wrong_one_is_an_error(string content, string text)
    {
        LoadedConfiguration loaded = _box.LoadFile("update.conf", "REBOOT_STRATEGY=reboot\n" + content);
        Assert.Null(loaded.Settings);
        Assert.Contains(text, Assert.Single(loaded.Complaints).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_variable_of_locksmithd_is_taken_and_the_environment_wins()
    {
        _box.Environment["LOCKSMITHD_GROUP"] = "blue";
        UpdaterSettings s = Good("""
            REBOOT_STRATEGY=etcd-lock
            LOCKSMITHD_ENDPOINT=https://a.example.com:2379,https://b.example.com:2379
            LOCKSMITHD_ETCD_CAFILE=/etc/ca.pem
            LOCKSMITHD_ETCD_CERTFILE=/etc/crt.pem
            LOCKSMITHD_ETCD_KEYFILE=/etc/key.pem
            LOCKSMITHD_ETCD_USERNAME=root
            LOCKSMITHD_ETCD_PASSWORD=hunter2
            LOCKSMITHD_GROUP=green
            LOCKSMITHD_DEBUG=true
            """);
        Assert.Equal<string>(["https://a.example.com:2379", "https://b.example.com:2379"], s.Etcd!.Endpoints);
        Assert.Equal(("/etc/ca.pem", new ClientCertificate.Files("/etc/crt.pem", "/etc/key.pem"), "blue"), (s.Etcd.Ca, s.Etcd.Certificate, s.Etcd.Group));
        Assert.Equal(("root", "hunter2", LogLevel.Debug), (s.Etcd.Login!.User, s.Etcd.Login.Password.Reveal(), s.Log.Level));
        Assert.Equal("hunter2", Assert.Single(s.Secrets));
    }

    [Fact]
    public void An_unknown_variable_of_locksmithd_is_said_and_one_of_update_engine_is_not()
    {
        Complaint complaint = Assert.Single(_box.LoadFile("update.conf", "REBOOT_STRATEGY=off\nLOCKSMITHD_GROUPS=x\nMACHINE_ALIAS=y\n").Complaints);
        Assert.Equal("update.conf:2: LOCKSMITHD_GROUPS: there is no such setting, and it is not read", _box.Relative(complaint));
    }

    private UpdaterSettings Good(string content)
    {
        string path = _box.Write("update.conf", content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { File = path, Environment = _box.Environment, Strict = true });
        Assert.Equal([], loaded.Complaints.Select(c => c.Text));
        return loaded.Settings!;
    }
}
