using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>The agent is killed while a package manager works: the package manager must not notice.</summary>
public sealed class KilledAgentTests
{
    /// <summary>Makes a package whose configuration waits at a gate and then prints <paramref name="lines"/> lines, and a script that
    /// installs it by a real dpkg.</summary>
    private static Gate Package(Sandbox host, int lines)
    {
        Gate gate = host.Gate();
        string tree = host.Root + "/tree", database = host.Root + "/dpkg";
        Directory.CreateDirectory(tree + "/DEBIAN");
        File.WriteAllText(tree + "/DEBIAN/control",
            "Package: probe\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: a probe\n");
        File.WriteAllText(tree + "/DEBIAN/postinst", $"#!/bin/sh\nset -e\n: > {host.Root}/marks/configuring\n{gate.Wait}\n"
            + $"i=0; while [ $i -lt {lines} ]; do echo \"setting up part $i of the probe, as packages do at great length\"; i=$((i+1)); done\n: > {host.Root}/marks/configured\n");
        File.SetUnixFileMode(tree + "/DEBIAN/postinst", Sandbox.Executable);
        foreach (string part in new[] { "info", "updates", "triggers" }) Directory.CreateDirectory($"{database}/{part}");
        File.WriteAllText(database + "/status", "");
        File.WriteAllText(database + "/available", "");
        _ = Binary.Tool("dpkg-deb", "--root-owner-group", "-b", tree, host.Root + "/probe.deb");
        host.Script("update", "10-fetch",
            $"dpkg --admindir={database} --force-script-chrootless --force-not-root --log=/dev/null -i {host.Root}/probe.deb || finish 9");
        return gate;
    }

    private static string Status(Sandbox host) => File.ReadAllText(host.Root + "/dpkg/status");

    [Fact]
    public void Dpkg_finishes_configuring_under_a_killed_agent()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = Package(host, 2000);
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        Processes.Until(() => File.Exists(host.Root + "/marks/configuring"), "dpkg");
        _ = agent.Kill();

        gate.Open();

        Processes.Until(() => host.Log.Lines.Any(l => l is { What: "end", Full: "update/10-fetch" }), "the script's end");
        Assert.Contains("end|host-1|update|10-fetch", File.ReadAllText(host.Log.Path), StringComparison.Ordinal);
        Assert.Equal("0", host.Log.Lines.Last(l => l is { What: "end", Full: "update/10-fetch" }).Extra);
        Assert.Contains("Status: install ok installed", Status(host), StringComparison.Ordinal);
    }

    [Fact]
    public void A_package_manager_that_fills_the_pipe_of_a_killed_agent_is_read_on_by_the_next_start()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = Package(host, 40_000);
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        Processes.Until(() => File.Exists(host.Root + "/marks/configuring"), "dpkg");
        _ = agent.Kill();
        gate.Open();

        // It waits now, half-way through. The second copy must find it done, and goes through its gate on its own.
        Assert.False(File.Exists(host.Root + "/marks/configured"));
        using Agent next = Agent.Start(host, new StartAs(), "run");
        Processes.Until(() => next.ErrorSoFar.Contains("update/10-fetch> setting up part 39999 of the probe", StringComparison.Ordinal),
            "the output of the first dpkg");
        gate.Open();

        Ended ended = next.Wait().Expect(0);
        Assert.Contains("update/10-fetch> setting up part 0 of the probe", ended.Error, StringComparison.Ordinal);
        Assert.Contains("Status: install ok installed", Status(host), StringComparison.Ordinal);
        Assert.Equal(["0", "0"], host.Log.Lines.Where(l => l is { What: "end", Full: "update/10-fetch" }).Select(l => l.Extra));
        Assert.Empty(ScriptLog.Copies(host.Log.Lines));
    }

    [Fact]
    public void A_daemon_that_writes_a_megabyte_after_the_run_neither_blocks_nor_dies()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = host.Gate();
        host.Script("post_update", "10-start",
            $"setsid sh -c '{gate.Wait}; perl -e \"syswrite STDOUT, qq(x) x 4096 for 1 .. 768\"; echo $? > {host.Root}/marks/wrote' &");

        Agent.Run(host, "run").Expect(0);
        gate.Open();

        Processes.Until(() => File.Exists(host.Root + "/marks/wrote") && File.ReadAllText(host.Root + "/marks/wrote").Length > 0,
            "the daemon");
        Assert.Equal("0\n", File.ReadAllText(host.Root + "/marks/wrote"));
    }

    /// <summary>A host whose agent was killed while its script waits at the gate; the script fills its pipe once it is let
    /// through.</summary>
    private static (Sandbox Host, Gate Gate) Killed()
    {
        Sandbox host = new Sandbox().Cycle(reboot: false);
        Gate gate = host.Gate();
        host.Script("update", "10-fetch", $"[ -e $ROOT/marks/once ] && finish 0\n: > $ROOT/marks/once\n{gate.Wait}\nhead -c 3000000 /dev/zero | tr '\\0' x | fold -w 100");
        using Agent agent = Agent.Start(host, new StartAs(), "run");
        host.Log.WaitForStart("update/10-fetch");
        _ = agent.Kill();
        return (host, gate);
    }

    /// <summary>Under a systemctl that says how the unit ended.</summary>
    private static StartAs Systemctl(Sandbox host, string result, string status)
    {
        string fake = host.Root + "/systemctl";
        File.WriteAllText(fake, $"#!/bin/sh\ncase \"$*\" in *is-system-running*) echo running ;; *show*) printf 'Id=dlm-updater.service\\nResult={result}\\nExecMainStatus={status}\\n"
            + "ActiveState=failed\\nInactiveEnterTimestampMonotonic=7\\n' ;; esac\n");
        File.SetUnixFileMode(fake, Sandbox.Executable);
        return new() { Prepare = $"mount --bind {fake} $(readlink -f /usr/bin/systemctl) || exit 99" };
    }

    [Theory]
    [InlineData("signal", "9")]
    [InlineData("oom-kill", "9")]
    public void After_a_kill_the_output_is_read_on_and_the_run_is_resumed(string result, string status)
    {
        (Sandbox host, Gate gate) = Killed();
        using Sandbox _ = host;
        gate.Open();

        Ended ended = Agent.Run(host, Systemctl(host, result, status), "run", "--after-kill").Expect(0);

        Assert.Contains($"dlm-updater.service ended with result '{result}' (status {status}): its agent was killed", ended.Error,
            StringComparison.Ordinal);
        Assert.Equal(30_000, ended.ErrorLines.Count(l => l.EndsWith(new string('x', 100), StringComparison.Ordinal)));
        Assert.Equal(2, host.Log.Started.Count(s => s == "update/10-fetch"));
        Assert.Empty(ScriptLog.Copies(host.Log.Lines));
        Assert.Empty(host.Holders);
    }

    [Theory]
    [InlineData("exit-code", "1")]
    [InlineData("timeout", "9")]
    [InlineData("core-dump", "6")]
    public void After_any_other_end_the_output_is_read_on_and_nothing_is_resumed(string result, string status)
    {
        (Sandbox host, Gate gate) = Killed();
        using Sandbox _ = host;
        gate.Open();

        Ended ended = Agent.Run(host, Systemctl(host, result, status), "run", "--after-kill").Expect(0);

        Assert.Contains("its agent was not killed, so nothing is resumed", ended.Error, StringComparison.Ordinal);
        Assert.Equal("0", host.Log.Lines.Single(l => l is { What: "end", Full: "update/10-fetch" }).Extra);
        Assert.Equal("update/10-fetch", host.Log.Started[^1]);
        Assert.Equal([host.Holder], host.Holders);
        Agent.Run(host, "run").Expect(0);
    }

    [Fact]
    public void After_a_failure_that_left_nothing_running_the_instance_lock_is_free_for_who_repairs_the_host()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", "finish 7");
        Agent.Run(host, "run").Expect(1);
        File.Delete(host.Root + "/run/instance.lock");
        Directory.CreateDirectory(host.Root + "/run/instance.lock");

        Agent.Run(host, Systemctl(host, "exit-code", "1"), "run", "--after-kill").Expect(0);
    }

    [Fact]
    public void After_a_kill_without_an_open_run_nothing_begins()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        Agent.Run(host, Systemctl(host, "signal", "9"), "run", "--after-kill").Expect(0);
        Assert.Empty(host.Log.Started);
    }
}
