using System.Text;
using System.Text.Json;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>A host of its own in one directory that only root can write to: configuration, scripts, state, run directory, locks, and the log
/// that the scripts write of themselves. Removed at the end, with whatever still runs out of it.</summary>
internal sealed class Sandbox : IDisposable
{
    internal const UnixFileMode Executable = (UnixFileMode)0b111_101_101;

    /// <summary>The main directories: they must exist.</summary>
    internal static readonly string[] Stages = ["needs_update", "pre_update", "update", "needs_reboot", "post_update"];

    private readonly Dictionary<string, Dictionary<string, string>> ini = [];
    private readonly List<string> mounts = [];
    private Func<string[]>? holders;

    /// <summary>Makes the directory, the configuration, the empty script directories and the library of the scripts.</summary>
    /// <param name="holder">This host's name at the lock.</param>
    /// <param name="fleet">The sandbox whose lock directory and script log this host shares; null = its own.</param>
    internal Sandbox(string holder = "host-1", Sandbox? fleet = null)
    {
        Holder = holder;
        Root = "/var/lib/dlm-updater-e2e-" + Guid.NewGuid().ToString("N");
        Directory.CreateDirectory(Root, Executable);
        LockDirectory = fleet?.LockDirectory ?? Root + "/locks";
        Log = new ScriptLog(fleet?.Log.Path ?? Root + "/log");
        foreach (string stage in Stages) MakeDirectory(StageDirectory(stage));
        MakeDirectory(Root + "/marks");
        WriteLibrary();
        RebootCommand = Executable_(Root + "/reboot", $"#!/bin/sh\n. {Root}/lib.sh\nbegin\nfinish 0\n");

        Set("main", "state_dir", StateDirectory);
        Set("main", "run_dir", RunDirectory);
        Set("main", "lock", RunDirectory + "/instance.lock");
        Set("lock", "service", "file");
        Set("lock", "name", "e2e");
        Set("lock", "holder", holder);
        Set("file", "directory", LockDirectory);
        Set("scripts", "directory", ScriptDirectory);
        Set("reboot", "command", RebootCommand);
    }

    internal string Root { get; }
    internal string Holder { get; }
    internal string Config => Root + "/config.ini";
    internal string StateDirectory => Root + "/state";
    internal string StateFile => StateDirectory + "/state";
    internal string HistoryFile => StateDirectory + "/history.jsonl";
    internal string RunDirectory => Root + "/run";
    internal string LockDirectory { get; }
    internal string LockFile => LockDirectory + "/e2e.json";
    internal string ScriptDirectory => Root + "/scripts";
    internal string RebootCommand { get; }
    internal ScriptLog Log { get; }

    /// <summary>The holders in the lock file, or at the service of <see cref="AskForHolders"/>; empty without one.</summary>
    internal string[] Holders
    {
        get
        {
            if (holders is not null) return holders();
            if (!File.Exists(LockFile)) return [];
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(LockFile));
            return [.. document.RootElement.GetProperty("holders").EnumerateArray().Select(h => h.GetProperty("id").GetString()!)];
        }
    }

    /// <summary>From here on the lock is at a service: the scripts and <see cref="Holders"/> ask it.</summary>
    /// <param name="shell">Shell of the scripts that sets <c>held</c> to yes if this host holds the lock.</param>
    /// <param name="ask">The holders.</param>
    internal void AskForHolders(string shell, Func<string[]> ask)
    {
        holders = ask;
        WriteLibrary(shell);
    }

    internal string StageDirectory(string stage) => $"{ScriptDirectory}/{stage}.d";

    /// <summary>Sets a key of the configuration; null removes it.</summary>
    internal Sandbox Set(string section, string key, string? value)
    {
        if (!ini.TryGetValue(section, out Dictionary<string, string>? keys)) ini[section] = keys = [];
        if (value is null) keys.Remove(key);
        else keys[key] = value;

        var text = new StringBuilder();
        foreach (var (name, pairs) in ini)
        {
            text.Append($"[{name}]\n");
            foreach (var (k, v) in pairs) text.Append($"{k} = {v}\n");
        }

        File.WriteAllText(Config, text.ToString());
        return this;
    }

    /// <summary>The line of a key in the configuration, from 1.</summary>
    internal int LineOf(string section, string key)
    {
        string[] lines = File.ReadAllLines(Config);
        int start = Array.IndexOf(lines, $"[{section}]");
        return 1 + Array.FindIndex(lines, start, line => line.StartsWith(key + " = ", StringComparison.Ordinal));
    }

    /// <summary>Writes a script. It logs its start and its end; <paramref name="body"/> is what it does between.</summary>
    /// <param name="stage">Such as <c>pre_update</c>.</param>
    /// <param name="name">Its file name.</param>
    /// <param name="body">Shell; it may use <c>finish CODE</c> to end early, <c>$ROOT</c>, and <c>note WORD</c> to log something.</param>
    internal string Script(string stage, string name, string body = ":")
    {
        MakeDirectory(StageDirectory(stage));
        return Executable_($"{StageDirectory(stage)}/{name}", $"#!/bin/sh\n. {Root}/lib.sh\nbegin\n{body}\nfinish 0\n");
    }

    /// <summary>The scripts of a whole cycle: two of each kind. An update is due until update/20 has run once.</summary>
    /// <param name="reboot">True: the check asks for a reboot.</param>
    /// <param name="work">Shell that each script runs for its work.</param>
    internal Sandbox Cycle(bool reboot, string work = ":")
    {
        Script("needs_update", "10-never", work);
        Script("needs_update", "20-due", $"{work}\n[ -e $ROOT/marks/updated ] || finish 1");
        Script("pre_update", "10-drain", work);
        Script("pre_update", "20-stop", work);
        Script("update", "10-fetch", work);
        Script("update", "20-install", $"{work}\n: > $ROOT/marks/updated");
        Script("needs_reboot", "10-no", work);
        Script("needs_reboot", "20-kernel", reboot ? $"{work}\nfinish 1" : work);
        Script("post_update", "10-start", work);
        Script("post_update", "20-health", work);
        return this;
    }

    /// <summary>Makes a pipe with a name, for a script that is to wait until the test says so.</summary>
    internal Gate Gate(string name = "gate")
    {
        string path = $"{Root}/{name}";
        _ = Binary.Tool("mkfifo", path);
        return new Gate(path);
    }

    /// <summary>Another boot of this host.</summary>
    internal Boot NextBoot()
    {
        string id = Guid.NewGuid().ToString("D");
        string file = $"{Root}/marks/boot-{id}";
        File.WriteAllText(file, id + "\n");
        return new Boot(id, file);
    }

    /// <summary>Every path below the sandbox, without the script log and what the scripts mark there.</summary>
    internal string[] Files() =>
        [.. Directory.EnumerateFileSystemEntries(Root, "*", SearchOption.AllDirectories)
            .Select(path => path[(Root.Length + 1)..])
            .Where(path => path != "log" && !path.StartsWith("marks/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];

    /// <summary>Makes a directory with mode 0755, whatever the umask is.</summary>
    internal static void MakeDirectory(string path)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, Executable);
    }

    /// <summary>Mounts a file system for as long as the sandbox lives.</summary>
    internal void Mount(string target, params string[] arguments)
    {
        Directory.CreateDirectory(target);
        _ = Binary.Tool("mount", [.. arguments, target]);
        mounts.Add(target);
    }

    /// <summary>Ends what still runs out of this sandbox, as a reboot would.</summary>
    internal void KillLeftovers()
    {
        // Again until there is none: what was killed may just have started something.
        for (int[] found = [.. Processes.Mentioning(Root)]; found.Length > 0; found = [.. Processes.Mentioning(Root)])
        {
            foreach (int pid in found) Processes.Kill(pid);
            Thread.Sleep(1);
        }
    }

    public void Dispose()
    {
        KillLeftovers();
        foreach (string mount in mounts) _ = Binary.Command("umount", "-l", mount);
        Directory.Delete(Root, recursive: true);
    }

    private static string Executable_(string path, string text)
    {
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, Executable);
        return path;
    }

    /// <summary>What every script begins with. Shell built-ins only: a sweep runs thousands of scripts.</summary>
    private void WriteLibrary(string? held = null) => File.WriteAllText(Root + "/lib.sh", $$"""
        ROOT={{Root}}
        name=${0##*/}
        stage=${0%/*}; stage=${stage##*/}; stage=${stage%.d}
        [ "$name" = reboot ] && stage=reboot
        read -r boot < /proc/sys/kernel/random/boot_id
        say() {
            held=no
            {{held ?? $"if [ -r {LockFile} ]; then while read -r line; do case $line in *'\"id\": \"{Holder}\"'*) held=yes ;; esac; done < {LockFile}; fi"}}
            echo "$1|{{Holder}}|$stage|$name|$DLM_UPDATER_PHASE|$DLM_UPDATER_RUN_ID|$DLM_UPDATER_ATTEMPT|$boot|$held|$2" >> {{Log.Path}}
        }
        note() { say note "$1"; }
        begin() { say start $$; }
        finish() {
            say end $1
            exit $1
        }

        """);
}

/// <summary>A pipe with a name at which a script waits.</summary>
/// <param name="Path">Where it is.</param>
internal sealed record Gate(string Path)
{
    /// <summary>Shell that waits here.</summary>
    internal string Wait => $"read -r go < {Path}";

    /// <summary>Lets one waiting script go on; waits until there is one.</summary>
    internal void Open()
    {
        using var pipe = new FileStream(Path, FileMode.Open, FileAccess.Write);
        pipe.Write("go\n"u8);
    }
}
