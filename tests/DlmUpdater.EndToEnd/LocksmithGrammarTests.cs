using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Etcd;

namespace DlmUpdater.EndToEnd;

/// <summary>The grammar of <c>locksmithctl</c>: Go's <c>flag</c> package in front of the command, and once more behind it, where no flag is known. Each row is a
/// command line, the exit code, how both streams begin, and what became of the semaphore.</summary>
public sealed class LocksmithGrammarTests(SharedEtcd etcd) : IClassFixture<SharedEtcd>, IDisposable
{
    private const string Before = """{"semaphore":1,"max":3,"holders":["a","b"]}""", Usage = "Usage of locksmithctl:\n";
    private const string Help = "flag: help requested\n", NoClient = "Error initializing etcd client: ";
    private const string Locked = """{"semaphore":0,"max":3,"holders":["a","b","c"]}""", Unlocked = """{"semaphore":2,"max":3,"holders":["b"]}""";

    private readonly Sandbox _host = new();
    private readonly string _group = "g" + Guid.NewGuid().ToString("N");

    public static TheoryData<string, int, string, string, string?> Rows => new()
    {
        // In front of the command.
        { "-h lock c", 0, "", Usage, null },
        { "--help reboot", 0, "", Usage, null },
        { "-help=false reboot", 0, "", Usage, null },
        { "-version -h", 0, "", Usage, null },
        { "-bogus lock c", 2, "", "flag provided but not defined: -bogus\n" + Usage, null },
        { "--bogus=1 reboot", 2, "", "flag provided but not defined: -bogus\n" + Usage, null },
        { "---debug lock c", 2, "", "bad flag syntax: ---debug\n" + Usage, null },
        { "-=x lock c", 2, "", "bad flag syntax: -=x\n" + Usage, null },
        { "-debug=maybe lock c", 2, "", "invalid boolean value \"maybe\" for -debug: parse error\n" + Usage, null },
        { "-debug= lock c", 2, "", "invalid boolean value \"\" for -debug: parse error\n" + Usage, null },
        { "lock c -group", 2, "flag provided but not defined: -group\n", "flag provided but not defined: -group\nUsage:\n", null },
        { "-group", 2, "", "flag needs an argument: -group\n" + Usage, null },
        { "-version=false -debug lock c", 0, "", "", Locked },
        { "-version=1 lock c", 0, "locksmithctl version 0.6.2 ", "", null },
        { "-version nope", 0, "locksmithctl version 0.6.2 ", "", null },
        { "-group nobody -group $G lock c", 0, "", "", Locked },
        { "-group=$G --debug -- lock c", 0, "", "", Locked },
        { "-debug lock -group x", 2, "flag provided but not defined: -group\n", "flag provided but not defined: -group\nUsage:\n", null },
        { "-endpoint= lock c", 1, "", NoClient + "client: etcd cluster is unavailable or misconfigured; error #0: -endpoint \"\" is not", null },
        { "-endpoint garbage,$E lock c", 0, "", "", Locked },
        { "-api v4 lock c", 1, "", NoClient + "-api is v2 or v3", null },
        { "-etcd-cafile /nope lock c", 1, "", NoClient + "open /nope: no such file or directory\n", null },
        { "-etcd-keyfile /nope lock c", 1, "", NoClient + "open /nope: no such file or directory\n", null },

        // Behind it.
        { "lock -h", 2, Help, "Usage:\n", null },
        { "lock --help", 2, Help, "Usage:\n", null },
        { "lock -help", 2, Help, "Usage:\n", null },
        { "lock -bogus", 2, "flag provided but not defined: -bogus\n", "flag provided but not defined: -bogus\nUsage:\n", null },
        { "lock c -h", 2, Help, "Usage:\n", null },
        { "lock c --bogus", 2, "flag provided but not defined: -bogus\n", "flag provided but not defined: -bogus\nUsage:\n", null },
        { "lock ---h", 2, "bad flag syntax: ---h\n", "bad flag syntax: ---h\nUsage:\n", null },
        { "unlock -h", 2, Help, "Usage:\n", null },
        { "unlock a -h", 2, Help, "Usage:\n", null },
        { "status -version", 2, "flag provided but not defined: -version\n", "flag provided but not defined: -version\nUsage:\n", null },
        { "reboot -h", 2, Help, "Usage:\n", null },
        { "reboot --help", 2, Help, "Usage:\n", null },
        { "reboot -bogus", 2, "flag provided but not defined: -bogus\n", "flag provided but not defined: -bogus\nUsage:\n", null },
        { "reboot now", 2, "", "reboot takes no arguments, and nothing was done", null },
        { "reboot -- -h", 2, "", "reboot takes no arguments, and nothing was done", null },
        { "send-need-reboot -h", 2, Help, "Usage:\n", null },
        { "send-need-reboot now", 2, "", "send-need-reboot takes no arguments", null },
        { "set-max -h", 2, Help, "Usage:\n", null },
        { "set-max -1", 2, "flag provided but not defined: -1\n", "flag provided but not defined: -1\nUsage:\n", null },
        { "set-max 3 -h", 1, "", "New maximum value must be set.\n", null },
        { "set-max 3 4", 1, "", "New maximum value must be set.\n", null },
        { "set-max", 1, "", "New maximum value must be set.\n", null },
        { "set-max 1.5", 1, "", "Invalid maximum value: 1.5\n", null },
        { "set-max 99999999999999999999", 1, "", "Invalid maximum value: 99999999999999999999\n", null },
        { "set-max 0", 0, "Old-Max: 3\nMax: 0\n", "", """{"semaphore":-2,"max":0,"holders":["a","b"]}""" },
        { "set-max -- -1", 0, "Old-Max: 3\nMax: -1\n", "", """{"semaphore":-3,"max":-1,"holders":["a","b"]}""" },
        { "set-max 007", 0, "Old-Max: 3\nMax: 7\n", "", """{"semaphore":5,"max":7,"holders":["a","b"]}""" },
        { "set-max 3000000000", 0, "Old-Max: 3\nMax: 3000000000\n", "", """{"semaphore":2999999998,"max":3000000000,"holders":["a","b"]}""" },
        { "help -h", 2, Help, "Usage:\n", null },
        { "help nope", 1, "Unrecognized command: nope\n", "", null },
        { "Lock c", 2, "locksmithctl: unknown subcommand: \"Lock\"\nRun 'locksmithctl help' for usage.\n", "", null },

        // As there: -- makes a flag a word, - is a word, and words after the machine id are ignored.
        { "lock -- -h", 0, "", "", """{"semaphore":0,"max":3,"holders":["-h","a","b"]}""" },
        { "lock -", 0, "", "", """{"semaphore":0,"max":3,"holders":["-","a","b"]}""" },
        { "lock c d", 0, "", "", Locked },
        { "unlock a b", 0, "", "", Unlocked },
        { "status more", 0, "Available: 1\nMax: 3\n\nMACHINE ID\na\nb\n", "", null },

        // Not as there: a variable that is not set must not take a slot for a holder without a name.
        { "lock ''", 1, "", "the machine id is empty", null },
        { "unlock ''", 1, "", "the machine id is empty", null },
    };

    public static TheoryData<string, string, string, int, string, string> Variables => new()
    {
        { "LOCKSMITHCTL_VERSION", "true", "status", 0, "Available: 1\n", "" },
        { "LOCKSMITHCTL_HELP", "true", "status", 0, "Available: 1\n", "" },
        { "LOCKSMITHCTL_DEBUG", "maybe", "status", 0, "Available: 1\n", "" },
        { "LOCKSMITHCTL_ENDPOINT", "", "status", 0, "Available: 1\n", "" },
        { "LOCKSMITHCTL_ENDPOINT", "garbage", "status", 0, "Available: 1\n", "" },
        { "LOCKSMITHCTL_GROUP", "nobody", "-group $G status", 0, "Available: 1\nMax: 3\n", "" },
        { "LOCKSMITHCTL_API", "v4", "status", 1, "", NoClient + "-api is v2 or v3" },
        { "LOCKSMITHCTL_ETCD_CAFILE", "/nope", "status", 1, "", NoClient + "open /nope: no such file or directory\n" },
        { "LOCKSMITHCTL_ETCD_CAFILE", "/nope", "-etcd-cafile= status", 0, "Available: 1\n", "" },
    };

    public void Dispose() => _host.Dispose();

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Each_command_line_has_its_stream_exit_code_and_effect(string line, int code, string output, string error, string? after)
    {
        await etcd.Server.Put2(Key, Before);
        Ended ended = Call([], line);
        Assert.Equal(after ?? Before, await etcd.Server.Get2(Key));
        Assert.False(File.Exists(_host.Root + "/bin/acted"), "a command was started");
        ended.Expect(code);
        Begins(output, ended.Output);
        Begins(error, ended.Error);
    }

    [Theory]
    [MemberData(nameof(Variables))]
    public async Task Variables_stand_in_for_flags_that_are_not_given(string name, string value, string line, int code, string output, string error)
    {
        await etcd.Server.Put2(Key, Before);
        Ended ended = Call(new() { [name] = value }, line).Expect(code);
        Begins(output, ended.Output);
        Begins(error, ended.Error);
        Assert.Equal(Before, await etcd.Server.Get2(Key));
    }

    [Fact]
    public async Task Help_and_version_make_no_semaphore_and_every_other_command_does()
    {
        foreach (string line in (string[])["help", "-version", "-h", "lock -h", "set-max", "set-max 1 2", "nope"]) _ = Call([], line);
        Assert.Null(await etcd.Server.Get2(Key));
        Call([], "set-max many").Expect(1);
        Assert.Equal("""{"semaphore":1,"max":1,"holders":null}""", await etcd.Server.Get2(Key));
    }

    private string Key => $"coreos.com/updateengine/rebootlock/groups/{_group}/semaphore";

    private static void Begins(string expected, string found)
    {
        if (expected.Length == 0) Assert.Equal("", found);
        else Assert.StartsWith(expected, found, StringComparison.Ordinal);
    }

    private Ended Call(Dictionary<string, string> variables, string line)
    {
        string link = _host.Root + "/locksmithctl", bin = _host.Root + "/bin";
        if (!File.Exists(link))
        {
            File.CreateSymbolicLink(link, Binary.Path);
            Sandbox.MakeDirectory(bin);
            foreach (string name in (string[])["reboot", "systemctl", "busctl"])
            {
                File.WriteAllText($"{bin}/{name}", $"#!/bin/sh\n: > {bin}/acted\n");
                File.SetUnixFileMode($"{bin}/{name}", Sandbox.Executable);
            }
        }

        string[] words = [.. line.Split(' ').Select(w => w == "''" ? "" : w.Replace("$E", etcd.Server.Url).Replace("$G", _group))];
        var all = new Dictionary<string, string>
        {
            ["PATH"] = $"{bin}:/usr/bin:/bin",
            ["LOCKSMITHCTL_GROUP"] = _group,
            ["LOCKSMITHCTL_ENDPOINT"] = etcd.Server.Url,
        };
        foreach ((string name, string value) in variables)
        {
            // Another variable than the endpoint leaves the endpoint as it is; a bad endpoint is passed over for the flag.
            if (name == "LOCKSMITHCTL_ENDPOINT") words = ["-endpoint", etcd.Server.Url, .. words];
            all[name] = value;
        }

        return Agent.Call(new StartAs { Executable = link, Environment = all }, words);
    }
}
