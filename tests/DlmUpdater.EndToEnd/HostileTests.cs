using System.Globalization;
using System.Text;
using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Text that somebody else has chosen, in every place that the program reads, through every verb: none of it reaches a terminal raw, and none begins
/// a line of its own.</summary>
public sealed class HostileTests
{
    private const string Evil = "x\e[2J\e]0;owned\a\u202egnp\u200b\u0085\u009b31m\u2028end";
    private const string Forged = "2026-01-01T00:00:00Z error   forged";

    /// <summary>Every verb that reads, and each shape of it.</summary>
    private static readonly string[][] Verbs =
    [
        ["status"], ["status", "--output", "json"], ["plan"], ["plan", "--output", "json"], ["check"], ["check", "--output", "json"], ["history"], ["history", "--output", "json"],
        ["lock", "show"], ["lock", "show", "--output", "json"], ["lock", "list"], ["lock", "list", "--output", "json"], ["lock", "events"], ["lock", "acquire"], ["lock", "release"],
        ["lock", "unlock", Evil, "--yes", "--reason", Evil], ["shield", "--", "true"], ["hooks", "list"], ["hooks", "show", Evil], ["upgrade", "--describe"], ["upgrade", "--history"],
        ["import", "/nonexistent/" + Evil], ["run"], ["reset", "--yes"], ["version", Evil], [Evil],
    ];

    private static void AssertPlain(Ended ended, string of)
    {
        foreach (string stream in (string[])[ended.Output, ended.Error])
        {
            string bad = string.Join(' ', stream.EnumerateRunes().Where(Steers).Distinct().Select(r => $"U+{r.Value:X4}"));
            Assert.True(bad.Length == 0, $"{bad} in what {Plain(of)} shows:\n{Plain(stream)}");
            Assert.DoesNotContain(stream.Split('\n'), line => line.StartsWith(Forged, StringComparison.Ordinal));
        }

        Assert.NotEqual(70, ended.Code);
    }

    private static bool Steers(Rune rune) => (Rune.IsControl(rune) && rune.Value is not ('\n' or '\t'))
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static string Plain(string text) => string.Concat(text.EnumerateRunes().Select(r => Steers(r) ? "?" : r.ToString()));

    private static void CallAll(Sandbox host)
    {
        foreach (string[] verb in Verbs)
        {
            string[] call = verb[0] is "version" or Evil ? verb
                : verb[0] is "lock" or "hooks" ? [verb[0], verb[1], "--config", host.Config, .. verb[2..]]
                : verb[0] is "import" ? verb : [verb[0], "--config", host.Config, .. verb[1..]];
            AssertPlain(Agent.Call(new StartAs { Environment = new Dictionary<string, string> { ["DLM_UPDATER_RUN_ID"] = Evil } }, call), string.Join(' ', verb));
        }
    }

    [Fact]
    public void Holders_of_the_file_service_names_and_headers_of_scripts_history_and_state_are_shown_harmless()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("lock", "wait", "false");
        string evil = JsonSerializer.Serialize($"{Evil}\n{Forged}\n");
        host.Script("pre_update", "30-described", $"printf '%b\\n' '\\033[2J\\0233[31m\\342\\200\\256 {Forged}'\nfinish 3");
        string described = host.StageDirectory("pre_update") + "/30-described";
        File.WriteAllText(described, File.ReadAllText(described).Replace("#!/bin/sh\n", $"#!/bin/sh\n# dlm: description={Evil}\n", StringComparison.Ordinal));
        host.Script("update", "15-" + Evil);

        // A run that stopped, and what it left.
        AssertPlain(Agent.Run(host, "run"), "run");
        File.Delete(host.StageDirectory("update") + "/15-" + Evil);
        AssertPlain(Agent.Run(host, "run").Expect(1), "run");
        CallAll(host);

        // What others left in the files.
        File.WriteAllText(host.LockFile, $$"""{"version":1,"slots":1,"generation":7,"holders":[{"id":{{evil}},"since":"2026-11-22T20:30:50Z"}]}""");
        File.AppendAllText(host.HistoryFile, File.ReadAllLines(host.HistoryFile)[^1].Replace("\"message\":\"", $"\"message\":\"{evil[1..^1]}", StringComparison.Ordinal) + "\n");
        CallAll(host);
        File.WriteAllText(host.StateFile, Evil);
        CallAll(host);
        File.WriteAllText(host.LockFile, evil);
        CallAll(host);
    }

    [Theory]
    [InlineData("etcd v3")]
    [InlineData("etcd v2")]
    [InlineData("airlock")]
    [InlineData("dlmengine")]
    [InlineData("file")]
    public async Task A_holder_at_a_lock_service_is_shown_harmless(string service)
    {
        using Sandbox host = new Sandbox("host-1").Cycle(reboot: false).Set("lock", "wait", "false");
        using var other = new Sandbox(Evil.Replace("\u0085", "", StringComparison.Ordinal).Replace("\u2028", "", StringComparison.Ordinal), fleet: host);
        await using LockServer server = await LockServer.Start(service, host);
        server.Join(host);
        server.Join(other);
        AssertPlain(Agent.Call("lock", "acquire", "--config", other.Config), "lock acquire");
        AssertPlain(Agent.Call("lock", "show", "--config", other.Config), "lock show");

        CallAll(host);
    }

    [Theory]
    [InlineData("lock", "name")]
    [InlineData("lock", "holder")]
    [InlineData("lock", "service")]
    [InlineData("schedule", "window")]
    [InlineData("scripts", "directory")]
    [InlineData("main", "state_dir")]
    [InlineData("main", "log")]
    [InlineData("reboot", "command")]
    [InlineData("notify", "command")]
    [InlineData(Evil, "key")]
    [InlineData("lock", Evil)]
    public void A_value_of_the_configuration_is_shown_harmless(string section, string key)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set(section, key, section == Evil ? "x" : key == "directory" ? "/tmp/" + Evil : Evil);

        CallAll(host);
    }
}
