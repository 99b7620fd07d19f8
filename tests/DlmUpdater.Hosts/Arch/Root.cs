using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts.Arch;

/// <summary>A root file system in which one build of the program runs: an overlay over a distribution's, or nothing but a static shell for the scripts.</summary>
internal sealed class Root : IDisposable
{
    private readonly string directory = $"{Places.Work}/root-{Guid.NewGuid():N}";
    private readonly string? lower;
    private readonly string[] emulator;

    /// <param name="executable">The build.</param>
    /// <param name="lower">A distribution; null = none.</param>
    /// <param name="emulator">What runs it, when this machine's processor does not.</param>
    internal Root(string executable, string? lower = null, string? emulator = null)
    {
        this.lower = lower;
        foreach (string part in (string[])["upper", "work", "root"]) Directory.CreateDirectory($"{directory}/{part}");
        Copy(executable, "/usr/bin/dlm-updater");
        if (emulator is not null) Copy(emulator, "/emulator");
        this.emulator = emulator is null ? [] : ["/emulator"];
        foreach (string made in (string[])["/proc", "/dev", "/run", "/var/lib", "/etc"]) Directory.CreateDirectory(Upper + made);
        if (lower is null)
        {
            Copy("/bin/busybox", "/bin/busybox");
            foreach (string tool in (string[])["sh", "cat", "true", "test"]) File.CreateSymbolicLink($"{Upper}/bin/{tool}", "busybox");
        }
    }

    internal string Upper => directory + "/upper";

    internal Root Write(string path, string text, string mode = "644")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Upper + path)!);
        File.WriteAllText(Upper + path, text);
        File.SetUnixFileMode(Upper + path, (UnixFileMode)Convert.ToInt32(mode, 8));
        return this;
    }

    internal Root Copy(string from, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Upper + path)!);
        File.Copy(new FileInfo(from).ResolveLinkTarget(true)?.FullName ?? from, Upper + path, overwrite: true);
        File.SetUnixFileMode(Upper + path, (UnixFileMode)Convert.ToInt32("755", 8));
        return this;
    }

    internal string Read(string path) => File.Exists(Upper + path) ? File.ReadAllText(Upper + path) : "";

    /// <summary>Runs the program in it, under <paramref name="boot"/> as boot id.</summary>
    internal Ended Run(string boot, params string[] arguments)
    {
        File.WriteAllText(directory + "/boot", boot + "\n");
        string prepare = $"""
            set -e
            mount -t overlay overlay -o lowerdir={lower ?? directory + "/work"},upperdir={Upper},workdir={directory}/work-overlay {directory}/root
            mount -t proc proc {directory}/root/proc
            mount --bind /dev {directory}/root/dev
            mount --bind {directory}/boot {directory}/root/proc/sys/kernel/random/boot_id
            exec chroot {directory}/root "$@"
            """;
        Directory.CreateDirectory(directory + "/work-overlay");
        (int code, string output) = Host.Command("unshare", ["-m", "--propagation", "private", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", prepare, "sh", .. emulator, "/usr/bin/dlm-updater", .. arguments]);
        return new Ended(code, output);
    }

    public void Dispose()
    {
        if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
    }
}
