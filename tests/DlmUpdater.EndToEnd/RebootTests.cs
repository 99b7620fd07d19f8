using System.Text.Json;
using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>A run that goes over a reboot: another boot id, in a mount namespace.</summary>
public sealed class RebootTests
{
    [Fact]
    public void A_run_goes_on_after_the_reboot_and_ends()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);

        Agent.Run(host, "run").Expect(0);
        Assert.Equal("reboot/reboot", host.Log.Started[^1]);
        Assert.DoesNotContain(host.Log.Started, s => s.StartsWith("post_update/", StringComparison.Ordinal));
        Assert.Equal([host.Holder], host.Holders);
        Assert.Equal("reboot", Agent.Status(host).GetProperty("phase").GetString());

        Boot boot = host.NextBoot();
        Agent.Run(host, new StartAs { Boot = boot }, "run", "--after-reboot").Expect(0);

        ScriptLine[] post = [.. host.Log.Lines.Where(l => l.Stage == "post_update")];
        Assert.All(post, line => Assert.Equal(boot.Id, line.Boot));
        Assert.All(post, line => Assert.True(line.Held));
        Assert.All(post, line => Assert.Equal("2", line.Attempt));
        Assert.All(host.Log.Lines.Where(l => l.Stage != "post_update"), line => Assert.Equal(Boot.Real, line.Boot));
        Assert.Equal(["post_update/10-start", "post_update/20-health"], host.Log.Started[^2..]);
        Assert.Single(host.Log.Lines.Select(l => l.RunId).Distinct());
        Assert.Empty(host.Holders);
        Assert.False(File.Exists(host.StateFile));

        using JsonDocument history = JsonDocument.Parse(Agent.Run(host, "history", "--output", "json").Expect(0).Output);
        Assert.Equal(["rebooting", "done"], history.RootElement.GetProperty("starts").EnumerateArray().Select(s => s.GetProperty("ending").GetString()));
    }

    [Fact]
    public void On_the_same_boot_the_request_is_made_again_and_nothing_moves_on()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        Agent.Run(host, "run").Expect(0);

        Agent.Run(host, "run", "--after-reboot").Expect(0);
        Agent.Run(host, "run").Expect(0);

        Assert.Equal(["reboot/reboot", "reboot/reboot", "reboot/reboot"], host.Log.Started[^3..]);
        Assert.DoesNotContain(host.Log.Started, s => s.StartsWith("post_update/", StringComparison.Ordinal));
        Assert.Equal([host.Holder], host.Holders);
    }

    [Fact]
    public void After_the_timeout_nothing_is_requested_and_the_lock_is_kept_until_a_real_reboot()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true).Set("reboot", "timeout", "1s");
        host.Script("on_failure", "10-tell", "note \"$*\"");
        Agent.Run(host, "run").Expect(0);
        int before = host.Log.Lines.Length;
        Thread.Sleep(1100);

        Ended late = Agent.Run(host, "run", "--after-reboot").Expect(80);

        Assert.Contains("did not reboot", late.Error, StringComparison.Ordinal);
        Assert.Equal(["on_failure/10-tell"], host.Log.Lines.Skip(before).Where(l => l.What == "start").Select(l => l.Full));
        Assert.Equal("e2e True True reboot none 1", host.Log.Lines.Single(l => l.What == "note").Extra);
        Assert.Equal([host.Holder], host.Holders);
        Assert.True(File.Exists(host.StateFile));

        Agent.Run(host, new StartAs { Boot = host.NextBoot() }, "run", "--after-reboot").Expect(0);
        Assert.Equal("post_update/20-health", host.Log.Started[^1]);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void After_reboot_without_an_open_run_does_nothing()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);

        Agent.Run(host, "run", "--after-reboot").Expect(0);

        Assert.Empty(host.Log.Started);
        Assert.False(File.Exists(host.LockFile));
    }

    [Fact]
    public void A_reboot_command_that_fails_keeps_the_lock_and_is_made_again()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true).Set("reboot", "command", "false");

        Ended failed = Agent.Run(host, "run").Expect(1);
        Assert.Contains("the reboot command failed: exit code 1", failed.Error, StringComparison.Ordinal);
        Assert.Equal([host.Holder], host.Holders);

        host.Set("reboot", "command", host.RebootCommand);
        Agent.Run(host, "run").Expect(0);
        Assert.Equal("reboot/reboot", host.Log.Started[^1]);
    }

    [Fact]
    public void Scripts_in_reboot_d_take_the_place_of_the_command()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: true);
        host.Script("reboot", "10-kexec");

        Agent.Run(host, "run").Expect(0);

        Assert.Equal("reboot/10-kexec", host.Log.Started[^1]);
        Assert.DoesNotContain("reboot/reboot", host.Log.Started);
    }

    [Fact]
    public void No_script_in_needs_reboot_d_means_reboot()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        foreach (string script in Directory.GetFiles(host.StageDirectory("needs_reboot"))) File.Delete(script);

        Agent.Run(host, "run").Expect(0);

        Assert.Equal("reboot/reboot", host.Log.Started[^1]);
    }
}
