using System.Diagnostics;
using DlmUpdater.Host;
using DlmUpdater.State;
using DlmUpdater.Tests.Host;
using DlmUpdater.Tests.Logging;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Tests.State;

/// <summary>The lock file of version 0.1.0 has mode 0644: any user can hold an flock on it. Here one does.</summary>
public sealed class UsersFlockTests : IDisposable
{
    private const string User = "65534";
    private readonly TestDirectory scratch = new();
    private readonly List<Process> started = [];

    public UsersFlockTests()
    {
        File.WriteAllText(LockPath, "");
        TestDirectory.Run("chmod", "0644", LockPath);
    }

    private string LockPath => scratch.At("instance.lock");

    public void Dispose()
    {
        foreach (Process process in started)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
        scratch.Dispose();
    }

    [Theory]
    [InlineData("-x")]
    [InlineData("-s")]
    public void A_flock_of_a_user_stops_no_start(string kind)
    {
        _ = Hold(User, kind);
        using (InstanceLock held = Taken())
        {
            Assert.Equal("600", Scratch.Mode(LockPath));
            Assert.Equal(new InstanceLockReply.HeldBy(Environment.ProcessId), InstanceLock.TryTake(LockPath, TimeSpan.Zero));
            Assert.Null(InstanceLock.Strangers(LockPath));
            Assert.False(File.Exists(DurableFile.TemporaryOf(LockPath)));
        }

        // The user has its lock still: on a file that has no name any more, and can get none on the new one.
        Taken().Dispose();
        using Process refused = Start("setpriv", "--reuid", User, "--clear-groups", "flock", "-n", LockPath, "true");
        refused.WaitForExit();
        Assert.NotEqual(0, refused.ExitCode);
    }

    [Fact]
    public void A_users_lock_that_only_a_child_keeps_stops_no_start()
    {
        using Process parent = Start("setpriv", "--reuid", User, "--clear-groups", "sh", "-c", $"exec 9<{LockPath}; flock 9; sleep 600 & echo $!; exit 0");
        int child = int.Parse(parent.StandardOutput.ReadLine()!, System.Globalization.CultureInfo.InvariantCulture);
        parent.WaitForExit();
        Taken().Dispose();
        TestDirectory.Run("kill", "-9", child.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("<", "0600")]
    [InlineData("<>", "0600")]
    [InlineData("<", "0644")]
    public void A_process_of_root_that_is_no_instance_keeps_it_and_is_named(string open, string mode)
    {
        const string named = "of uid 0 ('";
        TestDirectory.Run("chmod", mode, LockPath);
        Process holder = Hold("0", "-x", open);
        var held = Assert.IsType<InstanceLockReply.HeldBy>(InstanceLock.TryTake(LockPath, TimeSpan.Zero));
        Assert.Null(held.Pid);
        Assert.Contains($"pid {holder.Id} {named}", held.Strangers, StringComparison.Ordinal);
        Assert.Contains("is not an instance of dlm-updater: end that process", held.Describe(LockPath), StringComparison.Ordinal);
        Assert.Contains($"pid {holder.Id} {named}", InstanceLock.Strangers(LockPath), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stale_pid_in_the_file_is_not_taken_for_the_instance()
    {
        // What a killed instance left behind; the number belongs to another process by now.
        File.WriteAllText(LockPath, $"{Environment.ProcessId}\n");
        _ = Hold(User, "-x");
        Taken().Dispose();
    }

    [Fact]
    public void An_instance_of_version_0_1_0_keeps_it()
    {
        // It has the file open for writing and its pid in it; its program is another by now.
        Process old = Start("sh", "-c", $"exec 9<>{LockPath}; flock 9; echo $$ >{LockPath}; echo held; read x; exit 0");
        started.Add(old);
        Assert.Equal("held", old.StandardOutput.ReadLine());
        Assert.Equal(new InstanceLockReply.HeldBy(old.Id), InstanceLock.TryTake(LockPath, TimeSpan.Zero));
    }

    [Fact]
    public void Of_many_starts_under_a_users_flock_one_gets_the_lock()
    {
        _ = Hold(User, "-s");
        Process[] starts = [.. Enumerable.Range(0, 4).Select(_ => ChildProcess.Start("hold-instance", LockPath))];
        started.AddRange(starts);
        string?[] answers = [.. starts.Select(s => s.StandardOutput.ReadLine())];
        Assert.Single(answers, "taken");
    }

    [Fact]
    public void An_instance_that_locks_the_old_file_meanwhile_keeps_it()
    {
        Process user = Hold(User, "-x");
        using SafeFileHandle old = OwnFile.OpenHandle(LockPath, Native.O_RDWR, out _, out _);
        using SafeFileHandle other = OwnFile.OpenHandle(LockPath, Native.O_RDWR, out _, out _);
        SafeFileHandle? fresh = FreshLockFile.Replace(LockPath, old, beforeExchange: () =>
        {
            user.Kill(entireProcessTree: true);
            user.WaitForExit();
            while (Native.LockHandle(other, Native.LOCK_EX | Native.LOCK_NB) != 0) Thread.Sleep(1);
        });

        Assert.Null(fresh);
        Assert.True(Native.TryStat(other, out FileFacts locked) && Native.TryStat(LockPath, out FileFacts there) && locked.IsSameFile(there));
        Assert.False(File.Exists(DurableFile.TemporaryOf(LockPath)));
    }

    /// <summary>With the usual patience: a child that another test is just starting has a copy of the descriptor, and so of the lock, until its exec.</summary>
    private InstanceLock Taken() => Assert.IsType<InstanceLockReply.Taken>(InstanceLock.TryTake(LockPath)).Lock;

    /// <summary>A process of this user that has an flock on the file until the test ends.</summary>
    private Process Hold(string uid, string kind, string open = "<")
    {
        Process holder = Start("setpriv", "--reuid", uid, "--clear-groups", "sh", "-c", $"exec 9{open}{LockPath}; flock {kind} 9; echo held; read x; exit 0");
        started.Add(holder);
        Assert.Equal("held", holder.StandardOutput.ReadLine());
        return holder;
    }

    private static Process Start(string command, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true, RedirectStandardError = true })!;
}
