using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;
using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

/// <summary>A script is as trusted as the weakest file that runs when it runs.</summary>
public sealed class ProgramTrustTests : IDisposable
{
    private readonly TrustedDirectory _directory = new();
    private readonly string _users;

    public ProgramTrustTests()
    {
        // A copy of a shell that belongs to a user, in a directory of root.
        _users = _directory.Root + "/tools/usersh";
        Directory.CreateDirectory(_directory.Root + "/tools");
        File.Copy("/bin/sh", _users);
        TrustedDirectory.SetMode(_users, (UnixFileMode)0b111_101_101);
        Tool("chown", "65534", _users);
    }

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string> Lines => new()
    {
        "#!{0}", "#!{0} -e", "#!/usr/bin/env {0}", "#!/usr/bin/env -S {0} -e", "#!/usr/bin/env -S A=1 {0}", "#!/usr/bin/env -S -i {0}", "#!/usr/bin/env -S env {0}",
        "#!/usr/bin/env -S PATH={1} usersh", "#!/usr/bin/env -S -u HOME PATH={1}:/bin usersh", "#!{1}/wrapper", "#!{1}/link", "#!{1}/writable", "#!{1}/open/sh",
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_script_whose_interpreter_a_user_can_change_is_refused(string line)
    {
        string tools = _directory.Root + "/tools";
        _directory.Write("tools/wrapper", $"#!{_users}\n");
        File.CreateSymbolicLink(tools + "/link", _users);
        File.Copy("/bin/sh", tools + "/writable");
        TrustedDirectory.SetMode(tools + "/writable", (UnixFileMode)0b111_111_101);
        Directory.CreateDirectory(tools + "/open");
        File.Copy("/bin/sh", tools + "/open/sh");
        TrustedDirectory.SetMode(tools + "/open/sh", (UnixFileMode)0b111_101_101);
        TrustedDirectory.SetMode(tools + "/open", (UnixFileMode)0b1_111_111_111);
        _directory.Write("update.d/10-x", string.Format(System.Globalization.CultureInfo.InvariantCulture, line, _users, tools) + "\nexit 0\n");

        ScriptSet set = _directory.Scripts().Find(ScriptStage.Update);

        Assert.Empty(set.Scripts);
        Assert.Contains("interpreter ", string.Join(" ", Assert.Single(set.Refused).Reasons), StringComparison.Ordinal);
        Assert.Matches("owned by uid 65534|writable by", string.Join(" ", set.Refused[0].Reasons));
    }

    [Theory]
    [InlineData("#!/bin/sh")]
    [InlineData("#!/usr/bin/env sh")]
    [InlineData("#!/usr/bin/env -S sh -e")]
    [InlineData("#!/usr/bin/env -S LANG=C -- sh")]
    public void The_hosts_own_interpreters_are_fine(string line)
    {
        if (line.Contains("-- ", StringComparison.Ordinal)) line = "#!/usr/bin/env -S -- LANG=C sh";
        _directory.Write("update.d/10-x", line + "\nexit 0\n");
        Assert.Empty(_directory.Scripts().Find(ScriptStage.Update).Refused);
    }

    [Fact]
    public void A_script_of_root_that_runs_as_a_user_may_have_that_users_interpreter()
    {
        Tool("chmod", "755", _directory.Root);
        _directory.Write("update.d/10-x", $"#!{_users}\n# dlm: user=nobody\nexit 0\n");
        Assert.Empty(_directory.Scripts().Find(ScriptStage.Update).Refused);
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("{0} -c reboot")]
    [InlineData("/usr/bin/env {0}")]
    [InlineData("env A=1 {0}")]
    [InlineData("sh {1}/script")]
    [InlineData("/bin/sh -e {1}/script")]
    [InlineData("nice -n 5 {0}")]
    [InlineData("timeout 5 {0}")]
    [InlineData("{1}/wrapper")]
    public async Task A_command_that_runs_what_a_user_can_change_is_refused(string command)
    {
        _directory.Write("tools/wrapper", $"#!{_users}\n");
        _directory.Write("tools/script", "exit 0\n", (UnixFileMode)0b110_100_100);
        Tool("chown", "65534", _directory.Root + "/tools/script");
        string[] argv = string.Format(System.Globalization.CultureInfo.InvariantCulture, command, _users, _directory.Root + "/tools").Split(' ');

        Assert.Null(new ProgramTrust(0).Find(argv, out string why));
        Assert.Contains("owned by uid 65534", why, StringComparison.Ordinal);
        Assert.NotEmpty(new ProgramTrust(0).Against(argv));
        Assert.IsType<ScriptResult.NotStarted>(await _directory.Scripts().RunCommand(argv, TrustedDirectory.Context, null, CancellationToken.None));
    }

    [Fact]
    public void The_reboot_command_is_refused_before_the_lock_unless_reboot_d_has_scripts()
    {
        var scripts = new HostScripts(_directory.Settings, _directory.Paths, TrustedDirectory.Boot, TimeProvider.System, new ScriptListener()) { RebootCommand = [_users] };
        Assert.Contains("owned by uid 65534", Assert.Single(scripts.Find(ScriptStage.Reboot).Refused).Reasons[0], StringComparison.Ordinal);
        Directory.CreateDirectory(_directory.Root + "/reboot.d");
        _directory.Shell("reboot.d/10-x", "exit 0");
        Assert.Empty(scripts.Find(ScriptStage.Reboot).Refused);
    }

    [Fact]
    public void A_reboot_command_that_does_not_exist_is_no_reason_against_a_run_that_may_not_reboot()
    {
        var scripts = new HostScripts(_directory.Settings, _directory.Paths, TrustedDirectory.Boot, TimeProvider.System, new ScriptListener()) { RebootCommand = ["no-such-program"] };
        Assert.Empty(scripts.Find(ScriptStage.Reboot).Refused);
    }

    /// <summary>Between the look at a user's script and the reading of its header the user swaps it for a link to a file that only root may read.</summary>
    [Fact]
    public void A_file_that_took_the_place_of_a_users_script_is_not_quoted()
    {
        Tool("chmod", "755", _directory.Root);
        string secret = _directory.Write("secret", "#!/bin/sh\n# dlm: password=hunter2\n", (UnixFileMode)0b110_000_000);
        string script = _directory.Shell("10-x", "exit 0");
        Tool("chown", "65534", script);
        UserAccount user = UserAccount.Find("nobody").Account!;
        Assert.True(Native.TryStat(script, out FileFacts looked));
        Assert.NotNull(RunnableCheck.ReadHead(script, out _, looked, user));
        File.Delete(script);
        File.CreateSymbolicLink(script, secret);

        Assert.Null(RunnableCheck.ReadHead(script, out string why, looked, user));
        Assert.Equal("cannot be read by user nobody: Permission denied", why);
        Assert.Null(RunnableCheck.ReadHead(script, out why, looked));
        Assert.Equal("was replaced while it was looked at", why);
    }

    private static void Tool(string command, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(command, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
