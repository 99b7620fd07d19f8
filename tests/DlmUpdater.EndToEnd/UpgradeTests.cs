using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary><c>upgrade</c>: the runner that katello-upgrade was to become. The first facts are named after the points of its todo list.</summary>
public sealed class UpgradeTests : IDisposable
{
    private readonly UpgradeHost _host = new();

    private Sandbox Box => _host.Box;

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Todo_services_are_all_started_before_the_migration_that_needs_them()
    {
        _host.Services().Always("3020_migrate_katello", "[ -e $ROOT/marks/up-db ] && [ -e $ROOT/marks/up-queue ] && [ ! -e $ROOT/marks/up-web ]").Once("0010_prepare", "[ ! -e $ROOT/marks/up-db ]");
        Ended ended = _host.Upgrade().Expect(0);
        Assert.Equal(["stop web", "stop queue", "stop db", "run 0010_prepare", "start db", "start queue", "run 3020_migrate_katello", "start web"], _host.Did);
        Assert.Matches("^the upgrade is done: 2 scripts in [0-9.]+s\n$", ended.Output);
    }

    [Fact]
    public void Todo_a_start_that_does_not_block_is_waited_for_until_the_back_end_answers()
    {
        using var answers = new TcpListener(IPAddress.Loopback, 0);
        answers.Start();
        int port = ((IPEndPoint)answers.LocalEndpoint).Port;
        answers.Stop();
        _host.Services().Always("3010_migrate");
        Box.Set("band backends", "ready", $"{_host.Path("db")}=tcp:127.0.0.1:{port} | test -e {Box.Root}/marks/up-queue");

        using Agent agent = Agent.Start(new StartAs(), _host.Words("-y"));
        Processes.Until(() => agent.ErrorSoFar.Contains("waiting for", StringComparison.Ordinal), "it waits");
        Thread.Sleep(2000);
        Assert.Empty(_host.Ran);
        Assert.DoesNotContain("start queue", _host.Did);
        using var late = new TcpListener(IPAddress.Loopback, port);
        late.Start();

        Ended ended = agent.Wait().Expect(0);
        Assert.Matches($"service-db \\(tcp:127.0.0.1:{port}\\) is ready after [2-9]", ended.Error);
        Assert.Equal(["3010_migrate"], _host.Ran);
    }

    [Fact]
    public void Todo_python_scripts_create_no_byte_code_and_none_is_ever_run()
    {
        string directory = _host.Directory_ + "/upgrade";
        File.WriteAllText(directory + "/helper.py", "VALUE = 1\n");
        Write(directory + "/0010_python", $"#!/usr/bin/python3\n# dlm: run=once description=imports a module\nimport sys\nsys.path.insert(0, '{directory}')\nimport helper\nopen('{Box.Root}/marks/python', 'w').write(str(helper.VALUE))\n");
        Write(directory + "/0020_left.pyc", "not to be run");
        Write(directory + "/0030_left.pyo", "not to be run");
        Write(directory + "/0040_edited~", "not to be run");
        Write(directory + "/.0050_hidden.swp", "not to be run");
        File.Delete(directory + "/helper.py");
        string modules = Box.Root + "/modules";
        Sandbox.MakeDirectory(modules);
        File.WriteAllText(modules + "/helper.py", "VALUE = 1\n");
        Write(directory + "/0010_python", File.ReadAllText(directory + "/0010_python").Replace($"'{directory}'", $"'{modules}'", StringComparison.Ordinal));

        _host.Upgrade().Expect(0);

        Assert.Equal("1", File.ReadAllText(Box.Root + "/marks/python"));
        Assert.Equal([modules + "/helper.py"], Directory.GetFileSystemEntries(modules));
        Assert.Equal(5, Directory.GetFileSystemEntries(directory).Length);
        Assert.Single(File.ReadAllLines(_host.History));
    }

    [Fact]
    public void Todo_both_kinds_of_scripts_are_split_into_phases_by_their_number()
    {
        _host.Services().Always("0020_candlepin", "note $DLM_UPDATER_BAND").Once("0010_mongo").Always("3010_pulp", "note $DLM_UPDATER_BAND").Once("3000_reindex").Once("6010_users", "note $DLM_UPDATER_BAND");
        _host.Upgrade().Expect(0);
        Assert.Equal(["0010_mongo", "0020_candlepin", "3000_reindex", "3010_pulp", "6010_users"], _host.Ran);
        Assert.Equal(["down", "backends", "all"], _host.Did.Where(d => !d.Contains(' ', StringComparison.Ordinal)));

        _host.Upgrade().Expect(0);
        Assert.Equal(["0020_candlepin", "3010_pulp"], _host.Ran[5..]);
    }

    [Fact]
    public void Todo_custom_scripts_run_before_and_after_services_are_up()
    {
        _host.Services().Always("0010_a").Script("before-all.d", "10-warm", "", "[ ! -e $ROOT/marks/up-web ]").Script("after-all.d", "10-smoke", "", "[ -e $ROOT/marks/up-web ]")
            .Script("before-down.d", "10-mail", "", "[ -e $ROOT/marks/up-db ]");
        _host.Upgrade().Expect(0);
        Assert.Equal(["10-mail", "0010_a", "10-warm", "10-smoke"], _host.Ran);
    }

    [Fact]
    public void Todo_a_missing_header_is_refused_before_the_first_script_and_all_complaints_come_at_once()
    {
        _host.Services().Once("0010_good").Script("upgrade", "0020_create_foreman_user", "# no header").Script("upgrade", "migrate", "# dlm: run=once description=x")
            .Script("upgrade", "0030_always", "# dlm: run=always description=x").Script("default", "0040_half", "#name: half\n#run: always");
        Ended refused = _host.Upgrade().Expect(1);
        foreach (string part in (string[])
        [
            "upgrade/0020_create_foreman_user: it has no header", "upgrade/migrate: its name does not begin with a number", "upgrade/0030_always: its header says that it runs always",
            "default/0040_half: its header has no #apply:; its header has no #description:", "4 complaint(s): no script was run",
        ])
        {
            Assert.Contains(part, refused.Error, StringComparison.Ordinal);
        }

        Assert.Empty(_host.Did);
        Assert.Contains("0020_create_foreman_user", Agent.Call("check", "--config", Box.Config).Expect(78).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Todo_numbers_are_loose_and_a_new_script_gets_the_next_multiple_of_ten()
    {
        _host.Once("0010_a").Once("0017_b");
        Assert.Equal($"{_host.Directory_}/upgrade/0020_add_user\n", _host.Call("new", "add_user").Expect(0).Output);
        Assert.Equal($"{_host.Directory_}/default/3000_migrate\n", _host.Call("new", "--band", "backends", "--every-time", "migrate").Expect(0).Output);
        Assert.Contains("no band nowhere", _host.Call("new", "--band", "nowhere", "x").Expect(2).Error, StringComparison.Ordinal);
        _host.Once("0017_c");
        Assert.Contains("the number 17 is given 2 times, and they run in this order: 0017_b, 0017_c", _host.Upgrade().Expect(0).Error, StringComparison.Ordinal);
        Assert.Equal(5, File.ReadAllLines(_host.History).Length + 1);
    }

    [Fact]
    public void Todo_assumeyes_asks_nothing_and_scripts_find_nothing_to_ask()
    {
        _host.Services().Once("0010_asks", "read -r answer && finish 9\nnote \"yes=$DLM_UPDATER_ASSUMEYES\"");
        Ended asked = _host.Call().Expect(2);
        Assert.Contains("give --assumeyes", asked.Error, StringComparison.Ordinal);
        Assert.Empty(_host.Did);

        _host.Call("--assumeyes").Expect(0);
        Assert.Contains("yes=1", _host.Did);
    }

    [Fact]
    public void Todo_the_help_page_is_complete()
    {
        string help = _host.Call("--help").Expect(0).Output;
        foreach (string word in (string[])
        [
            "--describe", "--dry-run", "--dryrun", "-n", "--assumeyes", "-y", "--autostop", "-a", "--quiet", "-q", "--trace", "--noservicecheck", "--from", "--only", "--skip", "--rerun",
            "--deployment", "pending", "history", "rerun", "mark", "new",
        ])
        {
            Assert.Contains(word, help, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Todo_the_tutorial_of_the_README_runs_as_written()
    {
        string readme = File.ReadAllText(Binary.Source + "/README.md");
        int at = readme.IndexOf("## Scripted upgrades", StringComparison.Ordinal);
        string config = Fenced(readme, "```ini\n", at), tutorial = Fenced(readme, "```sh\n", at);
        Assert.Contains("upgrade new", tutorial, StringComparison.Ordinal);
        string etc = Box.Root + "/etc";
        _ = Binary.Tool("cp", "-a", "/etc", etc);
        Sandbox.MakeDirectory(etc + "/dlm-updater");
        File.WriteAllText(etc + "/dlm-updater/config.ini", config);
        foreach (string directory in (string[])["bin", "lib", "work"]) Sandbox.MakeDirectory($"{Box.Root}/{directory}");
        File.CreateSymbolicLink(Box.Root + "/bin/dlm-updater", Binary.Path);

        (int code, string output, string error) = Binary.Command("unshare", "-m", "sh", "-c",
            $"mount --bind {etc} /etc && mkdir -p /var/lib/dlm-updater /run/dlm-updater && mount --bind {Box.Root}/lib /var/lib/dlm-updater && mount -t tmpfs none /run/dlm-updater && " +
            $"cd {Box.Root}/work && PATH={Box.Root}/bin:$PATH && set -eu && {tutorial}");

        Assert.True(code == 0, output + error);
        Assert.Equal("foreman\n", File.ReadAllText(etc + "/example/users"));
        Assert.Contains("the upgrade is done: 1 script", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Box.Root + "/work/upgrade.tgz"));
    }

    [Fact]
    public void The_configuration_that_the_README_shows_for_services_is_taken()
    {
        string readme = File.ReadAllText(Binary.Source + "/README.md");
        int at = readme.IndexOf("## Scripted upgrades", StringComparison.Ordinal);
        File.AppendAllText(Box.Config, Fenced(readme, "```ini\n", readme.IndexOf("[band down]", at, StringComparison.Ordinal) - 40).Replace("[upgrade]\nlock = false\n", "", StringComparison.Ordinal));
        _host.Once("0010_a");
        string plan = _host.Call("--dry-run").Expect(0).Output;
        Assert.Contains("stop httpd\n", plan, StringComparison.Ordinal);
        Assert.Contains("wait for mongod: tcp:127.0.0.1:27017\n", plan, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_that_fails_is_not_recorded_whatever_its_output_goes_through_and_the_next_start_goes_on_there()
    {
        _host.Services().Once("0010_a").Once("0020_b", "echo words; [ -e $ROOT/marks/repaired ] || finish 3").Always("3010_c");
        string words = string.Join(' ', _host.Words("-y", "--trace").Prepend(Binary.Path));
        (int code, _, _) = Binary.Command("bash", "-c", $"set -o pipefail; {words} 2>&1 | tee {Box.Root}/marks/tee");
        Assert.Equal(1, code);
        string told = File.ReadAllText(Box.Root + "/marks/tee");
        Assert.Contains("0020_b failed: exit code 3", told, StringComparison.Ordinal);
        Assert.Contains($"services are left as they are: stopped {_host.Path("web")}, {_host.Path("queue")}, {_host.Path("db")}; 'dlm-updater upgrade' goes on there", told, StringComparison.Ordinal);
        Assert.Contains("0020_b> + ", told, StringComparison.Ordinal);
        Assert.DoesNotContain("0020_b", File.ReadAllText(_host.History), StringComparison.Ordinal);
        Assert.False(_host.IsUp("db"));
        Assert.Equal([Box.Holder], Box.Holders);

        // What is open is said everywhere, and no run begins on top of it.
        Assert.Contains("begun by hand", Agent.Call("status", "--config", Box.Config).Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("is not done after 1 start(s)", Agent.Call("check", "--config", Box.Config).Output, StringComparison.Ordinal);
        Box.Cycle(reboot: false);
        Assert.Contains("'dlm-updater upgrade' goes on with it", Agent.Run(Box, "run").Expect(75).Error, StringComparison.Ordinal);
        Assert.Equal(1, _host.Call("pending").Code);

        File.WriteAllText(Box.Root + "/marks/repaired", "");
        _host.Upgrade().Expect(0);
        Assert.Equal(["0010_a", "0020_b", "0020_b", "3010_c"], _host.Ran);
        Assert.Empty(Box.Holders);
        Assert.True(_host.IsUp("web"));
        Assert.Equal(0, _host.Call("pending").Code);
    }

    [Fact]
    public void A_kill_at_any_persisted_point_loses_nothing_and_repeats_at_most_the_script_that_it_hit()
    {
        int kills = 0;
        for (int at = 1; ; at++)
        {
            using var host = new UpgradeHost();
            host.Services().Always("0010_a").Once("0020_b").Always("3010_c").Once("6010_d").Script("after-all.d", "10-e", "");
            Ended first = Agent.Call(new StartAs { Environment = KillAt.Call(at, at % 2 == 0 ? "after" : "before") }, host.Words("-y"));
            if (first.Code == 0) break;
            kills++;

            // Killed when all was done and the lock given back: there is nothing to go on with.
            bool wasDone = host.Ran.Length == 5 && !File.Exists(host.Box.StateDirectory + "/upgrade-open");
            if (!wasDone) host.Upgrade().Expect(0);
            Assert.Equal(["0010_a", "0020_b", "3010_c", "6010_d", "10-e"], host.Ran.Distinct());
            Assert.True(host.Ran.Length <= 6, $"kill {at}: {string.Join(", ", host.Ran)}");
            Assert.Equal(["0020_b", "6010_d"], File.ReadAllLines(host.History).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("name").GetString()!).Distinct());
            Assert.All(new[] { "web", "queue", "db" }, s => Assert.True(host.IsUp(s)));
            Assert.Empty(host.Box.Holders);
            Assert.False(File.Exists(host.Box.StateDirectory + "/upgrade-open"));
        }

        Assert.True(kills > 20, $"only {kills} kills");
    }

    [Fact]
    public void After_a_reboot_in_the_middle_services_are_brought_back_to_where_it_was()
    {
        _host.Services().Once("0010_a").Always("3010_reboots", "[ -e $ROOT/marks/rebooted ] || finish 1\n[ -e $ROOT/marks/up-db ] && [ ! -e $ROOT/marks/up-web ]");
        _host.Upgrade().Expect(1);

        // The boot starts everything that is enabled but the database.
        File.WriteAllText(Box.Root + "/marks/rebooted", "");
        File.WriteAllText(Box.Root + "/marks/up-web", "");
        File.Delete(Box.Root + "/marks/up-db");
        Agent.Call(new StartAs { Boot = Box.NextBoot() }, _host.Words("-y")).Expect(0);
        Assert.Equal(["0010_a", "3010_reboots", "3010_reboots"], _host.Ran);
        Assert.True(_host.IsUp("web") && _host.IsUp("db"));
    }

    [Fact]
    public void A_back_end_that_never_comes_and_one_that_dies_are_named()
    {
        _host.Services().Once("0010_a").Always("3010_b", $"rm {Box.Root}/marks/up-db").Always("6010_c");
        Box.Set("band backends", "ready_timeout", "1s").Set("band backends", "ready", $"unix:{Box.Root}/no.sock");
        Assert.Contains($"unix:{Box.Root}/no.sock is not ready after 1 s: ", _host.Upgrade().Expect(1).Error, StringComparison.Ordinal);
        Assert.Equal(["0010_a"], _host.Ran);

        Box.Set("band backends", "ready", null);
        Assert.Contains("service-db, which the band backends had started, is not up any more", _host.Upgrade().Expect(1).Error, StringComparison.Ordinal);
        Assert.Equal(["0010_a", "3010_b"], _host.Ran);

        Ended loud = _host.Upgrade("--noservicecheck").Expect(0);
        Assert.Contains("nobody looks whether they are", loud.Error, StringComparison.Ordinal);
        Assert.Equal(["0010_a", "3010_b", "6010_c"], _host.Ran);
    }

    [Fact]
    public void A_plain_history_of_katello_upgrade_is_read_and_gone_on_with()
    {
        string history = Box.Root + "/katello-history";
        File.WriteAllText(history, "0001_preallocate_mongo.sh\n0002_create_foreman_user");
        Box.Set("upgrade", "history", history);
        const string Katello = "#name: x\n#apply: katello headpin\n#run: once\n#description: as it was\n# in 2012";
        _host.Script("upgrade", "0001_preallocate_mongo.sh", Katello).Script("upgrade", "0002_create_foreman_user", Katello).Script("upgrade", "0010_new", Katello)
            .Script("upgrade", "0020_sam", Katello.Replace("katello headpin", "sam", StringComparison.Ordinal));

        _host.Upgrade("--deployment", "katello").Expect(0);

        Assert.Equal(["0010_new"], _host.Ran);
        string[] lines = File.ReadAllLines(history);
        Assert.Equal(["0001_preallocate_mongo.sh", "0002_create_foreman_user"], lines[..2]);
        Assert.Equal("0010_new", JsonDocument.Parse(lines[2]).RootElement.GetProperty("name").GetString());
        Assert.Contains("as it was in 2012", _host.Call("--describe").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_script_is_reported_and_runs_again_when_that_is_said_or_recorded()
    {
        _host.Once("0010_a").Once("0020_b");
        _host.Upgrade().Expect(0);
        _host.Once("0010_a", "note changed").Always("0030_c");
        Assert.Contains("0010_a has changed since it was run", _host.Upgrade().Expect(0).Error, StringComparison.Ordinal);
        Assert.Equal(["0010_a", "0020_b", "0030_c"], _host.Ran);
        _host.Upgrade("--rerun", "0010_a").Expect(0);
        Assert.Equal(["0010_a", "0030_c"], _host.Ran[3..]);
        _host.Call("rerun", "0020_b").Expect(0);
        Assert.Equal("0020_b\n", _host.Call("pending").Expect(1).Output);
        _host.Call("mark", "0020_b").Expect(0);
        _host.Call("pending").Expect(0);
        Assert.Equal(2, _host.Call("mark", "0030_c").Code);
        string history = _host.Call("history").Expect(0).Output;
        Assert.Contains("run again   0020_b", history, StringComparison.Ordinal);
        Assert.Contains("marked      0020_b", history, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_left_out_is_said_in_log_summary_and_history()
    {
        _host.Once("0010_a").Once("0020_b").Once("0030_c").Once("0040_d");
        Ended first = _host.Upgrade("--skip", "0020_b", "--from", "20").Expect(0);
        Assert.Equal(["0030_c", "0040_d"], _host.Ran);
        Assert.Contains("0020_b: not run: --skip 0020_b", first.Error, StringComparison.Ordinal);
        Assert.Contains("2 left out", first.Output, StringComparison.Ordinal);
        string history = _host.Call("history").Expect(0).Output;
        Assert.Contains("left out    0020_b (--skip 0020_b)", history, StringComparison.Ordinal);
        Assert.Contains("left out    0010_a (--from 20)", history, StringComparison.Ordinal);
        Assert.Equal("0010_a\n0020_b\n", _host.Call("pending").Expect(1).Output);

        _host.Upgrade("--only", "0020_b").Expect(0);
        Assert.Equal("0020_b", _host.Ran[^1]);
        Assert.Contains("there is no such script", _host.Upgrade("--only", "0099_x").Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Describe_and_dry_run_show_everything_and_touch_nothing()
    {
        _host.Services().Once("0010_a").Always("3010_b").Script("before-down.d", "10-mail", "");
        string[] before = Box.Files();
        string text = _host.Call("--describe").Expect(0).Output;
        Assert.Equal("0010  0010_a  [down]  once, to run\n      does 0010_a\n3010  3010_b  [backends]  every time, to run\n      does 3010_b\n", text);
        JsonElement json = JsonDocument.Parse(_host.Call("--describe", "--output", "json").Expect(0).Output).RootElement;
        Assert.Equal(["0010_a", "3010_b"], json.GetProperty("scripts").EnumerateArray().Select(s => s.GetProperty("name").GetString()!));
        Assert.True(json.GetProperty("due").GetBoolean());
        string plan = _host.Call("-n").Expect(0).Output;
        Assert.Equal(
            $"band down (1-2999)\n  run before-down.d/10-mail\n  stop {_host.Path("web")}\n  stop {_host.Path("queue")}\n  stop {_host.Path("db")}\n  run 0010_a (once)\n" +
            $"band backends (3000-5999)\n  start {_host.Path("db")}\n  start {_host.Path("queue")}\n  run 3010_b\nband all (6000-9999)\n  start {_host.Path("web")}\n",
            plan);
        Assert.Empty(_host.Did);
        Assert.Equal(before, Box.Files());
    }

    [Theory]
    [InlineData("yes\\nyes\\n", 0, 1)]
    [InlineData("no\\n", 75, 0)]
    [InlineData("yes\\nno\\n", 75, 0)]
    public void On_a_terminal_it_asks_and_autostop_answers_for_the_services(string answers, int code, int ran)
    {
        _host.Services().Once("0010_a");
        string words = string.Join(' ', _host.Words().Prepend(Binary.Path));
        (int ended, string output, _) = Binary.Command("bash", "-c", $"(sleep 1; printf '{answers}'; sleep 1) | script -qec '{words}' /dev/null");
        Assert.Equal(code, ended);
        Assert.Contains("type 'yes' to go on", output, StringComparison.Ordinal);
        Assert.Equal(ran, _host.Ran.Length);
    }

    [Fact]
    public void Quiet_shows_problems_and_the_summary_only()
    {
        _host.Services().Once("0010_a", "echo words");
        Ended quiet = _host.Upgrade("--quiet").Expect(0);
        Assert.Equal("", quiet.Error);
        Assert.StartsWith("the upgrade is done: 1 script", quiet.Output, StringComparison.Ordinal);
        _host.Once("0020_b", "finish 4");
        Assert.Contains("0020_b failed: exit code 4", _host.Upgrade("-q").Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void As_the_update_of_a_run_it_is_due_by_its_check_runs_under_the_runs_lock_and_goes_on_with_it()
    {
        _host.Services().Once("0010_a", "[ -e $ROOT/marks/repaired ] || finish 3").Always("3010_b");
        foreach (string stage in (string[])["needs_update", "update"])
        {
            string hook = File.ReadAllText($"{Binary.Source}/src/dist/hooks/upgrade/{stage}.d/50-upgrade").Replace("exec dlm-updater upgrade", $"exec {Binary.Path} upgrade --config {Box.Config}", StringComparison.Ordinal);
            Write($"{Box.StageDirectory(stage)}/50-upgrade", hook);
        }

        Box.Script("needs_reboot", "10-no");
        Box.Script("post_update", "10-health");
        Agent.Run(Box, "run").Expect(1);
        Assert.Equal([Box.Holder], Box.Holders);
        Assert.Equal(["0010_a"], _host.Ran);
        Assert.Contains("part of the run", Agent.Call("status", "--config", Box.Config).Expect(0).Output, StringComparison.Ordinal);

        File.WriteAllText(Box.Root + "/marks/repaired", "");
        Ended done = Agent.Run(Box, "run").Expect(0);
        Assert.Equal(["0010_a", "0010_a", "3010_b"], _host.Ran);
        Assert.Contains("update/50-upgrade> ", done.Error, StringComparison.Ordinal);
        Assert.Equal("post_update/10-health", Box.Log.Started[^1]);
        Assert.Empty(Box.Holders);

        Assert.Contains("needs_update: nothing", Agent.Run(Box, "run").Expect(0).Error + "needs_update: nothing", StringComparison.Ordinal);
        Assert.Equal(3, _host.Ran.Length);
    }

    [Fact]
    public void By_hand_it_takes_the_lock_and_a_busy_one_keeps_everything_as_it_is()
    {
        using var other = new UpgradeHost("host-2", fleet: Box);
        other.Services().Once("0010_a");
        Agent.Call("lock", "acquire", "--config", Box.Config).Expect(0);
        other.Box.Set("lock", "wait", "false");
        Assert.Contains("host-1", other.Upgrade().Expect(75).Error, StringComparison.Ordinal);
        Assert.True(other.IsUp("db"));
        other.Box.Set("upgrade", "lock", "false");
        other.Upgrade().Expect(0);
        Assert.Equal(["host-1"], Box.Holders);
    }

    [Fact]
    public void A_service_script_that_others_can_change_is_refused()
    {
        _host.Services().Once("0010_a");
        File.SetUnixFileMode(_host.Path("db"), (UnixFileMode)0b111_111_111);
        Assert.Contains($"[band down] services: {_host.Path("db")} cannot be trusted: ", _host.Upgrade().Expect(1).Error, StringComparison.Ordinal);
        Assert.Empty(_host.Did);
    }

    [Fact]
    public void An_open_upgrade_that_cannot_be_understood_stops_everything_and_stays()
    {
        _host.Once("0010_a");
        Directory.CreateDirectory(Box.StateDirectory);
        string file = Box.StateDirectory + "/upgrade-open";
        File.WriteAllText(file, "{\"upgrade\":\"u\",\"begun\":\"2026-01-01T00:00:00Z\",\"attempt\":1,\"left_out\":{}}\ngarbage\n{\"enter\":\"down\"}\n");
        string before = File.ReadAllText(file);
        Assert.Contains("upgrade-open:2: ", _host.Upgrade().Expect(65).Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(file));
        Assert.Empty(_host.Did);
    }

    private static void Write(string path, string text)
    {
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, Sandbox.Executable);
    }

    private static string Fenced(string text, string fence, int from)
    {
        int start = text.IndexOf(fence, from, StringComparison.Ordinal) + fence.Length;
        return text[start..text.IndexOf("```", start, StringComparison.Ordinal)];
    }
}
