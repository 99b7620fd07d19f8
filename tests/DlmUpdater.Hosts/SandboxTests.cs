using DlmUpdater.Hosts.Harness;

namespace DlmUpdater.Hosts;

/// <summary>The units leave scripts what package managers need, and take what they do not. What a container forbids to everyone is compared with an admin's shell on the same host.</summary>
public sealed class SandboxTests : IDisposable
{
    /// <summary>What maintainer scripts, dracut, grub, podman, dkms and their like do.</summary>
    private static readonly (string Name, string Command)[] Freedoms =
    [
        ("a set-uid program is installed", "install -m 4755 /bin/true /usr/local/bin/suid && test -u /usr/local/bin/suid"),
        ("a set-group-id directory is made", "install -d -m 2775 /usr/local/sgid && test -g /usr/local/sgid"),
        ("another user is become", "su nobody -s /bin/sh -c 'test $(id -un) = nobody'"),
        ("owners are changed", ": > /usr/local/owned && chown nobody /usr/local/owned"),
        ("a device node is made", "mknod /usr/local/null c 1 3"),
        ("a file system is mounted", "mkdir -p /mnt/$WHO && mount -t tmpfs none /mnt/$WHO"),
        ("a namespace is made", "unshare -m -u -i true"),
        ("a user namespace is made", "unshare -r true"),
        ("a root is changed", "chroot / true"),
        ("a sysctl is written", "echo $(cat /proc/sys/kernel/printk | cut -f1) > /proc/sys/kernel/printk"),
        ("the kernel log is written", "echo hello > /dev/kmsg"),
        ("the kernel log is read", "dmesg"),
        ("a process of another is traced", "sleep 5 & head -c 1 /proc/$!/mem || test $? = 1"),
        ("the host's clock may be asked for", "date"),
        ("memory that is written is run", "perl -e 'use strict; exit 0'"),
        ("a nice value is raised", "nice -n -5 true"),
        ("system directories are written", "for d in /usr /etc /boot /opt /srv /root /home /var /lib; do : > $d/.probe && rm $d/.probe || exit 1; done"),
        ("a unit is restarted", "systemctl restart systemd-journald"),
        ("a raw socket is opened", "perl -e 'use Socket; socket(my $s, PF_INET, SOCK_RAW, 1) or exit 1'"),
        ("netlink is talked to", "perl -e 'socket(my $s, 16, 3, 0) or exit 1'"),
        ("cryptography of the kernel is used", "perl -e 'socket(my $s, 38, 5, 0) or exit 1'"),
        ("a large core limit is set", "ulimit -c unlimited"),
    ];

    private readonly Host host = Installed.Host("host-1");

    public SandboxTests() => host.Write("/etc/dlm-updater/config.ini",
        "[lock]\nservice = file\nname = fleet\n[file]\ndirectory = /var/lib/dlm-updater/locks\n[reboot]\ncommand = systemctl reboot\n")
        .Script("needs_update", "10-due", "exit 1")
        .Script("needs_reboot", "10-no", "exit 0");

    public void Dispose() => host.Dispose();

    [Fact]
    public void Scripts_may_do_what_an_admins_shell_may()
    {
        string probe = string.Concat(Freedoms.Select(f => $"( {f.Command} ) >/dev/null 2>&1 && echo '{f.Name}: yes' || echo '{f.Name}: no'\n"));
        string clean = "\nrm -rf /usr/local/bin/suid /usr/local/sgid /usr/local/owned /usr/local/null\n";
        host.Write("/usr/local/sbin/probe", "#!/bin/sh\n" + probe + clean, isExecutable: true);
        host.Script("update", "10-probe", "WHO=script /usr/local/sbin/probe > /var/lib/by-script; : > /tmp/from-script; setsid sleep 500 >/dev/null 2>&1 &");
        host.Boot().Settle();

        string[] shell = host.Says("WHO=shell /usr/local/sbin/probe").Split('\n');
        host.Run("systemctl start dlm-updater.service").Expect(0);

        Assert.Equal(shell, host.Read("/var/lib/by-script").TrimEnd('\n').Split('\n'));
        // The test would show little if a container forbade most of it to everyone.
        Assert.True(shell.Count(s => s.EndsWith(": yes", StringComparison.Ordinal)) >= Freedoms.Length - 4, string.Join('\n', shell));
        host.Run("mountpoint -q /mnt/script").Expect(0);
        host.Run("test -e /tmp/from-script").Expect(0);
        host.Run("pgrep -f 'sleep 500'").Expect(0);
    }

    [Fact]
    public void What_no_package_manager_needs_is_taken()
    {
        host.Script("update", "10-probe", """
            { setarch i686 true 2>/dev/null && echo personality || echo no-personality
              perl -e '$! = 0; syscall(156, 0); print "sysctl-", $! + 0, "\n"'
              grep -E 'CapBnd|Seccomp:' /proc/self/status; umask; } > /var/lib/by-script
            """);
        host.Boot().Settle();
        ulong shell = Convert.ToUInt64(host.AsUnit("grep CapBnd /proc/self/status").Expect(0).Output.Split('\t')[1].Trim(), 16);

        host.Run("systemctl start dlm-updater.service").Expect(0);

        host.Run("setarch i686 true").Expect(0);
        string[] lines = host.Read("/var/lib/by-script").TrimEnd('\n').Split('\n');
        Assert.Equal("no-personality", lines[0]);
        Assert.Equal("sysctl-1", lines[1]);
        const ulong Taken = (1UL << 20) | (1UL << 35) | (1UL << 36);
        Assert.Equal(shell & ~Taken, Convert.ToUInt64(lines[2].Split('\t')[1], 16));
        Assert.Equal("2", lines[3].Split('\t')[1]);
        Assert.Equal("0022", lines[4]);
    }
}
