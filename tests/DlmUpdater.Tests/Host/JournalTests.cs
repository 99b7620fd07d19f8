using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Logging;

namespace DlmUpdater.Tests.Host;

public class JournalTests
{
    /// <summary>As systemd would set it: device and inode by another program's word.</summary>
    private static string Stream(int fd)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{fd}");
        using Process stat = Process.Start(new ProcessStartInfo("stat", ["-L", "-c", "%d:%i", path]) { RedirectStandardOutput = true })!;
        string answer = stat.StandardOutput.ReadToEnd().Trim();
        stat.WaitForExit();
        return answer;
    }

    [Fact]
    public void Stderr_is_the_journal_only_if_device_and_inode_are_the_named_ones()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using FileStream file = File.OpenRead("/bin/sh");
        foreach (int fd in (int[])[(int)socket.Handle, (int)file.SafeFileHandle.DangerousGetHandle()])
        {
            string stream = Stream(fd);
            Assert.Matches("^[0-9]+:[0-9]+$", stream);
            Assert.True(Journal.IsStream(stream, fd));
            Assert.False(Journal.IsStream("1" + stream, fd));
            Assert.False(Journal.IsStream(stream + "1", fd));
            Assert.Equal(ErrorReader.Journal, StandardError.Detect(LogTarget.Auto, _ => stream, fd).Reader);
            Assert.Equal(ErrorReader.Pipe, StandardError.Detect(LogTarget.Stderr, _ => stream, fd).Reader);
        }

        Assert.False(Journal.IsStream(Stream((int)socket.Handle), (int)file.SafeFileHandle.DangerousGetHandle()));
        Assert.False(Journal.IsStream("1:1", -1));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("8")]
    [InlineData("8:")]
    [InlineData(":8")]
    [InlineData("-1:8")]
    [InlineData("8:8:8")]
    [InlineData("99999999999999999999:1")]
    public void A_variable_that_says_nothing_names_nothing(string? stream) => Assert.False(Journal.IsStream(stream, 0));
}
