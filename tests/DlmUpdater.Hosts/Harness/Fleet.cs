using DlmUpdater.Tests.Locks.Etcd;

namespace DlmUpdater.Hosts.Harness;

/// <summary>Hosts that share the lock of a real etcd, and a directory in which their scripts write what they do.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    /// <summary>The semaphore in airlock's layout.</summary>
    private const string Key = "com.coreos.airlock/groups/default/v1/semaphore";

    private readonly string shared = $"{Ground.Directory}/shared-{Guid.NewGuid():N}";
    private readonly List<Host> hosts = [];
    private readonly EtcdServer etcd;

    private Fleet(EtcdServer etcd)
    {
        this.etcd = etcd;
        Directory.CreateDirectory(shared);
    }

    internal EtcdServer Etcd => etcd;

    /// <summary>What scripts did on all hosts, in order: host, word, phase, boot.</summary>
    internal (string Host, string Word, string Phase, string Boot)[] Log =>
    [
        .. (File.Exists(shared + "/log") ? File.ReadAllLines(shared + "/log") : []).Select(l => l.Split(' ')).Where(w => w.Length == 4).Select(w => (w[0], w[1], w[2], w[3])),
    ];

    internal static async Task<Fleet> Start() => new(await EtcdServer.Start());

    /// <summary>Who holds the lock, as etcd has it.</summary>
    internal async Task<string> Semaphore() => await etcd.Get(Key) ?? "";

    /// <summary>A host of it, with a script in each phase that writes when it begins and when it ends, and an update that is due until it was made.</summary>
    internal Host Join(string name)
    {
        Host host = Installed.Host(name, $"--bind={shared}:/fleet");
        hosts.Add(host);
        host.Write("/etc/dlm-updater/config.ini", $"""
            [lock]
            service = etcd
            holder = {name}
            retry_interval = 1s
            [etcd]
            endpoints = http://127.0.0.1:{etcd.Port}
            [reboot]
            command = /usr/local/sbin/reboot-now
            timeout = 2m
            """);
        host.Write("/usr/local/lib/fleet.sh", """
            say() { echo "$(hostname) $1 $2 $(cat /proc/sys/kernel/random/boot_id)" >> /fleet/log; }
            """);
        host.Write("/usr/local/sbin/reboot-now", "#!/bin/sh\n. /usr/local/lib/fleet.sh\nsay begin reboot\n[ ! -e /usr/local/lib/cut.sh ] || { PHASE=reboot; . /usr/local/lib/cut.sh; }\nexec systemctl reboot\n", isExecutable: true);
        host.Script("needs_update", "10-due", Body("needs_update") + "[ -e /var/lib/updated ]");
        foreach (string phase in (string[])["pre_update", "update", "post_update"]) host.Script(phase, "10-" + phase, Body(phase) + $"{(phase == "update" ? ": > /var/lib/updated; sync" : ":")}\nsay end {phase}");
        host.Script("needs_reboot", "10-yes", Body("needs_reboot") + "say end needs_reboot\nexit 1");
        return host;
    }

    /// <summary>The host's scripts of <paramref name="phase"/> stand still the first time, until its power is cut.</summary>
    internal static void StandStill(Host host, string phase) => host.Write("/usr/local/lib/cut.sh",
        $"if [ $PHASE = {phase} ] && [ ! -e /var/lib/cut ]; then : > /var/lib/cut; sync; : > /fleet/cut; sleep 120; exit 9; fi\n");

    /// <summary>True if a script stands still, or has said what the name says.</summary>
    internal bool Has(string file) => File.Exists($"{shared}/{file}");

    internal void Tell(string file) => File.WriteAllText($"{shared}/{file}", "");

    public async ValueTask DisposeAsync()
    {
        foreach (Host host in hosts) host.Dispose();
        await etcd.DisposeAsync();
        Directory.Delete(shared, recursive: true);
    }

    private static string Body(string phase) => $". /usr/local/lib/fleet.sh\nPHASE={phase}\nsay begin {phase}\n[ ! -e /usr/local/lib/cut.sh ] || . /usr/local/lib/cut.sh\n";
}
