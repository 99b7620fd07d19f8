using System.Diagnostics;
using System.Runtime.CompilerServices;
using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts.Power;

/// <summary>An emulated machine with a disk: when its power goes, what its kernel has not written is lost.</summary>
internal sealed class Machine : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("dlm-power-").FullName;

    internal Machine()
    {
        string root = directory + "/root";
        foreach (string part in (string[])["bin", "dev", "proc", "sys", "disk", "tmp", "run", "modules", "usr/bin"]) Directory.CreateDirectory($"{root}/{part}");
        File.Copy(new FileInfo(Named("DLM_UPDATER_BUSYBOX")).FullName, root + "/bin/busybox");
        foreach (string tool in (string[])["sh", "mount", "insmod", "cat", "sleep", "sed", "head", "grep", "sync", "true"]) File.CreateSymbolicLink($"{root}/bin/{tool}", "busybox");
        File.Copy(Named("DLM_UPDATER_X64_STATIC"), root + "/usr/bin/dlm-updater");
        foreach (string module in Directory.EnumerateFiles(Named("DLM_UPDATER_KERNEL") + "/lib/modules", "*.ko", SearchOption.AllDirectories)
            .Where(m => Path.GetFileNameWithoutExtension(m) is "virtio" or "virtio_ring" or "virtio_pci" or "virtio_pci_modern_dev" or "virtio_pci_legacy_dev" or "virtio_blk" or "crc16" or "libcrc32c" or "crc32c_generic" or "mbcache" or "jbd2" or "ext4"))
            File.Copy(module, $"{root}/modules/{Path.GetFileName(module)}");
        Script(root + "/init", File.ReadAllText(Path.Combine(Here(), "init.sh")));
        Directory.CreateDirectory(root + "/etc/dlm-updater");
        File.WriteAllText(root + "/etc/dlm-updater/config.ini", "[main]\nstate_dir = /disk/state\n[lock]\nservice = file\nname = fleet\nholder = holder-1\n[file]\ndirectory = /disk/locks\n[reboot]\ncommand = /bin/true\n");
        foreach (string phase in (string[])["needs_update", "pre_update", "update", "needs_reboot", "post_update"])
        {
            for (int i = 1; i <= 3; i++) Script($"{root}/etc/dlm-updater/{phase}.d/{i}0-{phase}", $"#!/bin/sh\nexit {(phase == "needs_update" && i == 3 ? 1 : 0)}\n");
        }

        Shell($"cd {root} && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1 > {directory}/initrd && truncate -s 64M {directory}/disk && mkfs.ext4 -q {directory}/disk");
    }

    /// <summary>Turns it on, lets it say what it found, lets it run for <paramref name="after"/>, and takes the power away.</summary>
    internal async Task<Dictionary<string, string>> Boot(TimeSpan after)
    {
        string kernel = Directory.GetFiles(Named("DLM_UPDATER_KERNEL") + "/boot", "vmlinuz-*").Single();
        using Process machine = Process.Start(new ProcessStartInfo("qemu-system-x86_64",
        [
            "-m", "256", "-accel", "tcg,tb-size=64", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-net", "none", "-kernel", kernel, "-initrd", directory + "/initrd",
            "-append", "console=ttyS0 quiet panic=-1", "-drive", $"file={directory}/disk,if=virtio,format=raw,cache=writethrough",
        ])
        { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = new Dictionary<string, string>();
        var all = new List<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        try
        {
            while (!said.ContainsKey("READY"))
            {
                string? line = await machine.StandardOutput.ReadLineAsync(patience.Token);
                Assert.True(line is not null, "the machine went off by itself:\n" + string.Join('\n', all));
                all.Add(line);
                string[] words = line.TrimEnd('\r').Split(' ', 2);
                said[words[0]] = words.Length > 1 ? words[1] : "";
            }

            // While it runs, it must have nothing to complain of.
            using var running = new CancellationTokenSource(after);
            try
            {
                while (await machine.StandardOutput.ReadLineAsync(running.Token) is { } line) Assert.Fail(line + "\n" + await machine.StandardOutput.ReadLineAsync(patience.Token));
            }
            catch (OperationCanceledException)
            {
                // The moment for the cut.
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail("the machine does not get ready:\n" + string.Join('\n', all));
        }
        finally
        {
            _ = Native.Kill(machine.Id, 9);
            await machine.WaitForExitAsync();
        }

        return said;
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static void Script(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32("755", 8));
    }

    private static void Shell(string command)
    {
        (int code, string output) = Host.Command("bash", "-euc", "set -o pipefail; PATH=$PATH:/usr/sbin:/sbin; " + command);
        Assert.True(code == 0, output);
    }

    private static string Named(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path && Path.Exists(path)
        ? Path.GetFullPath(path)
        : throw new InvalidOperationException($"{variable} names nothing: run these tests by 'make test-power'");

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
