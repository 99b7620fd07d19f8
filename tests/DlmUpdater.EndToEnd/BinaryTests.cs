using System.Globalization;
using System.Text.RegularExpressions;
using DlmUpdater.EndToEnd.Harness;
using Xunit.Abstractions;

namespace DlmUpdater.EndToEnd;

/// <summary>The file itself: one native executable, and what it wants of a host.</summary>
public sealed partial class BinaryTests(ITestOutputHelper output)
{
    [Fact]
    public void It_is_one_native_executable_and_runs_alone()
    {
        byte[] head = File.ReadAllBytes(Binary.Path)[..4];
        Assert.Equal("\x7f"u8.ToArray().Concat("ELF"u8.ToArray()), head);

        // A copy of nothing but the file runs: no assembly beside it, no runtime, no setting.
        using Sandbox host = new();
        string alone = host.Root + "/alone";
        File.Copy(Binary.Path, alone);
        File.SetUnixFileMode(alone, Sandbox.Executable);
        Assert.StartsWith("dlm-updater ", Agent.Call(new StartAs { Executable = alone }, "version").Expect(0).Output, StringComparison.Ordinal);

        string beside = Path.GetDirectoryName(Binary.Path)!;
        Assert.Empty(Directory.GetFiles(beside, "*.dll"));
        Assert.Empty(Directory.GetFiles(beside, "*.json"));
        Assert.False(File.ReadAllBytes(Binary.Path).AsSpan().IndexOf("hostfxr_main"u8) >= 0, "this is a framework host, not a native program");
    }

    [Fact]
    public void It_wants_only_the_c_library()
    {
        string[] wanted = [.. Needed().Matches(Binary.Tool("readelf", "-d", Binary.Path)).Select(m => m.Groups[1].Value)];

        Assert.NotEmpty(wanted);
        Assert.All(wanted, library => Assert.Matches(@"^(libc|libm|libdl|libpthread|librt|ld-linux-[\w-]+)\.so\.\d+$", library));

        Version highest = GlibcVersion().Matches(Binary.Tool("readelf", "-V", Binary.Path)).Select(m => Version.Parse(m.Groups[1].Value)).Max()!;
        output.WriteLine($"libraries: {string.Join(", ", wanted)}; highest symbol GLIBC_{highest}; {new FileInfo(Binary.Path).Length.ToString("N0", CultureInfo.InvariantCulture)} bytes");
        Assert.InRange(highest, new Version(2, 2), new Version(2, 36));
    }

    [Fact]
    public void It_carries_a_host_through_where_there_is_nothing_but_its_libraries_and_a_shell()
    {
        using Sandbox host = new();
        string root = host.Root + "/root";
        foreach (string file in new[] { Binary.Path, "/bin/sh" }.SelectMany(f => Libraries(f)).Append("/bin/sh").Distinct()) CopyTo(root, file, file);
        CopyTo(root, Binary.Path, "/dlm-updater");
        foreach (string directory in new[] { "proc", "dev", "etc", "var/lib", "run" }) Sandbox.MakeDirectory($"{root}/{directory}");
        foreach (string stage in Sandbox.Stages)
        {
            Sandbox.MakeDirectory($"{root}/scripts/{stage}.d");
            string script = $"{root}/scripts/{stage}.d/10-only";
            File.WriteAllText(script, $"#!/bin/sh\necho {stage} >> /log\n{(stage == "needs_update" ? "exit 1" : "")}\n");
            File.SetUnixFileMode(script, Sandbox.Executable);
        }

        File.WriteAllText(root + "/etc/config.ini", "[main]\nstate_dir = /var/lib/dlm\nrun_dir = /run/dlm\n[lock]\nservice = file\nname = bare\nholder = bare-host\n[file]\ndirectory = /var/lib/locks\n[scripts]\ndirectory = /scripts\n");

        Assert.StartsWith("dlm-updater ", Agent.Call(new StartAs { Executable = "/usr/sbin/chroot" }, root, "/dlm-updater", "version").Expect(0).Output, StringComparison.Ordinal);

        // Not even /dev/urandom: only what every container has, and the scripts' stdin.
        string prepare = $"mount -t proc proc {root}/proc && : > {root}/dev/null && mount --bind /dev/null {root}/dev/null || exit 99";
        Agent.Call(new StartAs { Executable = "/usr/sbin/chroot", Prepare = prepare }, root, "/dlm-updater", "run", "--config", "/etc/config.ini").Expect(0);

        Assert.Equal(Sandbox.Stages, File.ReadAllLines(root + "/log"));
        Assert.Contains("\"holders\": []", File.ReadAllText(root + "/var/lib/locks/bare.json"), StringComparison.Ordinal);
        Assert.False(File.Exists(root + "/var/lib/dlm/state"));
    }

    [Fact]
    public void Without_proc_it_says_what_is_missing_and_takes_no_lock()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);

        Ended ended = Agent.Run(host, new StartAs { Prepare = "mount -t tmpfs none /proc/sys || exit 99" }, "run").Expect(74);

        Assert.Contains("boot_id", ended.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(host.LockFile));
    }

    private static IEnumerable<string> Libraries(string file) =>
        Library().Matches(Binary.Tool("ldd", file)).Select(m => m.Groups[1].Value);

    private static void CopyTo(string root, string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(root + to)!);
        File.Copy(File.ResolveLinkTarget(from, returnFinalTarget: true)?.FullName ?? from, root + to, overwrite: true);
        File.SetUnixFileMode(root + to, Sandbox.Executable);
    }

    [GeneratedRegex(@"\(NEEDED\)\s+Shared library: \[([^\]]+)\]")]
    private static partial Regex Needed();

    [GeneratedRegex(@"GLIBC_(\d+\.\d+(?:\.\d+)?)")]
    private static partial Regex GlibcVersion();

    [GeneratedRegex(@"(/\S+) \(0x")]
    private static partial Regex Library();
}
