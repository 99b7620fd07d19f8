using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Scripts that somebody else than root could change: exit code 1, before the lock is ever asked for.</summary>
public sealed class TrustTests
{
    [Fact]
    public void A_script_that_others_can_write_stops_the_run_before_the_lock()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string script = host.StageDirectory("update") + "/20-install";
        File.SetUnixFileMode(script, (UnixFileMode)0b111_111_111);

        Refused(host, script);
    }

    [Fact]
    public void A_directory_that_others_can_write_stops_the_run_before_the_lock_sticky_or_not()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        File.SetUnixFileMode(host.StageDirectory("post_update"), (UnixFileMode)0b1_111_111_111);

        Refused(host, host.StageDirectory("post_update"));
    }

    [Fact]
    public void A_link_to_a_script_that_others_can_write_stops_the_run_before_the_lock()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string target = host.Root + "/target";
        File.WriteAllText(target, "#!/bin/sh\n");
        File.SetUnixFileMode(target, (UnixFileMode)0b111_111_111);
        File.CreateSymbolicLink(host.StageDirectory("pre_update") + "/30-link", target);

        Refused(host, target);
    }

    [Fact]
    public void A_script_of_another_owner_stops_the_run_before_the_lock()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string script = host.StageDirectory("update") + "/10-fetch";
        _ = Binary.Tool("chown", "65534", script);

        Refused(host, script);
    }

    [Fact]
    public void A_script_without_the_execute_bit_stops_the_run_before_the_lock()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string script = host.StageDirectory("update") + "/10-fetch";
        File.SetUnixFileMode(script, (UnixFileMode)0b110_100_100);

        Refused(host, script);
    }

    [Fact]
    public void A_check_that_cannot_be_trusted_is_not_run()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        File.SetUnixFileMode(host.StageDirectory("needs_update") + "/20-due", (UnixFileMode)0b111_111_111);

        Refused(host, host.StageDirectory("needs_update") + "/20-due", checksRun: false);
    }

    [Fact]
    public void A_link_to_dev_null_masks_and_backup_files_are_passed_over()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        File.Delete(host.StageDirectory("pre_update") + "/20-stop");
        File.CreateSymbolicLink(host.StageDirectory("pre_update") + "/20-stop", "/dev/null");
        foreach (string name in new[] { "README", "10-fetch~", "10-fetch.dpkg-old", ".hidden", "30.rpmsave" }) File.WriteAllText($"{host.StageDirectory("update")}/{name}", "not a script");

        Agent.Run(host, "run").Expect(0);

        Assert.DoesNotContain("pre_update/20-stop", host.Log.Started);
        Assert.Equal(["update/10-fetch", "update/20-install"], host.Log.Started.Where(s => s.StartsWith("update/", StringComparison.Ordinal)));
    }

    private static readonly string[] PassedOver =
    [
        ".10-x", "README.sh", "10-x.disabled", "10-x.off", "10-x.old", "10-x~", "#10-x#", "10-x.bak", "10-x.save", "10-x.swp", "10-x.orig", "10-x.rej", "10-x,v",
        "10-x.cfsaved", "10-x.rpmsave", "10-x.rpmnew", "10-x.rpmorig", "10-x.dpkg-old", "10-x.ucf-dist", "10-x.pyc", "10-x.pyo",
    ];

    [Fact]
    public void What_is_switched_off_or_left_behind_never_runs_and_plan_and_the_debug_log_name_each()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false).Set("log", "level", "debug");
        string[] stages = ["needs_update", "pre_update", "update", "needs_reboot", "post_update", "on_failure", "ext_notify", "phase_hooks", "reboot"];
        foreach (string stage in stages)
        {
            foreach (string name in PassedOver) host.Script(stage, name, "finish 1");
        }

        string plan = Agent.Run(host, "plan").Expect(0).Output;
        Ended ended = Agent.Run(host, "run").Expect(0);

        Assert.DoesNotContain(host.Log.Started, s => PassedOver.Contains(s[(s.IndexOf('/', StringComparison.Ordinal) + 1)..]));
        foreach (string name in PassedOver)
        {
            Assert.True(plan.Split($"  skipped  {name}: ").Length > 5, $"{name} is not in every phase of the plan");
            Assert.Contains($"update.d: passed over: {name}: ", ended.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_switched_off_or_left_behind_is_no_script_of_an_upgrade_no_hook_and_no_drop_in()
    {
        using var upgrade = new UpgradeHost();
        upgrade.Once("0010_real");
        foreach (string name in PassedOver)
        {
            foreach (string directory in (string[])["upgrade", "default", "before-down"]) upgrade.Script(directory, name, "# dlm: description=x");
        }

        string dryRun = upgrade.Call("--dry-run").Expect(0).Output;
        Assert.All(PassedOver, name => Assert.Contains($"passed over upgrade/{name}: ", dryRun, StringComparison.Ordinal));
        upgrade.Upgrade().Expect(0);
        Assert.Equal(["0010_real"], upgrade.Ran);

        Sandbox host = upgrade.Box;
        host.Set("scripts", "hooks", host.Root + "/hooks");
        Sandbox.MakeDirectory(host.Root + "/hooks");
        Sandbox.MakeDirectory(host.Root + "/hooks/mine");
        Sandbox.MakeDirectory(host.Root + "/hooks/mine/update.d");
        foreach (string name in (string[])["10-real", .. PassedOver]) File.WriteAllText($"{host.Root}/hooks/mine/update.d/{name}", "#!/bin/sh\n");
        Assert.Single(Agent.Call("hooks", "show", "mine", "--config", host.Config).Expect(0).Output.Split('\n'), l => l.StartsWith("off", StringComparison.Ordinal));

        Sandbox.MakeDirectory(host.Root + "/config.d");
        foreach (string name in (string[])[.. PassedOver, "README.ini", ".10-x.ini"]) File.WriteAllText($"{host.Root}/config.d/{name}", "rubbish");
        Agent.Run(host, "status").Expect(0);
    }

    [Theory]
    [InlineData("#!{0}")]
    [InlineData("#!/usr/bin/env -S A=1 {0} -e")]
    public void A_script_whose_interpreter_others_can_write_stops_the_run_before_the_lock(string line)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string shell = UsersShell(host);
        string script = host.StageDirectory("post_update") + "/30-users";
        File.WriteAllText(script, string.Format(System.Globalization.CultureInfo.InvariantCulture, line, shell) + "\nexit 0\n");
        File.SetUnixFileMode(script, Sandbox.Executable);

        Refused(host, $"interpreter {shell} cannot be trusted: {shell} is owned by uid 65534");
        Assert.Contains($"interpreter {shell} cannot be trusted", Agent.Run(host, "check").Expect(78).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{0} -c true")]
    [InlineData("/bin/sh {0}")]
    [InlineData("env {0}")]
    public void A_reboot_command_that_others_can_write_stops_the_run_before_the_lock(string command)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string shell = UsersShell(host);
        host.Set("reboot", "command", string.Format(System.Globalization.CultureInfo.InvariantCulture, command, shell));

        Refused(host, $"{shell} is owned by uid 65534");
        Assert.Matches($"error +reboot command: .*{shell} is owned by uid 65534", Agent.Run(host, "check").Expect(78).Output);
    }

    [Fact]
    public void A_command_of_notify_that_others_can_write_is_not_started()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string shell = UsersShell(host);
        host.Set("notify", "command", $"/bin/sh {shell}");

        Assert.Contains($"[notify] command is not started: {shell} cannot be trusted", Agent.Run(host, "run").Expect(0).Error, StringComparison.Ordinal);
        Assert.Matches($"error +notify command: {shell} cannot be trusted", Agent.Run(host, "check").Expect(78).Output);
    }

    /// <summary>The user wins every race: the file is a link to one that only root may read when its header is read.</summary>
    [Fact]
    public void A_header_that_a_user_may_not_read_is_not_quoted()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        string home = host.Root + "/home";
        string directory = home + "/dlm_engine_updater/pre_update.d";
        _ = Binary.Tool("mkdir", "-p", directory);
        File.WriteAllText(host.Root + "/secret", "#!/bin/sh\n# dlm: password=hunter2\n");
        File.SetUnixFileMode(host.Root + "/secret", (UnixFileMode)0b111_000_000);
        _ = Binary.Tool("ln", host.Root + "/secret", directory + "/10-x");
        _ = Binary.Tool("chown", "65534", home, home + "/dlm_engine_updater", directory);
        File.WriteAllText(host.Root + "/passwd", $"root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::{home}:/bin/sh\n");
        host.Set("scripts", "user_script_users", "nobody");

        Ended ended = Agent.Run(host, new StartAs { Prepare = $"mount --bind {host.Root}/passwd /etc/passwd" }, "run").Expect(1);

        Assert.Contains("cannot be read by user nobody", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("password", ended.Error, StringComparison.Ordinal);
    }

    /// <summary>A shell that belongs to a user.</summary>
    private static string UsersShell(Sandbox host)
    {
        string shell = host.Root + "/usersh";
        File.Copy("/bin/sh", shell);
        File.SetUnixFileMode(shell, Sandbox.Executable);
        _ = Binary.Tool("chown", "65534", shell);
        return shell;
    }

    private static void Refused(Sandbox host, string path, bool checksRun = true)
    {
        Ended ended = Agent.Run(host, "run").Expect(1);

        Assert.Contains(path, ended.Error, StringComparison.Ordinal);
        Assert.Equal(checksRun ? 2 : 0, host.Log.Started.Length);
        Assert.All(host.Log.Started, s => Assert.StartsWith("needs_update/", s, StringComparison.Ordinal));
        Assert.False(File.Exists(host.LockFile), "the lock was asked for");
        Assert.False(File.Exists(host.StateFile));
    }
}
