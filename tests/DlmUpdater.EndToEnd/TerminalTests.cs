using System.Text;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>A run on a terminal: a live line while it runs, and nothing left of it.</summary>
public sealed class TerminalTests
{
    [Fact]
    public void A_live_line_shows_the_script_and_leaves_no_residue()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "echo half a line\nsleep 1.2");
        string command = $"stty cols 80 2> /dev/null; TERM=xterm-256color {Binary.Path} run --config {host.Config}";

        Ended ended = Agent.Call(new StartAs { Executable = "/usr/bin/script" }, "-qec", command, "/dev/null");

        Assert.Equal(0, ended.Code);
        Assert.Contains("[1/2]", ended.Output, StringComparison.Ordinal);
        Assert.Contains("\e[K", ended.Output, StringComparison.Ordinal);
        string[] screen = Screen(ended.Output);
        Assert.DoesNotContain(screen, line => line.Contains("[1/2]", StringComparison.Ordinal) || line.Contains('\e') || line.Contains('\r'));
        Assert.Contains("update/10-fetch> half a line", screen);
        Assert.Equal("", screen[^1]);
    }

    [Fact]
    public void An_upgrade_shows_number_name_and_running_time_of_its_script_and_leaves_no_residue()
    {
        using var host = new UpgradeHost();
        host.Once("0010_a", "sleep 1.2").Once("0020_b");
        string command = $"stty cols 80 2> /dev/null; TERM=xterm-256color {Binary.Path} {string.Join(' ', host.Words("-y"))}";

        Ended ended = Agent.Call(new StartAs { Executable = "/usr/bin/script" }, "-qec", command, "/dev/null").Expect(0);

        Assert.Contains("update  0010_a  [1/2]  1s", ended.Output, StringComparison.Ordinal);
        Assert.Contains("update  0020_b  [2/2]  0s", ended.Output, StringComparison.Ordinal);
        string[] screen = Screen(ended.Output);
        Assert.DoesNotContain(screen, line => line.Contains("/2]", StringComparison.Ordinal) || line.Contains('\e') || line.Contains('\r') || line.Trim() == "0s");
        Assert.StartsWith("the upgrade is done: 2 scripts", screen[^2], StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_capable_terminal_nothing_is_drawn()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);

        Ended dumb = Agent.Call(new StartAs { Executable = "/usr/bin/script" }, "-qec", $"TERM=dumb NO_COLOR=1 {Binary.Path} run --config {host.Config}", "/dev/null");

        Assert.Equal(0, dumb.Code);
        Assert.DoesNotContain("\e", dumb.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_pipe_every_line_is_whole_and_stamped()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);

        Ended ended = Agent.Run(host, "run").Expect(0);

        Assert.Equal("", ended.Output);
        Assert.All(ended.ErrorLines, line => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (info|warning|error) ", line));
    }

    /// <summary>What stands on the screen in the end: carriage return, erase to the end of the line, colours.</summary>
    private static string[] Screen(string output)
    {
        var lines = new List<StringBuilder> { new() };
        int column = 0;
        for (int i = 0; i < output.Length; i++)
        {
            StringBuilder line = lines[^1];
            switch (output[i])
            {
                case '\r':
                    column = 0;
                    break;
                case '\n':
                    lines.Add(new StringBuilder());
                    column = 0;
                    break;
                case '\e' when i + 1 < output.Length && output[i + 1] == '[':
                    int end = i + 2;
                    while (!char.IsAsciiLetter(output[end])) end++;
                    if (output[end] == 'K') line.Length = Math.Min(line.Length, column);
                    i = end;
                    break;
                default:
                    while (line.Length <= column) line.Append(' ');
                    line[column++] = output[i];
                    break;
            }
        }

        return [.. lines.Select(line => line.ToString().TrimEnd())];
    }
}
