using System.Text;
using System.Text.RegularExpressions;
using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Etcd;

namespace DlmUpdater.EndToEnd;

/// <summary>A flag that asks for help, one that does not exist, and a word too many never act: for every command under every name of the program, found by
/// its own help.</summary>
public sealed partial class HarmlessCallsTests(SharedEtcd etcd) : IClassFixture<SharedEtcd>, IDisposable
{
    private static readonly string[] HelpFlags = ["-h", "--help", "-help"], WrongWords = ["-bogus", "--bogus", "surplus"];

    private readonly Sandbox _host = new Sandbox().Cycle(reboot: true);

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_verb_acts_on_help_or_on_a_word_that_it_does_not_know(bool isRunOpen)
    {
        Scene(isRunOpen);
        var wrong = new List<string>();
        string[][] commands = [.. Commands([])];
        Assert.Contains(commands, c => c is ["lock", "set-max"]);
        Assert.True(commands.Length > 25, "the help of the program was not understood");
        foreach (string[] command in commands)
        {
            foreach (string probe in (string[])[.. HelpFlags, .. WrongWords])
            {
                // Words of a command under shield are that command's.
                if (command is ["shield"] && probe == "surplus") continue;
                string[] config = Agent.Call([.. command, "--help"]).Output.Contains("--config", StringComparison.Ordinal) ? ["--config", _host.Config] : [];
                int[] codes = HelpFlags.Contains(probe) ? [0] : command is ["updatelock"] ? [1, 2] : [2];
                Probe(new StartAs(), [.. command, .. config, probe, .. Usual(command)], codes, wrong);
                Probe(new StartAs(), [.. command, .. Usual(command, isLast: false), .. config, probe, .. Usual(command, isLast: true)], codes, wrong);

                // In the place of the command's own argument, such as the holder whose slot is freed.
                if (probe != "surplus") Probe(new StartAs(), [.. command, .. config, probe, .. Usual(command, isLast: false).Where(w => w.StartsWith('-'))], codes, wrong);
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("foreman_dlm_updater", "")]
    [InlineData("dlm_engine_updater", "")]
    [InlineData("dlm-engine-updater", "")]
    [InlineData("updatelock", "update")]
    [InlineData("updatelock", "release")]
    [InlineData("updatelock", "lock")]
    [InlineData("updatelock", "status")]
    public void No_older_name_acts_on_help_or_on_a_word_that_it_does_not_know(string name, string word)
    {
        Scene(isRunOpen: false);
        var wrong = new List<string>();
        var how = new StartAs { Executable = Link(name) };
        string[] words = word.Length == 0 ? [] : [word];
        foreach (string probe in (string[])[.. HelpFlags, .. WrongWords])
        {
            int[] codes = HelpFlags.Contains(probe) ? [0] : name == "updatelock" ? [1, 2] : [2];
            Probe(how, [.. words, "--cfg", _host.Config, probe], codes, wrong);
            Probe(how, [probe, "--cfg", _host.Config, .. words], codes, wrong);
            Probe(how, ["--cfg", _host.Config, .. words, probe], codes, wrong);
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task No_command_of_locksmithctl_acts_on_help_or_on_a_word_that_it_does_not_know()
    {
        Scene(isRunOpen: false);
        string group = "g" + Guid.NewGuid().ToString("N"), key = $"coreos.com/updateengine/rebootlock/groups/{group}/semaphore";
        string bin = _host.Root + "/bin";
        Sandbox.MakeDirectory(bin);
        foreach (string program in (string[])["reboot", "systemctl", "busctl"])
        {
            File.WriteAllText($"{bin}/{program}", $"#!/bin/sh\necho acted >> {_host.Root}/acted\n");
            File.SetUnixFileMode($"{bin}/{program}", Sandbox.Executable);
        }

        const string Before = """{"semaphore":2,"max":3,"holders":["a"]}""";
        await etcd.Server.Put2(key, Before);
        var how = new StartAs { Executable = Link("locksmithctl"), Environment = new Dictionary<string, string> { ["PATH"] = bin + ":/usr/bin:/bin" } };
        string[] flags = ["-endpoint", etcd.Server.Url, "-group", group];
        string[] commands = [.. CommandLines().Matches(Agent.Call(how, "help").Output).Select(m => m.Groups[1].Value)];
        Assert.Contains("send-need-reboot", commands);
        var wrong = new List<string>();
        foreach (string command in commands)
        {
            string[] usual = command switch { "lock" or "unlock" => ["a"], "set-max" => ["1"], _ => [] };
            foreach (string probe in (string[])[.. HelpFlags, .. WrongWords[..2]])
            {
                Probe(how, [.. flags, command, probe, .. usual], [2], wrong);
                Probe(how, [.. flags, command, .. usual, probe], command is "help" ? [0, 1, 2] : command is "set-max" ? [1] : [2], wrong);
                Probe(how, [.. flags, probe, command, .. usual], [HelpFlags.Contains(probe) ? 0 : 2], wrong);
            }

            // The real tool ignores a word after the machine id, and after status.
            if (command is not ("lock" or "unlock" or "status" or "help")) Probe(how, [.. flags, command, .. usual, "surplus"], [1, 2], wrong);
            if (await etcd.Server.Get2(key) != Before) wrong.Add($"{command} changed the semaphore");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>Whatever could be changed: an update is due, another host holds one of three slots, and a run may be open.</summary>
    private void Scene(bool isRunOpen)
    {
        _host.Set("file", "slots", "3");
        using var other = new Sandbox("other", _host);
        other.Set("file", "slots", "3");
        Agent.Call("lock", "acquire", "--config", other.Config).Expect(0);
        if (!isRunOpen) return;
        _host.Script("update", "15-fails", "finish 1");
        Agent.Run(_host, "run").Expect(1);
    }

    private void Probe(StartAs how, string[] words, int[] codes, List<string> wrong)
    {
        string before = Everything();
        Ended ended = Agent.Call(how, words);
        string call = string.Join(' ', words).Replace(_host.Root, "");
        if (Everything() is var after && after != before) wrong.Add($"{call}: something was done:\n{before}\n---\n{after}");
        if (!codes.Contains(ended.Code)) wrong.Add($"{call}: exit code {ended.Code}, not {string.Join(" or ", codes)}: {ended.Error}");
        if (ended.Code != 0 && ended.Output.Length + ended.Error.Length == 0) wrong.Add($"{call}: said nothing");
    }

    /// <summary>The files of the host with their texts, and what its scripts and its reboot command logged.</summary>
    private string Everything()
    {
        var text = new StringBuilder();
        foreach (string path in Directory.EnumerateFiles(_host.Root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            text.Append(path[_host.Root.Length..]).Append(' ').Append(new FileInfo(path).LinkTarget ?? File.ReadAllText(path).Trim()).Append('\n');
        return text.ToString();
    }

    /// <summary>What the command needs beside the probe in order to act.</summary>
    private string[] Usual(string[] command, bool? isLast = null)
    {
        string[] last = command is ["shield"] ? ["--", "/bin/sh", "-c", $"echo shielded > {_host.Root}/shielded"] : [];
        string[] words = command switch
        {
            ["lock", "unlock"] => ["other", "--yes"],
            ["lock", "set-max"] => ["2"],
            ["reset"] => ["--yes", "--release"],
            ["upgrade"] => ["--assumeyes"],
            ["upgrade", "mark" or "rerun" or "new"] => ["10-some"],
            ["hooks", "show" or "enable" or "disable"] => ["apt"],
            ["import"] => [_host.Config],
            ["updatelock"] => ["lock"],
            _ => [],
        };
        return isLast switch { null => [.. words, .. last], true => last, false => words };
    }

    private string Link(string name)
    {
        string link = $"{_host.Root}/{name}";
        if (!File.Exists(link)) File.CreateSymbolicLink(link, Binary.Path);
        return link;
    }

    private static IEnumerable<string[]> Commands(string[] path)
    {
        if (path.Length > 0) yield return path;
        string help = Agent.Call([.. path, "--help"]).Expect(0).Output;
        int at = help.IndexOf("\nCommands:\n", StringComparison.Ordinal);
        if (at < 0) yield break;
        foreach (Match part in CommandLines().Matches(help[at..]))
        {
            foreach (string[] command in Commands([.. path, part.Groups[1].Value])) yield return command;
        }
    }

    [GeneratedRegex("^  ([a-z][a-z-]*)(?: |$)", RegexOptions.Multiline)]
    private static partial Regex CommandLines();
}
