using System.Text;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Tests.Configuration;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class IniFileTests : IDisposable
{
    private readonly ConfigurationSandbox box = new();

    [Fact]
    public void Windows_line_ends_and_a_byte_order_mark_do_no_harm() =>
        Assert.Equal("web", box.Good("\uFEFF[lock]\r\nservice = file\r\nname = web\r\n").Lock.Name);

    [Fact]
    public void Lines_are_counted_whatever_ends_them() =>
        Assert.StartsWith("config.ini:5: [lock] wait:", Assert.Single(box.Errors("[lock]\r\nservice = file\rname = web\n\nwait = perhaps")), StringComparison.Ordinal);

    [Fact]
    public void Quotes_comments_and_repeated_sections_are_read_as_the_package_reads_them()
    {
        UpdaterSettings s = box.Good("; one\n# two\n// three\n[ lock ]\nservice = \"file\"\n[log]\nlevel = debug\n[LOCK]\n NAME = web\nholder=a=b\n");
        Assert.Equal(("web", "a=b", LogLevel.Debug), (s.Lock.Name, s.Lock.Holder, s.Log.Level));
    }

    [Theory]
    [InlineData("[file]\ndirectory = /locks # shared\n", "[file] directory: '/locks # shared' holds a comment")]
    [InlineData("wait_max = 60s ; a minute\n", "is not a duration: write 90, 90s, 15m, 4h, 2d or 1h30m; a comment must stand on a line of its own")]
    [InlineData("[reboot]\ncommand = /sbin/reboot # now\n", "unquoted #")]
    public void A_comment_after_a_value_is_part_of_the_value_and_found(string text, string complaint) =>
        Assert.Contains(complaint, Assert.Single(box.Errors(ConfigurationSandbox.Minimal + text)), StringComparison.Ordinal);

    [Theory]
    [InlineData("[lock] ; comment", "config.ini:4: a section header ends with ]")]
    [InlineData("[]", "config.ini:4: the section has no name")]
    [InlineData("[a:b]\nc = d", "config.ini:4: a section's name holds no colon")]
    [InlineData("holder: x = y", "config.ini:4: [lock] a key holds no colon")]
    [InlineData("= x", "config.ini:4: there is no key before =")]
    [InlineData("wait", "config.ini:4: the line is neither")]
    [InlineData("holder = a\0b", "config.ini:4: the line holds the control character U+0000")]
    [InlineData("holder = a\u001bb", "config.ini:4: the line holds the control character U+001B")]
    [InlineData("\uFEFFholder = b", "config.ini:4: the line holds the control character U+FEFF")]
    [InlineData("holder = \"a\" \"b\"", "config.ini:4: [lock] holder: the value begins and ends with \"")]
    [InlineData("NAME = web", "config.ini:4: [lock] NAME: is set a second time, first in line 3")]
    public void A_line_that_is_wrong_is_named_alone(string line, string complaint) =>
        Assert.StartsWith(complaint, Assert.Single(box.Errors(ConfigurationSandbox.Minimal + line + "\n")), StringComparison.Ordinal);

    [Fact]
    public void A_malformed_line_is_not_repeated_since_it_may_hold_a_secret() =>
        Assert.DoesNotContain("hunter2", Assert.Single(box.Errors(ConfigurationSandbox.Minimal + "secret hunter2\n")), StringComparison.Ordinal);

    [Fact]
    public void A_line_that_begins_with_a_slash_is_a_comment_and_said_to_be_one()
    {
        LoadedConfiguration loaded = box.Load(ConfigurationSandbox.Minimal + "/etc/x = y\n");
        Assert.NotNull(loaded.Settings);
        Assert.Contains("config.ini:4: the line begins with / and is read as a comment", Assert.Single(loaded.Complaints).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Invalid_utf8_is_found_in_its_line()
    {
        box.Write("config.ini", [.. Encoding.UTF8.GetBytes(ConfigurationSandbox.Minimal + "holder = "), 0xC3, 0x28, (byte)'\n', .. "wait = x\n"u8]);
        string[] errors = box.Errors();
        Assert.Equal(2, errors.Length);
        Assert.StartsWith("config.ini:4: the line is not valid UTF-8", errors[0], StringComparison.Ordinal);
        Assert.StartsWith("config.ini:5: [lock] wait", errors[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Utf16_is_refused()
    {
        box.Write("config.ini", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(ConfigurationSandbox.Minimal)]);
        Assert.Contains("config.ini:1: the line is not valid UTF-8", box.Errors()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void An_overlong_line_is_refused() =>
        Assert.Contains("config.ini:4: the line is longer than 8192 bytes",
            Assert.Single(box.Errors(ConfigurationSandbox.Minimal + "holder = " + new string('x', 9000) + "\n")), StringComparison.Ordinal);

    [Fact]
    public void Rubbish_does_not_flood_the_log()
    {
        string[] errors = box.Errors(ConfigurationSandbox.Minimal + string.Concat(Enumerable.Repeat("rubbish\n", 100_000)));
        Assert.Equal(51, errors.Length);
        Assert.Equal("config.ini:100003: 99950 more lines are wrong: is this an INI file?", errors[^1]);
    }

    [Fact]
    public void Names_from_the_file_cannot_break_the_lines_of_a_log()
    {
        LoadedConfiguration loaded = box.Load(ConfigurationSandbox.Minimal + "ke\u202Ey\u2028 = x\n");
        Assert.Contains("[lock] ke\\u202ey:", Assert.Single(loaded.Complaints).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_an_error() =>
        Assert.Equal(["config.ini: does not exist: create it, or name another with --config"], box.Errors());

    [Fact]
    public void A_file_of_more_than_a_megabyte_is_refused() =>
        Assert.Contains("config.ini: is larger than 1024 KiB", box.Errors(new string('#', 1024 * 1024 + 1))[0], StringComparison.Ordinal);

    [Fact]
    public void A_directory_is_refused()
    {
        Directory.CreateDirectory(box.Main);
        Assert.Contains("config.ini: is a directory", box.Errors()[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    public void A_device_is_refused(string device)
    {
        File.CreateSymbolicLink(box.Main, device);
        Assert.Contains("config.ini: is a device", box.Errors()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_fifo_is_refused_and_not_waited_for()
    {
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", box.Main))
            mkfifo.WaitForExit();
        Assert.Contains("config.ini: is a FIFO", box.Errors()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_that_leads_back_to_itself_is_refused()
    {
        File.CreateSymbolicLink(box.Main, box.Main);
        Assert.Contains("a link leads back to itself", box.Errors()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_through_a_file_is_refused()
    {
        string file = box.Write("plain", "");
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { File = file + "/config.ini" });
        Assert.Contains("a part of its path is not a directory", loaded.Complaints[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_a_size_is_read_to_its_end()
    {
        FileContent content = TrustedFile.Read("/proc/self/status", 1024 * 1024);
        Assert.Contains("VmRSS", Encoding.UTF8.GetString(Assert.IsType<FileContent.Read>(content).Bytes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0b110_110_100, "(mode 0664)")]
    [InlineData(0b110_100_110, "(mode 0646)")]
    public void A_file_that_others_can_write_is_refused(int mode, string text)
    {
        box.Write("config.ini", ConfigurationSandbox.Minimal);
        File.SetUnixFileMode(box.Main, (UnixFileMode)mode);
        string error = Assert.Single(box.Errors());
        Assert.StartsWith("config.ini: is writable by group or others", error, StringComparison.Ordinal);
        Assert.Contains(text, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_another_user_is_refused()
    {
        box.Write("config.ini", ConfigurationSandbox.Minimal);
        using (var chown = System.Diagnostics.Process.Start("chown", ["1234", box.Main]))
            chown.WaitForExit();
        Assert.StartsWith("config.ini: belongs to user 1234", Assert.Single(box.Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_process_cannot_keep_the_file_from_being_read()
    {
        box.Write("config.ini", ConfigurationSandbox.Minimal);
        using FileStream locked = new(box.Main, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.Equal("web", box.Good().Lock.Name);
    }

    public void Dispose() => box.Dispose();
}
