using System.Diagnostics;
using DlmUpdater.Configuration;
using DlmUpdater.Configuration.Adopted;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Tests.Configuration.Adopted;

/// <summary>locksmithd's unit and its drop-ins, where sites keep window, group, endpoint and TLS.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class LocksmithdUnitTests : IDisposable
{
    private const string Strategy = "REBOOT_STRATEGY=etcd-lock\n";

    private readonly ConfigurationSandbox _box = new();

    public void Dispose() => _box.Dispose();

    [Fact]
    public void Window_group_endpoint_and_TLS_of_the_drop_ins_are_read()
    {
        UpdateConf("GROUP=stable\n" + Strategy);
        Unit();
        _box.Write("etc/locksmithd.service.d/10-window.conf", "[Service]\nEnvironment=\"LOCKSMITHD_REBOOT_WINDOW_START=Thu 23:00\" LOCKSMITHD_REBOOT_WINDOW_LENGTH=1h30m\n");
        _box.Write("run/locksmithd.service.d/20-etcd.conf", """
            [Service]
            Environment=LOCKSMITHD_ENDPOINT=https://a.example.com:2379
            Environment='LOCKSMITHD_GROUP=prod db' LOCKSMITHD_ETCD_CAFILE=/etc/ca.pem \
                # the pair
                LOCKSMITHD_ETCD_CERTFILE=/etc/crt.pem \
                LOCKSMITHD_ETCD_KEYFILE=/etc/key.pem
            """);
        UpdaterSettings s = Good();
        Assert.Equal((LockServiceKind.Etcd, RebootStrategy.Lock, "Thu 23:00/1h30m"), (s.Lock.Service, s.Reboot.Strategy, s.Schedule.Window));
        Assert.Equal(("prod db", "/etc/ca.pem", new ClientCertificate.Files("/etc/crt.pem", "/etc/key.pem")), (s.Etcd!.Group, s.Etcd.Ca, s.Etcd.Certificate));
        Assert.Equal<string>(["https://a.example.com:2379"], s.Etcd.Endpoints);
    }

    [Theory]
    [InlineData("[Service]\nEnvironment=LOCKSMITHD_GROUP=unit\n", "LOCKSMITHD_GROUP=file\n", "file")]
    [InlineData("[Service]\nEnvironmentFile=\nEnvironment=LOCKSMITHD_GROUP=unit REBOOT_STRATEGY=off\n", "LOCKSMITHD_GROUP=file\n", "unit")]
    [InlineData("[Service]\nEnvironmentFile=-$BOX/other.env\n", "LOCKSMITHD_GROUP=file\n", "other")]
    [InlineData("[Service]\nEnvironmentFile=$BOX/other.env\n", "LOCKSMITHD_GROUP=file\n", "other")]
    [InlineData("[Service]\nEnvironmentFile=-/no/such/file\n", "LOCKSMITHD_GROUP=file\n", "file")]
    [InlineData("[Service]\nUnsetEnvironment=LOCKSMITHD_GROUP\n", "LOCKSMITHD_GROUP=file\n", null)]
    [InlineData("[Service]\nUnsetEnvironment=LOCKSMITHD_GROUP=file\n", "LOCKSMITHD_GROUP=file\n", null)]
    [InlineData("[Service]\nUnsetEnvironment=LOCKSMITHD_GROUP=else\n", "LOCKSMITHD_GROUP=file\n", "file")]
    [InlineData("[Service]\nPassEnvironment=PATH LANG\nEnvironment=X=1\nEnvironment=LOCKSMITHD_GROUP=unit\nEnvironment=\n", "", null)]
    [InlineData("[Service]\nExecStart=\nExecStart=/usr/lib/locksmith/locksmithd -group flag\n", "LOCKSMITHD_GROUP=file\n", "flag")]
    [InlineData("[Service]\nExecStart=\nExecStart=-@/usr/lib/locksmith/locksmithd locksmithd --group=flag\n", "LOCKSMITHD_GROUP=file\n", "flag")]
    [InlineData("[Service]\nExecStart=\nExecStart=/usr/lib/locksmith/locksmithd -group=\n", "LOCKSMITHD_GROUP=file\n", null)]
    [InlineData("[Service]\nEnvironment=NAME=x SITE=s\nExecStart=\nExecStart=/opt/locksmithd \"-group=${SITE} $$1 ${NAME}\"\n", "", "s $1 x")]
    [InlineData("[Service]\nEnvironment=\"ARGS=-debug -group two\"\nExecStart=\nExecStart=/opt/locksmithd $ARGS $NONE\n", "", "two")]
    [InlineData("[Unit]\nEnvironment=LOCKSMITHD_GROUP=unit\n[Service]\nenvironment=LOCKSMITHD_GROUP=unit\n", "LOCKSMITHD_GROUP=file\n", "file")]
    public void Files_have_precedence_over_Environment_and_flags_over_both(string dropIn, string file, string? group)
    {
        _box.Write("other.env", "# comment\nLOCKSMITHD_GROUP='other'\n");
        UpdateConf(Strategy + file);
        Unit();
        _box.Write("etc/locksmithd.service.d/10.conf", dropIn.Replace("$BOX", _box.Directory));
        Assert.Equal(group, Good().Etcd!.Group);
    }

    [Fact]
    public void A_drop_in_alone_decides_where_update_conf_does_not_or_is_not_there()
    {
        Unit();
        _box.Write("etc/locksmithd.service.d/10.conf", "[Service]\nEnvironment=REBOOT_STRATEGY=etcd-lock LOCKSMITHD_GROUP=g\n");
        UpdaterSettings s = Good();
        Assert.Equal((RebootStrategy.Lock, "g"), (s.Reboot.Strategy, s.Etcd!.Group));
        UpdateConf("GROUP=stable\n");
        Assert.Equal("g", Good().Etcd!.Group);
    }

    [Fact]
    public void Drop_ins_count_also_where_the_unit_is_gone_or_masked()
    {
        UpdateConf(Strategy + "LOCKSMITHD_GROUP=file\n");
        _box.Write("etc/locksmithd.service.d/10.conf", "[Service]\nEnvironment=LOCKSMITHD_REBOOT_WINDOW_START=03:00 LOCKSMITHD_REBOOT_WINDOW_LENGTH=1h\n");
        Assert.Equal(("file", "03:00/1h"), (Good().Etcd!.Group, Good().Schedule.Window));
        Unit();
        File.CreateSymbolicLink(_box.Directory + "/etc/locksmithd.service", "/dev/null");
        Assert.Equal(("file", "03:00/1h"), (Good().Etcd!.Group, Good().Schedule.Window));
    }

    [Theory]
    [InlineData("[Service]\nEnvironment=\"LOCKSMITHD_GROUP=a\n", "10.conf:2: Environment: has a quote that does not end")]
    [InlineData("[Service]\nEnvironment=LOCKSMITHD_GROUP=%z\n", "10.conf:2: Environment: has the specifier '%z', which is not known here")]
    [InlineData("[Service]\nEnvironment=LOCKSMITHD_GROUP=100%\n", "10.conf:2: Environment: ends with a single %")]
    [InlineData("[Service]\nEnvironment=LOCKSMITHD_GROUP=\\q\n", "10.conf:2: Environment: has an escape that systemd does not know")]
    [InlineData("[Service]\nEnvironmentFile=/no/such/file\n", "10.conf:2: EnvironmentFile: /no/such/file does not exist")]
    [InlineData("[Service]\nEnvironmentFile=/etc/*.conf\n", "10.conf:2: EnvironmentFile: has a wildcard")]
    [InlineData("[Service]\nPassEnvironment=PATH LOCKSMITHD_GROUP\n", "10.conf:2: PassEnvironment: passes LOCKSMITHD_GROUP on")]
    [InlineData("[Service]\nExecStart=\nExecStart=/bin/sh -c 'exec locksmithd -group=x'\n", "10.conf:3: ExecStart: starts '/bin/sh'")]
    [InlineData("[Service]\nExecStart=\nExecStart=/opt/locksmithd -bogus\n", "10.conf:3: ExecStart: locksmithd does not start with these flags (flag provided but not defined: -bogus)")]
    [InlineData("[Service]\nExecStart=/opt/locksmithd -group=x\n", "10.conf:2: ExecStart: is a second command")]
    [InlineData("[Service\nEnvironment=LOCKSMITHD_GROUP=x\n", "10.conf:1: the section does not end with ]")]
    [InlineData("[Service]\nEnvironment=\"LOCKSMITHD_GROUP= prod \"\n", "10.conf:2: LOCKSMITHD_GROUP: begins or ends with a blank")]
    [InlineData("[Service]\nEnvironment=LOCKSMITHD_GROUP=..\n", "10.conf:2: LOCKSMITHD_GROUP: '..' cannot name a group")]
    public void What_cannot_be_interpreted_refuses_adoption_and_names_the_file(string dropIn, string complaint)
    {
        UpdateConf(Strategy);
        Unit();
        _box.Write("etc/locksmithd.service.d/10.conf", dropIn);
        LoadedConfiguration loaded = Load();
        Assert.Null(loaded.Settings);
        Assert.Contains(loaded.Complaints, c => c.Text.Contains(complaint, StringComparison.Ordinal));
    }

    [Fact]
    public void A_drop_in_that_others_may_write_to_refuses_adoption()
    {
        UpdateConf(Strategy);
        Unit();
        string path = _box.Write("etc/locksmithd.service.d/10.conf", "[Service]\nEnvironment=LOCKSMITHD_GROUP=x\n");
        File.SetUnixFileMode(path, (UnixFileMode)0b110_100_110);
        Assert.Null(Load().Settings);
        Assert.Contains(Load().Complaints, c => c.Text.StartsWith(path + ": ", StringComparison.Ordinal));
    }

    [Fact]
    public void Import_takes_the_drop_ins_over_and_says_where_each_value_was()
    {
        UpdateConf(Strategy);
        Unit();
        _box.Write("etc/locksmithd.service.d/10.conf", "[Service]\n\nEnvironment=LOCKSMITHD_GROUP=g\n");
        (_, ConfiguredValue value) = Assert.Single(Reading().Values.All(), one => one.Key is { Section: "etcd", Key: "group" });
        Assert.Equal(("g", _box.Directory + "/etc/locksmithd.service.d/10.conf:3", "LOCKSMITHD_GROUP"), (value.Text, value.Place.ToString(), value.Place.Origin));
    }

    /// <summary>The real systemd, which loads the same files without starting anything.</summary>
    [Fact]
    public void Words_and_lines_are_read_as_systemd_reads_them()
    {
        _box.Write("usr/locksmithd.service", "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n");
        _box.Write("etc/locksmithd.service.d/10.conf", """
            [Service]
            Environment=A1=plain A2="x y" 'A3=p q' A4=pre"in ner"post A5='it''s' A6= A7=""
            Environment="B1=tab\there" B2=\x41\102\u00fc\U0001F600 B3=\s\s. 'B4=say \"hi\"' B5="a'b" B6=\\ "B7=a=b"
            Environment=C1=one \
               # a comment in between
               ; and another
               C2=two\
            C3=three
              Environment  =   D1=spaces
            Environment=D2=100%% D3=%n D4=%p D5=%N D6=%i. D7=%H D8=%t
            # a comment does not continue \
            Environment=E1=after
            Environment=F1=1 nonsense F2=2 =bad 1X=no F3-=no
            this line has no sign
            Environment=G1=a
            Environment=G1=b
            environment=H1=lower
            Environment=I1=semi;colon#hash I2=;x
            Environment=J1=x\

            [Install]
            Environment=L1=other
            [Service]
            Environment=M1=back
            """ + "\n\tEnvironment=N1=tab\tN2=two\r\nEnvironment=O1=crlf\r\n");
        Assert.Equal(Systemd("usr:etc"), Ours());
    }

    [Fact]
    public void Drop_ins_are_ordered_masked_and_reset_as_systemd_does()
    {
        _box.Write("usr/locksmithd.service", "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\nEnvironment=UNIT=1 ALL=unit\n");
        foreach ((string path, string name) in (ReadOnlySpan<(string, string)>)
        [
            ("usr/locksmithd.service.d/10-a.conf", "usr10"), ("etc/locksmithd.service.d/10-a.conf", "etc10"), ("run/locksmithd.service.d/20.conf", "run20"),
            ("usr/locksmithd.service.d/30.conf", "usr30"), ("usr/locksmithd.service.d/40.conf", "masked"), ("usr/locksmithd.service.d/50.conf", "emptied"),
            ("usr/service.d/05.conf", "type05"), ("usr/service.d/30.conf", "type30"), ("etc/locksmithd.service.d/.60.conf", "hidden"), ("etc/locksmithd.service.d/70.conf~", "backup"),
        ])
        {
            _box.Write(path, $"[Service]\nEnvironment={name}=1 ALL={name}\n");
        }

        File.CreateSymbolicLink(_box.Directory + "/etc/locksmithd.service.d/40.conf", "/dev/null");
        _box.Write("run/locksmithd.service.d/50.conf", "");
        Dictionary<string, string> systemd = Systemd("etc:run:usr");
        Assert.Equal(systemd, Ours());
        Assert.Equal("usr30", systemd["ALL"]);

        _box.Write("run/locksmithd.service.d/25.conf", "[Service]\nEnvironment=\nEnvironment=ONLY=25\n");
        Assert.Equal(Systemd("etc:run:usr"), Ours());
    }

    private IReadOnlyList<string> Directories => [_box.Directory + "/etc", _box.Directory + "/run", _box.Directory + "/usr"];

    private Dictionary<string, string> Ours()
    {
        var place = new Place(0, "");
        List<OldSetting> settings = LocksmithdUnit.Read(Directories, [], place, at => File.ReadAllBytes(at.Name), (_, _) => [], new Findings())!;
        return settings.GroupBy(s => s.Name).ToDictionary(g => g.Key, g => g.Last().Value);
    }

    /// <summary>The environment of the unit as systemd loads it, as a user who may start nothing.</summary>
    private Dictionary<string, string> Systemd(string directories)
    {
        string run = Directory.CreateDirectory(_box.Directory + "/runtime").FullName;
        File.SetUnixFileMode(run, (UnixFileMode)0b111_111_111);
        var start = new ProcessStartInfo("setpriv", ["--reuid=65534", "--clear-groups", "/lib/systemd/systemd", "--test", "--system", "--unit=locksmithd.service", "--log-target=null"])
        {
            RedirectStandardOutput = true,
            Environment =
            {
                ["SYSTEMD_UNIT_PATH"] = string.Join(':', directories.Split(':').Select(d => $"{_box.Directory}/{d}")),
                ["XDG_RUNTIME_DIR"] = run, ["HOME"] = run, ["LC_ALL"] = "C.UTF-8",
            },
        };
        using Process process = Process.Start(start)!;
        string[] dump = process.StandardOutput.ReadToEnd().Split('\n');
        process.WaitForExit();
        int unit = Array.FindIndex(dump, line => line.EndsWith("-> Unit locksmithd.service:", StringComparison.Ordinal));
        Assert.True(unit >= 0, "systemd did not load the unit: " + string.Join('\n', dump));
        const string Prefix = "\t\tEnvironment: ";
        return dump.Skip(unit + 1).TakeWhile(line => !line.Contains("-> Unit ", StringComparison.Ordinal)).Where(line => line.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(line => line[Prefix.Length..].Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
    }

    private void UpdateConf(string text) => _box.Write("flatcar/update.conf", text);

    /// <summary>The unit as Flatcar has it.</summary>
    private void Unit() => _box.Write("usr/locksmithd.service", $"""
        [Unit]
        Description=Cluster reboot manager
        ConditionPathExists=!/usr/.noupdate
        [Service]
        Environment=GOMAXPROCS=1
        EnvironmentFile=-/usr/share/no-flatcar/update.conf
        EnvironmentFile=-{_box.Directory}/flatcar/update.conf
        ExecStart=/usr/lib/locksmith/locksmithd
        Restart=on-failure
        """);

    private ConfigurationRequest Request() => new()
    {
        File = _box.Main,
        OwnFile = _box.Main,
        OldFiles = [_box.Directory + "/flatcar/update.conf"],
        UnitDirectories = Directories,
        DropInDirectories = [],
        Environment = _box.Environment,
    };

    private LoadedConfiguration Load() => ConfigurationLoader.Load(Request());

    private ConfigurationReading Reading()
    {
        var reading = new ConfigurationReading(Request());
        reading.Files(_box.Directory + "/flatcar/update.conf");
        return reading;
    }

    private UpdaterSettings Good()
    {
        LoadedConfiguration loaded = Load();
        Assert.Equal([], loaded.Complaints.Select(c => c.Text));
        return loaded.Settings!;
    }
}
