using DlmUpdater.Configuration;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Tests.Configuration;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ServiceSettingsTests : IDisposable
{
    private readonly ConfigurationSandbox box = new();

    private string Secret(string content, int mode = 0b110_000_000)
    {
        string path = box.Write("secret", content);
        File.SetUnixFileMode(path, (UnixFileMode)mode);
        return path;
    }

    private string DlmEngine(string rest) => $"[lock]\nservice = dlmengine\nname = web\n[dlmengine]\nurl = https://dlm.example.com\nsecret_id = id\n{rest}\n";

    [Fact]
    public void A_service_must_be_named() =>
        Assert.Equal(
            ["config.ini: [lock] service: no lock service is configured: set [lock] service = file, foreman, dlmengine, etcd or fleetlock, or foreman_url in [main]"],
            box.Errors("[lock]\nname = web\n"));

    [Theory]
    [InlineData("reboot")]
    [InlineData("off")]
    public void A_strategy_without_a_lock_needs_no_service(string strategy) =>
        Assert.Equal(LockServiceKind.None, box.Good($"[reboot]\nstrategy = {strategy}\n").Lock.Service);

    [Fact]
    public void Best_effort_is_no_way_around_the_service() =>
        Assert.Contains("no lock service is configured", Assert.Single(box.Errors("[reboot]\nstrategy = best-effort\n")), StringComparison.Ordinal);

    [Fact]
    public void A_named_service_wins_over_foreman_url() =>
        Assert.Equal(LockServiceKind.File, box.Good("[main]\nforeman_url = https://f\nlock_name = a\n[lock]\nservice = file\n").Lock.Service);

    [Theory]
    [InlineData("file", "")]
    [InlineData("foreman", "[foreman]\nurl = https://f\n")]
    [InlineData("dlmengine", "[dlmengine]\nurl = https://d\nsecret_id = a\nsecret_file = /dev/null\n")]
    public void A_service_with_names_needs_one(string service, string section) =>
        Assert.Contains(box.Errors($"[lock]\nservice = {service}\n{section}"), e => e.StartsWith("config.ini: [lock] name: the lock has no name", StringComparison.Ordinal));

    [Theory]
    [InlineData("etcd", "[etcd]\nendpoints = https://e\n")]
    [InlineData("fleetlock", "[fleetlock]\nurl = https://f\n")]
    public void A_service_without_names_needs_none_and_says_so(string service, string section)
    {
        Assert.Equal("", box.Good($"[lock]\nservice = {service}\n{section}").Lock.Name);
        LoadedConfiguration named = box.Load($"[lock]\nservice = {service}\nname = web\n{section}", strict: true);
        Assert.Contains("has no effect", Assert.Single(named.Complaints).Text, StringComparison.Ordinal);
        Assert.NotNull(named.Settings);
    }

    [Theory]
    [InlineData(".web")]
    [InlineData("we!b")]
    [InlineData("wéb")]
    [InlineData("a\\b")]
    public void A_lock_of_the_file_service_is_a_safe_file_name(string name) =>
        Assert.Contains("cannot name a lock of the file service", Assert.Single(box.Errors($"[lock]\nservice = file\nname = {name}\n")), StringComparison.Ordinal);

    [Theory]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a b")]
    public void No_lock_is_named_like_a_path(string name) =>
        Assert.Contains("cannot name a lock", Assert.Single(box.Errors($"[lock]\nservice = foreman\nname = {name}\n[foreman]\nurl = https://f\n")), StringComparison.Ordinal);

    [Fact]
    public void A_name_has_at_most_200_characters()
    {
        Assert.Equal(200, box.Good($"[lock]\nservice = file\nname = {new string('a', 200)}\n").Lock.Name.Length);
        Assert.Single(box.Errors($"[lock]\nservice = file\nname = {new string('a', 201)}\n"));
    }

    [Theory]
    [InlineData("foreman", "[foreman] url")]
    [InlineData("dlmengine", "[dlmengine] url|[dlmengine] secret_id|[dlmengine] secret_file")]
    [InlineData("etcd", "[etcd] endpoints")]
    [InlineData("fleetlock", "[fleetlock] url")]
    public void The_chosen_service_says_what_it_needs(string service, string keys)
    {
        string name = service is "foreman" or "dlmengine" ? "name = web\n" : "";
        string[] errors = box.Errors($"[lock]\nservice = {service}\n{name}");
        Assert.Equal(keys.Split('|').Select(k => $"config.ini: {k}: is needed by [lock] service = {service}"), errors.Select(e => e[..e.LastIndexOf(": ", StringComparison.Ordinal)]));
    }

    [Theory]
    [InlineData("puppet", typeof(ClientCertificate.OfPuppet))]
    [InlineData("rhsm", typeof(ClientCertificate.OfRhsm))]
    public void The_hosts_own_certificate_can_be_named(string source, Type type)
    {
        string text = $"[main]\nforeman_url = https://f\nlock_name = a\nclient_crt = {source}\n";
        Assert.IsType(type, box.Good(text).Foreman!.Certificate);
        Assert.Contains("[main] client_key: client_crt = " + source + " brings its own key", Assert.Single(box.Errors(text + "client_key = /k\n")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[foreman]\nurl = https://f\nclient_crt = /c\n", "[foreman] client_crt: is set without client_key")]
    [InlineData("[foreman]\nurl = https://f\nclient_key = /c\n", "[foreman] client_key: is set without client_crt")]
    [InlineData("[etcd]\nclient_crt = /c\n", "[etcd] client_crt: is set without client_key")]
    [InlineData("[foreman]\nusername = u\n", "[foreman] username: is set without password_file")]
    [InlineData("[etcd]\npassword_file = /c\n", "[etcd] password_file: is set without username")]
    [InlineData("[etcd]\nendpoints = https://e\nlayout = airlock\napi = v2\n", "[etcd] layout: does not go with api")]
    [InlineData("[etcd]\nendpoints = https://e\nlayout = locksmith\napi = v3\n", "[etcd] layout: does not go with api")]
    [InlineData("[dlmengine]\nurl = https://d/api/v2/\n", "[dlmengine] url: ends in /api")]
    [InlineData("[log]\ntarget = file\n", "[log] target: names no file")]
    [InlineData("[main]\nstate = /a/b\nlock = /a//b\n", "[main] state and lock are one file")]
    [InlineData("[main]\nstate = /a/b\nlog = /a/b\n", "[main] log: '/a/b' is the state file")]
    public void Keys_that_do_not_go_together_are_found(string text, string complaint) =>
        Assert.Contains(complaint, Assert.Single(box.Errors(ConfigurationSandbox.Minimal + text)), StringComparison.Ordinal);

    [Theory]
    [InlineData("", 3, EtcdLayout.Airlock, "default")]
    [InlineData("api = v2", 2, EtcdLayout.Locksmith, null)]
    [InlineData("layout = locksmith", 2, EtcdLayout.Locksmith, null)]
    [InlineData("layout = airlock\ngroup = prod/db", 3, EtcdLayout.Airlock, "prod/db")]
    public void Etcds_layout_and_api_bring_each_other_along(string text, int api, EtcdLayout layout, string? group)
    {
        EtcdSettings etcd = box.Good($"[lock]\nservice = etcd\n[etcd]\nendpoints = https://a:2379, https://b:2379/\n{text}\n").Etcd!;
        Assert.Equal((api, layout, group), (etcd.Api, etcd.Layout, etcd.Group));
        Assert.Equal<IEnumerable<string>>(["https://a:2379", "https://b:2379"], etcd.Endpoints);
    }

    [Theory]
    [InlineData("https://user:hunter2@foreman")]
    [InlineData("https://foreman/?token=hunter2")]
    [InlineData("https://foreman/#hunter2")]
    [InlineData("ftp://hunter2/")]
    [InlineData("foreman.example.com")]
    [InlineData("https://")]
    [InlineData("https:///path")]
    [InlineData("https://foreman:70000")]
    [InlineData("https://fore man")]
    [InlineData("https://foreman\\x")]
    public void A_url_that_is_none_is_refused_and_not_repeated(string url)
    {
        string error = Assert.Single(box.Errors($"[main]\nlock_name = a\nforeman_url = {url}\n"));
        Assert.StartsWith("config.ini:3: [main] foreman_url: the URL ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://fl.example.com", true)]
    [InlineData("http://localhost:8080", false)]
    [InlineData("http://127.0.0.1:8080/x", false)]
    [InlineData("http://[::1]/", false)]
    [InlineData("HTTPS://fl.example.com", false)]
    public void A_plain_connection_is_warned_of_unless_it_stays_on_this_host(string url, bool warned)
    {
        LoadedConfiguration loaded = box.Load($"[lock]\nservice = fleetlock\n[fleetlock]\nurl = {url}\n");
        Assert.NotNull(loaded.Settings);
        Assert.Equal(warned ? 1 : 0, loaded.Complaints.Count(c => c.Severity == Severity.Warning && c.Text.Contains("is not encrypted", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("[main]\nlock_name = a\nforeman_url = http://f.example.com\nclient_crt = /c\nclient_key = /k\n", true)]
    [InlineData("[main]\nlock_name = a\nforeman_url = http://127.0.0.1\nclient_crt = /c\nclient_key = /k\n", false)]
    public void Credentials_do_not_leave_the_host_unencrypted(string text, bool refused)
    {
        LoadedConfiguration loaded = box.Load(text);
        Assert.Equal(refused, loaded.Settings is null);
        Assert.Equal(refused ? 1 : 0, loaded.Complaints.Count(c => c.Text.Contains("unencrypted", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_secret_file_is_read_without_its_line_end_and_kept_from_logs()
    {
        UpdaterSettings s = box.Good(DlmEngine("secret_file = " + Secret("hunter2\r\n")));
        Assert.Equal("hunter2", s.DlmEngine!.Secret.Reveal());
        Assert.Equal<IEnumerable<string>>(["hunter2"], s.Secrets);
    }

    [Theory]
    [InlineData(0b110_000_100, "(mode 0604): chmod o= ")]
    [InlineData(0b110_000_001, "(mode 0601): chmod o= ")]
    [InlineData(0b110_010_000, "writable by group")]
    public void A_secret_file_that_others_can_use_is_refused_with_the_fix(int mode, string complaint)
    {
        string error = Assert.Single(box.Errors(DlmEngine("secret_file = " + Secret("hunter2", mode))));
        Assert.StartsWith("config.ini:7: [dlmengine] secret_file: ", error, StringComparison.Ordinal);
        Assert.Contains(complaint, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_file_may_be_readable_for_its_group() =>
        Assert.Equal("x", box.Good(DlmEngine("secret_file = " + Secret("x", 0b110_100_000))).DlmEngine!.Secret.Reveal());

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("\n", "is empty")]
    [InlineData("a\nb\n", "more than one line")]
    [InlineData("a\0b", "more than one line or a control character")]
    public void A_secret_file_holds_one_secret(string content, string complaint) =>
        Assert.Contains(complaint, Assert.Single(box.Errors(DlmEngine("secret_file = " + Secret(content)))), StringComparison.Ordinal);

    [Theory]
    [InlineData("/nowhere/secret", "does not exist")]
    [InlineData("/dev/null", "holds no secret")]
    [InlineData("/etc", "is a directory")]
    [InlineData("/dev/zero", "is a device")]
    public void A_secret_file_that_is_none_is_named(string path, string complaint)
    {
        string error = Assert.Single(box.Errors(DlmEngine("secret_file = " + path)));
        Assert.Contains($"{path} ", error, StringComparison.Ordinal);
        Assert.Contains(complaint, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_and_a_secret_file_are_one_too_many() =>
        Assert.Contains(box.Errors(DlmEngine("secret = a\nsecret_file = " + Secret("b"))),
            e => e.StartsWith("config.ini:8: [dlmengine] secret_file: secret is set too", StringComparison.Ordinal));

    [Fact]
    public void A_secret_in_a_file_that_everybody_can_read_is_refused()
    {
        string error = Assert.Single(box.Errors(DlmEngine("secret = hunter2")));
        Assert.StartsWith("config.ini:7: [dlmengine] secret: the file that holds this secret can be used by every user", error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);

        File.SetUnixFileMode(box.Main, (UnixFileMode)0b110_000_000);
        Assert.Equal<IEnumerable<string>>(["hunter2"], box.Good().Secrets);
    }

    [Theory]
    [InlineData("lock", RebootStrategy.Lock)]
    [InlineData("etcd-lock", RebootStrategy.Lock)]
    [InlineData("best-effort", RebootStrategy.BestEffort)]
    [InlineData("off", RebootStrategy.Off)]
    public void Strategies_are_read_by_their_names_and_locksmiths(string text, RebootStrategy expected) =>
        Assert.Equal(expected, box.Good(ConfigurationSandbox.Minimal + $"[reboot]\nstrategy = {text}\n").Reboot.Strategy);

    [Fact]
    public void A_bad_secret_is_not_repeated()
    {
        box.Environment["DLM_UPDATER__DLMENGINE__SECRET"] = "hunter2\u0007";
        Assert.All(box.Errors(DlmEngine("")), e => Assert.DoesNotContain("hunter2", e, StringComparison.Ordinal));
        Assert.DoesNotContain("xxxx", string.Join('\n', box.Errors(DlmEngine("secret = " + new string('x', 3000)))), StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_are_read_only_for_the_chosen_service_and_only_if_asked()
    {
        const string Other = "[dlmengine]\nurl = https://d\nsecret_id = i\nsecret_file = /nowhere\n";
        Assert.Same(SecretText.NotRead, box.Good(ConfigurationSandbox.Minimal + Other).DlmEngine!.Secret);

        LoadedConfiguration status = box.Load(DlmEngine("secret_file = /nowhere"), secrets: SecretUse.None);
        Assert.Same(SecretText.NotRead, status.Settings!.DlmEngine!.Secret);
        Assert.Null(box.Load().Settings);
    }

    [Fact]
    public void A_foreman_lock_that_looks_like_a_number_is_a_warning_of_check()
    {
        const string Text = "[main]\nlock_name = 1-web\nforeman_url = https://f\nclient_crt = puppet\n";
        Assert.Empty(box.Load(Text).Complaints);
        LoadedConfiguration check = box.Load(strict: true);
        Assert.NotNull(check.Settings);
        Assert.Contains("[main] lock_name: '1-web' begins with a digit", Assert.Single(check.Complaints).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void One_directory_for_two_stages_is_warned_of()
    {
        LoadedConfiguration loaded = box.Load(ConfigurationSandbox.Minimal + "[main]\npre_update.d = /s/x\nupdate.d = /s/x/\n");
        Assert.NotNull(loaded.Settings);
        Assert.Contains("pre_update.d and update.d are one directory", Assert.Single(loaded.Complaints).Text, StringComparison.Ordinal);
    }

    public void Dispose() => box.Dispose();
}
