using DlmUpdater.Host;
using DlmUpdater.Tests.Logging;

namespace DlmUpdater.Tests.Host;

public class TerminalTests
{
    [Fact]
    public void A_terminal_is_told_from_a_pipe_and_a_closed_descriptor()
    {
        using var terminal = new PseudoTerminal(132);
        using var pipe = new Captured();
        Assert.True(Terminal.IsTerminal(terminal.Fd));
        Assert.False(Terminal.IsTerminal(pipe.Fd));
        Assert.False(Terminal.IsTerminal(-1));
        Assert.Equal(132, Terminal.Columns(terminal.Fd));
        Assert.Equal(Terminal.UsualColumns, Terminal.Columns(pipe.Fd));
    }

    [Fact]
    public void A_terminal_that_does_not_know_its_width_gets_the_usual_one()
    {
        using var terminal = new PseudoTerminal(0);
        Assert.Equal(Terminal.UsualColumns, Terminal.Columns(terminal.Fd));
    }
}
