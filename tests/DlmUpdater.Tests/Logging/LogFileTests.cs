using System.Diagnostics;
using DlmUpdater.Core.Settings;
using DlmUpdater.Logging;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Logging;

public sealed class LogFileTests : IDisposable
{
    private readonly Scratch scratch = new();
    private readonly Captured error = new();
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 11, 22, 23, 59, 0, TimeSpan.Zero));

    private string Path => scratch.File("updater.log");

    public void Dispose()
    {
        error.Dispose();
        scratch.Dispose();
    }

    private Log Open(string? path = null, int keep = 7, LogFormat format = LogFormat.Text, long? limit = null) => new(
        new LogSettings { Target = LogTarget.File, File = path ?? Path, RetentionDays = keep, Format = format, FileLimit = limit },
        Redactor.None, new StandardError(error.Fd, ErrorReader.Pipe), clock);

    private void Date(string path) => File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime);

    [Fact]
    public void Lines_go_to_the_file_and_errors_to_stderr_too()
    {
        using (Log log = Open(format: LogFormat.Json))
        {
            log.Info("begins");
            log.Error("broken");
            log.Final(LogLevel.Warning, "try later");
            Assert.Null(log.WriteError);
        }

        Assert.Equal(3, File.ReadAllLines(Path).Length);
        Assert.All(File.ReadAllLines(Path), l => Assert.StartsWith("{", l, StringComparison.Ordinal));
        Assert.Equal(["2026-11-22T23:59:00Z error   broken", "2026-11-22T23:59:00Z warning try later"], error.EndLines());
        Assert.Equal("600", Scratch.Mode(Path));
    }

    [Fact]
    public void Nothing_is_opened_before_the_first_line_and_what_is_there_stays()
    {
        using (Log log = Open()) Assert.False(File.Exists(Path));
        File.WriteAllText(Path, "old\n");
        Date(Path);
        using (Log log = Open()) log.Info("new");
        Assert.Equal(["old", "2026-11-22T23:59:00Z info    new"], File.ReadAllLines(Path));
    }

    [Fact]
    public void The_first_line_of_a_day_puts_the_old_file_aside()
    {
        using Log log = Open();
        for (int day = 0; day < 3; day++)
        {
            log.Info($"day {day}");
            log.Info($"day {day} again");
            clock.Advance(TimeSpan.FromDays(1));
        }

        Assert.Equal(["updater.log", "updater.log.2026-11-22", "updater.log.2026-11-23"],
            Directory.GetFiles(scratch.Path).Select(System.IO.Path.GetFileName).Order(StringComparer.Ordinal));
        for (int day = 0; day < 3; day++)
        {
            string[] lines = File.ReadAllLines(day == 2 ? Path : Path + ".2026-11-2" + (2 + day));
            Assert.Equal(2, lines.Length);
            Assert.All(lines, l => Assert.Contains($"day {day}", l, StringComparison.Ordinal));
        }

        Assert.Equal("", error.End());
    }

    [Fact]
    public void A_file_of_an_earlier_start_is_put_aside_under_its_own_day()
    {
        File.WriteAllText(Path, "last week\n");
        File.SetLastWriteTimeUtc(Path, new DateTime(2026, 11, 15, 12, 0, 0, DateTimeKind.Utc));
        using (Log log = Open()) log.Info("today");
        Assert.Equal("last week\n", File.ReadAllText(Path + ".2026-11-15"));
        Assert.Single(File.ReadAllLines(Path));
    }

    [Fact]
    public void A_rotated_file_is_never_replaced()
    {
        File.WriteAllText(Path + ".2026-11-22", "precious\n");
        using Log log = Open();
        log.Info("one");
        Date(Path);
        clock.Advance(TimeSpan.FromDays(1));
        log.Info("two");
        log.Info("three");
        Assert.Equal("precious\n", File.ReadAllText(Path + ".2026-11-22"));
        Assert.EndsWith("one", Assert.Single(File.ReadAllLines(Path + ".2026-11-22.1")), StringComparison.Ordinal);
        Assert.Equal(2, File.ReadAllLines(Path).Length);
        Assert.Null(log.WriteError);
    }

    [Fact]
    public void A_file_that_is_too_large_is_rotated_before_its_day_is_over_and_the_oldest_are_removed()
    {
        using Log log = Open(keep: 3, limit: 200);
        for (int i = 0; i < 60; i++) log.Info($"line {i:00}");

        string[] files = [.. Directory.GetFiles(scratch.Path).OrderBy(f => f.Length).ThenBy(f => f, StringComparer.Ordinal)];
        Assert.Equal(4, files.Length);
        Assert.Equal(Path, files[0]);
        Assert.All(files, f => Assert.InRange(new FileInfo(f).Length, 1, 250));

        // What is left are the last lines, in the order of the names.
        string[] left = [.. files[1..].Append(Path).SelectMany(File.ReadAllLines).Select(l => l[^2..])];
        Assert.Equal(Enumerable.Range(60 - left.Length, left.Length).Select(i => $"{i:00}"), left);
    }

    [Fact]
    public void A_file_that_another_process_filled_is_rotated_too()
    {
        using Log log = Open(limit: 1000);
        log.Info("one");
        File.AppendAllText(Path, new string('x', 2000) + "\n");
        clock.Advance(TimeSpan.FromSeconds(1));
        log.Info("two");
        Assert.EndsWith("two", Assert.Single(File.ReadAllLines(Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_is_never_renamed()
    {
        Run("mkfifo", Path);
        using var reader = new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using Log log = Open(limit: 10);
        log.Info("one line that is longer than the limit");
        clock.Advance(TimeSpan.FromDays(1));
        log.Info("two");
        log.Info("three");
        Assert.Single(Directory.GetFileSystemEntries(scratch.Path));
        Assert.Null(log.WriteError);
    }

    [Fact]
    public void Two_processes_at_midnight_lose_nothing()
    {
        using Log a = Open();
        using Log b = Open();
        a.Info("a1");
        Date(Path);
        b.Info("b1");
        clock.Advance(TimeSpan.FromDays(1));
        b.Info("b2");
        a.Info("a2");
        Assert.Equal(["a1", "b1"], File.ReadAllLines(Path + ".2026-11-22").Select(l => l[^2..]));
        Assert.Equal(["b2", "a2"], File.ReadAllLines(Path).Select(l => l[^2..]));
    }

    [Fact]
    public void Only_the_newest_rotated_files_are_kept_and_nothing_of_others_is_touched()
    {
        string[] mine = ["updater.log.2026-11-18", "updater.log.2026-11-19", "updater.log.2026-11-20", "updater.log.2026-11-21"];
        string[] others = ["updater.log.2026-11-1", "updater.log.2026-13-01", "updater.log.2026-11-01.gz", "updater.log2026-11-01", "other.log.2026-11-01",
            "updater.log.1", "xupdater.log.2026-11-01", "updater.log.2026-11-01 ", "updater-log.2026-11-01"];
        foreach (string name in mine.Concat(others)) File.WriteAllText(scratch.File(name), "x");
        Directory.CreateDirectory(scratch.File("updater.log.2026-11-02"));

        using Log log = Open(keep: 3);
        log.Info("one");
        Assert.True(File.Exists(scratch.File(mine[0])), "nothing is removed without a rotation");
        clock.Advance(TimeSpan.FromDays(1));
        log.Info("two");

        string[] kept = ["updater.log", "updater.log.2026-11-22", mine[3], mine[2]];
        Assert.Equal(kept.Concat(others).Order(StringComparer.Ordinal),
            Directory.GetFiles(scratch.Path).Select(f => System.IO.Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.True(Directory.Exists(scratch.File("updater.log.2026-11-02")));
    }

    [Fact]
    public void Retention_0_keeps_all()
    {
        File.WriteAllText(Path + ".1999-01-01", "x");
        using Log log = Open(keep: 0);
        log.Info("one");
        clock.Advance(TimeSpan.FromDays(1));
        log.Info("two");
        Assert.True(File.Exists(Path + ".1999-01-01"));
    }

    [Fact]
    public void Logrotate_may_take_the_file_away()
    {
        using Log log = Open();
        log.Info("one");
        File.Move(Path, Path + ".1");
        log.Info("two, within the same second");
        clock.Advance(TimeSpan.FromSeconds(1));
        log.Info("three");
        File.Delete(Path);
        clock.Advance(TimeSpan.FromSeconds(1));
        log.Info("four");
        Assert.Equal(2, File.ReadAllLines(Path + ".1").Length);
        Assert.EndsWith("four", Assert.Single(File.ReadAllLines(Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void Logrotate_at_midnight_leaves_nothing_to_put_aside()
    {
        clock.Advance(TimeSpan.FromSeconds(59.6));
        using Log log = Open();
        log.Info("one");
        File.Move(Path, Path + ".1");
        File.WriteAllText(Path, "");
        clock.Advance(TimeSpan.FromSeconds(0.5));
        log.Info("two");
        Assert.EndsWith("two", Assert.Single(File.ReadAllLines(Path)), StringComparison.Ordinal);
        Assert.False(File.Exists(Path + ".2026-11-22"));
    }

    [Fact]
    public void A_clock_that_steps_back_rotates_nothing()
    {
        File.WriteAllText(Path, "from the future\n");
        File.SetLastWriteTimeUtc(Path, new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        using Log log = Open();
        log.Info("now");
        Assert.Equal(2, File.ReadAllLines(Path).Length);
        Assert.Single(Directory.GetFiles(scratch.Path));
    }

    [Fact]
    public void A_path_that_cannot_be_written_is_said_once_and_the_log_goes_on_at_stderr()
    {
        string path = scratch.File("missing/updater.log");
        using Log log = Open(path);
        Assert.Equal($"log file {path} cannot be written: No such file or directory", log.Probe());
        log.Info("one");
        log.Info("two");
        Assert.Equal(
            [
                $"2026-11-22T23:59:00Z error   log file {path} cannot be written: No such file or directory; the log goes on here",
                "2026-11-22T23:59:00Z info    one",
                "2026-11-22T23:59:00Z info    two",
            ],
            error.EndLines());
    }

    [Fact]
    public void A_pipe_without_a_reader_does_not_hang()
    {
        Run("mkfifo", Path);
        using Log log = Open();
        Assert.Contains("cannot write", log.Probe(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_loses_no_line_and_glues_none_together()
    {
        string mount = scratch.File("tiny");
        Directory.CreateDirectory(mount);
        Run("mount", "-t", "tmpfs", "-o", "size=16k", "none", mount);
        try
        {
            string path = System.IO.Path.Combine(mount, "updater.log");
            using Log log = Open(path);
            for (int i = 0; i < 300; i++) log.Info($"line {i:000} " + new string('x', 90));
            Assert.Equal($"log file {path} cannot be written: No space left on device", log.WriteError);

            // Space comes back: the next line begins a line.
            string[] first = File.ReadAllLines(path);
            File.WriteAllText(path, first[0] + "\ntorn");
            Run("truncate", "-s", "500", path);
            log.Info("after");
            log.Dispose();

            string[] shown = error.EndLines();
            Assert.Single(shown, l => l.Contains("No space left", StringComparison.Ordinal));
            for (int i = 0; i < 300; i++)
                Assert.Single(shown.Concat(first), l => l.Contains($"line {i:000} ", StringComparison.Ordinal) && l.EndsWith(new string('x', 90), StringComparison.Ordinal));
            Assert.Equal("2026-11-22T23:59:00Z info    after", File.ReadAllLines(path)[^1]);
        }
        finally
        {
            Run("umount", "-l", mount);
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} failed (these tests run as root): {said}");
    }
}
