using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Tests.Host;

public sealed class BootInfoTests : IDisposable
{
    private const string Id = "6b1f0b0e-1111-4222-8333-444455556666";

    private readonly TestDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void This_host_has_a_boot_and_keeps_it()
    {
        BootIdentity boot = Assert.IsType<BootIdentity>(BootInfo.Read(out string why));
        Assert.Equal("", why);
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(), boot.BootId);
        Assert.Equal(boot, BootInfo.Read(out _));
    }

    [Theory]
    [InlineData("1 (systemd) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 42 9 9 9\n", 42)]
    [InlineData("1 (a) b (c)) 7 ( S) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 43 9\n", 43)]
    [InlineData("1 (x) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 44", 44)]
    [InlineData("1 (x) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0", 0)]
    [InlineData("1 (x) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 many 9", 0)]
    [InlineData("1 (x) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4x 9", 0)]
    [InlineData("", 0)]
    [InlineData("1 (x", 0)]
    public void The_start_time_is_field_22_whatever_the_name_holds(string stat, long expected)
    {
        MakeProc(Id + "\n", stat);
        BootIdentity boot = BootInfo.Read(out _, scratch.Root)!;
        Assert.Equal((Id, expected), (boot.BootId, boot.InitStarted));
    }

    [Fact]
    public void Our_own_start_time_is_found_in_a_real_line()
    {
        long ticks = BootInfo.StartTime(File.ReadAllBytes("/proc/self/stat"));
        TimeSpan started = BootInfo.BootClock() - TimeSpan.FromSeconds(ticks / 100.0);
        Assert.InRange(started, TimeSpan.FromSeconds(-1), TimeSpan.FromHours(2));
        Assert.True(ticks > 0);
    }

    [Fact]
    public void A_hidden_process_1_counts_as_zero()
    {
        MakeProc(Id + "\n", null);
        Assert.Equal(0, BootInfo.Read(out _, scratch.Root)!.InitStarted);
    }

    [Fact]
    public void A_process_1_that_cannot_be_read_is_no_other_boot()
    {
        MakeProc(Id + "\n", null);
        Directory.CreateDirectory(scratch.At("1"));
        File.CreateSymbolicLink(scratch.At("1/stat"), "stat");

        Assert.Null(BootInfo.Read(out string why, scratch.Root));
        Assert.Contains("/1/stat", why, StringComparison.Ordinal);
        Assert.Contains("reboot cannot be recognised", why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_proc_is_told()
    {
        Assert.Null(BootInfo.Read(out string why, scratch.Root));
        Assert.Contains("boot_id does not exist", why);
        Assert.Contains("mount /proc", why);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0\n")]
    [InlineData("6b1f0b0e-1111-4222-8333-44445555666\n")]
    public void Something_else_than_a_boot_id_is_told(string content)
    {
        MakeProc(content, null);
        Assert.Null(BootInfo.Read(out string why, scratch.Root));
        Assert.Contains("does not hold a boot id", why);
    }

    [Fact]
    public void The_boot_lies_its_own_length_back()
    {
        TimeSpan since = TimeProvider.System.GetUtcNow() - BootInfo.BootedAt(TimeProvider.System);
        Assert.InRange(since - BootInfo.BootClock(), TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(5));
        Assert.True(BootInfo.BootClock() > TimeSpan.Zero);
    }

    private void MakeProc(string bootId, string? stat)
    {
        Directory.CreateDirectory(scratch.At("sys/kernel/random"));
        File.WriteAllText(scratch.At("sys/kernel/random/boot_id"), bootId);
        if (stat is null)
            return;
        Directory.CreateDirectory(scratch.At("1"));
        File.WriteAllText(scratch.At("1/stat"), stat);
    }
}
