using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Logging;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Logging;

public sealed class RunLogTests : IDisposable
{
    private static readonly LockIdentity Web = new("foreman", "web", "host1");
    private readonly Captured pipe = new();
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 11, 22, 20, 30, 50, TimeSpan.Zero));

    public void Dispose() => pipe.Dispose();

    private static Script Script(ScriptStage stage, string name, TimeSpan? timeout = null) => new(stage, name, "/etc/x/" + name, ScriptHeader.None, timeout, null);

    private string[] Told(params RunEvent[] happened)
    {
        using var log = new Log(new LogSettings(), Redactor.None, new StandardError(pipe.Fd, ErrorReader.Journal), clock);
        var told = new RunLog(log, CheckRule.Answers, clock);
        foreach (RunEvent e in happened)
        {
            told.On(e);
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        return pipe.EndLines();
    }

    [Fact]
    public void A_run_reads_like_a_story()
    {
        Script check = Script(ScriptStage.NeedsUpdate, "10-apt", TimeSpan.FromHours(1)), drain = Script(ScriptStage.PreUpdate, "10-drain");
        Assert.Equal(
            [
                "<6>run r1 begins",
                "<6>needs_update: begins",
                "<6>needs_update/10-apt: starts (1 of 1, at most 1h 00m)",
                "<6>needs_update/10-apt: answers yes (exit code 1, 0.3s)",
                "<6>lock_get: begins",
                "<6>lock_get: waiting for lock web at foreman: held by db1; asking again in 1m 00s at the latest",
                "<6>lock_get: lock web at foreman is ours, as host1, after 12m 03s",
                "<6>pre_update: begins",
                "<6>pre_update/10-drain: skipped: run=once, and done before",
                "<6>pre_update/10-drain: starts (1 of 1)",
                "<3>pre_update/10-drain: failed: exit code 3 after 1m 32s",
                "<3>pre_update: pre_update/10-drain failed; the lock is kept",
            ],
            Told(
                new RunEvent.Started("r1", 1, false, Phase.NeedsUpdate),
                new RunEvent.PhaseEntered("r1", Phase.NeedsUpdate, clock.GetUtcNow()),
                new RunEvent.ScriptStarting(Phase.NeedsUpdate, check, 1, 1),
                new RunEvent.ScriptEnded(Phase.NeedsUpdate, check, new ScriptResult.Exited(1, TimeSpan.FromSeconds(0.3))),
                new RunEvent.PhaseEntered("r1", Phase.LockGet, clock.GetUtcNow()),
                new RunEvent.LockWaiting(Web, "held by db1", [], TimeSpan.FromMinutes(1)),
                new RunEvent.LockHeld(Web, TimeSpan.FromSeconds(723), false),
                new RunEvent.PhaseEntered("r1", Phase.PreUpdate, clock.GetUtcNow()),
                new RunEvent.ScriptSkipped(Phase.PreUpdate, drain, "run=once, and done before"),
                new RunEvent.ScriptStarting(Phase.PreUpdate, drain, 1, 1),
                new RunEvent.ScriptEnded(Phase.PreUpdate, drain, new ScriptResult.Exited(3, TimeSpan.FromSeconds(92))),
                new RunEvent.Ended(new RunReport(Ending.ScriptFailed, "pre_update/10-drain failed; the lock is kept", "r1", 1, Phase.PreUpdate, true))));
    }

    [Fact]
    public void An_unchanged_wait_is_repeated_only_now_and_then()
    {
        var busy = new RunEvent.LockWaiting(Web, "held by db1", [], TimeSpan.FromSeconds(61));
        string[] lines = Told([.. Enumerable.Repeat<RunEvent>(busy, 31), busy with { Why = "held by db2" }, busy]);
        Assert.Equal(5, lines.Length);
        Assert.Equal(3, lines.Count(l => l.Contains("db2", StringComparison.Ordinal)) + 2);
        Assert.Equal(4, lines.Count(l => l.Contains("db1", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_unreachable_service_is_a_warning_at_growing_intervals_and_another_when_it_is_back()
    {
        var away = new RunEvent.LockWaiting(Web, "connection refused", [], TimeSpan.FromSeconds(61)) { IsUnreachable = true };
        string[] lines = Told(
        [
            .. Enumerable.Repeat<RunEvent>(away, 250), new RunEvent.LockServiceBack(Web, TimeSpan.FromMinutes(250)), away,
        ]);
        // After 5, 10, 20, 40 minutes, and then every hour: at 0, 5, 15, 35, 75, 135, 195.
        Assert.Equal(9, lines.Length);
        Assert.Equal("<4>the service of lock web at foreman is unreachable: connection refused; next retry within 1m 01s", lines[0]);
        Assert.All(lines[1..7], line => Assert.Equal(lines[0], line));
        Assert.Equal("<4>the service of lock web at foreman answers again, after 4h 10m", lines[7]);
        Assert.Equal(lines[0], lines[8]);
    }

    [Theory]
    [InlineData(ScriptStage.NeedsReboot, 0, "<6>needs_reboot/s: answers no (exit code 0, 0.1s)")]
    [InlineData(ScriptStage.NeedsReboot, 125, "<6>needs_reboot/s: answers yes (exit code 125, 0.1s)")]
    [InlineData(ScriptStage.NeedsReboot, 127, "<3>needs_reboot/s: gave no answer: exit code 127 (a command was not found) after 0.1s")]
    [InlineData(ScriptStage.Update, 0, "<6>update/s: done in 0.1s")]
    [InlineData(ScriptStage.OnFailure, 1, "<4>on_failure/s: failed: exit code 1 after 0.1s")]
    public void The_end_of_a_script_is_told_by_what_it_means(ScriptStage stage, int code, string line) =>
        Assert.Equal([line], Told(new RunEvent.ScriptEnded(Phase.Update, Script(stage, "s"), new ScriptResult.Exited(code, TimeSpan.FromSeconds(0.1)))));

    [Fact]
    public void What_this_program_did_to_a_script_comes_with_advice()
    {
        Script script = Script(ScriptStage.PostUpdate, "s");
        string[] lines = Told(
            new RunEvent.ScriptEnded(Phase.PostUpdate, script, new ScriptResult.TimedOut(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(61))),
            new RunEvent.ScriptEnded(Phase.PostUpdate, script, new ScriptResult.NotStarted("Exec format error")),
            new RunEvent.ScriptEnded(Phase.PostUpdate, script, new ScriptResult.Interrupted(143, TimeSpan.FromSeconds(2))));
        Assert.Contains("timeout_post_update in [scripts]", lines[0], StringComparison.Ordinal);
        Assert.Contains("first line and the mode of /etc/x/s", lines[1], StringComparison.Ordinal);
        Assert.Equal("<4>post_update/s: interrupted (it ended with 143) after 2.0s; the next start runs it again", lines[2]);
    }

    [Fact]
    public void A_lock_that_somebody_released_and_this_run_acquires_again_is_a_warning()
    {
        string[] lines = Told(new RunEvent.LockHeld(Web, TimeSpan.Zero, Again: true), new RunEvent.LockHeld(Web, TimeSpan.Zero, Again: false));
        Assert.StartsWith("<4>", lines[0], StringComparison.Ordinal);
        Assert.Contains("was released by somebody else", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("<6>", lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Ending.Done, "<6>update: why")]
    [InlineData(Ending.TryLater, "<4>update: why")]
    [InlineData(Ending.LockLost, "<3>update: why")]
    public void The_end_is_as_grave_as_its_kind(Ending ending, string line) =>
        Assert.Equal([line], Told(new RunEvent.Ended(new RunReport(ending, "why", "r1", 1, Phase.Update, true))));
}
