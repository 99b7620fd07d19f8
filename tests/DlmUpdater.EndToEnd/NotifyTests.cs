using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>[notify] command</c>: what stands in for the plug-ins of DLMEngineUpdater and for anything else that wants to hear of a run.</summary>
public sealed class NotifyTests : IDisposable
{
    private readonly Sandbox _host = new Sandbox().Cycle(reboot: false);

    private string Heard => _host.Root + "/heard";

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Every_line_of_the_log_and_every_event_comes_as_a_line_of_JSON()
    {
        Listener("exec cat");
        _host.Script("update", "15-says", "echo hello from the script");

        Agent.Run(_host, "run").Expect(0);

        JsonElement[] lines = Lines();
        Assert.Equal("started", Name(lines.First(l => Name(l) != "log")));
        Assert.Equal("ended", Name(lines.Last(l => Name(l) != "log")));
        Assert.Equal(11, lines.Count(l => Name(l) == "script_starting"));
        Assert.Equal(11, lines.Count(l => Name(l) == "script_ended"));
        Assert.Contains(lines, l => Name(l) == "lock_held");
        Assert.Contains(lines, l => Name(l) == "lock_released");
        Assert.Contains(lines, l => Name(l) == "log" && l.TryGetProperty("output", out _) && l.GetProperty("message").GetString() == "hello from the script");
        JsonElement ended = lines.Single(l => Name(l) == "ended");
        Assert.Equal(0, ended.GetProperty("exit_code").GetInt32());
        Assert.False(ended.GetProperty("run_open").GetBoolean());
        Assert.All(lines.Where(l => Name(l) != "log"), l => Assert.Matches("^[0-9]{8}-", l.GetProperty("run_id").GetString()));
    }

    [Fact]
    public void The_end_of_a_run_that_failed_is_told()
    {
        Listener("exec cat");
        _host.Script("update", "20-install", "finish 3");
        Agent.Run(_host, "run").Expect(1);
        JsonElement ended = Lines().Single(l => Name(l) == "ended");
        Assert.Equal("update", ended.GetProperty("phase").GetString());
        Assert.Equal(1, ended.GetProperty("exit_code").GetInt32());
        Assert.True(ended.GetProperty("run_open").GetBoolean());
    }

    [Theory]
    [InlineData("exit 7")]
    [InlineData("kill -s KILL $$")]
    [InlineData("exec <&-; sleep 1")]
    [InlineData("exec /does/not/exist")]
    public void A_listener_that_fails_changes_nothing(string body)
    {
        Listener(body);
        Agent.Run(_host, "run").Expect(0);
        Assert.Contains("post_update/20-health", _host.Log.Started);
        Assert.Empty(_host.Holders);
    }

    [Fact]
    public void A_listener_that_does_not_read_holds_nothing_up()
    {
        Listener("exec sleep 300");
        _host.Script("update", "15-talks", "head -c 2000000 /dev/zero | tr '\\0' x | fold -w 100");
        Agent.Run(_host, "run").Expect(0);
        Assert.Contains("post_update/20-health", _host.Log.Started);
        Processes.Until(() => !Processes.Mentioning(_host.Root).Any(), "the listener is gone");
    }

    [Fact]
    public void A_secret_is_not_told()
    {
        using var engine = new EngineServer();
        Listener("exec cat");
        string secret = _host.Root + "/secret";
        File.WriteAllText(secret, DlmUpdater.Tests.Locks.DlmEngine.FakeEngine.Secret + "\n");
        File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _host.Set("file", "directory", null).Set("lock", "service", "dlmengine").Set("dlmengine", "url", engine.Url)
            .Set("dlmengine", "secret_id", DlmUpdater.Tests.Locks.DlmEngine.FakeEngine.SecretId).Set("dlmengine", "secret_file", secret);
        _host.Script("update", "15-tells", $"cat {secret}");

        Agent.Run(_host, "run").Expect(0);

        Assert.Contains("update", File.ReadAllText(Heard), StringComparison.Ordinal);
        Assert.DoesNotContain(DlmUpdater.Tests.Locks.DlmEngine.FakeEngine.Secret, File.ReadAllText(Heard), StringComparison.Ordinal);
    }

    private static string Name(JsonElement line) => line.GetProperty("event").GetString()!;

    private JsonElement[] Lines() => [.. File.ReadAllLines(Heard).Select(line => JsonDocument.Parse(line).RootElement.Clone())];

    private void Listener(string body)
    {
        string path = _host.Root + "/listener";
        File.WriteAllText(path, $"#!/bin/sh\nexec > {Heard}\n{body}\n");
        File.SetUnixFileMode(path, Sandbox.Executable);
        _host.Set("notify", "command", path);
    }
}
