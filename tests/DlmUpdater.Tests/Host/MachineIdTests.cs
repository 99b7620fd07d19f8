using DlmUpdater.Host;

namespace DlmUpdater.Tests.Host;

public sealed class MachineIdTests : IDisposable
{
    private const string Id = "0123456789abcdef0123456789abcdef";

    private readonly TestDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData(Id + "\n", Id, "")]
    [InlineData(Id, Id, "")]
    [InlineData("0123456789ABCDEF0123456789ABCDEF\n", Id, "")]
    [InlineData("", null, "is empty")]
    [InlineData("\n", null, "is empty")]
    [InlineData("uninitialized\n", null, "is not initialised yet")]
    [InlineData("0123456789abcdef0123456789abcde\n", null, "does not hold 32")]
    [InlineData("0123456789abcdef0123456789abcdeg\n", null, "does not hold 32")]
    [InlineData("00000000000000000000000000000000\n", null, "same digit")]
    [InlineData("ffffffffffffffffffffffffffffffff\n", null, "same digit")]
    public void Only_an_id_of_one_host_is_used(string content, string? id, string why)
    {
        File.WriteAllText(scratch.At("machine-id"), content);
        MachineIdReading reading = MachineId.Read(scratch.At("machine-id"));
        Assert.Equal(id, reading.Id);
        Assert.Contains(why, reading.Why);
        Assert.Equal(id is null, reading.Why.Length > 0);
    }

    [Fact]
    public void A_missing_id_is_told() => Assert.Contains("does not exist", MachineId.Read(scratch.At("none")).Why);

    [Theory]
    [InlineData("web1", true)]
    [InlineData("web1.example.com", true)]
    [InlineData("", false)]
    [InlineData("(none)", false)]
    [InlineData("localhost", false)]
    [InlineData("LocalHost.localdomain", false)]
    [InlineData("localhost-live", false)]
    [InlineData("a b", false)]
    [InlineData(".com", false)]
    public void A_host_name_must_tell_hosts_apart(string name, bool usable) => Assert.Equal(usable, MachineId.IsUsableHostName(name));

    [Fact]
    public void The_host_name_is_the_kernels() => Assert.Equal(File.ReadAllText("/proc/sys/kernel/hostname").Trim(), MachineId.HostName());

    [Fact]
    public void A_holder_is_what_is_configured_else_the_id_else_the_host_name()
    {
        var id = new MachineIdReading(Id, "");
        var none = new MachineIdReading(null, "/etc/machine-id is empty");
        Assert.Equal("me", HolderName.ForFileService("me", id, "web1").Name);
        Assert.Equal(Id, HolderName.ForFileService(null, id, "web1").Name);
        Assert.Equal("web1", HolderName.ForFileService(null, none, "web1").Name);
        HolderName nobody = HolderName.ForFileService(null, none, "localhost");
        Assert.Null(nobody.Name);
        Assert.Contains("/etc/machine-id is empty", nobody.Why);
        Assert.Contains("set [lock] holder", nobody.Why);
    }

    [Fact]
    public void A_host_name_in_place_of_a_machine_id_is_said()
    {
        var none = new MachineIdReading(null, "/etc/machine-id is not initialised yet");
        string said = HolderName.ForFileService(null, none, "web1").Fallback!;
        Assert.Contains("/etc/machine-id is not initialised yet", said, StringComparison.Ordinal);
        Assert.Contains("'web1'", said, StringComparison.Ordinal);
        Assert.Null(HolderName.ForFileService("me", none, "web1").Fallback);
        Assert.Null(HolderName.ForFileService(null, new MachineIdReading(Id, ""), "web1").Fallback);
    }

    [Theory]
    [InlineData("web1", "web1", "web1")]
    [InlineData("web1", "web2", Id)]
    [InlineData("localhost", "localhost", Id)]
    [InlineData(null, "web1", Id)]
    [InlineData(Id, "web1", Id)]
    public void A_recorded_host_name_is_kept_when_the_machine_id_appears_but_not_on_a_host_of_another_name(string? recorded, string hostName, string holder) =>
        Assert.Equal(holder, HolderName.ForFileService(null, new MachineIdReading(Id, ""), hostName, recorded).Name);

    [Theory]
    [InlineData("")]
    [InlineData("two\nlines")]
    public void A_bad_configured_holder_is_refused(string holder) =>
        Assert.Contains("[lock] holder", HolderName.ForFileService(holder, new MachineIdReading(Id, ""), "web1").Why);

    [Theory]
    [InlineData("0123456789abcdef0123456789abcdef", "583627a932274834a8ebd99f4ed41c0d")]
    [InlineData("f00dcafe00112233445566778899aabb", "b66bad3c38b34b4e908641393d4542f2")]
    public void The_id_for_an_application_is_the_one_of_systemd(string machine, string expected) =>
        Assert.Equal(expected, MachineId.AppSpecific(machine, "de35106b6ec24688b63afddaa156679b"));

    [Fact]
    public void The_id_of_this_host_at_fleetlock_is_what_zincati_gives_it()
    {
        const string Tool = "/usr/bin/systemd-id128";
        MachineIdReading machine = MachineId.Read();
        HolderName holder = HolderName.ForFleetLock(null, null);
        Assert.Equal(machine.Id is null, holder.Name is null);
        if (machine.Id is null || !File.Exists(Tool)) return;
        var start = new System.Diagnostics.ProcessStartInfo(Tool, ["machine-id", "-a", "de35106b6ec24688b63afddaa156679b"]) { RedirectStandardOutput = true };
        using var told = System.Diagnostics.Process.Start(start)!;
        Assert.Equal(told.StandardOutput.ReadToEnd().Trim(), holder.Name);
        told.WaitForExit();
    }

    [Fact]
    public void At_fleetlock_a_cloned_or_missing_machine_id_names_nobody()
    {
        Assert.Equal("me", HolderName.ForFleetLock("me", "other", new MachineIdReading(Id, "")).Name);
        Assert.Equal("other", HolderName.ForFleetLock(null, "other", new MachineIdReading(Id, "")).Name);
        HolderName nobody = HolderName.ForFleetLock(null, null, new MachineIdReading(null, "/etc/machine-id is empty"));
        Assert.Null(nobody.Name);
        Assert.Contains("/etc/machine-id is empty", nobody.Why);
        Assert.Contains("set [fleetlock] id", nobody.Why);
    }

    [Theory]
    [InlineData("web1.example.com", "127.0.1.1 other.example.com web1.example.com", "web1.example.com")]
    [InlineData("web1", "127.0.1.1 web1.example.com web1", "web1.example.com")]
    [InlineData("web1", "127.0.1.1\tWEB1\tweb1.example.com # ours", "web1.example.com")]
    [InlineData("web1", "# 127.0.1.1 web1.example.com web1\n", "web1")]
    [InlineData("web1", "127.0.0.1 localhost.localdomain localhost web1\n10.0.0.7 web1.example.com web1", "web1.example.com")]
    [InlineData("web1", "10.0.0.8 web10.example.com web10\n10.0.0.9 web1", "web1")]
    [InlineData("web1", "web1.example.com web1", "web1")]
    [InlineData("web1", "", "web1")]
    public void A_host_knows_its_domain_from_its_own_files(string name, string hosts, string full) => Assert.Equal(full, MachineId.FullName(name, hosts));

    [Fact]
    public void At_dlmengine_a_holder_is_what_is_configured_else_the_whole_host_name()
    {
        Assert.Equal("me", HolderName.ForDlmEngine("me", "web1.example.com").Name);
        Assert.Equal("web1.example.com", HolderName.ForDlmEngine(null, "web1.example.com").Name);
        Assert.Contains("set [lock] holder", HolderName.ForDlmEngine(null, "localhost").Why);
    }
}
