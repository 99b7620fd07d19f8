using System.Diagnostics;
using System.Text;
using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class NotifyCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateDirectory("/var/lib/dlm-updater-test-" + Guid.NewGuid().ToString("N")).FullName;

    public NotifyCommandTests() => ProcessRunner.PrepareThisProcess();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Every_line_arrives_in_order_whole_and_once()
    {
        using NotifyCommand notify = Start($"cat > {_directory}/got");
        var sent = new StringBuilder();
        for (int i = 0; i < 2_000; i++)
        {
            notify.Send(Encoding.UTF8.GetBytes($"line {i}\n"));
            sent.Append($"line {i}\n");
        }

        Assert.Null(notify.Close(TimeSpan.FromSeconds(30), TimeSpan.Zero));
        Assert.Equal(sent.ToString(), File.ReadAllText(_directory + "/got"));
    }

    [Fact]
    public void A_reader_that_is_slow_to_begin_gets_all_that_was_kept_for_it()
    {
        using NotifyCommand notify = Start($"read -r go < {Pipe()}; cat > {_directory}/got");
        byte[] line = Encoding.UTF8.GetBytes(new string('x', 999) + "\n");
        for (int i = 0; i < 200; i++) notify.Send(line);
        File.WriteAllText(_directory + "/go", "go\n");
        Assert.Null(notify.Close(TimeSpan.FromSeconds(30), TimeSpan.Zero));
        Assert.Equal(200_000, new FileInfo(_directory + "/got").Length);
    }

    [Fact]
    public void A_reader_that_never_reads_holds_nobody_up_and_gets_whole_lines_only()
    {
        using NotifyCommand notify = Start($"read -r go < {Pipe()}; cat > {_directory}/got");
        byte[] line = Encoding.UTF8.GetBytes(new string('x', 1_499) + "\n");
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 10_000; i++) notify.Send(line);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5));

        File.WriteAllText(_directory + "/go", "go\n");
        Assert.Matches("did not take everything: 9[0-9]{3} lines were left away$", notify.Close(TimeSpan.FromSeconds(30), TimeSpan.Zero));
        string[] got = File.ReadAllLines(_directory + "/got");
        Assert.All(got, l => Assert.Equal(1_499, l.Length));
        Assert.InRange(got.Length, NotifyCommand.QueueBytes / 1_500, 1_000);
    }

    [Fact]
    public void What_was_kept_goes_on_as_soon_as_it_is_taken()
    {
        using NotifyCommand notify = Start($"read -r go < {Pipe()}; while read -r line; do last=$line; [ \"$line\" = last ] && break; done; echo $last > {_directory}/got; read -r go < {_directory}/go");
        byte[] line = Encoding.UTF8.GetBytes(new string('x', 999) + "\n");
        for (int i = 0; i < 100; i++) notify.Send(line);
        notify.Send("last\n"u8.ToArray());
        File.WriteAllText(_directory + "/go", "go\n");
        long start = Stopwatch.GetTimestamp();
        while (!File.Exists(_directory + "/got") && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30))
        {
            notify.Flush();
            Thread.Sleep(1);
        }

        File.WriteAllText(_directory + "/go", "go\n");
        Assert.Null(notify.Close(TimeSpan.FromSeconds(30), TimeSpan.Zero));
        Assert.Equal("last\n", File.ReadAllText(_directory + "/got"));
    }

    [Fact]
    public void A_reader_that_dies_is_said_once_at_the_end()
    {
        using NotifyCommand notify = Start("read -r line; exit 3");
        for (int i = 0; i < 200; i++)
        {
            notify.Send("line\n"u8.ToArray());
            Thread.Sleep(1);
        }

        Assert.Matches("ended with exit code 3(, and did not take everything: [0-9]+ lines were left away)?$", notify.Close(TimeSpan.FromSeconds(30), TimeSpan.Zero));
        Assert.Null(notify.Close(TimeSpan.FromSeconds(30), TimeSpan.Zero));
    }

    [Theory]
    [InlineData("trap '' TERM; echo $$ > DIR/pid; while :; do sleep 60; done")]
    [InlineData("echo $$ > DIR/pid; while :; do sleep 60; done")]
    public void A_reader_that_does_not_end_is_ended_with_what_it_started(string body)
    {
        using NotifyCommand notify = Start(body.Replace("DIR", _directory, StringComparison.Ordinal));
        while (!File.Exists(_directory + "/pid") || File.ReadAllText(_directory + "/pid").Length == 0) Thread.Sleep(1);
        int pid = int.Parse(File.ReadAllText(_directory + "/pid"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.EndsWith("did not end within 0.1 s and was ended", notify.Close(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(50)), StringComparison.Ordinal);
        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public void A_daemon_that_keeps_its_stdin_does_not_hold_up_the_end()
    {
        using NotifyCommand notify = Start($"sleep 60 & echo $! > {_directory}/pid");
        Assert.Null(notify.Close(TimeSpan.FromSeconds(30), TimeSpan.Zero));
        int pid = int.Parse(File.ReadAllText(_directory + "/pid"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(Directory.Exists($"/proc/{pid}"));
        Process.GetProcessById(pid).Kill();
    }

    [Fact]
    public void It_gets_a_clean_environment_without_a_run_and_no_descriptor_of_ours()
    {
        using var open = File.OpenRead("/proc/self/status");
        using NotifyCommand notify = Start($"env > {_directory}/env; ls /proc/self/fd > {_directory}/fds");
        Assert.Null(notify.Close(TimeSpan.FromSeconds(30), TimeSpan.Zero));
        string[] names = [.. File.ReadAllLines(_directory + "/env").Select(l => l.Split('=')[0]).Where(n => n is not ("PWD" or "_" or "SHLVL" or "OLDPWD")).Order(StringComparer.Ordinal)];
        Assert.Equal(["DLM_UPDATER_LOCK_NAME", "HOME", "LANG", "LOGNAME", "PATH", "PYTHONDONTWRITEBYTECODE", "USER"], names);

        // ls opens the directory itself as one more.
        Assert.Equal(["0", "1", "2", "3"], File.ReadAllLines(_directory + "/fds"));
    }

    [Theory]
    [InlineData("/no/such/listener", "does not exist")]
    [InlineData("no-such-listener", "is not in PATH")]
    [InlineData("/etc", "is not an executable file")]
    public void What_cannot_be_started_is_said(string command, string why)
    {
        Assert.Null(NotifyCommand.Start([command], [], TimeProvider.System, out string said));
        Assert.Contains(why, said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_listener_that_others_could_change_is_not_started()
    {
        string path = Script(":");
        File.SetUnixFileMode(path, (UnixFileMode)0b111_111_101);
        Assert.Null(NotifyCommand.Start([path], [], TimeProvider.System, out string why));
        Assert.Contains("cannot be trusted", why, StringComparison.Ordinal);
    }

    private string Pipe()
    {
        using Process made = Process.Start("mkfifo", _directory + "/go");
        made.WaitForExit();
        return _directory + "/go";
    }

    private NotifyCommand Start(string body)
    {
        NotifyCommand? notify = NotifyCommand.Start([Script(body)], ["DLM_UPDATER_LOCK_NAME=web"], TimeProvider.System, out string why);
        Assert.True(notify is not null, why);
        return notify;
    }

    private string Script(string body)
    {
        string path = _directory + "/listen";
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        return path;
    }
}
