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
        { "zypper/needs_update.d/20-zypper", "zypper: exit 0", 0 },
        { "zypper/needs_update.d/20-zypper", "zypper: exit 4", 126 },
        { "zypper/needs_update.d/20-zypper", "zypper: [ $2 = refresh ] || exit 7", 126 },
        { "zypper/update.d/20-zypper", "zypper: exit 102", 0 },
        { "zypper/update.d/20-zypper", "zypper: [ -e $ROOT/again ] || { : > $ROOT/again; exit 103; }", 0 },
        { "zypper/update.d/20-zypper", "zypper: exit 103", 103 },
        { "zypper/update.d/20-zypper", "zypper: exit 107", 107 },
        { "zypper/needs_reboot.d/20-zypper", "zypper: exit 102", 1 },
        { "zypper/needs_reboot.d/20-zypper", "zypper: exit 0", 0 },
        { "zypper/needs_reboot.d/20-zypper", "zypper: exit 2", 126 },
        { "transactional-update/needs_update.d/20-transactional-update", "zypper: [ $2 = refresh ] || exit 100", 1 },
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
        { "needrestart/needs_reboot.d/60-needrestart", "needrestart: echo 'NEEDRESTART-KSTA: 0'", 126 },
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

    private void Run(string hook, string commands, int code)
    {
        foreach (string command in commands.Split('\n'))
        {
            int colon = command.IndexOf(": ", StringComparison.Ordinal);
            string path = $"{root}/{command[..colon]}";
            File.WriteAllText(path, $"#!/bin/sh\n{command[(colon + 2)..]}\n");
            File.SetUnixFileMode(path, Sandbox.Executable);
        }

        (int ended, string output) = Call(hook);
        Assert.True(ended == code, $"{hook} with {commands} ended with {ended}, not {code}: {output}");
    }

    private (int Code, string Output) Call(string hook)
    {
        (int code, string output, string error) = Binary.Command(
            "/usr/bin/env", "-i", $"PATH={root}:{Tools()}", $"ROOT={root}", $"DLM_UPDATER_STATE_DIR={root}", "DLM_UPDATER_RUN_ID=test", "FAILED_UNITS_WAIT=3", "HEALTH_WAIT=0", "ICINGA_URL=https://icinga.example:5665", "ICINGA_HOST=web1.example",
            "ZABBIX_URL=https://zabbix.example/api_jsonrpc.php", "ZABBIX_HOST=web1.example", $"{Hooks}/{hook}");
        return (code, output + error);
    }

    /// <summary>The plain tools that every host has, and none that this machine happens to have.</summary>
    private string Tools()
    {
        string tools = root + "/tools";
        if (Directory.Exists(tools)) return tools;
        Directory.CreateDirectory(tools);
        foreach (string name in (string[])["sh", "cat", "cut", "date", "grep", "hostname", "mkdir", "rm", "sed", "sleep", "sort", "tr", "uname"])
        {
            if (File.Exists("/usr/bin/" + name) || File.Exists("/bin/" + name)) File.CreateSymbolicLink($"{tools}/{name}", File.Exists("/usr/bin/" + name) ? "/usr/bin/" + name : "/bin/" + name);
        }

        return tools;
    }
}
