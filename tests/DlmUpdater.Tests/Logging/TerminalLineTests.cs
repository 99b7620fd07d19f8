using DlmUpdater.Core.Settings;
using DlmUpdater.Logging;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Logging;

public class TerminalLineTests
{
    private static StandardError Detect(PseudoTerminal terminal, string? term = "xterm", string? noColour = null) => StandardError.Detect(
        LogTarget.Auto, name => name switch { "TERM" => term, "NO_COLOR" => noColour, _ => null }, terminal.Fd);

    private static Log Open(StandardError error) => new(new LogSettings(), Redactor.None, error, new FakeTimeProvider());

    [Fact]
    public void The_live_line_leaves_nothing_behind_and_stays_below_the_log()
    {
        using var terminal = new PseudoTerminal(80);
        StandardError error = Detect(terminal, noColour: "1");
        using Log log = Open(error);
        error.Line!.Show("update  20-a-rather-long-name-of-a-script", "  [2/5]  1m 32s");
        log.Script("update", "20", "short");
        error.Line.Show("update  20", "  [2/5]  1m 33s");
        log.Warning("careful", "update");
        Screen screen = new Screen(80).Feed(terminal.Written());
        Assert.Equal(["update/20> short", "warning: update: careful", "update  20  [2/5]  1m 33s"], screen.Rows);

        log.Info("done");
        log.Dispose();
        screen.Feed(terminal.Written());
        Assert.Equal(["update/20> short", "warning: update: careful", "done", ""], screen.Rows);
        Assert.Empty(screen.Wrapped);
    }

    [Fact]
    public void The_live_line_never_wraps_however_narrow_and_whatever_the_name()
    {
        foreach (string name in (string[])["20-apt", new('x', 300), "20-\e[31m\n\t-apt", "20-漢字漢字漢字漢字漢字漢字漢字"])
        {
            for (int columns = 1; columns < 60; columns++)
            {
                using var terminal = new PseudoTerminal(columns);
                TerminalLine line = Detect(terminal).Line!;
                line.Show("update  " + name, "  [2/5]  1m 32s");
                line.Print("log\n"u8, _ => []);
                string written = terminal.Written();

                // A wide character takes two columns of a real terminal.
                written = string.Concat(written.Select(c => c > '\x7f' ? "ww" : c.ToString()));
                Screen screen = new Screen(columns).Feed(written.Replace("log", "l", StringComparison.Ordinal));
                Assert.Empty(screen.Wrapped);
                Assert.InRange(screen.Rows.Length, 1, 2);
                if (columns > 16) Assert.EndsWith("  [2/5]  1m 32s", screen.Rows[^1], StringComparison.Ordinal);
                line.Erase();
                Assert.Equal("", screen.Feed(terminal.Written()).Rows[^1]);
            }
        }
    }

    [Fact]
    public void A_changed_window_is_noticed()
    {
        using var terminal = new PseudoTerminal(80);
        TerminalLine line = Detect(terminal).Line!;
        line.Show(new string('x', 200), "");
        Assert.Equal(79, new Screen(80).Feed(terminal.Written()).Rows[0].Length);
        terminal.Resize(40);
        line.Show(new string('x', 200), "");
        Assert.Equal(39, new Screen(80).Feed(terminal.Written()).Rows[0].Length);
    }

    [Fact]
    public void The_same_line_is_not_drawn_twice()
    {
        using var terminal = new PseudoTerminal(80);
        TerminalLine line = Detect(terminal).Line!;
        line.Show("update", "  3s");
        Assert.NotEqual("", terminal.Written());
        line.Show("update", "  3s");
        Assert.Equal("", terminal.Written());
        line.Erase();
        _ = terminal.Written();
        line.Erase();
        Assert.Equal("", terminal.Written());
    }

    [Theory]
    [InlineData("xterm", null, "\e[1;31merror: broken\e[0m\r\n")]
    [InlineData("xterm", "1", "error: broken\r\n")]
    [InlineData("xterm", "", "\e[1;31merror: broken\e[0m\r\n")]
    [InlineData("dumb", null, "error: broken\r\n")]
    [InlineData(null, null, "error: broken\r\n")]
    public void Colours_only_where_they_are_wanted(string? term, string? noColour, string written)
    {
        using var terminal = new PseudoTerminal(80);
        StandardError error = Detect(terminal, term, noColour);
        using Log log = Open(error);
        log.Error("broken");
        Assert.Equal(written, terminal.Written());
        Assert.Equal(term == "xterm", error.Line is not null);
    }
}
