using DlmUpdater.Core.Upgrades;

namespace DlmUpdater.Core.Tests.Upgrades;

public sealed class UpgradePlanTests
{
    private static readonly DateTimeOffset Before = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly UpgradeBed _bed = new();

    [Fact]
    public void Scripts_of_both_directories_are_merged_by_number_and_belong_to_the_band_of_their_number()
    {
        _bed.Script("3010_migrate", once: false).Script("0010_candlepin", once: false).Script("6010_front").Script("0020_mongo").Script("3000_pulp");
        Assert.Equal(
            ["0010_candlepin down", "0020_mongo down", "3000_pulp backends", "3010_migrate backends", "6010_front all"],
            _bed.Plan().Steps.Select(s => $"{s.Script.Name} {s.Band.Name}"));
    }

    [Fact]
    public void What_runs_once_and_is_recorded_does_not_run_and_what_runs_every_time_does()
    {
        _bed.Script("0010_always", once: false).Script("0020_done").Script("0030_new");
        _bed.History["0010_always"] = _bed.History["0020_done"] = new("sha", Before, "old");
        Assert.Equal([Fate.Run, Fate.DoneBefore, Fate.Run], _bed.Plan().Steps.Select(s => s.Fate));
        Assert.Equal("once, done on 2026-01-02", _bed.Plan().Steps[1].Why);
        Assert.True(_bed.Plan().IsDue);
        _bed.History["0030_new"] = new("sha", Before, "old");
        Assert.False(_bed.Plan().IsDue);
    }

    [Fact]
    public void A_plain_list_says_neither_hash_nor_time_and_counts()
    {
        _bed.Script("0010_a");
        _bed.History["0010_a"] = new(null, null, null);
        Assert.Equal((Fate.DoneBefore, "once, done before"), (_bed.Plan().Steps[0].Fate, _bed.Plan().Steps[0].Why));
        Assert.Empty(_bed.Plan().Warnings);
    }

    [Fact]
    public void A_script_that_has_changed_since_is_named_and_runs_again_only_when_that_is_said()
    {
        _bed.Script("0010_a", sha: "new");
        _bed.History["0010_a"] = new("old", Before, "u");
        Assert.Equal(Fate.DoneBefore, _bed.Plan().Steps[0].Fate);
        Assert.Equal("0010_a has changed since it was run on 2026-01-02 and is not run again: give it a new number, or say --rerun 0010_a", Assert.Single(_bed.Plan().Warnings));
        UpgradePlan again = _bed.Plan(new() { Rerun = ["0010_a"] });
        Assert.Equal(Fate.Run, again.Steps[0].Fate);
        Assert.Empty(again.Warnings);
    }

    [Fact]
    public void Numbers_that_are_given_twice_are_named_with_the_order_in_which_they_run()
    {
        _bed.Script("0010_b", once: false).Script("0010_a").Script("0020_c");
        UpgradePlan plan = _bed.Plan();
        Assert.Equal("the number 10 is given 2 times, and they run in this order: 0010_b, 0010_a", Assert.Single(plan.Warnings));
        Assert.Empty(plan.Complaints);
    }

    [Fact]
    public void Two_scripts_of_one_name_a_number_outside_and_names_that_do_not_exist_are_refused_at_once()
    {
        _bed.Bands = [new("low", 1, 99, BandState.Down)];
        _bed.Script("0010_a", once: false).Script("0010_a").Script("0500_far").Script("0020_b", once: false);
        UpgradePlan plan = _bed.Plan(new() { Only = ["0011_x"], Skip = ["0012_y"], Rerun = ["0020_b"] });
        Assert.Equal(string.Join("\n", (string[])[
                "--only 0011_x: there is no such script",
                "--skip 0012_y: there is no such script",
                "--rerun 0020_b: it runs every time anyway",
                "two scripts are named 0010_a: /u/0010_a and /u/0010_a; the history could not tell them apart",
                "/u/0500_far: no band holds the number 500: the bands are low 1-99",
            ]),
            string.Join("\n", plan.Complaints));
    }

    [Theory]
    [InlineData("from", "0030_c", "0040_d")]
    [InlineData("only", "0020_b")]
    [InlineData("skip", "0010_a", "0030_c", "0040_d")]
    public void An_admin_may_leave_scripts_out_and_it_is_said_by_what(string how, params string[] run)
    {
        _bed.Script("0010_a").Script("0020_b").Script("0030_c").Script("0040_d");
        UpgradePlan plan = _bed.Plan(how switch { "from" => new() { From = 30 }, "only" => new() { Only = ["0020_b"] }, _ => new() { Skip = ["0020_b"] } });
        Assert.Equal(run, plan.Steps.Where(s => s.Fate == Fate.Run).Select(s => s.Script.Name));
        Assert.All(plan.Steps.Where(s => s.Fate == Fate.LeftOut), s => Assert.StartsWith("--" + how, s.Why, StringComparison.Ordinal));
    }

    [Fact]
    public void Scripts_for_another_deployment_are_not_for_this_one()
    {
        _bed.Script("0010_a", apply: ["katello", "headpin"]).Script("0020_b", apply: ["sam"]).Script("0030_c");
        Assert.Equal([Fate.Run, Fate.ForOthers, Fate.Run], _bed.Plan(new() { Deployment = "katello" }).Steps.Select(s => s.Fate));
        Assert.All(_bed.Plan().Steps, s => Assert.Equal(Fate.Run, s.Fate));
    }
}
