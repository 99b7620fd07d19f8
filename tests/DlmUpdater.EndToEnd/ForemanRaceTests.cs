using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>Two hosts ask for the free lock at the same moment, and Foreman tells both that it is theirs.</summary>
public sealed class ForemanRaceTests
{
    private const int Rounds = 20;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Of_two_hosts_that_are_both_told_yes_only_one_updates_at_a_time(int lane)
    {
        using Sandbox first = Host(ForemanHost.A, null, "1s");
        using Sandbox second = Host(ForemanHost.B, first, "1s");
        using var foreman = new ForemanServer(first.LockDirectory);
        first.Joins(foreman);
        second.Joins(foreman);

        for (int round = 0; round < Rounds / 2; round++)
        {
            foreach (Sandbox host in new[] { first, second }) File.Delete(host.Root + "/marks/updated");
            foreman.Race((round + lane) % 2 == 0 ? LateWrite.BeforeTheLook : LateWrite.AfterTheLook);
            Both(first, second, 0);
            Assert.Null(foreman.Holder);
        }

        ScriptLine[] lines = [.. first.Log.Lines.Where(l => l.Stage != "needs_update")];
        Assert.Equal(Rounds / 2, foreman.BothTold);
        Assert.Equal(Rounds * 8, lines.Count(l => l.What == "start"));
        Assert.All(lines, line => Assert.True(line.Held, $"{line.Host}: {line.What} of {line.Full} without the lock"));
        Assert.Empty(Overlaps(lines));
    }

    /// <summary>Without the second look the same race lets both in: so what the other test sees is the look's doing.</summary>
    [Fact]
    public void Without_the_pause_before_the_deciding_look_the_same_race_lets_both_in()
    {
        using Sandbox first = Host(ForemanHost.A, null, "0s");
        using Sandbox second = Host(ForemanHost.B, first, "0s");
        using var foreman = new ForemanServer(first.LockDirectory);
        first.Joins(foreman);
        second.Joins(foreman);
        foreman.Race(LateWrite.AfterTheLook);

        int[] codes = Both(first, second, null);

        Assert.Equal(1, foreman.BothTold);
        Assert.Equal([0, 79], codes.Order());
        Assert.Contains(first.Log.Lines, l => l is { Stage: "pre_update", Held: false });
        Assert.All(first.Log.Lines.Where(l => l.Stage is "update"), l => Assert.True(l.Held, $"{l.Host} updated without the lock"));
    }

    private static Sandbox Host(string name, Sandbox? fleet, string confirm) =>
        ForemanHost.Make(name, fleet).Cycle(reboot: false).Set("lock", "confirm_after", confirm).Set("lock", "wait_max", "1m");

    private static int[] Both(Sandbox first, Sandbox second, int? expected)
    {
        using Agent one = Agent.Start(first, new StartAs(), "run");
        using Agent two = Agent.Start(second, new StartAs(), "run");
        Ended[] ended = [one.Wait(), two.Wait()];
        if (expected is { } code) Assert.All(ended, e => e.Expect(code));
        return [.. ended.Select(e => e.Code)];
    }

    /// <summary>The lines that one host wrote while another was between its first script under the lock and its last.</summary>
    private static IEnumerable<ScriptLine> Overlaps(IEnumerable<ScriptLine> lines)
    {
        string? inside = null;
        foreach (ScriptLine line in lines)
        {
            inside ??= line.Host;
            if (inside != line.Host) yield return line;
            else if (line is { What: "end", Full: "post_update/20-health" }) inside = null;
        }
    }
}
