using DlmUpdater.Configuration;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Tests.Configuration;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class SettingsCatalogTests : IDisposable
{
    private readonly ConfigurationSandbox box = new();

    /// <summary>For each kind of value one that is wrong.</summary>
    private static string BadValue(SettingKey key) => key.Form switch
    {
        "text" => new string('x', 2000),
        "a word without white space" => "two words",
        "a name without white space and slashes, at most 200 characters" => "a/b",
        "letters, digits, dots and hyphens" => "a_b",
        "http or https URLs, separated by commas or spaces" => "https://good.example.com ftp://bad.example.com",
        "a command and its arguments; quotes as in a shell, nothing is expanded" => "reboot 'now",
        "user names, separated by commas or spaces" => "alice,-bob",
        _ => "no such value!",
    };

    public static TheoryData<string, string> EveryKey()
    {
        var data = new TheoryData<string, string>();
        foreach (SettingKey key in SettingsCatalog.Keys)
            data.Add(key.Section, key.Key);
        return data;
    }

    [Theory]
    [MemberData(nameof(EveryKey))]
    public void A_bad_value_gives_one_complaint_that_names_file_line_section_and_key(string section, string key)
    {
        SettingKey row = SettingsCatalog.Find(section, key)!;
        string name = row.Canonical == SettingsCatalog.Name ? "" : "[lock]\nname = web\n";
        string service = row == SettingsCatalog.Service ? "" : "[lock]\nservice = file\n";
        string head = name + service + $"[{section}]\n";
        int line = head.Count(c => c == '\n') + 1;

        // A file for root alone: that everybody may read a secret is another complaint.
        File.SetUnixFileMode(box.Write("config.ini", head + $"{key} = {BadValue(row)}\n"), UnixFileMode.UserRead);
        string[] errors = box.Errors();

        Assert.StartsWith($"config.ini:{line}: [{section}] {key}: ", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(EveryKey))]
    public void A_bad_value_in_the_environment_is_found_too(string section, string key)
    {
        SettingKey row = SettingsCatalog.Find(section, key)!;
        string variable = $"DLM_UPDATER__{section}__{key}".ToUpperInvariant().Replace('.', '_');
        box.Environment[variable] = BadValue(row);

        string[] errors = box.Errors(ConfigurationSandbox.Minimal);

        Assert.StartsWith($"environment {variable}: [{section}] {key}: ", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(EveryKey))]
    public void The_default_that_is_told_is_the_one_that_holds(string section, string key)
    {
        SettingKey row = SettingsCatalog.Find(section, key)!;
        if (row.Default.Length == 0)
            return;
        UpdaterSettings unset = box.Good(ConfigurationSandbox.Minimal, strict: false);

        UpdaterSettings set = box.Good(ConfigurationSandbox.Minimal + $"[{section}]\n{key} = {row.Default}\n", strict: false);

        Assert.Equal(Flat(unset), Flat(set));
    }

    [Fact]
    public void The_defaults_of_service_sections_are_the_ones_that_hold()
    {
        const string Services = """
            [dlmengine]
            url = https://dlm
            secret_id = i
            secret_file = /nowhere
            [etcd]
            endpoints = https://etcd
            [fleetlock]
            url = https://fl
            """;
        string defaults = string.Concat(SettingsCatalog.Keys
            .Where(k => k.Section is "dlmengine" or "etcd" or "fleetlock" && k.Default.Length > 0)
            .Select(k => $"[{k.Section}]\n{k.Key} = {k.Default}\n"));
        UpdaterSettings unset = box.Good(ConfigurationSandbox.Minimal + Services);

        UpdaterSettings set = box.Good(ConfigurationSandbox.Minimal + Services + "\n" + defaults);

        Assert.Equal(unset.DlmEngine, set.DlmEngine);
        Assert.Equal(unset.FleetLock, set.FleetLock);
        Assert.Equal(unset.Etcd! with { Endpoints = [] }, set.Etcd! with { Endpoints = [] });
    }

    [Fact]
    public void Every_key_belongs_to_a_section_has_a_description_and_a_variable_of_its_own()
    {
        Assert.All(SettingsCatalog.Keys, k =>
        {
            Assert.True(SettingsCatalog.HasSection(k.Section));
            Assert.Same(k, SettingsCatalog.Find(k.Section.ToUpperInvariant(), k.Key.ToUpperInvariant()));
            Assert.EndsWith(".", k.Description, StringComparison.Ordinal);
            Assert.NotEmpty(k.Form);
            Assert.Same(k.Canonical, k.Canonical.Canonical);
        });
        Assert.Equal(SettingsCatalog.Keys.Count, SettingsCatalog.Keys.Select(k => k.EnvironmentName).Distinct().Count());
        Assert.All(SettingsCatalog.Sections, s => Assert.Contains(SettingsCatalog.Keys, k => k.Section == s));
    }

    [Fact]
    public void The_seeds_keys_are_all_there()
    {
        string[] keys = "log logretention loglevel lock state lock_name foreman_url client_crt client_key ca reboot_cmd state_dir run_dir".Split(' ');
        Assert.All(keys, k => Assert.NotNull(SettingsCatalog.Find("main", k)));
        Assert.All(ScriptStages.All, s => Assert.NotNull(SettingsCatalog.Find("main", s.DirectoryName())));
        Assert.All(ScriptStages.All, s => Assert.NotNull(SettingsCatalog.Find("scripts", "timeout_" + s.Name())));
    }

    /// <summary>Text that is equal for equal settings; collections spelled out.</summary>
    private static string Flat(UpdaterSettings s) => string.Join('\n',
        s.Paths, s.Lock, s.File, s.Foreman, s.DlmEngine, s.Etcd, s.FleetLock, s.Log, s.Schedule,
        s.Reboot.Strategy, s.Reboot.Timeout, string.Join(' ', s.Reboot.Command), s.Scripts.Checks, s.Scripts.Untrusted,
        string.Join(' ', s.Scripts.UserScriptUsers),
        string.Join(' ', ScriptStages.All.Select(t => $"{t} {s.Scripts.Directories[t]} {s.Scripts.Timeouts[t]}")));

    public void Dispose() => box.Dispose();
}
