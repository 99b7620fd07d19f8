using System.Text;
using DlmUpdater.Cli;
using DlmUpdater.Configuration;
using DlmUpdater.Tests.Configuration;

namespace DlmUpdater.Tests.Cli;

/// <summary>What <c>import</c> writes is read by our own loader with the values that the older tool's file has.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ImportTests : IDisposable
{
    private const int Rounds = 400;

    private readonly ConfigurationSandbox _box = new();

    public void Dispose() => _box.Dispose();

    public static TheoryData<string> Tools => ["foreman_dlm_updater/config.ini", "dlm_engine_updater/config.ini", "dlm_engine_updater/.env", "flatcar/update.conf", "updatelock"];

    [Theory]
    [MemberData(nameof(Tools))]
    public void Any_legal_configuration_of_an_older_tool_is_imported_and_loads_with_the_same_settings(string file)
    {
        var random = new Random(file.Length * 7919);
        for (int i = 0; i < Rounds; i++)
        {
            string content = file switch
            {
                "foreman_dlm_updater/config.ini" => Foreman(random),
                "dlm_engine_updater/config.ini" => EngineIni(random),
                "dlm_engine_updater/.env" => Engine(random),
                "flatcar/update.conf" => Locksmithd(random),
                _ => Updatelock(random),
            };
            string path = _box.Write(file, content);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            LoadedConfiguration adopted = ConfigurationLoader.Load(new ConfigurationRequest { File = path, DropInDirectories = [] });
            Assert.True(adopted.Settings is not null && !adopted.StopsNewRuns, $"adopted: {string.Join('\n', adopted.Complaints.Select(c => c.Text))}\nof\n{content}");

            TranslatedConfiguration translated = ConfigurationLoader.Translate(path, "/");
            string text = ImportVerb.Text(translated, path, withSecrets: true);
            IReadOnlyList<string> wrong = ConfigurationLoader.ReadBack(Encoding.UTF8.GetBytes(text), "/written", translated);

            Assert.True(translated.Complaints.All(c => c.Severity == Severity.Warning) && wrong.Count == 0,
                $"{string.Join('\n', translated.Complaints.Select(c => c.Text).Concat(wrong))}\nof\n{content}\nmade\n{text}");
            File.SetUnixFileMode(_box.Write("config.ini", text), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            LoadedConfiguration loaded = _box.Load();
            Assert.True(loaded is { Settings: not null, StopsNewRuns: false }, $"{string.Join('\n', loaded.Complaints.Select(c => c.Text))}\nof\n{content}\nmade\n{text}");
            Assert.Equal(Flat(adopted.Settings!), Flat(loaded.Settings!));
            Assert.DoesNotContain("etcd-lock", text.Split('\n').Where(l => !l.StartsWith('#')), StringComparer.Ordinal);
        }
    }

    [Theory]
    [InlineData("flatcar/update.conf", "REBOOT_STRATEGY=etcd-lock\nREBOOT_WINDOW_START=\"Thursday 04:00\"\nREBOOT_WINDOW_LENGTH=1h\n", "update.conf:2: REBOOT_WINDOW_START: 'Thursday 04:00' is not a start")]
    [InlineData("flatcar/update.conf", "REBOOT_STRATEGY=etcd-lock # like the others\n", "update.conf:1: REBOOT_STRATEGY: 'etcd-lock # like the others'")]
    [InlineData("flatcar/update.conf", "REBOOT_STRATEGY=reboot\nLOCKSMITHD_REBOOT_WINDOW_START=04:00\n", "update.conf:2: LOCKSMITHD_REBOOT_WINDOW_START: is set without")]
    [InlineData("foreman_dlm_updater/config.ini", "[main]\nlock_name = web # ours\nforeman_url = https://f\nclient_crt = /c\nclient_key = /k\n", "config.ini:2: [main] lock_name: 'web # ours'")]
    [InlineData("foreman_dlm_updater/config.ini", "[main]\nforeman_url = https://f\nclient_crt = /c\nclient_key = /k\n", "config.ini: [main] lock_name: the lock has no name")]
    [InlineData("foreman_dlm_updater/config.ini", "[main]\nlock_name = web\nclient_crt = /c\n", "config.ini: [main] foreman_url: is not set: set it to Foreman's URL")]
    [InlineData("foreman_dlm_updater/config.ini", "[main]\nlock_name = web\nforeman_url = https://f\nclient_crt = /c\n", "config.ini:4: [main] client_crt: is set without [main] client_key: set both")]
    [InlineData("foreman_dlm_updater/config.ini", "[main]\nlock_name = a%b\n", "config.ini:2: [main] lock_name: a % is written %%")]
    [InlineData("dlm_engine_updater/.env", "main_api_endpoint=https://d/api/v2/\nmain_api_secretid=i\nmain_api_secret=s\n", ".env: main_api_lockname: the lock has no name")]
    [InlineData("dlm_engine_updater/.env", "main_api_lockname=web\nmain_api_secretid=i\n", ".env: main_api_endpoint: is not set: set it to DLMEngine's API")]
    [InlineData("dlm_engine_updater/.env", "main_api_lockname=web\nmain_api_endpoint=https://d/api/v2/\nmain_api_secretid=i\n", ".env: main_api_secret: is not set: set it to the credential's secret")]
    [InlineData("dlm_engine_updater/config.ini", "[main]\nlock_name=web\nendpoint=https://d/api/v1/\nsecret=s\n", "config.ini: [main] secret_id: is not set")]
    [InlineData("updatelock", "LOCKNAME=$(hostname -d)\nFOREMAN_DLM_URL=https://f/api/dlmlocks\n", "updatelock:1: LOCKNAME: the value is computed by the shell")]
    [InlineData("updatelock", "FOREMAN_DLM_URL=https://f/api/dlmlocks\n", "updatelock: LOCKNAME: the lock has no name")]
    public void What_cannot_be_taken_over_is_named_as_that_file_has_it_and_what_is_written_is_refused(string file, string content, string said)
    {
        string path = _box.Write(file, content);
        TranslatedConfiguration translated = ConfigurationLoader.Translate(path, "/");
        Assert.Contains(translated.Complaints, c => c.Severity == Severity.Error && c.Text.StartsWith(Path.GetDirectoryName(path)! + "/" + said, StringComparison.Ordinal));
        Assert.DoesNotContain(translated.Complaints, c => c.Severity != Severity.Warning && c.Text.Contains("[lock]", StringComparison.Ordinal));

        LoadedConfiguration loaded = _box.Load(ImportVerb.Text(translated, path, withSecrets: true));
        Assert.Null(loaded.Settings);
    }

    [Fact]
    public void A_value_that_an_INI_file_cannot_hold_is_found_by_reading_back()
    {
        string path = _box.Write("updatelock", "LOCKNAME='\"web\"'\nFOREMAN_DLM_URL=https://f/api/dlmlocks\n");
        TranslatedConfiguration translated = ConfigurationLoader.Translate(path, "/");
        Assert.NotEmpty(ConfigurationLoader.ReadBack(Encoding.UTF8.GetBytes(ImportVerb.Text(translated, path, withSecrets: true)), "/written", translated));
    }

    [Fact]
    public void Texts_of_other_parts_get_the_names_of_the_file_in_use_unless_a_file_of_ours_sets_the_key()
    {
        string path = _box.Write("dlm_engine_updater/.env", "main_api_lockname=web\nmain_api_endpoint=https://d/api/v2/\nmain_api_secretid=i\nmain_api_secret=s\n");
        string drop = _box.Write("dlm_engine_updater/config.d/10.ini", "[log]\nlevel = info\n");
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { File = path, DropInDirectories = [Path.GetDirectoryName(drop)!] });
        Assert.NotNull(loaded.Settings);
        Assert.Equal("set main_api_lockname, main_api_endpoint: not [lock] names, [file] slots or [log] level", loaded.InItsWords("set [lock] name, [dlmengine] url: not [lock] names, [file] slots or [log] level"));
    }

    private static string Foreman(Random random)
    {
        string[] keys = ["log", "logretention", "loglevel", "lock", "state", "lock_name", "foreman_url", "client_crt", "client_key", "needs_update.d", "reboot_cmd"];
        var text = new StringBuilder(Maybe(random, "# a comment\n") + Maybe(random, "[DEFAULT]\nbase = /srv\nunused = a\n  b\n") + "[main]" + Maybe(random, " ; of the updater") + "\n");
        bool hasBase = text.ToString().Contains("[DEFAULT]", StringComparison.Ordinal);
        string Root() => hasBase && random.Next(2) == 0 ? "%(base)s" : "/srv";
        foreach (string key in keys.OrderBy(_ => random.Next()))
        {
            string value = key switch
            {
                "logretention" => Pick(random, "0", "7", "+9", "007", "1_0", "-1", "99999"),
                "loglevel" => Pick(random, "CRITICAL", "FATAL", "ERROR", "WARNING", "WARN", "INFO", "DEBUG", "NOTSET"),
                "lock_name" => Pick(random, "web", "web-1.x", "50%%", "this_is_the_lock_name"),
                "foreman_url" => Pick(random, "https://foreman.example.com", "https://f.example.com:8443/", "https://f/foreman"),
                "reboot_cmd" => Pick(random, "/usr/sbin/reboot", "/sbin/reboot"),
                "needs_update.d" => Root() + "/needs_update.d/",
                _ => Root() + "/" + key,
            };
            text.Append(Maybe(random, "\n") + Maybe(random, "; note\n") + (random.Next(2) == 0 ? key : key.ToUpperInvariant()) + Pick(random, "=", " = ", ": ", ":", " :\t") + value + Maybe(random, "  ") + Pick(random, "\n", "\r\n"));
        }

        return text + Maybe(random, "description = goes on\n  in a second line\n") + Maybe(random, "[other]\nmain: x\n");
    }

    private static string EngineIni(Random random) => "[main]\n" + string.Join('\n', new[]
    {
        "lock = /etc/dlm_engine_updater/i_am_running", "state : /etc/dlm_engine_updater/state", "log=/var/log/d.log", "log_retention = " + Pick(random, "0", "7", "30"),
        "log_level: " + Pick(random, "INFO", "DEBUG", "NOTSET"), "lock_name=" + Pick(random, "web", "a.b"), "endpoint = https://d.example.com/api/" + Pick(random, "v1/", "v2/", "v2"),
        "secret: " + Pick(random, "s3cr3t", "a=b:c", "50%%"), "secret_id = i", "wait = " + Pick(random, "true", "False", "on", "no", "1"), "wait_max = " + Pick(random, "0", "3600", "-1"),
        Maybe(random, "ca = /etc/ca.pem"), Maybe(random, "org_id = DLMUpdater"),
    }.OrderBy(_ => random.Next())) + "\n";

    private static string Engine(Random random)
    {
        bool asObject = random.Next(4) == 0;
        string[] needed = asObject
            ? ["MAIN_API={\"lockname\": \"web\", \"endpoint\": \"https://d/api/v2/\", \"secretid\": \"i\", \"secret\": \"s\", \"noop\": false}"]
            : ["main_api_lockname=" + Pick(random, "web", "'web'", "\"web\" # the lock", "web   # the lock"), "export main_api_endpoint = https://d.example.com/api/v1/", "Main_Api_SecretId=\"i\"", "main_api_secret='s#1'"];
        string[] more =
        [
            "main_wait=" + Pick(random, "true", "f", "Y", "0", "off"), "main_waitmax=" + Pick(random, "0", "3600", "1_000", "60.0"), "main_log_level=" + Pick(random, "INFO", "debug"),
            "main_log_retention=" + Pick(random, "0", "7", "4000"), "main_userscriptusers=" + Pick(random, "[]", "null", "[\"alice\", \"bob\"]", "'[\"alice\"]'"), "main_api_ca=", "# note", "",
            "main_basedir=/srv/updater" + Maybe(random, "/"), "main_log_file=/var/log/x.log",
        ];
        return string.Join('\n', needed.Concat(more.Where(_ => random.Next(2) == 0)).OrderBy(_ => random.Next())) + "\n";
    }

    private static string Locksmithd(Random random)
    {
        string[] lines =
        [
            "GROUP=stable", "REBOOT_STRATEGY=" + Pick(random, "etcd-lock", "reboot", "off", "\"etcd-lock\"", "best-effort", ""), Maybe(random, "LOCKSMITHD_GROUP=" + Pick(random, "blue", "prod")),
            Maybe(random, "LOCKSMITHD_ENDPOINT=https://a.example.com:2379,https://b.example.com:2379"), Maybe(random, "LOCKSMITHD_ETCD_CAFILE=/etc/ca.pem"), "; note", "",
            Maybe(random, "LOCKSMITHD_ETCD_CERTFILE=/c.pem\nLOCKSMITHD_ETCD_KEYFILE='/k.pem'"),
            Maybe(random, $"LOCKSMITHD_REBOOT_WINDOW_START={Pick(random, "4:00", "\"Thu 23:00\"", "SUN 4:5", "00:00")}\nLOCKSMITHD_REBOOT_WINDOW_LENGTH={Pick(random, "1h", "24h", "90m", "1.5h", "168h", "0", "1h30m15.5s")}"),
        ];
        return string.Join('\n', lines.OrderBy(_ => random.Next())) + "\n";
    }

    private static string Updatelock(Random random) => "#!/bin/bash\n" + string.Join('\n', new[]
    {
        Pick(random, "", "export ", "readonly ", "declare -r ") + "FOREMAN_DLM_URL=" + Pick(random, "\"https://f/api/dlmlocks\"", "https://f/api/dlmlocks/", "'https://f/api/dlmlocks' # ours"),
        "LOCKNAME=" + Pick(random, "web", "\"web\"", "'web'", "web # the lock", "\"web\"; readonly LOCKNAME", "we\"b\""), "HOST_KEY=$(puppet config print hostprivkey)", "LOCKURL=\"${FOREMAN_DLM_URL}/${LOCKNAME}/lock\"",
        "if [ $# = 1 ]; then echo a=b; fi",
    }.OrderBy(_ => random.Next())) + "\n";

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];

    private static string Maybe(Random random, string text) => random.Next(2) == 0 ? text : "";

    /// <summary>Text that is equal for equal settings.</summary>
    private static string Flat(Core.Settings.UpdaterSettings s) => string.Join('\n',
        s.Paths, s.Lock, s.Foreman, s.DlmEngine is { } d ? $"{d.Url} {d.Api} {d.SecretId} {d.Secret.Reveal()} {d.Ca}" : "", s.Etcd is { } e ? $"{string.Join(' ', e.Endpoints)} {e.Api} {e.Layout} {e.Group} {e.Ca} {e.Certificate}" : "",
        s.Log, s.Schedule, s.Reboot.Strategy, string.Join(' ', s.Reboot.Command), s.Scripts.Untrusted, s.Scripts.Missing, string.Join(' ', s.Scripts.UserScriptUsers),
        string.Join(' ', Core.Scripts.ScriptStages.All.Select(t => s.Scripts.Directories[t])));
}
