using DlmUpdater.Core.Workflow;
using DlmUpdater.Scripts;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Scripts;

/// <summary>systemctl as it answers, and as it does not: a missing, hanging, failing or garbled answer is never a success and never "no gate".</summary>
public sealed class BootChecksTests : IDisposable
{
    private const string Target = "Id=boot-complete.target\nLoadState=loaded\nActiveState=active\nJob=\nRequires=sysinit.target check.service\n";
    private const string Check = "Type=oneshot\nId=check.service\nLoadState=loaded\nActiveState=active\nResult=success\nRequires=system.slice\n";

    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private string Init => Directory.CreateDirectory(Path.Combine(_directory.Root, "run-systemd")).FullName;

    [Fact]
    public void Without_the_directory_of_a_running_systemd_there_is_no_gate()
    {
        Assert.IsType<BootAnswer.NoGate>(Ask(Systemctl("exit 1"), init: "/nowhere/at/all"));
        Assert.IsType<BootAnswer.NoGate>(Ask(null, init: "/dev/null/systemd"));
    }

    [Fact]
    public void A_directory_that_cannot_be_looked_at_is_no_answer()
    {
        string loop = Path.Combine(_directory.Root, "loop");
        File.CreateSymbolicLink(loop, loop);
        Assert.IsType<BootAnswer.NoAnswer>(Ask(Systemctl(Answers(Target, Check)), init: loop));
    }

    [Fact]
    public void Systemd_without_systemctl_is_no_answer() => Assert.Contains("systemctl is not in PATH", Assert.IsType<BootAnswer.NoAnswer>(Ask(null)).Why, StringComparison.Ordinal);

    [Fact]
    public void An_active_target_with_checks_that_are_done_is_a_success() =>
        Assert.Contains("check.service", Assert.IsType<BootAnswer.Successful>(Ask(Systemctl(Answers(Target, Check)))).Why, StringComparison.Ordinal);

    [Fact]
    public void Systemd_before_240_has_no_such_target_and_no_gate() =>
        Assert.IsType<BootAnswer.NoGate>(Ask(Systemctl(Answers("Id=boot-complete.target\nLoadState=not-found\nActiveState=inactive\n", ""))));

    [Theory]
    [InlineData("")]
    [InlineData("echo 'Failed to connect to bus: No such file or directory' >&2; exit 1")]
    [InlineData("echo 'System has not been booted with systemd as init system (PID 1).'; exit 1")]
    [InlineData("printf 'Id=boot-complete.target\\nLoadState=loaded\\nActiveState=active\\n'; exit 1")]
    [InlineData("printf 'Id=boot-complete.target\\nLoadState=loaded\\n'")]
    [InlineData("printf 'Id=boot-complete.target\\nActiveState=active\\n'")]
    [InlineData("printf 'LoadState=not-found\\nActiveState=inactive\\n'")]
    [InlineData("printf 'Id=boot-complete.target\\nLoadState=\\nActiveState=active\\n'")]
    [InlineData("printf 'Chargement : active\\n'")]
    [InlineData("kill -9 $$")]
    public void Anything_else_is_no_answer(string body) => Assert.IsType<BootAnswer.NoAnswer>(Ask(Systemctl(body)));

    [Fact]
    public void A_check_that_is_not_described_is_no_answer() =>
        Assert.IsType<BootAnswer.NoAnswer>(Ask(Systemctl(Answers("Id=boot-complete.target\nLoadState=loaded\nActiveState=active\nRequires=a.service b.service\n", Check))));

    [Fact]
    public void A_list_of_checks_that_is_too_long_to_be_whole_is_no_answer()
    {
        string many = string.Join(' ', Enumerable.Range(0, 2000).Select(i => $"check-{i}.service"));
        Assert.IsType<BootAnswer.NoAnswer>(Ask(Systemctl(Answers($"Id=boot-complete.target\nLoadState=loaded\nActiveState=active\nRequires={many}\n", Check))));
    }

    [Fact]
    public void A_hanging_systemctl_is_no_answer_when_its_time_is_over() =>
        Assert.IsType<BootAnswer.NoAnswer>(Ask(Systemctl("exec sleep 600"), atMost: TimeSpan.FromSeconds(1)));

    [Fact]
    public void Sigterm_ends_a_hanging_systemctl()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        Assert.IsType<BootAnswer.NoAnswer>(Ask(Systemctl("exec sleep 600"), cancel: stop.Token));
    }

    [Fact]
    public void A_start_resets_our_own_failed_units_first_and_waits_for_nothing()
    {
        Ask(Systemctl(Answers(Target, Check)), start: true);
        Assert.Equal(["reset-failed dlm-updater*.service", "start --no-block boot-complete.target"], Calls[..2]);
        Assert.All(Calls[2..], call => Assert.StartsWith("show ", call, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_unit_that_the_package_installs_is_among_those_that_are_reset()
    {
        string[] units = [.. Directory.GetFiles(Path.Combine(Source(), "../src/dist/systemd"), "*.service*").Select(f => Path.GetFileName(f)!)];
        Assert.NotEmpty(units);
        string[] parts = BootChecks.OwnUnits.Split('*');
        Assert.All(units, u => Assert.True(u.StartsWith(parts[0], StringComparison.Ordinal) && u.EndsWith(parts[1], StringComparison.Ordinal), u));
    }

    [Fact]
    public void A_look_starts_nothing()
    {
        Ask(Systemctl(Answers(Target, Check)));
        Assert.All(Calls, call => Assert.StartsWith("show ", call, StringComparison.Ordinal));
    }

    [Fact]
    public void What_failed_is_named_our_own_units_left_out_and_what_systemctl_says_too()
    {
        string failed = Check.Replace("=active", "=failed", StringComparison.Ordinal).Replace("success", "exit-code", StringComparison.Ordinal);
        string systemctl = Systemctl($"""
            case "$*" in
              *list-units*) printf 'check.service loaded failed failed The check\nweb.service loaded failed failed Web\ndlm-updater.service loaded failed failed Us\n' ;;
              *start*) echo 'Job for boot-complete.target canceled.'; exit 1 ;;
              *boot-complete*) printf '{Line(Target.Replace("=active", "=inactive", StringComparison.Ordinal))}' ;;
              *) printf '{Line(failed)}' ;;
            esac
            """);

        var no = Assert.IsType<BootAnswer.NotSuccessful>(Ask(systemctl, start: true));

        Assert.Equal("check.service web.service", string.Join(' ', no.Units));
        Assert.Contains("check.service (failed, exit-code)", no.Why, StringComparison.Ordinal);
        Assert.Contains("Job for boot-complete.target canceled.", no.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Job=17\n", typeof(BootAnswer.Pending))]
    [InlineData("Job=0\n", typeof(BootAnswer.NotSuccessful))]
    [InlineData("Job=\n", typeof(BootAnswer.NotSuccessful))]
    [InlineData("", typeof(BootAnswer.NotSuccessful))]
    public void A_check_that_never_began_is_pending_only_with_a_job(string job, Type expected)
    {
        string check = "Id=check.service\nLoadState=loaded\nActiveState=inactive\nResult=success\nInactiveExitTimestampMonotonic=0\nConditionResult=no\nConditionTimestampMonotonic=0\n" + job;
        Assert.IsType(expected, Ask(Systemctl(Answers(Target, check))));
    }

    [Fact]
    public void A_check_whose_condition_is_not_met_is_done()
    {
        string check = "Id=check.service\nLoadState=loaded\nActiveState=inactive\nResult=success\nInactiveExitTimestampMonotonic=0\nConditionResult=no\nConditionTimestampMonotonic=812345\n";
        Assert.IsType<BootAnswer.Successful>(Ask(Systemctl(Answers(Target, check))));
    }

    private static string Source([System.Runtime.CompilerServices.CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "../..");

    private string[] Calls => [.. File.ReadAllLines(Path.Combine(_directory.Root, "calls")).Select(l => l.Replace("--no-pager --no-ask-password ", "", StringComparison.Ordinal))];

    private BootAnswer Ask(string? systemctl, bool start = false, string? init = null, TimeSpan? atMost = null, CancellationToken cancel = default) =>
        new BootChecks(new ProcessRunner(TimeProvider.System, new RunnerLimits()), TimeProvider.System) { InitDirectory = init ?? Init, Systemctl = systemctl }
            .Ask(start, atMost ?? TimeSpan.FromSeconds(60), cancel);

    private string Systemctl(string body)
    {
        string path = Path.Combine(_directory.Root, "systemctl");
        File.WriteAllText(path, $"#!/bin/sh\necho \"$*\" >> {_directory.Root}/calls\n{body}\n");
        File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32("755", 8));
        return path;
    }

    private static string Answers(string target, string check) => $"""
        case "$*" in
          *boot-complete.target) printf '{Line(target)}' ;;
          *show*) printf '{Line(check)}' ;;
        esac
        """;

    private static string Line(string text) => text.Replace("\n", "\\n", StringComparison.Ordinal);
}
