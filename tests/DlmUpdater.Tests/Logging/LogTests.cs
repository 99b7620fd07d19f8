using System.Text.Json;
using DlmUpdater.Core.Settings;
using DlmUpdater.Logging;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Logging;

public class LogTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 20, 30, 50, 123, TimeSpan.Zero);

    private static string[] Lines(ErrorReader reader, Action<Log> say, LogSettings? settings = null, params string[] secrets)
    {
        using var pipe = new Captured();
        using var log = new Log(settings ?? new LogSettings(), new Redactor(secrets), new StandardError(pipe.Fd, reader), new FakeTimeProvider(Now));
        say(log);
        return pipe.EndLines();
    }

    [Fact]
    public void A_pipe_gets_full_lines() => Assert.Equal(
        [
            "2026-11-22T20:30:50Z info    pre_update/10-drain: done in 0.3s",
            "2026-11-22T20:30:50Z info    pre_update/10-drain> drained",
            "2026-11-22T20:30:50Z warning pre_update: careful",
            "2026-11-22T20:30:50Z error   broken",
        ],
        Lines(ErrorReader.Pipe, log =>
        {
            log.Info("done in 0.3s", "pre_update", "10-drain");
            log.Script("pre_update", "10-drain", "drained");
            log.Warning("careful", "pre_update");
            log.Error("broken");
            log.Debug("not at this level");
        }));

    [Fact]
    public void The_journal_gets_the_level_in_front_and_no_time() => Assert.Equal(
        ["<7>d", "<6>update: i", "<4>w", "<3>e", """<6>{"time":"2026-11-22T20:30:50.123Z","level":"info","message":"j"}"""],
        [
            .. Lines(ErrorReader.Journal, log =>
            {
                log.Debug("d");
                log.Info("i", "update");
                log.Warning("w");
                log.Error("e");
            }, new LogSettings { Level = LogLevel.Debug }),
            .. Lines(ErrorReader.Journal, log => log.Info("j"), new LogSettings { Format = LogFormat.Json }),
        ]);

    [Fact]
    public void Only_what_is_grave_enough_is_logged_but_the_end_always_is() => Assert.Equal(
        ["2026-11-22T20:30:50Z error   e", "2026-11-22T20:30:50Z warning lock_get: the lock is busy"],
        Lines(ErrorReader.Pipe, log =>
        {
            log.Info("i");
            log.Warning("w");
            log.Error("e");
            log.Final(LogLevel.Warning, "the lock is busy", "lock_get");
        }, new LogSettings { Level = LogLevel.Error }));

    [Theory]
    [InlineData("one\ntwo\r\nthree\n", "one | two | three")]
    [InlineData("10%\r20%\r100%\r", "10% | 20% | 100%")]
    [InlineData("\e[32mgreen\e[0m and \e[1;38:5:9mred\e[m", "green and red")]
    [InlineData("\e[2J\e]0;title\a", "\\x1b[2J\\x1b]0;title\\x07")]
    [InlineData("a\u0085b\u2028c\u2029d\ve\ff\0", "a\\x85b\\u2028c\\u2029d\\x0be\\x0cf\\x00")]
    [InlineData("\u202egnp.exe", "\\u202egnp.exe")]
    [InlineData("tab\tstays, so does ü and 漢", "tab\tstays, so does ü and 漢")]
    [InlineData("", "")]
    public void A_message_is_one_line_that_steers_nothing(string message, string shown) => Assert.Equal(
        ["2026-11-22T20:30:50Z info    update/20-apt> " + shown],
        Lines(ErrorReader.Pipe, log => log.Script("update", "20-apt", message)));

    [Fact]
    public void Half_a_pair_is_replaced() =>
        Assert.Equal(["<6>half \ufffd a pair \ufffd"], Lines(ErrorReader.Journal, log => log.Info("half \ud800 a pair \udc00")));

    [Fact]
    public void Nothing_that_a_script_prints_or_is_called_forges_a_line()
    {
        const string forged = "2026-11-22T20:30:50Z info    update/20-apt: done in 0.3s";
        foreach (ErrorReader reader in Enum.GetValues<ErrorReader>())
        {
            string[] lines = Lines(reader, log =>
            {
                foreach (string end in (string[])["\n", "\r", "\r\n", "\v", "\f", "\u0085", "\u2028", "\e[1A\e[2K", "\0", "\b\b\b\b"])
                {
                    log.Script("update", "20-apt", "x" + end + forged);
                    log.Script("update", "20-apt", "x" + end + "<3>forged");
                    log.Script("update", "20" + end + forged, "x");
                    log.Script("update", "20-apt", forged);
                }
            });
            Assert.Equal(40, lines.Length);
            Assert.DoesNotContain(lines, l => l.StartsWith(forged, StringComparison.Ordinal) || l.StartsWith("<3>", StringComparison.Ordinal));
            Assert.All(lines, l => Assert.DoesNotContain(l, c => char.IsControl(c) || c == '\u2028'));
            Assert.Equal(30, lines.Count(l => l.Contains("update/20-apt> ", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData(LogFormat.Text)]
    [InlineData(LogFormat.Json)]
    public void The_longest_line_fits_into_one_entry_of_the_journal(LogFormat format)
    {
        foreach (char c in "x\x01\u202e\ud800漢\n\"")
        {
            string[] lines = Lines(ErrorReader.Journal, log => log.Script("pre_update", new string('\x01', 255), new string(c, 100_000) + "x"),
                new LogSettings { Format = format });
            string line = Assert.Single(lines);
            Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(line), LogText.Longest, 48 * 1024);
            Assert.Contains("more characters", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Secrets_are_hidden_in_every_kind_of_line_and_format()
    {
        const string secret = "p\"w\\ß<d";
        foreach (LogFormat format in Enum.GetValues<LogFormat>())
        {
            string[] lines = Lines(ErrorReader.Pipe, log =>
            {
                log.Script("update", "20-apt", "token=" + secret);
                log.Script("update", "20-apt", "token=p\"w\e[0m\\ß<d");
                log.Script("update", "20-apt", JsonSerializer.Serialize(secret));
                log.Error("refused: " + secret);
                log.Final(LogLevel.Error, "refused: " + secret);
                log.Script("update", "20-apt", new string('x', LogText.Longest - 4) + secret);
            }, new LogSettings { Format = format }, secret);
            Assert.Equal(6, lines.Length);
            Assert.All(lines, l => Assert.Contains("***", l, StringComparison.Ordinal));
            Assert.All(lines, l => Assert.DoesNotContain("<d", l.Replace("\\u003C", "<", StringComparison.OrdinalIgnoreCase), StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_json_line_parses_and_says_what_was_said()
    {
        var dice = new Random(20261122);
        var said = new List<string>();
        string[] lines = Lines(ErrorReader.Pipe, log =>
        {
            log.RunId = "r\"1";
            for (int i = 0; i < 10_000; i++)
            {
                char[] any = new char[dice.Next(0, 40)];
                for (int j = 0; j < any.Length; j++)
                    any[j] = (char)(dice.Next(4) switch { 0 => dice.Next(0x20), 1 => dice.Next(0x20, 0x100), 2 => dice.Next(0xd700, 0xe100), _ => dice.Next(0x10000) });
                string message = new(any);
                said.Add(message);
                log.Script("update", message, message);
            }
        }, new LogSettings { Format = LogFormat.Json });

        Assert.Equal(said.Count, lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            using JsonDocument json = JsonDocument.Parse(lines[i]);
            JsonElement o = json.RootElement;
            Assert.Equal(Whole(LogText.Plain(said[i])), o.GetProperty("message").GetString());
            Assert.Equal(Whole(said[i]), o.GetProperty("script").GetString());
            Assert.Equal("2026-11-22T20:30:50.123Z", o.GetProperty("time").GetString());
            Assert.Equal(("info", "update", "r\"1", true), (o.GetProperty("level").GetString(), o.GetProperty("phase").GetString(),
                o.GetProperty("run_id").GetString(), o.GetProperty("output").GetBoolean()));
        }

        static string Whole(string text) => string.Concat(text.EnumerateRunes());
    }

    [Fact]
    public void Lines_of_several_threads_are_never_mixed()
    {
        string[] lines = Lines(ErrorReader.Pipe, log => Parallel.For(0, 8, i =>
        {
            for (int j = 0; j < 500; j++) log.Script("update", $"{i}", new string((char)('a' + i), 200));
        }));
        Assert.Equal(4000, lines.Length);
        Assert.All(lines, l => Assert.Matches("^2026-11-22T20:30:50Z info    update/[0-7]> (a{200}|b{200}|c{200}|d{200}|e{200}|f{200}|g{200}|h{200})$", l));
    }

    [Fact]
    public void A_reader_that_is_gone_stops_nothing()
    {
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.In);
        int fd = (int)pipe.ClientSafePipeHandle.DangerousGetHandle();
        pipe.SafePipeHandle.Dispose();
        using var log = new Log(new LogSettings(), Redactor.None, new StandardError(fd, ErrorReader.Pipe), new FakeTimeProvider(Now));
        log.Error("nobody hears this");
        Assert.Null(log.WriteError);
    }
}
