using System.Diagnostics;
using DlmUpdater.State;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.State;

public sealed class InstanceLockTests : IDisposable
{
    private readonly TestDirectory scratch = new();

    private string LockPath => scratch.At("run/instance.lock");

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void The_second_is_told_the_pid_of_the_first()
    {
        using (Take())
            Assert.Equal(new InstanceLockReply.HeldBy(Environment.ProcessId), InstanceLock.TryTake(LockPath));
        Assert.True(File.Exists(LockPath));
        Take().Dispose();
    }

    [Fact]
    public void The_kernel_frees_it_when_its_holder_is_killed()
    {
        using Process child = ChildProcess.Start("hold-instance", LockPath);
        Assert.Equal("taken", child.StandardOutput.ReadLine());
        Assert.Equal(new InstanceLockReply.HeldBy(child.Id), InstanceLock.TryTake(LockPath));
        child.Kill();
        child.WaitForExit();
        Take().Dispose();
    }

    [Fact]
    public void A_script_does_not_inherit_it()
    {
        InstanceLock held = Take();
        using Process script = Process.Start(new ProcessStartInfo("sleep", "60"))!;
        held.Dispose();
        Take().Dispose();
        script.Kill();
        script.WaitForExit();
    }

    [Fact]
    public void A_removed_file_does_not_let_two_believe_they_hold_the_same_one()
    {
        using InstanceLock first = Take();
        File.Delete(LockPath);
        using InstanceLock second = Take();
        Assert.IsType<InstanceLockReply.HeldBy>(InstanceLock.TryTake(LockPath));
    }

    [Fact]
    public void A_link_a_pipe_and_a_directory_are_refused()
    {
        File.CreateSymbolicLink(scratch.At("link"), "/etc/passwd");
        TestDirectory.Run("mkfifo", scratch.At("pipe"));
        Directory.CreateDirectory(scratch.At("directory"));
        Assert.Contains("symbolic link", Unavailable(scratch.At("link")));
        Assert.Contains("named pipe", Unavailable(scratch.At("pipe")));
        Assert.Contains("it is a directory", Unavailable(scratch.At("directory")));
    }

    [Fact]
    public void A_read_only_place_is_told()
    {
        string disk = scratch.MountTmpfs("disk", "64k");
        TestDirectory.Run("mount", "-o", "remount,ro", disk);
        Assert.Contains("Read-only file system: set [main] lock", Unavailable(disk + "/instance.lock"));
    }

    [Fact]
    public void A_full_disk_does_not_keep_us_from_holding_it()
    {
        string disk = scratch.MountTmpfs("disk", "16k");
        TestDirectory.Fill(disk + "/filler");
        using InstanceLock held = Assert.IsType<InstanceLockReply.Taken>(InstanceLock.TryTake(disk + "/instance.lock")).Lock;
        Assert.Equal(new InstanceLockReply.HeldBy(Environment.ProcessId), InstanceLock.TryTake(disk + "/instance.lock", TimeSpan.Zero));
    }

    [Fact]
    public void A_holder_that_is_gone_already_is_waited_for_until_the_kernel_lets_go()
    {
        InstanceLock held = Take();
        TestDirectory.Run("truncate", "-s", "0", LockPath);
        using var soon = new Timer(_ => held.Dispose(), null, 60, Timeout.Infinite);
        using InstanceLock next = Assert.IsType<InstanceLockReply.Taken>(InstanceLock.TryTake(LockPath, TimeSpan.FromSeconds(30))).Lock;
    }

    private InstanceLock Take() => Assert.IsType<InstanceLockReply.Taken>(InstanceLock.TryTake(LockPath)).Lock;

    private static string Unavailable(string path) => Assert.IsType<InstanceLockReply.Unavailable>(InstanceLock.TryTake(path)).Why;
}
