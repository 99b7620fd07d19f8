using DlmUpdater.Host;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Tests.Host;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class DurableFileTests : IDisposable
{
    private readonly TestDirectory scratch = new();

    private string Target => scratch.At("target");

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void It_is_private_unless_a_mode_is_asked_for()
    {
        Assert.Null(Replace("x"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Target));
    }

    [Fact]
    public void What_a_killed_writer_left_goes_with_the_next_write_sweep_or_removal()
    {
        foreach (Action next in new Action[] { () => Replace("new"), () => DurableFile.Sweep(Target), () => DurableFile.Remove(Target, "[a] b") })
        {
            File.WriteAllText(DurableFile.TemporaryOf(Target), "half");
            next();
            Assert.False(File.Exists(DurableFile.TemporaryOf(Target)));
        }
    }

    [Fact]
    public void The_temporary_file_of_a_living_writer_is_left_alone()
    {
        File.WriteAllText(DurableFile.TemporaryOf(Target), "half");
        using (SafeFileHandle writer = Native.OpenHandle(DurableFile.TemporaryOf(Target), Native.O_WRONLY, 0))
        {
            Assert.Equal(0, Native.LockHandle(writer, Native.LOCK_EX));
            DurableFile.Sweep(Target);
            Assert.True(File.Exists(DurableFile.TemporaryOf(Target)));
            FileFailure failure = Assert.IsType<FileFailure>(Replace("new"));
            Assert.Equal(Native.EEXIST, failure.Errno);
            Assert.False(failure.MayHaveHappened);
        }
        Assert.Null(Replace("new"));
    }

    [Fact]
    public void Files_of_other_programs_that_look_like_ours_stay()
    {
        File.WriteAllText(scratch.At(".target.tmp"), "");
        DurableFile.Sweep(Target);
        Assert.True(File.Exists(scratch.At(".target.tmp")));
    }

    /// <summary>Each would keep every later write from its temporary file.</summary>
    [Theory]
    [InlineData("mkfifo {0}")]
    [InlineData("ln -s /etc/hostname {0}")]
    [InlineData("ln -s nowhere {0}")]
    [InlineData(": > {0}.other && ln {0}.other {0}")]
    [InlineData(": > {0} && chown 65534 {0}")]
    public void What_a_user_puts_in_the_place_of_the_temporary_file_keeps_nothing_from_being_written(string make)
    {
        TestDirectory.Run("sh", "-c", string.Format(System.Globalization.CultureInfo.InvariantCulture, make, DurableFile.TemporaryOf(Target)));
        Assert.Null(Replace("new"));
        Assert.Equal("new", File.ReadAllText(Target));
        Assert.False(File.Exists(DurableFile.TemporaryOf(Target)));
    }

    [Fact]
    public void Many_writers_leave_one_whole_content_and_no_litter()
    {
        string[] contents = [.. Enumerable.Range(0, 4).Select(i => new string((char)('a' + i), 20_000))];
        FileFailure?[] failures = new FileFailure?[4];
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            for (int round = 0; round < 15; round++)
                failures[i] ??= Replace(contents[i]);
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.All(failures, Assert.Null);
        Assert.Contains(File.ReadAllText(Target), contents);
        Assert.Equal([Target], Directory.GetFileSystemEntries(scratch.Root));
    }

    [Fact]
    public void A_link_of_another_user_is_not_followed()
    {
        File.WriteAllText(scratch.At("victim"), "precious");
        File.CreateSymbolicLink(Target, "victim");
        TestDirectory.Run("chown", "-h", "65534", Target);
        Assert.Contains("symbolic link of another user (uid 65534)", Replace("x")?.Why);
        Assert.Contains("symbolic link of another user", DurableFile.Remove(Target, "[a] b")?.Why);
        Assert.Equal("precious", File.ReadAllText(scratch.At("victim")));
    }

    [Fact]
    public void A_link_in_a_circle_is_told()
    {
        File.CreateSymbolicLink(Target, "target");
        Assert.Contains("Too many levels of symbolic links: mend the path, or set [a] b", Replace("x")?.Why);
    }

    [Fact]
    public void A_failed_write_leaves_no_temporary_file()
    {
        string disk = scratch.MountTmpfs("disk", "16k");
        FileFailure failure = Assert.IsType<FileFailure>(DurableFile.Replace(disk + "/target", new byte[100_000], "[a] b"));
        Assert.Equal(Native.ENOSPC, failure.Errno);
        Assert.False(failure.MayHaveHappened);
        Assert.Empty(Directory.GetFileSystemEntries(disk));
    }

    [Fact]
    public void Missing_directories_are_made_for_all_to_read()
    {
        Assert.Null(DurableFile.Replace(scratch.At("a/b/target"), "x"u8, "[a] b"));
        UnixFileMode mode = File.GetUnixFileMode(scratch.At("a"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, mode & (UnixFileMode)0x1C0);
        Assert.Equal(0, (int)mode & 0x12);
    }

    [Fact]
    public void The_kernels_numbers_are_those_of_this_machine()
    {
        // O_DIRECTORY and O_NOFOLLOW differ between architectures: a wrong one is silently another flag.
        File.WriteAllText(Target, "");
        using SafeFileHandle notADirectory = Native.OpenHandle(Target, Native.O_DIRECTORY, 0);
        Assert.Equal(Native.ENOTDIR, notADirectory.IsInvalid ? FileErrors.Last : 0);
        File.CreateSymbolicLink(scratch.At("link"), "target");
        using SafeFileHandle link = Native.OpenHandle(scratch.At("link"), Native.O_NOFOLLOW, 0);
        Assert.Equal(Native.ELOOP, link.IsInvalid ? FileErrors.Last : 0);
        File.SetLastWriteTimeUtc(Target, new DateTime(2026, 3, 14, 1, 59, 26, 535, DateTimeKind.Utc));
        Assert.True(Native.TryStat(Target, out FileFacts facts));
        Assert.Equal(new DateTimeOffset(2026, 3, 14, 1, 59, 26, 535, TimeSpan.Zero), facts.Modified.ToTime());
        Assert.Equal((FileKind.Regular, 0u, 0L), (facts.Kind, facts.Uid, facts.Size));
    }

    private FileFailure? Replace(string content) => DurableFile.Replace(Target, System.Text.Encoding.UTF8.GetBytes(content), "[a] b");
}
