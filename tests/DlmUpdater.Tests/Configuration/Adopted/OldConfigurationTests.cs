using DlmUpdater.Configuration;
using DlmUpdater.Configuration.Adopted;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Tests.Configuration.Adopted;

/// <summary>A configuration of our own that sets nothing is replaced by the one that an older tool left.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class OldConfigurationTests : IDisposable
{
    private const string Foreman = "[main]\nlock_name = web\nforeman_url = https://foreman.example.com\n";
    private const string Engine = "main_api_lockname=web\nmain_api_endpoint=https://dlm.example.com/api/v2/\nmain_api_secretid=i\nmain_api_secret=s\n";

    private readonly ConfigurationSandbox _box = new();

    public void Dispose() => _box.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("# [lock]\n# service = file\n\n[main]\n")]
    public void Without_a_setting_of_our_own_the_old_file_stands_in_and_it_is_said(string? own)
    {
        if (own is not null) _box.Write("config.ini", own);
        string old = _box.Write("foreman_dlm_updater/config.ini", Foreman);
        LoadedConfiguration loaded = Load();
        Assert.Equal((LockServiceKind.Foreman, UntrustedRule.Skip), (loaded.Settings!.Lock.Service, loaded.Settings.Scripts.Untrusted));
        Assert.Equal($"{_box.Main} sets nothing: {old} of foreman_dlm_updater is used in its place", loaded.Notice);
        Assert.Equal([old], loaded.Files);
    }

    [Fact]
    public void One_setting_of_our_own_is_enough_to_leave_the_old_file_alone()
    {
        _box.Write("config.ini", ConfigurationSandbox.Minimal);
        _box.Write("foreman_dlm_updater/config.ini", Foreman);
        LoadedConfiguration loaded = Load();
        Assert.Equal((LockServiceKind.File, null), (loaded.Settings!.Lock.Service, loaded.Notice));
    }

    [Fact]
    public void A_drop_in_of_our_own_is_enough_too()
    {
        _box.Write("config.d/10.ini", ConfigurationSandbox.Minimal);
        _box.Write("foreman_dlm_updater/config.ini", Foreman);
        Assert.Null(Load().Settings);
    }

    [Fact]
    public void A_broken_configuration_of_our_own_is_an_error_and_never_replaced()
    {
        _box.Write("config.ini", "[lock]\nservice file\n");
        _box.Write("foreman_dlm_updater/config.ini", Foreman);
        LoadedConfiguration loaded = Load();
        Assert.Equal((null, null), (loaded.Settings, loaded.Notice));
    }

    [Fact]
    public void Of_two_old_tools_none_is_guessed()
    {
        string a = _box.Write("foreman_dlm_updater/config.ini", Foreman), b = _box.Write("dlm_engine_updater/.env", Engine);
        LoadedConfiguration loaded = Load();
        Assert.Null(loaded.Settings);
        Assert.Contains(loaded.Complaints, c => c.Text.Contains($"sets nothing, and there are {a} and {b}: name one with --config", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_one_tools_two_files_the_newer_form_counts()
    {
        string env = _box.Write("dlm_engine_updater/.env", Engine);
        _box.Write("dlm_engine_updater/config.ini", Foreman);
        Assert.Equal([env], Load().Files);
    }

    [Fact]
    public void Update_conf_stands_in_only_if_it_says_what_to_do()
    {
        string conf = _box.Write("flatcar/update.conf", "GROUP=stable\n");
        Assert.Null(Load().Settings);
        _box.Write("flatcar/update.conf", "GROUP=stable\nREBOOT_STRATEGY=etcd-lock\n");
        Assert.Equal([conf], Load().Files);
    }

    [Fact]
    public void An_explicit_old_file_is_read_as_it_stands_and_it_is_said()
    {
        string path = _box.Write("foreman_dlm_updater/config.ini", Foreman);
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { File = path });
        Assert.Equal($"{path} is the configuration of foreman_dlm_updater, and is read as it stands", loaded.Notice);
        Assert.Equal(UntrustedRule.Skip, loaded.Settings!.Scripts.Untrusted);
    }

    [Theory]
    [InlineData("/etc/foreman_dlm_updater/config.ini", "ForemanDlmUpdater")]
    [InlineData("/root/foreman_dlm_updater/test.ini", "ForemanDlmUpdater")]
    [InlineData("/etc/dlm_engine_updater/.env", "DlmEngineUpdater")]
    [InlineData("/root/.env", "DlmEngineUpdater")]
    [InlineData("/etc/dlm_engine_updater/config.ini", "DlmEngineUpdaterIni")]
    [InlineData("/root/.dlm_engine_cli.ini", "DlmEngineUpdaterIni")]
    [InlineData("/etc/flatcar/update.conf", "Locksmithd")]
    [InlineData("/usr/local/sbin/updatelock", "Updatelock")]
    [InlineData("/etc/dlm-updater/config.ini", "None")]
    public void Whose_file_it_is_is_told_by_its_name(string path, string tool) => Assert.Equal(tool, OldTools.Of(path).ToString());

    [Fact]
    public void The_script_updatelock_says_where_its_server_is()
    {
        string path = _box.Write("updatelock", "#!/bin/bash\nFOREMAN_DLM_URL=\"https://foreman.example.com/api/dlmlocks/\"\nHOST_KEY=$(puppet config print hostprivkey)\nLOCKNAME=\"updatelock_test\"\nLOCKURL=\"${FOREMAN_DLM_URL}/${LOCKNAME}/lock\"\n");
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { File = path, Strict = true });
        Assert.Equal([], loaded.Complaints.Select(c => c.Text));
        UpdaterSettings s = loaded.Settings!;
        Assert.Equal(("https://foreman.example.com", "updatelock_test", false), (s.Foreman!.Url, s.Lock.Name, s.Lock.Wait));
        Assert.IsType<ClientCertificate.OfPuppet>(s.Foreman.Certificate);
    }

    private LoadedConfiguration Load() => ConfigurationLoader.Load(new ConfigurationRequest
    {
        File = _box.Main,
        OwnFile = _box.Main,
        DropInDirectories = [_box.Directory + "/config.d"],
        OldFiles = [.. OldTools.Files.Select(file => _box.Directory + file["/etc".Length..])],
    });
}
