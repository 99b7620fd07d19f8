using DlmUpdater.Configuration;

namespace DlmUpdater.Tests.Configuration;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class DropInTests : IDisposable
{
    private readonly ConfigurationSandbox box = new();

    private string[] Dirs => [box.Directory + "/usr", box.Directory + "/etc", box.Directory + "/run"];

    private static string Holder(string value) => $"[lock]\nholder = {value}\n";

    private LoadedConfiguration Load() => box.Load(ConfigurationSandbox.Minimal, strict: true, dropIns: Dirs);

    private string[] Names(LoadedConfiguration loaded) => [.. loaded.Files.Select(f => f[(box.Directory.Length + 1)..])];

    [Fact]
    public void Names_are_ordered_by_bytes_over_all_directories()
    {
        box.Write("run/10.ini", Holder("run"));
        box.Write("etc/9.ini", Holder("etc"));
        box.Write("usr/a.ini", Holder("a"));
        box.Write("usr/B.ini", Holder("b"));
        box.Write("usr/\U0001F600.ini", Holder("astral"));
        box.Write("usr/\uFB00.ini", Holder("ligature"));

        LoadedConfiguration loaded = Load();

        Assert.Equal(["config.ini", "run/10.ini", "etc/9.ini", "usr/B.ini", "usr/a.ini", "usr/\uFB00.ini", "usr/\U0001F600.ini"], Names(loaded));
        Assert.Equal("astral", loaded.Settings!.Lock.Holder);
    }

    [Fact]
    public void Of_the_same_name_the_later_directory_wins()
    {
        box.Write("usr/10.ini", Holder("usr"));
        box.Write("etc/10.ini", Holder("etc"));
        Assert.Equal("etc", Load().Settings!.Lock.Holder);

        box.Write("run/10.ini", "");
        LoadedConfiguration loaded = Load();
        Assert.Equal(["config.ini", "run/10.ini"], Names(loaded));
        Assert.Null(loaded.Settings!.Lock.Holder);
    }

    [Fact]
    public void A_link_to_dev_null_masks()
    {
        box.Write("usr/10.ini", Holder("usr"));
        Directory.CreateDirectory(Dirs[1]);
        File.CreateSymbolicLink(Dirs[1] + "/10.ini", "/dev/null");

        LoadedConfiguration loaded = Load();

        Assert.Empty(loaded.Complaints);
        Assert.Equal(["config.ini"], Names(loaded));
        Assert.Null(loaded.Settings!.Lock.Holder);
    }

    [Fact]
    public void Only_ini_files_that_are_not_hidden_count()
    {
        foreach (string name in new[] { "10.ini~", "10.ini.rpmnew", ".10.ini", ".#10.ini", "10.INI", "README" })
            box.Write("etc/" + name, "rubbish");
        Assert.Equal(["config.ini"], Names(Load()));
    }

    [Fact]
    public void A_drop_in_that_cannot_be_used_is_an_error()
    {
        Directory.CreateDirectory(Dirs[1] + "/10.ini");
        File.CreateSymbolicLink(Dirs[1] + "/20.ini", "/nowhere");
        box.Write("etc/30.ini", "[lock]\nwait = x\n");

        Assert.Equal(
            [
                "etc/10.ini: is a directory, not a file",
                "etc/20.ini: is a link to a file that does not exist: remove it, or link it to /dev/null to mask the file of the same name",
                "etc/30.ini:2: [lock] wait: 'x' is neither true nor false",
            ],
            Load().Complaints.Select(box.Relative));
    }

    [Fact]
    public void A_directory_that_cannot_be_looked_at_is_an_error_and_not_an_empty_one()
    {
        File.CreateSymbolicLink(Dirs[1], Dirs[1]);
        Assert.StartsWith("etc: cannot be read: ", box.Relative(Load().Complaints.Single()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_elsewhere_takes_only_the_drop_ins_beside_it()
    {
        box.Write("config.d/10.ini", Holder("beside"));
        Assert.Equal("beside", box.Good(ConfigurationSandbox.Minimal).Lock.Holder);
        Assert.Equal(
            ["/usr/lib/dlm-updater/config.d", "/etc/dlm-updater/config.d", "/run/dlm-updater/config.d"],
            ConfigurationRequest.DefaultDropInDirectories);
    }

    public void Dispose() => box.Dispose();
}
