using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Etcd;

namespace DlmUpdater.EndToEnd;

/// <summary>Command lines of the real <c>locksmithctl</c> at a real etcd, with what it did: ours does the same, and differs on purpose where it is wrong.</summary>
public sealed class LocksmithRecordedTests(SharedEtcd etcd) : IClassFixture<SharedEtcd>, IDisposable
{
    private const string Base = "coreos.com/updateengine/rebootlock", NoClient = "Error initializing etcd client: ";

    /// <summary>What we do where the recorded tool has a defect: exit code, how stdout and stderr begin, and the documents if they differ from those before.</summary>
    private static readonly Dictionary<string, (int Code, string Output, string Error, string? After)> Ours = new()
    {
        // A group that etcd cleans away would be the semaphore of the hosts without one.
        ["-group=.. status"] = (1, "", NoClient + "'..' cannot name a group", null),
        ["status < not json"] = (1, "", "Error getting status: the value of the key coreos.com/updateengine/rebootlock/semaphore in etcd is not a semaphore", null),
        ["unlock x < not json"] = (1, "", "Error unlocking: the value of the key", null),
        ["status < "] = (1, "", "Error getting status: the value of the key", null),
        ["status < {\"semaphore\":\"1\"}"] = (1, "", "Error getting status: the value of the key", null),
        // Fields that a newer tool may need are kept, and an unsorted list is sorted.
        ["lock q < {\"semaphore\":1,\"max\":1,\"holders\":[],\"extra\":5}"] = (0, "", "", """{"semaphore":0,"max":1,"holders":["q"],"extra":5}"""),
        ["lock c < {\"semaphore\":2,\"max\":4,\"holders\":[\"b\",\"a\"]}"] = (0, "", "", """{"semaphore":1,"max":4,"holders":["a","b","c"]}"""),
    };

    private readonly Sandbox _host = new();

    public void Dispose() => _host.Dispose();

    /// <summary>One test for all: the recorded cases use the keys without a group too, one after the other.</summary>
    [Fact]
    public async Task Each_recorded_command_line_ends_as_the_real_tool_did()
    {
        string link = _host.Root + "/locksmithctl", machine = File.ReadAllText("/etc/machine-id").Trim();
        File.CreateSymbolicLink(link, Binary.Path);
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllBytes(Binary.Source + "/tests/DlmUpdater.EndToEnd/Recorded/locksmithctl.json"));
        var wrong = new List<string>();
        int cases = 0, defects = 0;
        foreach (JsonElement one in recorded.RootElement.GetProperty("cases").EnumerateArray())
        {
            cases++;
            string[] args = [.. one.GetProperty("args").EnumerateArray().Select(a => a.GetString()!)];
            Dictionary<string, string> before = Texts(one.GetProperty("before")), after = Texts(one.GetProperty("after"));
            await Clear();
            foreach ((string key, string value) in before) await etcd.Server.Put2(Wire(key), value);

            string[] called = [.. args.Select(Filled)];
            if (!one.GetProperty("default_endpoint").GetBoolean()) called = ["-endpoint", etcd.Server.Url, .. called];
            Dictionary<string, string> variables = Texts(one.GetProperty("env")).ToDictionary(pair => pair.Key, pair => Filled(pair.Value));
            Ended ended = Agent.Call(new StartAs { Executable = link, Environment = variables }, called);

            string name = string.Join(' ', args) + (before.TryGetValue("semaphore", out string? text) && one.TryGetProperty("defect", out _) ? " < " + text : "");
            var expected = (Code: one.GetProperty("exit").GetInt32(), Output: one.GetProperty("stdout").GetString()!, Error: one.GetProperty("stderr").GetString()!);
            bool isPrefix = expected.Error.StartsWith(NoClient, StringComparison.Ordinal);
            if (one.TryGetProperty("defect", out _))
            {
                defects++;
                isPrefix = true;
                (expected.Code, expected.Output, expected.Error, string? document) = Ours[name];
                after = document is null ? before : new() { ["semaphore"] = document };
            }

            Dictionary<string, string> found = await Documents();
            if (!after.ToDictionary(pair => pair.Key, pair => pair.Value.Replace("$MACHINE_ID", machine)).OrderBy(p => p.Key).SequenceEqual(found.OrderBy(p => p.Key)))
                wrong.Add($"{name}: the documents are {Shown(found)}, not {Shown(after)}");
            if (ended.Code != expected.Code) wrong.Add($"{name}: exit code {ended.Code}, not {expected.Code}: {ended.Error}");
            if (!IsAs(expected.Output, ended.Output, false)) wrong.Add($"{name}: stdout is '{ended.Output}', not '{expected.Output}'");
            if (!IsAs(expected.Error, ended.Error, isPrefix)) wrong.Add($"{name}: stderr is '{ended.Error}', not '{expected.Error}'");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal((94, Ours.Count), (cases, defects));

        string Filled(string word) => word.Replace("$E", etcd.Server.Url).Replace("$H", "127.0.0.1:" + etcd.Server.Port);
    }

    /// <summary>The texts of help are not copied, the version is ours, and of an etcd that does not answer the reason may differ.</summary>
    private static bool IsAs(string expected, string found, bool isPrefix) => expected switch
    {
        "<help>" => found.Contains("locksmithctl [FLAGS]", StringComparison.Ordinal),
        "<usage>" => found.Contains("Usage of locksmithctl:\n", StringComparison.Ordinal) && found.Contains("-endpoint", StringComparison.Ordinal),
        _ when expected.StartsWith("locksmithctl version 0.6.2", StringComparison.Ordinal) => found.StartsWith("locksmithctl version 0.6.2 ", StringComparison.Ordinal),
        _ when isPrefix && expected.StartsWith(NoClient + "client: etcd cluster is unavailable", StringComparison.Ordinal) =>
            found.StartsWith(expected.TrimEnd('\n') + "; error #0: ", StringComparison.Ordinal),
        _ when isPrefix && expected.StartsWith(NoClient + "parse ", StringComparison.Ordinal) => found.EndsWith(": first path segment in URL cannot contain colon\n", StringComparison.Ordinal),
        _ when isPrefix && expected.Length > 0 && !expected.EndsWith('\n') => found.StartsWith(expected, StringComparison.Ordinal),
        _ => found == expected,
    };

    private static Dictionary<string, string> Texts(JsonElement pairs) => pairs.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);

    private static string Shown(Dictionary<string, string> documents) => string.Join(' ', documents.Select(d => $"{d.Key}={d.Value}"));

    private static string Wire(string key) => $"{Base}/{key.Replace("%", "%25")}";

    private async Task Clear()
    {
        using var client = new HttpClient();
        using HttpResponseMessage gone = await client.DeleteAsync($"{etcd.Server.Url}/v2/keys/{Base}?recursive=true");
    }

    /// <summary>Every document below the base, by its path there.</summary>
    private async Task<Dictionary<string, string>> Documents()
    {
        using var client = new HttpClient();
        using HttpResponseMessage reply = await client.GetAsync($"{etcd.Server.Url}/v2/keys/{Base}?recursive=true");
        var found = new Dictionary<string, string>();
        if (reply.IsSuccessStatusCode)
        {
            using JsonDocument tree = JsonDocument.Parse(await reply.Content.ReadAsStringAsync());
            Collect(tree.RootElement.GetProperty("node"), found);
        }

        return found;
    }

    private static void Collect(JsonElement node, Dictionary<string, string> found)
    {
        if (node.TryGetProperty("value", out JsonElement value)) found[node.GetProperty("key").GetString()![(Base.Length + 2)..]] = value.GetString()!;
        if (!node.TryGetProperty("nodes", out JsonElement nodes)) return;
        foreach (JsonElement child in nodes.EnumerateArray()) Collect(child, found);
    }
}
