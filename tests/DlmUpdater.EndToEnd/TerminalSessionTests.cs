using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Who may touch the terminal of an admin: no script, hook or notification command; but the command of <c>shield</c>.</summary>
public sealed class TerminalSessionTests
{
    /// <summary>Says which of the ways to a terminal are open, and pushes a line into each terminal that it finds.</summary>
    private const string Attack = """
        perl -e '
          sub try { my ($n, $fh) = @_; my $c; for $c (split //,
              "pushed\n") { return print "TIOCSTI on $n: $!\n" unless ioctl($fh, 0x5412, $c); } print "PUSHED through $n\n"; }
          if (open(my $tty, "+<", "/dev/tty")) { try("/dev/tty", $tty) } else { print "no terminal: $!\n" }
          try("stdin", *STDIN); try("stdout", *STDOUT); try("stderr", *STDERR);'
        """;

    [Theory]
    [InlineData("needs_update")]
    [InlineData("pre_update")]
    [InlineData("post_update")]
    [InlineData("ext_notify")]
    [InlineData("phase_hooks")]
    public void A_users_script_cannot_type_into_the_terminal_of_root(string stage)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string script = host.StageDirectory(stage) + "/50-attack";
        Sandbox.MakeDirectory(host.StageDirectory(stage));
        Write(script, "#!/bin/sh\n# dlm: user=nobody\n" + Attack + "\nexit 0\n");

        using var terminal = new Pty(
            $"{Binary.Path} run --config {host.Config}; echo \"run ended with $?\"; read -r -t 1 line; echo \"typed: [$line]\"");
        string screen = terminal.Close();

        Assert.Contains("run ended with 0\n", screen, StringComparison.Ordinal);
        Assert.Contains("no terminal: No such device or address", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("PUSHED", screen, StringComparison.Ordinal);
        Assert.Contains("typed: []\n", screen, StringComparison.Ordinal);
    }

    [Fact]
    public void The_reboot_command_and_the_notification_command_have_no_terminal_either()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        string seen = host.Root + "/marks/";
        Write(host.RebootCommand, $"#!/bin/sh\n{Attack} > {seen}reboot\n");
        Write(host.Root + "/notify", $"#!/bin/sh\n{Attack} > {seen}notify\ncat > /dev/null\n");
        host.Set("notify", "command", host.Root + "/notify");

        using var terminal = new Pty(
            $"{Binary.Path} run --config {host.Config}; echo \"run ended with $?\"; read -r -t 1 line; echo \"typed: [$line]\"");
        string screen = terminal.Close();

        Assert.Contains("run ended with 0\n", screen, StringComparison.Ordinal);
        Assert.Contains("typed: []\n", screen, StringComparison.Ordinal);
        foreach (string who in new[] { "reboot", "notify" })
        {
            Assert.Contains("no terminal: No such device or address", File.ReadAllText(seen + who), StringComparison.Ordinal);
            Assert.DoesNotContain("PUSHED", File.ReadAllText(seen + who), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_shielded_command_prompts_on_the_callers_terminal()
    {
        using var host = new Sandbox();
        using var terminal = new Pty($"{Binary.Path} shield --config {host.Config} -- sh -c 'printf \"keep the file? \"; read -r a; echo \"stdin $a\"; read -r b < /dev/tty; "
            + "echo \"terminal $b\"; test -t 0 && test -t 1 && test -t 2 && echo all; exit 3'; echo \"ended with $?\"");

        terminal.Expect("keep the file? ");
        terminal.Type("yes\n");
        terminal.Expect("stdin yes\n");
        terminal.Type("no\n");

        string screen = terminal.Close();
        Assert.Contains("terminal no\nall\nended with 3\n", screen, StringComparison.Ordinal);
        Assert.Empty(host.Holders);
    }

    [Theory]
    [InlineData("trap 'echo caught; exit 5' INT; ", "caught\nended with 5\n")]
    [InlineData("", "ended with 130\n")]
    public void Ctrl_C_ends_a_shielded_command_and_the_lock_is_released(string trap, string expected)
    {
        using var host = new Sandbox();
        Write(host.Root + "/work", $"#!/bin/sh\n{trap}echo ready; while :; do sleep 0.05; done\n");
        using var terminal = new Pty($"{Binary.Path} shield --config {host.Config} -- {host.Root}/work; echo \"ended with $?\"");
        terminal.Expect("ready");
        Assert.Equal(["host-1"], host.Holders);

        terminal.Type("\x03");

        Assert.EndsWith(expected, terminal.Close(), StringComparison.Ordinal);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void Ctrl_Z_stops_a_shielded_command_with_the_lock_and_fg_continues_it()
    {
        using var host = new Sandbox();
        Write(host.Root + "/work", "#!/bin/sh\necho \"ready $$\"\nread -r a\necho \"went on with $a\"\nexit 4\n");
        using var terminal = new Pty($"{Binary.Path} shield --config {host.Config} -- {host.Root}/work; echo \"stopped with $?\"; fg > /dev/null; echo \"ended with $?\"");
        terminal.Expect("ready");

        terminal.Type("\x1a");
        terminal.Expect("stopped with 148\n");
        Assert.Equal(["host-1"], host.Holders);
        terminal.Type("it\n");

        Assert.EndsWith("went on with it\nended with 4\n", terminal.Close(), StringComparison.Ordinal);
        Assert.Empty(host.Holders);
    }

    private static void Write(string path, string content)
    {
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, Sandbox.Executable);
    }
}
