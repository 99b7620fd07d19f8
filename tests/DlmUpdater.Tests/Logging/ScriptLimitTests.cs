using DlmUpdater.Core.Settings;
using DlmUpdater.Logging;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Logging;

public sealed class ScriptLimitTests : IDisposable
{
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 11, 22, 23, 0, 0, TimeSpan.Zero));
    private readonly Captured pipe = new();

    public void Dispose() => pipe.Dispose();

    private Log Open(long? limit, ErrorReader reader = ErrorReader.Journal, LogLevel level = LogLevel.Info) =>
        new(new LogSettings { ScriptLimit = limit, Level = level }, Redactor.None, new StandardError(pipe.Fd, reader), clock);

    [Theory]
    [InlineData("Continue? [y/N] ")]
    [InlineData("")]
    [InlineData("änderungen übernehmen?")]
    public void A_script_that_asks_in_a_loop_is_logged_up_to_the_limit_and_what_is_missing_is_said(string prompt)
    {
        const int limit = 10_000, asked = 5000;
        using (Log log = Open(limit, ErrorReader.Pipe))
        {
            for (int i = 0; i < asked; i++) log.Script("update", "10-ask", prompt);
            log.EndOfScript("update", "10-ask");
            log.EndOfScript("update", "10-ask");
        }

        string all = pipe.End();
        string[] lines = all.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(all), limit / 2, limit * 3 / 2);
        int logged = lines.Count(l => l.EndsWith("> " + prompt, StringComparison.Ordinal));
        Assert.Equal(logged + 2, lines.Length);
        Assert.EndsWith("warning update/10-ask: has printed 9.8 KiB today; the rest is not logged ([log] script_limit)", lines[^2], StringComparison.Ordinal);
        Assert.Contains($"warning update/10-ask: {asked - logged} lines of its output (", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Each_script_has_its_own_limit_and_each_day_begins_anew()
    {
        using (Log log = Open(110))
        {
            log.Script("update", "10-a", new string('a', 60));
            log.Script("update", "20-b", new string('b', 60));
            log.Script("update", "10-a", "too much");
            clock.Advance(TimeSpan.FromHours(1));
            log.Script("update", "10-a", "a new day");
            log.Script("update", "20-b", "a new day");
        }

        Assert.Equal(
            [
                "<6>update/10-a> " + new string('a', 60),
                "<6>update/20-b> " + new string('b', 60),
                "<4>update/10-a: has printed 110 bytes today; the rest is not logged ([log] script_limit)",
                "<4>update/10-a: 1 line of its output (50 bytes) not logged ([log] script_limit)",
                "<6>update/10-a> a new day",
                "<6>update/20-b> a new day",
            ],
            pipe.EndLines());
    }

    [Fact]
    public void What_is_missing_at_the_end_of_the_process_is_said_too()
    {
        using (Log log = Open(10)) log.Script("on_failure", "10-tell", "too much");

        Assert.Contains("<4>on_failure/10-tell: 1 line ", pipe.End(), StringComparison.Ordinal);
    }

    [Fact]
    public void Off_logs_all()
    {
        using (Log log = Open(null))
        {
            for (int i = 0; i < 100; i++) log.Script("update", "10-a", "x");
        }

        Assert.Equal(100, pipe.EndLines().Length);
    }

    [Fact]
    public void What_is_not_logged_for_its_level_is_not_counted()
    {
        using (Log log = Open(10, level: LogLevel.Warning))
        {
            log.Script("update", "10-a", "too much for the limit");
            log.EndOfScript("update", "10-a");
        }

        Assert.Empty(pipe.EndLines());
    }
}
