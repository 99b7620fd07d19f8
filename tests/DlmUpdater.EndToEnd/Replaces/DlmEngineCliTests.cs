using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.DlmEngine;

namespace DlmUpdater.EndToEnd.Replaces;

/// <summary>The work of dlm_engine_cli, with its own file.</summary>
public sealed class DlmEngineCliTests : IDisposable
{
    private readonly EngineServer _server = new();
    private readonly OldHost _host = new("dlm_engine_updater");
    private readonly string _file;

    public DlmEngineCliTests()
    {
        _file = _host.Box.Root + "/.dlm_engine_cli.ini";
        File.WriteAllText(_file, $"[main]\nendpoint = {_server.Url}/api/v2/\nsecret_id = {FakeEngine.SecretId}\nsecret = {FakeEngine.Secret}\n");
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _host.Environment["DLM_UPDATER__LOCK__NAME"] = "web";
        _host.Environment["DLM_UPDATER__LOCK__HOLDER"] = "host-1";
    }

    public void Dispose()
    {
        _host.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Its_file_serves_the_lock_verbs_and_the_shield()
    {
        Verb("lock", "acquire").Expect(0);
        Assert.Equal("host-1", Shown("lock", "show").GetProperty("holders")[0].GetProperty("id").GetString());
        Assert.Contains("web", Verb("lock", "list").Expect(0).Output, StringComparison.Ordinal);
        Verb("lock", "release").Expect(0);
        Assert.Equal(0, Shown("lock", "show").GetProperty("holders").GetArrayLength());

        Ended shielded = _host.Call("dlm-updater", "shield", "--config", _file, "--", "sh", "-c", "echo under the lock; exit 3").Expect(3);
        Assert.Equal("under the lock\n", shielded.Output);
        Assert.Equal(0, Shown("lock", "show").GetProperty("holders").GetArrayLength());
    }

    [Fact]
    public void Another_holder_is_named_by_the_environment()
    {
        _host.Environment["DLM_UPDATER__LOCK__HOLDER"] = "host-2";
        Verb("lock", "acquire").Expect(0);
        Assert.Equal("host-2", Shown("lock", "show").GetProperty("holders")[0].GetProperty("id").GetString());
        _host.Environment["DLM_UPDATER__LOCK__HOLDER"] = "host-1";
        Assert.Contains("host-2", Verb("lock", "acquire").Expect(75).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_keeps_every_key()
    {
        File.AppendAllText(_file, "ca = /etc/ssl/dlm.pem\n");
        string imported = Verb("import", _file).Expect(0).Output;
        foreach (string key in (string[])["endpoint", "secret_id", "secret", "ca"]) Assert.Contains($"# {key} ({_file}:", imported, StringComparison.Ordinal);
    }

    private JsonElement Shown(params string[] words) => JsonDocument.Parse(Verb([.. words, "--output", "json"]).Expect(0).Output).RootElement.Clone();

    private Ended Verb(params string[] words) => _host.Call("dlm-updater", words[0] == "import" ? words : [.. words, "--config", _file]);
}
