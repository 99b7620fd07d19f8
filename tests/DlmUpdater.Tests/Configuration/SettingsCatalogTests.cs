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
        "a name, also with white space or slashes inside; not . or .." => "..",
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

    /// <summary>Each way in which a key can be there without a value. In every one the key has had a good value before, in a lower layer.</summary>
    private static readonly string[] Doors =
        ["file", "quoted", "single quotes", "quoted blank", "trailing blank", "drop-in", "drop-in quoted", "environment", "environment blank", "flag", "flag blank"];

    public static TheoryData<string, string, string> EveryKeyAndDoor()
    {
        var data = new TheoryData<string, string, string>();
        foreach (SettingKey key in SettingsCatalog.Keys)
        {
            foreach (string door in Doors) data.Add(key.Section, key.Key, door);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EveryKeyAndDoor))]
    public void A_key_without_a_value_stops_new_runs_unless_its_default_is_the_strictest(string section, string key, string door)
    {
        SettingKey row = SettingsCatalog.Find(section, key)!;
        string variable = row.EnvironmentName, line = $"[{section}]\n{key} =";
        string place = "config.ini:3";
        switch (door)
        {
            case "file": Main(line); break;
            case "quoted": Main(line + " \"\""); break;
            case "single quotes": Main(line + " ''"); break;
            case "quoted blank": Main(line + " \" \t \""); break;
            case "trailing blank": Main(line + " \t \r"); break;
            case "drop-in": DropIn(line); break;
            case "drop-in quoted": DropIn(line + "\"\""); break;
            case "environment": Variable(""); break;
            case "environment blank": Variable(" \t"); break;
            case "flag": Flag(""); break;
            default: Flag("  "); break;
        }

        Complaint[] complaints = [.. box.Load().Complaints.Where(c => c.Text.Contains("has no value", StringComparison.Ordinal))];

        if (row.MayBeEmpty)
        {
            Assert.Empty(complaints);
            return;
        }

        Complaint complaint = Assert.Single(complaints);
        Assert.Equal(Severity.NewRuns, complaint.Severity);
        Assert.Equal($"{place}: [{section}] {key}: has no value: write {row.Form}, or remove the key", box.Relative(complaint));

        void Main(string text) => box.Write("config.ini", "# one line, so that\n" + text + "\n");
        void DropIn(string text)
        {
            box.Write("config.ini", ConfigurationSandbox.Minimal);
            box.Write("config.d/50.ini", "\n" + text + "\n");
            place = "config.d/50.ini:3";
        }

        void Variable(string value)
        {
            box.Write("config.ini", ConfigurationSandbox.Minimal);
            box.Environment[variable] = value;
            place = "environment " + variable;
        }

        void Flag(string value)
        {
            box.Write("config.ini", ConfigurationSandbox.Minimal);
            box.Flags.Add(new ConfigurationOverride(section, key, value, "--flag"));
            place = "--flag";
        }
    }

    [Fact]
    public void The_rows_that_may_be_empty_are_those_whose_default_opens_nothing()
    {
        string[] may = [.. SettingsCatalog.Keys.Where(k => k.MayBeEmpty && k.Canonical == k).Select(k => $"{k.Section}.{k.Key}")];
        Assert.Equal(
            [
                "main.unknown_keys", "lock.wait", "lock.retry_interval", "etcd.slots", "file.slots", "scripts.checks", "scripts.untrusted", "scripts.missing",
                "log.target", "log.level", "log.format", "log.retention", "log.script_limit", "log.file_limit", "upgrade.header", "upgrade.lock",
            ],
            may);
        Assert.All(SettingsCatalog.Keys.Where(k => k.MayBeEmpty), k => Assert.NotEmpty(k.Default));
    }

    [Theory]
    [InlineData("schedule", "window", "always")]
    [InlineData("schedule", "date_constraint", "ALWAYS")]
    [InlineData("foreman", "ca", "system")]
    [InlineData("foreman", "proxy", "none")]
    [InlineData("dlmengine", "ca", "system")]
    [InlineData("dlmengine", "proxy", "none")]
    [InlineData("etcd", "ca", "system")]
    [InlineData("fleetlock", "ca", "system")]
    [InlineData("fleetlock", "proxy", "none")]
    public void A_word_says_on_purpose_that_there_is_none_and_wins_over_a_value_of_a_lower_layer(string section, string key, string word)
    {
        string before = key switch { "window" => "Sun 02:00/1h", "date_constraint" => "1:Sun", "ca" => "/etc/ca.pem", _ => "http://proxy:3128" };
        string services = ConfigurationSandbox.Minimal + "[foreman]\nurl = https://f\n[dlmengine]\nurl = https://d\nsecret_id = i\nsecret_file = /s\n"
            + "[etcd]\nendpoints = https://e\n[fleetlock]\nurl = https://l\n";
        UpdaterSettings unset = box.Good(services);
        UpdaterSettings set = box.Good(services + $"[{section}]\n{key} = {before}\n");
        Assert.NotEqual(Of(unset), Of(set));
        box.Write("config.d/50.ini", $"[{section}]\n{key} = {word}\n");

        Assert.Equal(Of(unset), Of(box.Good()));

        static string Of(UpdaterSettings s) => string.Join('\n', s.Schedule, s.Foreman, s.DlmEngine, s.Etcd! with { Endpoints = [] }, s.FleetLock);
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
