using System.Diagnostics;
using System.Text;

namespace DlmUpdater.Hosts.Harness;

/// <summary>How a command on a host ended.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">stdout and stderr.</param>
internal sealed record Ended(int Code, string Output)
{
    internal Ended Expect(int code)
    {
        Assert.True(Code == code, $"exit code {Code}, not {code}\n{Output}");
        return this;
    }
}

/// <summary>A host with systemd as PID 1 that boots, reboots and loses its power: an overlay on a common root, in a container.</summary>
internal sealed class Host : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string directory;
    private readonly string[] options;
    private Process? process;

    /// <param name="name">Its host name.</param>
    /// <param name="options">More options of systemd-nspawn, such as <c>--bind=</c>.</param>
    internal Host(string name, params string[] options)
    {
        (Name, this.options) = (name, options);
        directory = $"{Ground.Directory}/{name}-{Guid.NewGuid():N}";
        Directory.CreateDirectory(Upper);
    }

    internal string Name { get; }

    /// <summary>A layer over the common root; null = none.</summary>
    internal string? Lower { get; init; }

    /// <summary>PID of the host's own PID 1, as it is seen from outside; 0 while it has none, in the middle of a reboot.</summary>
    internal int Leader => Init();

    /// <summary>What the host wrote to its console in all its boots.</summary>
    internal string Console => File.Exists(directory + "/console") ? File.ReadAllText(directory + "/console") : "";

    private string Upper => directory + "/upper";

    /// <summary>Turns it on and waits until it is up.</summary>
    internal Host Boot()
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(AppContext.BaseDirectory, "Harness/host.sh"), Lower is null ? Ground.Root : $"{Lower}:{Ground.Root}", directory, Path.GetFileName(directory), .. options])
        {
            RedirectStandardInput = true,
        };
        File.Delete(directory + "/nspawn");
        process = Process.Start(start)!;
        Up();
        return this;
    }

    /// <summary>Takes the power away from it: its init is killed, and all that runs with it.</summary>
    internal void PowerCut()
    {
        // By the id that host.sh last said; a host in the middle of a reboot has no init for a moment.
        int init = 0;
        Wait("the host has an init", () => (init = Leader) != 0);
        Assert.Equal(0, Native.Kill(init, 9));
        Assert.True(process!.WaitForExit(Patience), "the host does not end");
        process.Dispose();
        process = null;
    }

    /// <summary>Moves the disk of a host without power to <paramref name="path"/>.</summary>
    internal void KeepDiskAs(string path) => Directory.Move(Upper, path);

    /// <summary>Runs a shell command on the host, as an admin who has logged in.</summary>
    internal Ended Run(string command)
    {
        (int code, string text) = Command("nsenter", "-t", $"{Leader}", "-m", "-u", "-i", "-n", "-p", "--", "/usr/bin/env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "/bin/sh", "-c", command);
        return new Ended(code, text);
    }

    /// <summary>Runs a shell command as a unit of the host's systemd, which a shutdown ends as it ends others.</summary>
    internal Ended AsUnit(string command) => Run($"systemd-run --quiet --wait --pipe --collect /bin/sh -c '{command}'");

    /// <summary>What a command prints that succeeds.</summary>
    internal string Says(string command) => Run(command).Expect(0).Output.TrimEnd('\n');

    /// <summary>Waits until the boot after the one of <paramref name="bootId"/> is up.</summary>
    internal void NextBoot(string bootId)
    {
        Wait("the host reboots", () => Leader != 0 && Run("cat /proc/sys/kernel/random/boot_id") is { Code: 0 } seen && seen.Output.Trim() != bootId);
        Up();
    }

    /// <summary>Waits until all that the boot began has ended, what goes on with a run among it.</summary>
    internal Host Settle()
    {
        Wait("it has settled", () => Run("systemctl is-system-running").Output.Trim() is "running" or "degraded" && Run("systemctl list-jobs --no-legend").Output.Length == 0);
        return this;
    }

    internal string BootId => Says("cat /proc/sys/kernel/random/boot_id");

    /// <summary>Puts a file on its disk, before its first boot or while it is up.</summary>
    internal Host Write(string path, string text, bool isExecutable = false)
    {
        string target = (process is null ? Upper : $"/proc/{Leader}/root") + path;
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.WriteAllText(target, text);
        File.SetUnixFileMode(target, (UnixFileMode)Convert.ToInt32(isExecutable ? "755" : "644", 8));
        return this;
    }

    /// <summary>Puts a script into the directory of a phase.</summary>
    internal Host Script(string phase, string name, string body, string header = "") =>
        Write($"/etc/dlm-updater/{phase}.d/{name}", $"#!/bin/sh\n{header}\n{body}\n", isExecutable: true);

    /// <summary>Copies a file from outside.</summary>
    internal Host Copy(string from, string path)
    {
        string target = (process is null ? Upper : $"/proc/{Leader}/root") + path;
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(from, target, overwrite: true);
        return this;
    }

    /// <summary>Makes an empty directory on its disk.</summary>
    internal Host MakeDirectory(string path)
    {
        Directory.CreateDirectory((process is null ? Upper : $"/proc/{Leader}/root") + path);
        return this;
    }

    /// <summary>Makes a symbolic link on its disk.</summary>
    internal Host Link(string path, string target)
    {
        string link = (process is null ? Upper : $"/proc/{Leader}/root") + path;
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        File.CreateSymbolicLink(link, target);
        return this;
    }

    /// <summary>The text of a file on it; empty when it is not there.</summary>
    internal string Read(string path)
    {
        string file = (process is null ? Upper : $"/proc/{Leader}/root") + path;
        return File.Exists(file) ? File.ReadAllText(file) : "";
    }

    /// <summary>Waits until something is so.</summary>
    internal void Wait(string what, Func<bool> isSo)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!isSo())
        {
            if (Stopwatch.GetElapsedTime(begin) > Patience) Assert.Fail($"{Name}: waited {Patience.TotalSeconds:0} s in vain until {what}\n{Console}\n{Journal()}");
            Thread.Sleep(50);
        }
    }

    public void Dispose()
    {
        if (process is not null)
        {
            process.StandardInput.Close();
            if (!process.WaitForExit(Patience)) process.Kill(entireProcessTree: true);
            process.Dispose();
        }

        foreach (string hierarchy in (string[])["systemd/", "unified/", ""]) RemoveGroup($"/sys/fs/cgroup/{hierarchy}{Path.GetFileName(directory)}");
        Directory.Delete(directory, recursive: true);
    }

    private string Journal() => Leader == 0 ? "" : Run("journalctl --no-pager -n 80").Output;

    private void Up() => Wait("it is up", () =>
    {
        if (process!.HasExited) Assert.Fail($"{Name} does not boot ({process.ExitCode})\n{Console}");
        return Leader != 0 && Run("systemctl is-active multi-user.target").Code == 0;
    });

    /// <summary>The container's init: the only child of its nspawn.</summary>
    private int Init()
    {
        try
        {
            string nspawn = File.ReadAllText(directory + "/nspawn").Trim();
            string[] children = File.ReadAllText($"/proc/{nspawn}/task/{nspawn}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return children.Length > 0 && File.ReadAllText($"/proc/{children[0]}/comm").Trim() == "systemd" ? int.Parse(children[0], System.Globalization.CultureInfo.InvariantCulture) : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static void RemoveGroup(string group)
    {
        if (!Directory.Exists(group)) return;
        foreach (string inner in Directory.GetDirectories(group)) RemoveGroup(inner);
        for (int tries = 0; ; tries++)
        {
            try
            {
                Directory.Delete(group);
                return;
            }
            catch (IOException) when (tries < 200)
            {
                // The kernel takes a moment to bury what was killed in it.
                Thread.Sleep(25);
            }
        }
    }

    private static bool IsStopped(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] == 'T';
        }
        catch (IOException)
        {
            return false;
        }
    }

    internal static (int Code, string Output) Command(string name, params string[] arguments)
    {
        using Process called = Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        called.StandardInput.Close();
        var text = new StringBuilder();
        void Add(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is null) return;
            lock (text) text.Append(line.Data).Append('\n');
        }

        called.OutputDataReceived += Add;
        called.ErrorDataReceived += Add;
        called.BeginOutputReadLine();
        called.BeginErrorReadLine();

        // A host that shuts down stops all its processes before it kills them, and nsenter stops itself with the one that it waits for: then
        // nobody buries that one, and the host never goes down.
        while (!called.WaitForExit(500))
        {
            if (IsStopped(called.Id)) _ = Native.Kill(called.Id, 18);
        }

        called.WaitForExit();
        return (called.ExitCode, text.ToString());
    }
}
