using DlmUpdater.EndToEnd.Harness;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.EndToEnd;

/// <summary>Whole runs with Foreman's lock over mutual TLS.</summary>
public sealed class ForemanCycleTests
{
    [Fact]
    public void The_seeds_own_configuration_drives_a_whole_cycle_with_a_reboot()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: true);
        using var foreman = new ForemanServer(host.LockDirectory);
        var elsewhere = new Dictionary<string, string>
        {
            ["DLM_UPDATER__MAIN__STATE_DIR"] = host.StateDirectory,
            ["DLM_UPDATER__MAIN__RUN_DIR"] = host.RunDirectory,
        };
        Seed(host, foreman);

        Agent.Call(new StartAs { Environment = elsewhere }, "--cfg", host.Config).Expect(0);

        Assert.Equal("reboot/reboot", host.Log.Started[^1]);
        Assert.Equal(9, host.Log.Started.Length);
        Assert.DoesNotContain(host.Log.Started, s => s.StartsWith("post_update/", StringComparison.Ordinal));
        Assert.Equal(ForemanHost.A, foreman.Holder);
        Assert.True(File.Exists(host.Root + "/old/state"));

        // Granted, and seen at once and again after the pause; then proved before update, needs_reboot and reboot.
        Assert.Equal(["PUT", "GET", "GET", "GET", "GET", "GET"], foreman.Methods);
        Assert.Equal(1, foreman.Connections);

        Boot boot = host.NextBoot();
        Agent.Call(new StartAs { Environment = elsewhere, Boot = boot }, "--cfg", host.Config, "--after_reboot").Expect(0);

        Assert.Equal(["post_update/10-start", "post_update/20-health"], host.Log.Started[^2..]);
        Assert.All(host.Log.Lines.Where(l => l.Stage == "post_update"), line => Assert.Equal(boot.Id, line.Boot));
        Assert.All(host.Log.Lines, line => Assert.Equal(line.Stage != "needs_update", line.Held));
        Assert.Single(host.Log.Lines.Select(l => l.RunId).Distinct());
        Assert.Equal(["GET", "DELETE"], foreman.Methods[6..]);
        Assert.Equal(2, foreman.Connections);
        Assert.All(foreman.Requests, r => Assert.Equal((ForemanHost.A, $"/api/dlmlocks/{ForemanServer.LockName}/lock"), (r.Host, r.Path)));
        Assert.Null(foreman.Holder);
        Assert.False(File.Exists(host.Root + "/old/state"));
        Assert.Contains("post_update", File.ReadAllText(host.Root + "/old/foreman_dlm_updater.log"), StringComparison.Ordinal);

        // Nothing is due any more, and Foreman is not even asked.
        Agent.Call(new StartAs { Environment = elsewhere, Boot = boot }, "--cfg", host.Config).Expect(0);
        Assert.Equal(8, foreman.Requests.Length);
    }

    [Fact]
    public void A_cycle_without_reboot_keeps_one_connection_from_the_grant_to_the_release()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var foreman = new ForemanServer(host.LockDirectory);
        host.Joins(foreman);

        Agent.Run(host, "run").Expect(0);

        Assert.Equal(10, host.Log.Started.Length);
        Assert.All(host.Log.Lines, line => Assert.Equal(line.Stage != "needs_update", line.Held));
        Assert.Equal(["PUT", "GET", "GET", "GET", "GET", "DELETE"], foreman.Methods);
        Assert.Equal(1, foreman.Connections);
        Assert.Null(foreman.Holder);
    }

    [Fact]
    public void A_busy_lock_is_waited_for_and_nothing_is_run_meanwhile()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false).Set("lock", "wait_max", "0");
        using var foreman = new ForemanServer(host.LockDirectory);
        host.Joins(foreman);
        foreman.Admin(plugin => plugin.Holder = ForemanHost.B);

        using Agent agent = Agent.Start(host, new StartAs(), "run");
        Processes.Until(() => foreman.Methods.Count(m => m == "PUT") >= 2, "it has asked twice");
        Assert.DoesNotContain(host.Log.Lines, l => l.Stage != "needs_update");
        Assert.Equal(ForemanHost.B, foreman.Holder);
        foreman.Admin(plugin => plugin.Holder = null);

        agent.Wait().Expect(0);
        Assert.All(host.Log.Lines, line => Assert.Equal(line.Stage != "needs_update", line.Held));
        Assert.Null(foreman.Holder);
    }

    [Fact]
    public void A_certificate_of_a_foreign_CA_is_refused_before_any_script_that_changes_something()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var foreman = new ForemanServer(host.LockDirectory);
        host.Joins(foreman);
        using var other = new Authority("Another CA");
        var (certificate, key) = other.Issue(ForemanHost.A);
        File.WriteAllText(host.Root + $"/ssl/{ForemanHost.A}.pem", certificate);
        File.WriteAllText(host.Root + $"/ssl/{ForemanHost.A}.key", key);

        Ended ended = Agent.Run(host, "run").Expect(77);

        Assert.Contains("(401)", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Log.Lines, l => l.Stage != "needs_update");
        Assert.False(File.Exists(host.StateFile));
    }

    [Fact]
    public void A_server_of_a_foreign_CA_is_told_nothing()
    {
        using Sandbox host = ForemanHost.Make().Cycle(reboot: false);
        using var foreman = new ForemanServer(host.LockDirectory);
        host.Joins(foreman);
        using var other = new Authority("Another CA");
        File.WriteAllText(host.Root + "/ssl/ca.crt", other.Pem);

        Ended ended = Agent.Run(host, "run").Expect(69);

        Assert.Contains("Fleet CA", ended.Error, StringComparison.Ordinal);
        Assert.Empty(foreman.Requests);
        Assert.DoesNotContain(host.Log.Lines, l => l.Stage != "needs_update");
        Assert.False(File.Exists(host.StateFile));
    }

    /// <summary>The configuration that the old tool's own documentation gives, with this host's paths.</summary>
    private static void Seed(Sandbox host, ForemanServer foreman)
    {
        string old = host.Root + "/old";
        Sandbox.MakeDirectory(old);
        (string certificate, string key, string ca) = ForemanHost.Certificate(host, foreman, ForemanHost.A);
        File.WriteAllText(host.Config, $"""
            [main]
            log = {old}/foreman_dlm_updater.log
            logretention = 7
            loglevel = DEBUG

            # prevents the script from running twice on the same host
            lock = {old}/file.lock

            # this file keeps the state of the script (what is the next task to be executed)
            state = {old}/state

            # the dlm lock that will be acquired
            lock_name = {ForemanServer.LockName}
            foreman_url = {foreman.Url}

            client_crt = {certificate}
            client_key = {key}
            ca = {ca}

            needs_update.d = {host.ScriptDirectory}/needs_update.d/
            pre_update.d = {host.ScriptDirectory}/pre_update.d/
            post_update.d = {host.ScriptDirectory}/post_update.d/
            needs_reboot.d = {host.ScriptDirectory}/needs_reboot.d/
            update.d = {host.ScriptDirectory}/update.d/
            reboot_cmd = {host.RebootCommand}

            """);
    }
}
