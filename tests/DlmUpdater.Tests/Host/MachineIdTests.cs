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

    [Theory]
    [InlineData("")]
    [InlineData("two\nlines")]
    public void A_bad_configured_holder_is_refused(string holder) =>
        Assert.Contains("[lock] holder", HolderName.ForFileService(holder, new MachineIdReading(Id, ""), "web1").Why);
}
