using System.Text;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

public sealed class ScriptDirectoryTests : IDisposable
{
    private const uint Somebody = 12345;

    private readonly TrustedDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private string Update => _directory.Stage(ScriptStage.Update);

    private ScriptSet Find(ScriptStage stage = ScriptStage.Update, ScriptSettings? settings = null, Func<string, UserLookup>? users = null) =>
        new ScriptDirectory(settings ?? _directory.Settings, users ?? UserAccount.Find).Find(stage);

    private IReadOnlyList<string> ReasonsAgainstOne()
    {
        ScriptSet set = Find();
        Assert.Empty(set.Scripts);
        return Assert.Single(set.Refused).Reasons;
    }

    [Fact]
    public void Scripts_are_found_in_byte_order_with_their_path_and_timeout()
    {
        foreach (string name in new[] { "b", "a", "B", "10", "9", "é" })
            _directory.Shell($"pre_update.d/{name}", "");

        ScriptSet set = Find(ScriptStage.PreUpdate);

        Assert.Equal(["10", "9", "B", "a", "b", "é"], set.Scripts.Select(s => s.Name));
        Assert.Equal(_directory.Root + "/pre_update.d/10", set.Scripts[0].Path);
        Assert.All(set.Scripts, s => Assert.Equal(TimeSpan.FromHours(4), s.Timeout));
        Assert.Empty(set.Refused);
        Assert.Empty(set.Warnings);
        Assert.Null(set.Unusable);
    }

    [Fact]
    public void An_empty_directory_is_fine()
    {
        ScriptSet set = Find();

        Assert.Empty(set.Scripts);
        Assert.Null(set.Unusable);
        Assert.False(set.Absent);
    }

    [Fact]
    public void A_missing_main_directory_is_not_an_empty_one()
    {
        Directory.Delete(Update);

        Assert.Equal($"{Update} does not exist: create it; empty is fine", Find().Unusable);
        Assert.False(Find().Absent);
    }

    [Fact]
    public void A_missing_optional_directory_is_absent()
    {
        Assert.True(Find(ScriptStage.Reboot).Absent);
        Assert.Null(Find(ScriptStage.Reboot).Unusable);

        Directory.CreateDirectory(_directory.Stage(ScriptStage.Reboot));

        Assert.False(Find(ScriptStage.Reboot).Absent);
    }

    [Fact]
    public void What_is_not_a_directory_cannot_be_used()
    {
        Directory.Delete(Update);
        File.WriteAllText(Update, "");
        Assert.Equal($"{Update} is not a directory", Find().Unusable);

        File.WriteAllText(_directory.Stage(ScriptStage.Reboot), "");
        Assert.NotNull(Find(ScriptStage.Reboot).Unusable);
        Assert.False(Find(ScriptStage.Reboot).Absent);
    }

    [Fact]
    public void A_directory_that_is_a_dangling_link_cannot_be_used_and_is_not_absent()
    {
        File.CreateSymbolicLink(_directory.Stage(ScriptStage.Reboot), "/no/such/directory");

        Assert.Equal($"{_directory.Stage(ScriptStage.Reboot)} is a link to /no/such/directory, which does not exist", Find(ScriptStage.Reboot).Unusable);
    }

    [Fact]
    public void Left_overs_directories_and_masks_are_skipped_with_a_reason()
    {
        _directory.Shell("update.d/.hidden", "");
        _directory.Shell("update.d/a.rpmsave", "");
        Directory.CreateDirectory(Update + "/sub");
        Directory.CreateSymbolicLink(Update + "/linked", "/etc");
        File.CreateSymbolicLink(Update + "/masked", "/dev/null");
        File.CreateSymbolicLink(Update + "/masked-twice", "masked");

        ScriptSet set = Find();

        Assert.Empty(set.Scripts);
        Assert.Empty(set.Refused);
        Assert.Equal(
            [".hidden: hidden (.*)", "a.rpmsave: left behind by a package manager (*.rpmsave)", "linked: a directory", "masked-twice: masked by a link to /dev/null",
                "masked: masked by a link to /dev/null", "sub: a directory"],
            set.Skipped.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("111111101", "is writable by its group (mode 0775)")]
    [InlineData("111101111", "is writable by others (mode 0757)")]
    [InlineData("110100100", "it is not executable by its owner (mode 0644): chmod u+x")]
    public void A_script_is_refused_for_its_mode(string bits, string reason)
    {
        string path = _directory.Shell("update.d/a", "");
        TrustedDirectory.SetMode(path, (UnixFileMode)Convert.ToInt32(bits, 2));

        Assert.EndsWith(reason, Assert.Single(ReasonsAgainstOne()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_of_another_user_is_refused()
    {
        Owned.Give(_directory.Shell("update.d/a", ""), Somebody);

        Assert.Equal([$"{Update}/a is owned by uid 12345, not by root"], ReasonsAgainstOne());
    }

    [Theory]
    [InlineData("111111101", "(mode 0775)")]
    [InlineData("111101111", "(mode 0757)")]
    [InlineData("1111111111", "(mode 01777)")]
    public void A_script_under_a_directory_that_others_can_change_is_refused_sticky_or_not(string bits, string mode)
    {
        _directory.Shell("update.d/a", "");
        TrustedDirectory.SetMode(_directory.Root, (UnixFileMode)Convert.ToInt32(bits, 2));

        IReadOnlyList<string> reasons = ReasonsAgainstOne();

        Assert.All(reasons, r => Assert.StartsWith(_directory.Root + " is writable by ", r, StringComparison.Ordinal));
        Assert.All(reasons, r => Assert.EndsWith(mode, r, StringComparison.Ordinal));
        Assert.Equal(bits.Length == 10 ? 2 : 1, reasons.Count);
    }

    [Fact]
    public void A_script_under_a_directory_of_another_user_is_refused()
    {
        _directory.Shell("update.d/a", "");
        Owned.Give(_directory.Root, Somebody);

        Assert.Equal([$"{_directory.Root} is owned by uid 12345, not by root"], ReasonsAgainstOne());
    }

    [Fact]
    public void A_link_is_followed_and_everything_on_its_way_is_looked_at()
    {
        string away = _directory.Root + "/away";
        Directory.CreateDirectory(away + "/deep");
        _directory.Shell(away + "/deep/target", "");
        File.CreateSymbolicLink(away + "/hop", "deep/../deep/target");
        File.CreateSymbolicLink(Update + "/a", away + "/hop");
        Assert.Equal($"{Update}/a", Assert.Single(Find().Scripts).Path);

        TrustedDirectory.SetMode(away + "/deep", (UnixFileMode)0b111_111_101);
        Assert.Equal([$"{away}/deep is writable by its group (mode 0775)"], ReasonsAgainstOne());

        TrustedDirectory.SetMode(away + "/deep", (UnixFileMode)0b111_101_101);
        Owned.Give(away + "/hop", Somebody);
        Assert.Equal([$"{away}/hop is owned by uid 12345, not by root"], ReasonsAgainstOne());

        Owned.Give(away + "/hop", 0);
        TrustedDirectory.SetMode(away + "/deep/target", (UnixFileMode)0b111_101_111);
        Assert.Equal([$"{away}/deep/target is writable by others (mode 0757)"], ReasonsAgainstOne());
    }

    [Fact]
    public void A_link_out_of_tmp_is_refused_although_its_target_is_fine()
    {
        string hop = "/tmp/dlm-updater-test-" + Guid.NewGuid().ToString("N");
        _directory.Shell("target", "");
        File.CreateSymbolicLink(hop, _directory.Root + "/target");
        File.CreateSymbolicLink(Update + "/a", hop);
        try
        {
            Assert.Contains(ReasonsAgainstOne(), r => r.StartsWith("/tmp is writable by others", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(hop);
        }
    }

    [Fact]
    public void A_linked_stage_directory_is_walked_too()
    {
        Directory.Delete(Update);
        Directory.CreateDirectory(_directory.Root + "/real");
        _directory.Shell("real/a", "");
        Directory.CreateSymbolicLink(Update, "real");
        Assert.Single(Find().Scripts);

        TrustedDirectory.SetMode(_directory.Root + "/real", (UnixFileMode)0b111_111_101);

        Assert.Equal([$"{_directory.Root}/real is writable by its group (mode 0775)"], ReasonsAgainstOne());
    }

    [Fact]
    public void Dangling_and_circular_links_are_refused()
    {
        File.CreateSymbolicLink(Update + "/a", "nowhere");
        Assert.Equal([$"{Update}/nowhere does not exist"], ReasonsAgainstOne());

        File.Delete(Update + "/a");
        File.CreateSymbolicLink(Update + "/a", "a");
        Assert.Equal([$"{Update}/a goes through more than 40 links"], ReasonsAgainstOne());
    }

    [Fact]
    public void All_reasons_of_all_scripts_are_named_at_once()
    {
        _directory.Write("update.d/a", "#!/bin/sh\n", (UnixFileMode)0b110_110_110);
        Owned.Give(Update + "/a", Somebody);
        _directory.Write("update.d/b", "echo hello\n");

        ScriptSet set = Find();

        Assert.Equal(2, set.Refused.Count);
        Assert.Equal(4, set.Refused.Single(r => r.Path == Update + "/a").Reasons.Count);
    }

    [Fact]
    public void Only_files_can_be_scripts()
    {
        Owned.Fifo(Update + "/a");

        Assert.Equal(["it is not a regular file"], ReasonsAgainstOne());
    }

    [Theory]
    [InlineData("", "it is empty: remove it, or add a first line such as #!/bin/sh")]
    [InlineData("echo hello\n", "it begins with neither #! nor an ELF header, so the kernel cannot run it: add a first line such as #!/bin/sh")]
    [InlineData("#!/usr/bin/pyhton3\n", "interpreter /usr/bin/pyhton3 does not exist")]
    [InlineData("#!/usr/bin/env pyhton3\n", "interpreter pyhton3 is not in PATH (/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)")]
    [InlineData("#!/bin/sh\r\necho hello\r\n", "it has Windows line ends (CR LF), so its interpreter cannot be found: convert it to LF")]
    [InlineData("#!sh\n", "interpreter sh is not an absolute path")]
    [InlineData("#!/etc/passwd\n", "interpreter /etc/passwd is not executable")]
    [InlineData("#!\n", "it names no interpreter after #!")]
    [InlineData("#!/bin/sh\n# dlm: timeout=1x\n", "line 2: timeout=1x is not a duration: write 90s, 15m, 4h or 2d, or 0 for no end")]
    [InlineData("#!/bin/sh\n# dlm: user=no-such-user\n", "its header names a user: user no-such-user does not exist on this host")]
    public void What_would_fail_in_the_run_is_refused_before_the_lock(string content, string reason)
    {
        _directory.Write("update.d/a", content);

        Assert.Equal([reason], ReasonsAgainstOne());
    }

    [Theory]
    [InlineData("#!/bin/sh\n")]
    [InlineData("#!/usr/bin/env sh\n")]
    [InlineData("#!/usr/bin/env -S sh -e\n")]
    [InlineData("#! /bin/sh -e\n")]
    public void What_the_kernel_runs_is_a_script(string content)
    {
        _directory.Write("update.d/a", content);

        Assert.Single(Find().Scripts);
    }

    [Fact]
    public void A_binary_is_a_script_and_has_no_header()
    {
        File.Copy("/bin/true", Update + "/a");
        File.AppendAllText(Update + "/a", "\n# dlm: run=once\n");

        Assert.Equal(ScriptHeader.None, Assert.Single(Find().Scripts).Header);
    }

    [Fact]
    public void A_script_on_a_noexec_mount_is_refused()
    {
        Owned.MountNoExec(Update);
        try
        {
            // The root of a fresh tmpfs is 1777.
            TrustedDirectory.SetMode(Update, (UnixFileMode)0b111_101_101);
            _directory.Shell("update.d/a", "");

            Assert.Equal(["its file system is mounted noexec"], ReasonsAgainstOne());
        }
        finally
        {
            Owned.Unmount(Update);
        }
    }

    [Fact]
    public void A_name_that_could_forge_a_log_line_is_refused_and_shown_harmless()
    {
        _directory.Shell("update.d/a\nb", "");

        Refusal refusal = Assert.Single(Find().Refused);

        Assert.Equal($"{Update}/a | b", refusal.Path);
        Assert.Contains("control character", Assert.Single(refusal.Reasons), StringComparison.Ordinal);
    }

    [Fact]
    public void With_untrusted_skip_a_script_is_skipped_with_a_warning()
    {
        _directory.Shell("update.d/a", "");
        _directory.Write("update.d/b", "#!/bin/sh\n", (UnixFileMode)0b110_100_100);

        ScriptSet set = Find(settings: _directory.Settings with { Untrusted = UntrustedRule.Skip });

        Assert.Equal(["a"], set.Scripts.Select(s => s.Name));
        Assert.Empty(set.Refused);
        Assert.Contains($"{Update}/b is skipped", Assert.Single(set.Warnings), StringComparison.Ordinal);
        Assert.StartsWith("b: not trusted", Assert.Single(set.Skipped), StringComparison.Ordinal);
    }

    [Fact]
    public void With_untrusted_skip_a_broken_script_is_still_an_error()
    {
        _directory.Write("update.d/a", "#!/bin/sh\n# dlm: run=never\n");

        Assert.Single(Find(settings: _directory.Settings with { Untrusted = UntrustedRule.Skip }).Refused);
    }

    [Fact]
    public void An_empty_directory_that_others_can_change_is_a_warning()
    {
        TrustedDirectory.SetMode(Update, (UnixFileMode)0b111_111_101);

        Assert.Contains("is writable by its group", Assert.Single(Find().Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void The_header_wins_over_the_configured_timeout_and_zero_means_no_end()
    {
        _directory.Write("pre_update.d/a", "#!/bin/sh\n# dlm: timeout=5m name=first\n");
        _directory.Write("pre_update.d/b", "#!/bin/sh\n# dlm: timeout=0\n");
        _directory.Write("pre_update.d/c", "#!/bin/sh\n");

        ScriptSet set = Find(ScriptStage.PreUpdate);

        Assert.Equal([TimeSpan.FromMinutes(5), null, TimeSpan.FromHours(4)], set.Scripts.Select(s => s.Timeout));
        Assert.Equal("first", set.Scripts[0].Header.Name);
    }

    [Fact]
    public void The_header_names_a_user_who_must_be_able_to_run_it()
    {
        _directory.Write("update.d/a", "#!/bin/sh\n# dlm: user=daemon\n");
        Assert.Equal("daemon", Assert.Single(Find().Scripts).User);

        TrustedDirectory.SetMode(Update + "/a", (UnixFileMode)0b111_101_001);
        Assert.Equal(["user daemon may not reach, read or execute it"], ReasonsAgainstOne());

        TrustedDirectory.SetMode(Update + "/a", (UnixFileMode)0b111_101_101);
        TrustedDirectory.SetMode(Update, (UnixFileMode)0b111_000_000);
        Assert.Equal(["user daemon may not reach, read or execute it"], ReasonsAgainstOne());
    }

    private ScriptSettings WithUser(string name) => _directory.Settings with { UserScriptUsers = [name] };

    private Func<string, UserLookup> Homes(string home) => name => UserAccount.Find(name) is { Account: { } account } ? new(account with { Home = home }, null) : new(null, "no such user");

    private string UserStage()
    {
        string home = _directory.Root + "/home";
        string stage = home + "/dlm_engine_updater/pre_update.d";
        Directory.CreateDirectory(stage);
        foreach (string path in new[] { home, home + "/dlm_engine_updater", stage })
            Owned.Give(path, 1);
        return stage;
    }

    [Fact]
    public void A_users_scripts_run_as_the_user_among_those_of_root()
    {
        string stage = UserStage();
        Owned.Give(_directory.Shell(stage + "/20", ""), 1);
        _directory.Shell(stage + "/30", "");
        _directory.Shell("pre_update.d/10", "");
        _directory.Shell("pre_update.d/20", "");
        _directory.Shell("pre_update.d/25", "");

        ScriptSet set = Find(ScriptStage.PreUpdate, WithUser("daemon"), Homes(_directory.Root + "/home"));

        Assert.Empty(set.Refused);
        Assert.Equal(["10", "20", "daemon/20", "25", "daemon/30"], set.Scripts.Select(s => s.Name));
        Assert.Equal([null, null, "daemon", null, "daemon"], set.Scripts.Select(s => s.User));
        Assert.Equal(stage + "/20", set.Scripts[2].Path);
    }

    [Fact]
    public void A_users_script_that_a_third_can_change_is_refused()
    {
        string stage = UserStage();
        Owned.Give(_directory.Shell(stage + "/a", ""), 2);

        ScriptSet set = Find(ScriptStage.PreUpdate, WithUser("daemon"), Homes(_directory.Root + "/home"));

        Assert.Equal([$"{stage}/a is owned by uid 2, not by root or uid 1"], Assert.Single(set.Refused).Reasons);
    }

    [Fact]
    public void A_users_script_cannot_name_another_user()
    {
        string stage = UserStage();
        Owned.Give(_directory.Write(stage + "/a", "#!/bin/sh\n# dlm: user=root\n"), 1);

        ScriptSet set = Find(ScriptStage.PreUpdate, WithUser("daemon"), Homes(_directory.Root + "/home"));

        Assert.Equal(["its header names user root, which only a script of root may do"], Assert.Single(set.Refused).Reasons);
    }

    [Fact]
    public void A_users_trap_does_not_hold_up_the_search()
    {
        string stage = UserStage();
        Owned.Fifo(stage + "/a");
        Owned.Give(stage + "/a", 1);

        Assert.Single(Find(ScriptStage.PreUpdate, WithUser("daemon"), Homes(_directory.Root + "/home")).Refused);
    }

    [Fact]
    public void A_user_without_scripts_is_fine_and_an_unknown_user_is_not()
    {
        Assert.Null(Find(ScriptStage.PreUpdate, WithUser("daemon"), Homes(_directory.Root)).Unusable);
        Assert.Equal("[scripts] user_script_users: user no-such-user does not exist on this host", Find(ScriptStage.PostUpdate, WithUser("no-such-user")).Unusable);
        Assert.Null(Find(ScriptStage.Update, WithUser("no-such-user")).Unusable);
    }

    [Fact]
    public void A_name_that_is_not_utf8_is_refused()
    {
        ByShell([.. Encoding.UTF8.GetBytes($"cp /bin/true '{Update}/a"), 0xFF, (byte)'\'']);
        try
        {
            Assert.Contains("not UTF-8", Assert.Single(ReasonsAgainstOne()), StringComparison.Ordinal);
        }
        finally
        {
            ByShell(Encoding.UTF8.GetBytes($"rm '{Update}'/a*"));
        }
    }

    /// <summary>.NET can neither write nor remove a name that is not UTF-8.</summary>
    private void ByShell(byte[] command)
    {
        string path = _directory.Write("by-shell", "");
        File.WriteAllBytes(path, [.. "#!/bin/sh\n"u8, .. command, (byte)'\n']);
        ScriptResult result = new ProcessRunner(TimeProvider.System, new())
            .Run(new() { Path = path, Arguments = [path], Environment = ["PATH=/bin"] }, new RunnerEvents(), default);
        Assert.True(result.Succeeded);
    }

    [Fact]
    public void Every_stage_has_its_own_directory()
    {
        StageMap<string> directories = _directory.Settings.Directories.SetItem(ScriptStage.Update, _directory.Stage(ScriptStage.PreUpdate));
        _directory.Shell("pre_update.d/a", "");

        Assert.Equal(_directory.Stage(ScriptStage.PreUpdate), Find(settings: _directory.Settings with { Directories = directories }).Directory);
        Assert.Single(Find(settings: _directory.Settings with { Directories = directories }).Scripts);
    }
}
