using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>import</c>, from outside: what it says, what it writes, how it ends.</summary>
public sealed class ImportVerbTests : IDisposable
{
    private readonly Sandbox _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Write_replaces_the_packaged_file_that_sets_nothing_and_no_other()
    {
        string old = Write("update.conf", "REBOOT_STRATEGY=etcd-lock\nLOCKSMITHD_ENDPOINT=https://etcd.example.com:2379\n"), target = _host.Root + "/etc.ini";
        File.Copy(Binary.Source + "/src/dist/etc/config.ini", target);
        File.SetUnixFileMode(target, (UnixFileMode)0b110_100_100);

        Agent.Call("import", old, "--write", target).Expect(0);

        string written = File.ReadAllText(target);
        Assert.Contains("\nstrategy = lock\n", written, StringComparison.Ordinal);
        Assert.Contains("endpoints = https://etcd.example.com:2379", written, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(target));
        Agent.Call("plan", "--config", target);

        Ended again = Agent.Call("import", old, "--write", target).Expect(74);
        Assert.Contains("exists and is left alone", Assert.Single(again.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(written, File.ReadAllText(target));
    }

    [Theory]
    [InlineData("[broken\n")]
    [InlineData("[lock]\nname =\n")]
    [InlineData("[lock]\nnmae = x\n")]
    [InlineData("[band mine]\n")]
    public void Write_leaves_a_file_alone_that_means_something_even_if_it_is_wrong(string content)
    {
        string old = Write("update.conf", "REBOOT_STRATEGY=reboot\n"), target = Write("etc.ini", content);
        Agent.Call("import", old, "--write", target).Expect(74);
        Assert.Equal(content, File.ReadAllText(target));
    }

    [Theory]
    [InlineData("REBOOT_STRATEGY=reboot\nREBOOT_WINDOW_START=\"Thursday 04:00\"\nREBOOT_WINDOW_LENGTH=1h\n", 2, "REBOOT_WINDOW_START")]
    [InlineData("REBOOT_STRATEGY=reboot\nREBOOT_WINDOW_START=04:00\n", 2, "REBOOT_WINDOW_START")]
    [InlineData("REBOOT_STRATEGY=reboot # at once\n", 1, "REBOOT_STRATEGY")]
    public void What_cannot_be_taken_over_ends_with_78_names_the_line_and_makes_the_output_unusable(string content, int line, string key)
    {
        string old = Write("update.conf", content);

        Ended ended = Agent.Call("import", old).Expect(78);

        Assert.StartsWith($"dlm-updater: {old}:{line}: {key}: ", ended.ErrorLines[0], StringComparison.Ordinal);
        string redirected = Write("redirected.ini", ended.Output);
        Agent.Call("run", "--config", redirected).Expect(78);
    }

    [Fact]
    public void A_window_of_a_whole_day_is_always()
    {
        string old = Write("update.conf", "REBOOT_STRATEGY=reboot\nREBOOT_WINDOW_START=4:00\nREBOOT_WINDOW_LENGTH=24h\n");
        Assert.Contains("\nwindow = always\n", Agent.Call("import", old).Expect(0).Output, StringComparison.Ordinal);
    }

    private string Write(string name, string content)
    {
        string path = $"{_host.Root}/{name}";
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
