using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Workflow;

public class TransitionsTests
{
    [Fact]
    public void The_table_is_the_one_in_the_golden_file()
    {
        string file = Path.Combine(Root(), "tests/DlmUpdater.Core.Tests/golden/transitions.txt");
        string table = Print();
        if (Environment.GetEnvironmentVariable("RENEW_GOLDEN") == "1") File.WriteAllText(file, table);

        Assert.True(File.Exists(file) && File.ReadAllText(file) == table,
            $"{file} differs from the table in Transitions.cs. If the change is meant: RENEW_GOLDEN=1 dotnet test --filter TransitionsTests, and look at the diff.\n{table}");
    }

    [Fact]
    public void No_phase_answers_one_verdict_in_two_ways() =>
        Assert.Equal(Transitions.All.Count, Transitions.All.Select(t => (t.From, t.When)).Distinct().Count());

    [Fact]
    public void Every_row_either_goes_on_or_ends() => Assert.All(Transitions.All, t => Assert.NotEqual(t.To is null, t.End is null));

    [Fact]
    public void Every_phase_goes_forward_only() => Assert.All(Transitions.All, t => Assert.True(t.To is null || t.To > t.From));

    [Fact]
    public void The_state_of_an_update_that_has_begun_is_removed_only_by_the_release_or_a_proved_loss() =>
        Assert.Equal([(Phase.PostUpdate, Verdict.LockLost), (Phase.LockRelease, Verdict.Released), (Phase.LockRelease, Verdict.LockLost)],
            Transitions.All.Where(t => t.From > Phase.LockGet && t.To is null && t.State != StateFate.Kept).Select(t => (t.From, t.When)));

    /// <summary>Every verdict that can end a start, in every phase: success, "try later" and interruptions are no failures; before the lock only a
    /// script's failure is told.</summary>
    public static IEnumerable<object[]> Endings => Transitions.All.Where(t => t.End is not null).Select(t => new object[] { t.From, t.When });

    [Theory]
    [MemberData(nameof(Endings))]
    public void On_failure_runs_for_every_failure_under_the_lock_and_before_it_for_scripts_only(Phase phase, Verdict verdict)
    {
        bool isFailure = verdict is not (Verdict.NothingDue or Verdict.SwitchedOff or Verdict.NotToday or Verdict.WindowClosed or Verdict.RebootRequested or Verdict.Released
            or Verdict.LockBusy or Verdict.LockDisabled or Verdict.Interrupted);
        bool expected = verdict == Verdict.ScriptFailed || (isFailure && phase >= Phase.PreUpdate);
        Assert.Equal(expected, Transitions.Of(phase, verdict).TellsOnFailure);
    }

    [Fact]
    public void A_pair_that_is_not_in_the_table_is_a_bug() =>
        Assert.Throws<InvalidOperationException>(() => Transitions.Of(Phase.Update, Verdict.NothingDue));

    private static string Print()
    {
        var lines = new List<string> { $"{"phase",-13}{"verdict",-16}{"next",-13}{"ending",-17}{"exit",-5}{"state",-18}on_failure" };
        lines.AddRange(Transitions.All.Select(t =>
            $"{t.From.Name(),-13}{t.When,-16}{t.To?.Name() ?? "-",-13}{t.End?.ToString() ?? "-",-17}{t.End?.Code().ToString() ?? "-",-5}{(t.To is null ? t.State.ToString() : "-"),-18}{(t.TellsOnFailure ? "told" : "-")}"));
        return string.Join('\n', lines.Select(l => l.TrimEnd())) + "\n";
    }

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "DlmUpdater.sln"))) at = at.Parent;
        return at?.FullName ?? throw new InvalidOperationException("DlmUpdater.sln is in no directory above the tests");
    }
}
