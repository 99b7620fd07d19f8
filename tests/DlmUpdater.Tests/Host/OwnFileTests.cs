using System.Diagnostics;
using DlmUpdater.Host;
using DlmUpdater.Logging;
using DlmUpdater.Scripts;
using DlmUpdater.State;
using DlmUpdater.Tests.Logging;
using DlmUpdater.Tests.State;
using Microsoft.Win32.SafeHandles;

namespace DlmUpdater.Tests.Host;

/// <summary>Whatever a user puts in the place of a file that root writes.</summary>
public sealed class OwnFileTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly string secret;

    public OwnFileTests()
    {
        secret = scratch.File("secret");
        File.WriteAllText(secret, "root:x:0:0\n");
    }

    public void Dispose() => scratch.Dispose();

    private string Target => scratch.File("file");

    [Fact]
    public void A_new_file_is_0600_whatever_the_umask()
    {
        using SafeFileHandle file = OwnFile.OpenHandle(Target, Native.O_WRONLY, out OwnFileError error, out bool created);
        Assert.Equal((0, true, "600"), (error.Errno, created, Scratch.Mode(Target)));
    }

    [Theory]
    [InlineData("644", 0u, "600")]
    [InlineData("666", 0u, "600")]
    [InlineData("640", 0b000_100_000u, "640")]
    [InlineData("664", 0b000_100_000u, "640")]
    [InlineData("400", 0u, "400")]
    public void A_file_that_others_may_open_is_tightened(string before, uint keep, string after)
    {
        File.WriteAllText(Target, "");
        Shell($"chmod {before} {Target}");
        using var file = new SafeFileHandle(OwnFile.Open(Target, Native.O_WRONLY, out _, out bool created, keep), ownsHandle: true);
        Assert.Equal((false, false, after), (file.IsInvalid, created, Scratch.Mode(Target)));
    }

    [Theory]
    [InlineData("ln -s {0} {1}", "it is a symbolic link")]
    [InlineData("ln -s missing {1}", "it is a symbolic link")]
    [InlineData("ln {0} {1}", "it has 2 names (hard links)")]
    [InlineData(": > {1} && chown 65534 {1}", "it belongs to another user (uid 65534)")]
    [InlineData("mkdir {1}", "it is a directory, not a file")]
    [InlineData("mkfifo {1}", "named pipe")]
    public void What_is_not_our_own_file_is_not_opened(string make, string why)
    {
        Shell(string.Format(System.Globalization.CultureInfo.InvariantCulture, make, secret, Target));
        Assert.Equal(-1, OwnFile.Open(Target, Native.O_WRONLY, out OwnFileError error, out _));
        Assert.Contains(why, error.Describe("write", Target, "[main] x"), StringComparison.Ordinal);
        Assert.Equal("root:x:0:0\n", File.ReadAllText(secret));
        Assert.False(File.Exists(scratch.File("missing")));
    }

    [Theory]
    [InlineData("ln -s {0} {1}")]
    [InlineData("ln {0} {1}")]
    [InlineData("mkfifo {1}")]
    [InlineData(": > {1} && chown 65534 {1}")]
    public void Created_anew_never_writes_into_what_was_there(string make)
    {
        Shell(string.Format(System.Globalization.CultureInfo.InvariantCulture, make, secret, Target));
        using var file = new SafeFileHandle(OwnFile.CreateAnew(Target, Native.O_WRONLY), ownsHandle: true);
        Assert.Equal(0, RegularFile.WriteAll(file, "x"u8));
        Assert.Equal(("root:x:0:0\n", "x", "600"), (File.ReadAllText(secret), File.ReadAllText(Target), Scratch.Mode(Target)));
    }

    [Theory]
    [InlineData(0u, true)]
    [InlineData(65534u, false)]
    public void A_link_is_followed_only_if_root_made_it(uint owner, bool followed)
    {
        File.CreateSymbolicLink(Target, "secret");
        Shell($"chown -h {owner} {Target}");
        using var file = new SafeFileHandle(OwnFile.OpenLinked(Target, Native.O_WRONLY | Native.O_APPEND, out OwnFileError error, out _), ownsHandle: true);
        Assert.Equal(followed, !file.IsInvalid);
        Assert.Equal(followed, OwnFile.Read(Target, 100) is FileReading.Content);
        if (!followed) Assert.Contains("symbolic link of another user (uid 65534)", error.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_of_links_ends_at_the_first_that_a_user_made()
    {
        File.CreateSymbolicLink(scratch.File("users"), "secret");
        Shell($"chown -h 65534 {scratch.File("users")}");
        File.CreateSymbolicLink(Target, "users");
        Assert.Equal(-1, OwnFile.OpenLinked(Target, Native.O_WRONLY, out _, out _));
        Assert.IsType<FileReading.NotAFile>(OwnFile.Read(Target, 100));
    }

    [Theory]
    [InlineData("mkfifo -m 0600 {1}", true)]
    [InlineData("mkfifo -m 0600 {1} && chown 65534 {1}", false)]
    [InlineData("mkfifo -m 0622 {1}", false)]
    [InlineData(": > {1} && chmod 0600 {1}", false)]
    [InlineData("ln -s {0} {1}", false)]
    public void A_pipe_is_opened_only_if_this_program_made_it(string make, bool isOpened)
    {
        Shell(string.Format(System.Globalization.CultureInfo.InvariantCulture, make, secret, Target));
        using var pipe = new SafeFileHandle(OwnFile.OpenPipe(Target), ownsHandle: true);
        Assert.Equal(isOpened, !pipe.IsInvalid);
    }

    [Fact]
    public void A_users_file_in_our_place_is_not_read()
    {
        File.WriteAllText(Target, "{}");
        Shell($"chown 65534 {Target}");
        Assert.Contains("belongs to another user", Assert.IsType<FileReading.NotAFile>(OwnFile.Read(Target, 100)).What, StringComparison.Ordinal);
    }

    /// <summary>Every file that is appended to or replaced: what a user put there keeps its content, and the file that is made is 0600.</summary>
    [Theory]
    [InlineData("state")]
    [InlineData("history")]
    [InlineData("lines")]
    [InlineData("log")]
    [InlineData("running")]
    [InlineData("progress")]
    [InlineData("instance")]
    [InlineData("last")]
    public void No_writer_follows_a_users_link_or_leaves_a_file_that_others_may_open(string writer)
    {
        string path = writer switch { "running" or "progress" or "last" => scratch.File(writer), _ => Target };
        foreach (string put in (string[])[path, path + ".new", DurableFile.TemporaryOf(path)])
        {
            foreach (string make in (string[])["ln -s {0} {1} && chown -h 65534 {1}", "ln {0} {1}"])
            {
                Shell(string.Format(System.Globalization.CultureInfo.InvariantCulture, make, secret, put));
                _ = Write(writer, path);
                Assert.Equal("root:x:0:0\n", File.ReadAllText(secret));
                Shell($"rm -f {path} {path}.new {DurableFile.TemporaryOf(path)}");
            }
        }

        Assert.Null(Write(writer, path));
        if (File.Exists(path)) Assert.Equal(writer == "last" ? "644" : "600", Scratch.Mode(path));
    }

    private string? Write(string writer, string path)
    {
        switch (writer)
        {
            case "state":
                return new RunStateFile(path).Save(SampleStates.Plain).Now();
            case "history":
                return new DlmUpdater.State.History(path).Append(HistoryTests.Record(1));
            case "lines":
                using (var lines = new DurableLines(path, "[main] x")) return lines.Append("{}"u8);
            case "log":
                using (var log = new LogFile(path, 7, null, TimeProvider.System)) return log.Append("line\n"u8, DateTimeOffset.UtcNow);
            case "running":
                return new RunNoteFile(scratch.Path).Write(new("r", "update", "10-x", new("b", 1), 1, null, 0, 0));
            case "last":
                return new LastStart(DateTimeOffset.UtcNow, DlmUpdater.Core.Workflow.Ending.Done, 0, "done").Write(scratch.Path);
            case "progress":
                using (var progress = new ProgressFile(path)) progress.Write(new ProgressSnapshot { RunId = "r", Phase = "update", PhaseSince = DateTimeOffset.UtcNow, Updated = DateTimeOffset.UtcNow });
                return null;
            default:
                InstanceLockReply reply = InstanceLock.TryTake(path, TimeSpan.Zero);
                (reply as InstanceLockReply.Taken)?.Lock.Dispose();
                return (reply as InstanceLockReply.Unavailable)?.Why;
        }
    }

    private static void Shell(string command)
    {
        using Process shell = Process.Start("/bin/sh", ["-c", command]);
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }
}
