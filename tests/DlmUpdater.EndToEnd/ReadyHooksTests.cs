using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>The ready hooks, each with commands that answer as the real ones do: what a check says, and what an update makes of an exit code. Those for apt
/// run for real on a host that boots (tests/DlmUpdater.Hosts).</summary>
public sealed class ReadyHooksTests : IDisposable
{
    private static readonly string Hooks = Binary.Source + "/src/dist/hooks";

    private readonly string root = Directory.CreateTempSubdirectory("dlm-hooks-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    /// <summary>zypper whose repositories have patches (needed or not), or only packages. The lists are what <c>--xmlout</c> prints.</summary>
    private static string Zypper(bool patches, bool packages, int check = 0) =>
        $"zypper: echo \"$*\" >> $ROOT/calls; case $* in *list-patches*) echo '<stream><update-status><update-list>{(patches ? "<update name=\"SUSE-1\" kind=\"patch\">" : "")}</update-list></update-status></stream>';; " +
        $"*list-updates*) echo '<stream><update-status><update-list>{(packages ? "<update name=\"vim\" kind=\"package\" edition=\"9\">" : "")}</update-list></update-status></stream>';; *patch-check*) exit {check};; esac";

    /// <summary>hook, commands that answer (name: shell), exit code of the script: 0 no, 1 yes, 126 no answer for checks; 0 or not for the others.</summary>
    public static TheoryData<string, string, int> Answers => new()
    {
        { "dnf/needs_update.d/20-dnf", "dnf: exit 100", 1 },
        { "dnf/needs_update.d/20-dnf", "dnf: exit 0", 0 },
        { "dnf/needs_update.d/20-dnf", "dnf: exit 1", 126 },
        { "dnf/needs_update.d/20-dnf", "dnf: kill -9 $$", 126 },
        { "dnf/update.d/20-dnf", "dnf: [ \"$*\" = '-y upgrade' ]", 0 },
        { "dnf/update.d/20-dnf", "dnf: exit 1", 1 },
        { "dnf/needs_reboot.d/20-dnf", "dnf: [ $2 = --help ] || exit 1", 1 },
        { "dnf/needs_reboot.d/20-dnf", "dnf: exit 0", 0 },
        { "dnf/needs_reboot.d/20-dnf", "dnf: exit 1", 126 },
        { "zypper/needs_update.d/20-zypper", "zypper: [ $2 = refresh ] || exit 100", 1 },
        { "zypper/needs_update.d/20-zypper", "zypper: [ $2 = refresh ] || exit 101", 1 },
        { "zypper/needs_update.d/20-zypper", Zypper(patches: true, packages: true), 0 },
        { "zypper/needs_update.d/20-zypper", Zypper(patches: false, packages: true), 1 },
        { "zypper/needs_update.d/20-zypper", Zypper(patches: false, packages: false), 0 },
        { "zypper/needs_update.d/20-zypper", Zypper(patches: true, packages: false, check: 101), 1 },
        { "zypper/needs_update.d/20-zypper", "zypper: exit 0", 126 },
        { "zypper/needs_update.d/20-zypper", "zypper: case $* in *list*) exit 6;; esac", 126 },
        { "zypper/needs_update.d/20-zypper", "zypper: exit 4", 126 },
        { "zypper/needs_update.d/20-zypper", "zypper: [ $2 = refresh ] || exit 7", 126 },
        { "zypper/update.d/20-zypper", "zypper: case $* in *list-*) echo '<update x></stream>';; *) exit 102;; esac", 0 },
        { "zypper/update.d/20-zypper", "zypper: case $* in *list-*) echo '<update x></stream>'; exit;; esac; [ -e $ROOT/again ] || { : > $ROOT/again; exit 103; }", 0 },
        { "zypper/update.d/20-zypper", "zypper: case $* in *list-*) echo '</stream>';; *) exit 103;; esac", 103 },
        { "zypper/update.d/20-zypper", "zypper: case $* in *list-*) echo '<update x></stream>';; *) exit 107;; esac", 107 },
        { "zypper/update.d/20-zypper", "zypper: exit 0", 1 },
        { "zypper/needs_reboot.d/20-zypper", "zypper: exit 102", 1 },
        { "zypper/needs_reboot.d/20-zypper", "zypper: exit 0", 0 },
        { "zypper/needs_reboot.d/20-zypper", "zypper: exit 2", 126 },
        { "transactional-update/needs_update.d/20-transactional-update", "zypper: [ $2 = refresh ] || exit 100", 1 },
        { "transactional-update/needs_update.d/20-transactional-update", Zypper(patches: true, packages: true), 0 },
        { "transactional-update/needs_update.d/20-transactional-update", Zypper(patches: false, packages: true), 1 },
        { "transactional-update/needs_update.d/20-transactional-update", Zypper(patches: false, packages: false), 0 },
        { "transactional-update/needs_update.d/20-transactional-update", "zypper: exit 0", 126 },
        { "transactional-update/needs_reboot.d/20-transactional-update", "btrfs: echo 'ID 270 gen 90 top level 266 path @/.snapshots/3/snapshot'\nfindmnt: echo /@/.snapshots/2/snapshot", 1 },
        { "transactional-update/needs_reboot.d/20-transactional-update", "btrfs: echo 'ID 270 gen 90 top level 266 path @/.snapshots/3/snapshot'\nfindmnt: echo /@/.snapshots/3/snapshot", 0 },
        { "transactional-update/needs_reboot.d/20-transactional-update", "btrfs: exit 1\nfindmnt: echo /", 126 },
        { "rpm-ostree/needs_update.d/20-rpm-ostree", "rpm-ostree: [ $1 != upgrade ] || exit 77", 0 },
        { "rpm-ostree/needs_update.d/20-rpm-ostree", "rpm-ostree: exit 0", 1 },
        { "rpm-ostree/needs_update.d/20-rpm-ostree", "rpm-ostree: [ $1 != status ] || exit 77", 1 },
        { "rpm-ostree/needs_update.d/20-rpm-ostree", "rpm-ostree: [ $1 != upgrade ] || exit 1", 126 },
        { "rpm-ostree/needs_reboot.d/20-rpm-ostree", "rpm-ostree: exit 77", 1 },
        { "rpm-ostree/needs_reboot.d/20-rpm-ostree", "rpm-ostree: exit 0", 0 },
        { "rpm-ostree/needs_reboot.d/20-rpm-ostree", "rpm-ostree: exit 1", 126 },
        { "bootc/needs_update.d/20-bootc", "bootc: if [ $1 = status ]; then echo '{\"status\": {\"staged\": null}}'; else echo 'Update available for: quay.io/x'; fi", 1 },
        { "bootc/needs_update.d/20-bootc", "bootc: if [ $1 = status ]; then echo '{\"status\": {\"staged\": null}}'; else echo 'No changes in: quay.io/x'; fi", 0 },
        { "bootc/needs_update.d/20-bootc", "bootc: if [ $1 = status ]; then echo '{\"status\": {\"staged\": {\"image\": 1}}}'; fi", 1 },
        { "bootc/needs_update.d/20-bootc", "bootc: if [ $1 = status ]; then echo '{\"status\": {\"staged\": null}}'; else echo 'something new'; fi", 126 },
        { "bootc/needs_reboot.d/20-bootc", "bootc: printf '{\"status\": {\\n  \"staged\": {\\n\"image\": 1}}}'", 1 },
        { "bootc/needs_reboot.d/20-bootc", "bootc: echo '{\"status\": {\"staged\": null}}'", 0 },
        { "bootc/needs_reboot.d/20-bootc", "bootc: echo none", 126 },
        { "pacman/needs_update.d/20-pacman", "checkupdates: exit 0", 1 },
        { "pacman/needs_update.d/20-pacman", "checkupdates: exit 2", 0 },
        { "pacman/needs_update.d/20-pacman", "checkupdates: exit 1", 126 },
        { "pacman/needs_reboot.d/20-pacman", "uname: echo 0.0-gone", 1 },
        { "apk/needs_update.d/20-apk", "apk: [ $1 = update ] || printf '(1/2) Upgrading musl\\nOK: 10 MiB\\n'", 1 },
        { "apk/needs_update.d/20-apk", "apk: [ $1 = update ] || echo 'OK: 10 MiB in 20 packages'", 0 },
        { "apk/needs_update.d/20-apk", "apk: exit 1", 126 },
        { "apk/needs_reboot.d/20-apk", "uname: echo 0.0-gone", 1 },
        { "snap/needs_update.d/30-snap", "snap: echo 'All snaps up to date.' >&2", 0 },
        { "snap/needs_update.d/30-snap", "snap: printf 'Name Version\\nlxd 5.0\\n'", 1 },
        { "snap/needs_update.d/30-snap", "snap: exit 1", 126 },
        { "flatpak/needs_update.d/30-flatpak", "flatpak: :", 0 },
        { "flatpak/needs_update.d/30-flatpak", "flatpak: echo app/org.x", 1 },
        { "flatpak/needs_update.d/30-flatpak", "flatpak: exit 1", 126 },
        { "podman-auto-update/needs_update.d/30-podman", "podman: echo 'a.service quay.io/a false'; echo 'b.service quay.io/b pending'", 1 },
        { "podman-auto-update/needs_update.d/30-podman", "podman: echo 'a.service quay.io/a false'", 0 },
        { "podman-auto-update/needs_update.d/30-podman", "podman: exit 125", 126 },
        { "needrestart/needs_reboot.d/60-needrestart", "needrestart: echo 'NEEDRESTART-KSTA: 3'", 1 },
        { "needrestart/needs_reboot.d/60-needrestart", "needrestart: echo 'NEEDRESTART-KSTA: 1'", 0 },
        { "needrestart/needs_reboot.d/60-needrestart", "needrestart: echo 'NEEDRESTART-KSTA: 0'\nsystemd-detect-virt: exit 0", 0 },
        { "needrestart/needs_update.d/60-needrestart", "needrestart: echo 'NEEDRESTART-KSTA: 3'", 0 },
        { "needrestart/needs_update.d/60-needrestart", "needrestart: echo 'NEEDRESTART-KSTA: 1'", 0 },
        { "needrestart/needs_update.d/60-needrestart", "needrestart: exit 1", 126 },
        { "needrestart/needs_reboot.d/60-needrestart", "needrestart: exit 1", 126 },
        { "needs-restarting/needs_reboot.d/60-needs-restarting", "needs-restarting: exit 1", 1 },
        { "needs-restarting/needs_reboot.d/60-needs-restarting", "needs-restarting: exit 0", 0 },
        { "needs-restarting/needs_reboot.d/60-needs-restarting", "needs-restarting: exit 2", 126 },
        { "failed-units/post_update.d/60-failed-units", "systemctl: :", 0 },
        { "failed-units/post_update.d/60-failed-units", "systemctl: [ $1 = list-jobs ] || echo 'db.service loaded failed failed Database'", 1 },
        { "failed-units/post_update.d/60-failed-units", "systemctl: case $1 in list-jobs) if [ -e $ROOT/up ]; then :; else : > $ROOT/up; echo '7 web.service start running'; fi;; *) [ -e $ROOT/up ] || echo 'x.service loaded failed failed X';; esac", 0 },
        { "failed-units/post_update.d/60-failed-units", "systemctl: [ $1 != list-jobs ] || echo '12 dlm-updater-resume.service start running'", 0 },
        { "health-url/post_update.d/70-health-url", "curl: exit 0", 1 },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void A_hook_reads_exit_codes_and_words_as_its_tool_means_them(string hook, string commands, int code) => Run(hook, commands, code);

    [Fact]
    public void A_check_whose_tool_is_not_there_gives_no_answer()
    {
        foreach (string check in Directory.EnumerateFiles(Hooks, "*", SearchOption.AllDirectories).Where(f => f.Contains("/needs_update.d/", StringComparison.Ordinal)))
        {
            string hook = Path.GetRelativePath(Hooks, check);
            if (hook.StartsWith("reboot-required", StringComparison.Ordinal)) continue;
            (int code, string output) = Call(hook);
            Assert.True(code is 126 or 127, $"{hook} ended with {code}: {output}");
        }
    }

    /// <summary>Installed kernels, the running one (and what it says of its build), the installed build; 1: another than the running one is the newest.</summary>
    [Theory]
    [InlineData("6.1.0-9-amd64 6.1.0-10-amd64", "6.1.0-9-amd64", "", "", 1)]
    [InlineData("6.1.0-9-amd64 6.1.0-10-amd64", "6.1.0-10-amd64", "", "", 0)]
    [InlineData("6.1.0-9-amd64 6.1.0-10-amd64.old 6.1.0-11-amd64.dpkg-new", "6.1.0-9-amd64", "", "", 0)]
    [InlineData("", "6.1.0-9-amd64", "", "", 0)]
    [InlineData("6.1.0-10-amd64", "5.10.16.3-microsoft-standard-WSL2", "", "", 0)]
    [InlineData("6.1.0-9-amd64", "6.1.0-9-amd64", "#1 SMP Debian 6.1.27-1 (2023-05-08)", "6.1.27-1", 0)]
    [InlineData("6.1.0-9-amd64", "6.1.0-9-amd64", "#1 SMP Debian 6.1.27-1 (2023-05-08)", "6.1.27-1+b1", 0)]
    [InlineData("6.1.0-9-amd64", "6.1.0-9-amd64", "#1 SMP Debian 6.1.27-1 (2023-05-08)", "6.1.27-2", 1)]
    [InlineData("5.15.0-100-generic", "5.15.0-100-generic", "#110-Ubuntu SMP Wed Feb 7", "5.15.0-100.110", 0)]
    public void Apt_asks_for_a_reboot_where_a_newer_kernel_is_installed(string installed, string running, string build, string package, int code)
    {
        Kernels("boot", "vmlinuz-", installed);
        string commands = $"uname: if [ \"$1\" = -r ]; then echo '{running}'; else echo '{build}'; fi\nsystemd-detect-virt: exit 1" + (package.Length == 0 ? "" : $"\ndpkg-query: echo '{package}'");
        Run("apt/needs_reboot.d/20-apt", commands, code, "/boot");
        Run("apt/needs_reboot.d/20-apt", commands + "\nsystemd-detect-virt: exit 0", 0, "/boot");
    }

    [Theory]
    [InlineData("6.1.21-v8+ 6.6.20-v8+", "6.1.21-v8+", 1)]
    [InlineData("6.1.21-v8+ 6.6.20-v8+", "6.6.20-v8+", 0)]
    [InlineData("6.6.20-v8+", "6.1.21-v8+", 1)]
    [InlineData("", "6.6.20", 126)]
    public void Where_needrestart_cannot_tell_the_installed_kernels_do_and_if_not_the_run_stops_before_the_lock(string installed, string running, int code)
    {
        Kernels("modules", "", installed);
        string commands = $"needrestart: echo 'NEEDRESTART-KSTA: 0'\nuname: echo '{running}'\nsystemd-detect-virt: exit 1";
        Run("needrestart/needs_reboot.d/60-needrestart", commands, code);
        Run("needrestart/needs_update.d/60-needrestart", commands, code == 126 ? 126 : 0);
    }

    [Theory]
    [InlineData("apt-get", "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)", "apt/needs_update.d/20-apt", 126)]
    [InlineData("apt-get", "E: Could not get lock /var/lib/dpkg/lock-frontend - open (11: Resource temporarily unavailable)", "apt/update.d/20-apt", 100)]
    [InlineData("dpkg", "dpkg: error: dpkg frontend lock was locked by another process with pid 7", "apt/update.d/20-apt", 100)]
    [InlineData("dpkg", "dpkg: error: dpkg frontend is locked by another process", "apt/update.d/20-apt", 100)]
    public void A_lock_of_apt_that_another_program_has_is_waited_for_with_a_limit(string tool, string says, string hook, int code)
    {
        // sleep is the time that passes: the other program ends in its third nap.
        string busy = $"{tool}: case $* in *-s*) exit 0;; esac; [ ! -e $ROOT/busy ] || {{ echo '{says}' >&2; exit 100; }}";
        string idle = (tool == "dpkg" ? "apt-get" : "dpkg") + ": exit 0";
        File.WriteAllText(root + "/busy", "");
        Run(hook, $"{busy}\n{idle}\nsleep: echo >> $ROOT/naps; [ $(grep -c '' $ROOT/naps) -lt 3 ] || rm -f $ROOT/busy", 0);
        Assert.Equal(3, File.ReadAllLines(root + "/naps").Length);

        File.WriteAllText(root + "/busy", "");
        File.WriteAllText(root + "/clock", "");
        Run(hook, $"{busy}\n{idle}\nsleep: :\ndate: echo >> $ROOT/clock; echo $(($(grep -c '' $ROOT/clock) * 600))", code);
        Assert.Empty(Directory.GetFiles(root, "*.errors"));
    }

    [Fact]
    public void An_error_of_apt_that_is_no_lock_is_not_repeated()
    {
        Run("apt/update.d/20-apt", "dpkg: exit 0\napt-get: echo x >> $ROOT/calls; echo 'E: Unmet dependencies' >&2; exit 100\nsleep: exit 9", 100);
        Assert.Single(File.ReadAllLines(root + "/calls"));
    }

    [Theory]
    [InlineData("ID=debian", true, "patch")]
    [InlineData("ID=\"opensuse-tumbleweed\"", true, "patch")]
    [InlineData("ID=\"opensuse-leap\"", false, "update")]
    [InlineData("ID=\"opensuse-tumbleweed\"", false, "dist-upgrade")]
    [InlineData("ID=\"opensuse-microos\"", false, "dist-upgrade")]
    public void What_zypper_updates_follows_from_what_its_repositories_have(string os, bool patches, string how)
    {
        File.WriteAllText(root + "/os-release", "NAME=x\n" + os + "\n");
        Run("zypper/update.d/20-zypper", Zypper(patches, packages: true), 0, "/etc/os-release");
        Assert.Contains("--non-interactive " + how, File.ReadAllLines(root + "/calls")[^1], StringComparison.Ordinal);

        File.Delete(root + "/calls");
        Run("transactional-update/update.d/20-transactional-update", Zypper(patches, packages: true) + "\ntransactional-update: echo \"$*\" >> $ROOT/calls", 0, "/etc/os-release");
        string expected = how switch { "patch" => "patch", "update" => "up", _ => "dup" };
        Assert.Equal("--non-interactive " + expected, File.ReadAllLines(root + "/calls")[^1]);
    }

    [Fact]
    public void A_node_that_was_cordoned_before_the_run_stays_so()
    {
        string kubectl = "kubectl: echo \"$*\" >> $ROOT/calls; case $* in 'get node'*) cat $ROOT/unschedulable 2>/dev/null;; esac";
        File.WriteAllText(root + "/unschedulable", "true");
        Run("kubernetes/pre_update.d/30-kubernetes-drain", kubectl, 0);
        Run("kubernetes/post_update.d/80-kubernetes-uncordon", kubectl, 0);
        Assert.DoesNotContain("uncordon", File.ReadAllText(root + "/calls"), StringComparison.Ordinal);

        File.Delete(root + "/unschedulable");
        Run("kubernetes/pre_update.d/30-kubernetes-drain", kubectl, 0);
        // Killed in the middle: by now it is cordoned, and by us.
        File.WriteAllText(root + "/unschedulable", "true");
        Run("kubernetes/pre_update.d/30-kubernetes-drain", kubectl, 0);
        Run("kubernetes/post_update.d/80-kubernetes-uncordon", kubectl, 0);
        Assert.Contains("uncordon", File.ReadAllText(root + "/calls"), StringComparison.Ordinal);
        Assert.False(File.Exists(root + "/kubernetes-cordoned-by-us"));
    }

    /// <summary>Curl as the hooks call it: notes what it is to send, and answers as Zabbix would.</summary>
    private const string Curl =
        "curl: for word; do case $word in '{'*) echo \"$word\" | tr -d '\\n' >> $ROOT/sent; echo >> $ROOT/sent;; esac; done; " +
        "case $* in *host.get*) echo '{\"result\": [{\"hostid\": \"10084\"}]}';; *maintenance.get*) echo '{\"result\": [{\"maintenanceid\": \"7\"}]}';; *) [ ! -e $ROOT/refuse ] || echo '{\"error\": 1}';; esac";

    [Fact]
    public void Icinga_gets_a_downtime_for_this_host_and_loses_it_again()
    {
        Run("icinga/pre_update.d/10-icinga-downtime", Curl, 0);
        Run("icinga/post_update.d/90-icinga-downtime", Curl, 0);
        JsonElement[] sent = Sent();
        Assert.Equal("host.name==\"web1.example\"", sent[0].GetProperty("filter").GetString());
        Assert.Equal(7200, sent[0].GetProperty("end_time").GetInt64() - sent[0].GetProperty("start_time").GetInt64());
        Assert.Equal("downtime.host_name==\"web1.example\" && downtime.author==\"dlm-updater\"", sent[1].GetProperty("filter").GetString());
    }

    [Fact]
    public void Zabbix_gets_one_maintenance_for_this_host_and_loses_it_again_and_its_errors_stop_the_run()
    {
        Run("zabbix/pre_update.d/10-zabbix-maintenance", Curl, 0);
        Run("zabbix/post_update.d/90-zabbix-maintenance", Curl, 0);
        JsonElement[] sent = Sent();
        Assert.Equal(
            ["maintenance.get", "maintenance.delete", "host.get", "maintenance.create", "maintenance.get", "maintenance.delete"], sent.Select(s => s.GetProperty("method").GetString()));
        Assert.Equal("7", sent[1].GetProperty("params")[0].GetString());
        Assert.Equal("10084", sent[3].GetProperty("params").GetProperty("hosts")[0].GetProperty("hostid").GetString());
        Assert.Equal(7200, sent[3].GetProperty("params").GetProperty("timeperiods")[0].GetProperty("period").GetInt64());
        File.WriteAllText(root + "/refuse", "");
        Run("zabbix/pre_update.d/10-zabbix-maintenance", Curl, 1);
    }

    private JsonElement[] Sent() => [.. File.ReadAllLines(root + "/sent").Select(l => JsonDocument.Parse(l).RootElement)];

    [Fact]
    public void Podmans_roll_back_is_a_failure()
    {
        Run("podman-auto-update/update.d/30-podman", "podman: echo 'a.service quay.io/a true'", 0);
        Run("podman-auto-update/update.d/30-podman", "podman: echo 'a.service quay.io/a rolled back'", 1);
    }

    [Fact]
    public void Every_hook_is_clean_for_shellcheck_executable_and_says_what_it_does()
    {
        string[] files = Directory.GetFiles(Hooks, "*", SearchOption.AllDirectories);
        Binary.Tool("shellcheck", ["-s", "sh", "-e", "SC1091", .. files]);
        foreach (string file in files)
        {
            Assert.True(File.GetUnixFileMode(file).HasFlag(UnixFileMode.UserExecute), file);
            Assert.Matches("# dlm: .*description=", File.ReadAllText(file));
        }
    }

    [Fact]
    public void No_secret_is_an_argument_of_a_command()
    {
        foreach (string file in Directory.GetFiles(Hooks, "*", SearchOption.AllDirectories))
            Assert.DoesNotMatch(@"curl[^\n]*(-u |--user |Bearer)", string.Join('\n', File.ReadAllLines(file).Where(l => !l.StartsWith('#'))));
    }

    /// <summary>Files that stand in for installed kernels.</summary>
    private void Kernels(string directory, string prefix, string installed)
    {
        string path = $"{root}/{directory}";
        Directory.CreateDirectory(path);
        foreach (string kernel in installed.Split(' ', StringSplitOptions.RemoveEmptyEntries)) Directory.CreateDirectory($"{path}/{prefix}{kernel}");
    }

    /// <param name="hook">The script.</param>
    /// <param name="commands">The commands that answer.</param>
    /// <param name="code">How it must end.</param>
    /// <param name="over">What of this machine is covered by what has its name in the test's directory.</param>
    private void Run(string hook, string commands, int code, string? over = null)
    {
        foreach (string command in commands.Split('\n'))
        {
            int colon = command.IndexOf(": ", StringComparison.Ordinal);
            string path = $"{root}/{command[..colon]}";
            File.WriteAllText(path, $"#!/bin/sh\n{command[(colon + 2)..]}\n");
            File.SetUnixFileMode(path, Sandbox.Executable);
        }

        (int ended, string output) = Call(hook, over);
        Assert.True(ended == code, $"{hook} with {commands} ended with {ended}, not {code}: {output}");
    }

    private (int Code, string Output) Call(string hook, string? over = null)
    {
        string[] covered = over is null ? [] : ["unshare", "-m", "sh", "-c", $"mount --bind {root}/{Path.GetFileName(over)} {over} && exec \"$@\"", "sh"];
        string[] words = [.. covered, "/usr/bin/env", "-i", $"PATH={root}:{Tools()}", $"ROOT={root}", $"DLM_UPDATER_STATE_DIR={root}", "DLM_UPDATER_RUN_ID=test", "FAILED_UNITS_WAIT=3", "HEALTH_WAIT=0", $"KERNEL_MODULES={root}/modules", "ICINGA_URL=https://icinga.example:5665", "ICINGA_HOST=web1.example",
            "ZABBIX_URL=https://zabbix.example/api_jsonrpc.php", "ZABBIX_HOST=web1.example", $"{Hooks}/{hook}"];
        (int code, string output, string error) = Binary.Command(words[0], words[1..]);
        return (code, output + error);
    }

    /// <summary>The plain tools that every host has, and none that this machine happens to have.</summary>
    private string Tools()
    {
        string tools = root + "/tools";
        if (Directory.Exists(tools)) return tools;
        Directory.CreateDirectory(tools);
        foreach (string name in (string[])["sh", "cat", "cut", "date", "dirname", "grep", "hostname", "mkdir", "readlink", "rm", "sed", "sleep", "sort", "tail", "tr", "uname"])
        {
            if (File.Exists("/usr/bin/" + name) || File.Exists("/bin/" + name)) File.CreateSymbolicLink($"{tools}/{name}", File.Exists("/usr/bin/" + name) ? "/usr/bin/" + name : "/bin/" + name);
        }

        return tools;
    }
}
