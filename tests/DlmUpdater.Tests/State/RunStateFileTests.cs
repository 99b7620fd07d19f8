using System.Diagnostics;
using DlmUpdater.Core.Workflow;
using DlmUpdater.State;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.State;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class RunStateFileTests : IDisposable
{
    private readonly TestDirectory scratch = new();

    private string StatePath => scratch.At("state");

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void No_file_means_no_run() => Assert.IsType<StoredRun.None>(Load());

    [Fact]
    public void A_saved_state_is_open_and_a_removed_one_is_gone()
    {
        var store = new RunStateFile(scratch.At("made/on/the/way/state"));
        Assert.Null(Save(store, SampleStates.Plain));
        SampleStates.AssertSame(SampleStates.Plain, Assert.IsType<StoredRun.Open>(Load(store)).State);
        Assert.Equal("state", Path.GetFileName(Assert.Single(Directory.GetFileSystemEntries(scratch.At("made/on/the/way")))));
        Assert.Null(store.Remove().Now());
        Assert.IsType<StoredRun.None>(Load(store));
        Assert.Null(store.Remove().Now());
    }

    [Fact]
    public void No_other_user_may_open_the_file_whatever_the_umask()
    {
        Assert.Null(Save(new RunStateFile(StatePath), SampleStates.Plain));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(StatePath));
    }

    [Theory]
    [InlineData("post_update", Phase.PostUpdate)]
    [InlineData("post_update\n", Phase.PostUpdate)]
    [InlineData(" needs_update\r\n", Phase.NeedsUpdate)]
    [InlineData("lock_get", Phase.LockGet)]
    [InlineData("pre_update", Phase.PreUpdate)]
    [InlineData("update", Phase.Update)]
    [InlineData("needs_reboot", Phase.NeedsReboot)]
    [InlineData("reboot", Phase.Reboot)]
    [InlineData("lock_release", Phase.LockRelease)]
    public void An_old_word_is_understood(string content, Phase phase)
    {
        File.WriteAllText(StatePath, content);
        File.SetLastWriteTimeUtc(StatePath, SampleStates.Time.UtcDateTime);
        Assert.Equal(new StoredRun.OldWord(phase, SampleStates.Time), Load());
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(" \n", "is empty")]
    [InlineData("\0\0\0\0", "NUL")]
    [InlineData("post_updat", "JSON")]
    [InlineData("post_update\0", "JSON")]
    [InlineData("post_update lock_release", "JSON")]
    [InlineData("POST_UPDATE", "JSON")]
    [InlineData("{}", "\"version\"")]
    [InlineData("[]", "object")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "JSON")]
    public void What_cannot_be_understood_is_kept_and_named(string content, string named)
    {
        File.WriteAllText(StatePath, content);
        var unreadable = Assert.IsType<StoredRun.Unreadable>(Load());
        Assert.Contains(named, unreadable.Why);
        Assert.Contains(StatePath, unreadable.Why);
        Assert.Contains("dlm-updater reset", unreadable.Why);
        Assert.DoesNotContain('\n', unreadable.Why);
        Assert.Equal(content, File.ReadAllText(StatePath));
    }

    [Fact]
    public void Bytes_after_the_state_make_it_unreadable()
    {
        File.WriteAllBytes(StatePath, [.. RunStateFormat.Write(SampleStates.Plain), .. "post_update\n"u8]);
        Assert.IsType<StoredRun.Unreadable>(Load());
    }

    [Fact]
    public void A_named_pipe_does_not_hang()
    {
        TestDirectory.Run("mkfifo", StatePath);
        Assert.Contains("is a named pipe", Assert.IsType<StoredRun.Unreadable>(Load()).Why);
    }

    [Fact]
    public void A_directory_is_no_state_and_is_not_overwritten()
    {
        Directory.CreateDirectory(StatePath);
        Assert.Contains("is a directory", Assert.IsType<StoredRun.Unreadable>(Load()).Why);
        Assert.Contains(StatePath, Save(new RunStateFile(StatePath), SampleStates.Plain));
        Assert.Equal([StatePath], Directory.GetFileSystemEntries(scratch.Root));
    }

    [Fact]
    public void A_file_of_more_than_a_mebibyte_is_not_read()
    {
        File.WriteAllBytes(StatePath, new byte[RunStateFile.Limit + 1]);
        Assert.Contains("longer than", Assert.IsType<StoredRun.Unreadable>(Load()).Why);
    }

    [Fact]
    public void A_path_through_a_file_is_unavailable_not_none()
    {
        File.WriteAllText(scratch.At("file"), "x");
        Assert.Contains("Not a directory", Assert.IsType<StoredRun.Unavailable>(Load(new RunStateFile(scratch.At("file/state")))).Why);
    }

    [Fact]
    public void A_full_disk_keeps_the_old_state_and_says_so()
    {
        string disk = scratch.MountTmpfs("disk", "16k");
        var store = new RunStateFile(disk + "/state");
        Assert.Null(Save(store, SampleStates.Plain));
        TestDirectory.Fill(disk + "/filler");
        string? why = Save(store, SampleStates.Sized(50));
        Assert.Equal($"cannot write {disk}/state: No space left on device: free space, or set [main] state_dir (or [main] state) to another place", why);
        SampleStates.AssertSame(SampleStates.Plain, Assert.IsType<StoredRun.Open>(Load(store)).State);
        Assert.Equal(2, Directory.GetFileSystemEntries(disk).Length);
    }

    [Fact]
    public void A_read_only_file_system_is_told_and_keeps_the_state()
    {
        string disk = scratch.MountTmpfs("disk", "64k");
        var store = new RunStateFile(disk + "/state");
        Assert.Null(Save(store, SampleStates.Plain));
        TestDirectory.Run("mount", "-o", "remount,ro", disk);
        Assert.Contains("Read-only file system: set [main] state_dir", Save(store, SampleStates.Sized(2)));
        Assert.Contains("cannot remove", store.Remove().Now());
        SampleStates.AssertSame(SampleStates.Plain, Assert.IsType<StoredRun.Open>(Load(store)).State);
    }

    [Fact]
    public void A_kill_in_the_middle_of_writes_leaves_a_whole_state_and_no_litter()
    {
        for (int round = 0; round < 5; round++)
        {
            using Process child = ChildProcess.Start("save-for-ever", StatePath);
            Assert.Equal("saving", child.StandardOutput.ReadLine());
            Thread.Sleep(7 * round);
            child.Kill();
            child.WaitForExit();
            RunState state = Assert.IsType<StoredRun.Open>(Load()).State;
            SampleStates.AssertSame(SampleStates.Sized(state.Attempt), state);
            Assert.Equal([StatePath], Directory.GetFileSystemEntries(scratch.Root));
        }
    }

    [Fact]
    public void A_link_is_followed_and_stays()
    {
        Directory.CreateDirectory(scratch.At("persistent"));
        File.CreateSymbolicLink(StatePath, "persistent/state");
        var store = new RunStateFile(StatePath);
        Assert.Null(Save(store, SampleStates.Plain));
        Assert.True(File.Exists(scratch.At("persistent/state")));
        Assert.IsType<StoredRun.Open>(Load());
        Assert.Null(store.Remove().Now());
        Assert.False(File.Exists(scratch.At("persistent/state")));
        Assert.Equal("persistent/state", new FileInfo(StatePath).LinkTarget);
        Assert.IsType<StoredRun.None>(Load());
    }

    private StoredRun Load(RunStateFile? store = null) => (store ?? new RunStateFile(StatePath)).Load(default).Now();

    private static string? Save(RunStateFile store, RunState state) => store.Save(state).Now();
}
