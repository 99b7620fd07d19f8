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
