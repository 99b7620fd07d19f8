using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Tests.Locks.Conformance;

namespace DlmUpdater.Tests.Locks.Foreman;

/// <summary>Whole runs at a Foreman that is away for one hour of fake time, from any moment on.</summary>
public sealed class ForemanRunTests
{
    /// <summary>With pauses of 5 s, doubled up to 5 min: 6 to get there in 315 s, then one every 5 min.</summary>
    private const int MostAsked = 19;

    private static readonly string[] Scripts = ["needs_update/one", "pre_update/one", "update/one", "needs_reboot/one", "post_update/one"];
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1), Longest = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Call = TimeSpan.FromSeconds(30), Quick = TimeSpan.FromSeconds(16);

    /// <summary>Longer than the service is away.</summary>
    private static readonly LockSettings Patient = new() { UnreachableMax = TimeSpan.FromHours(2) };

    [Theory]
    [InlineData(Outage.Closed)]
    [InlineData(Outage.Silent)]
    public void Away_before_the_acquire_the_start_gives_up_after_half_an_hour_and_a_later_one_does_it_all(Outage how)
    {
        var bed = new ForemanRunBed();
        bed.At("needs_update/one", () => bed.Leave(how));

        Assert.Equal(69, bed.Run().Ending.Code());

        // No call outlives the half hour; then one quick word to give back what may have been granted.
        Assert.InRange(bed.Now, TimeSpan.FromMinutes(29.9), TimeSpan.FromMinutes(30) + (how == Outage.Silent ? TimeSpan.FromSeconds(5) : TimeSpan.Zero));
        Assert.InRange(bed.AskedInVain, 8, 13);
        Assert.Equal(["needs_update/one"], bed.Scripts);
        Assert.Null(bed.Foreman.Holder);

        // A request that was sent and never answered may have been granted: then the run stays open until Foreman says.
        Assert.Equal(how == Outage.Silent, bed.Open is not null);
        bed.Time.Advance(Hour);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Equal([Scripts[0], .. Scripts], bed.Scripts);
        Finished(bed);
    }

    [Fact]
    public void Away_when_the_grant_was_on_its_way_the_run_stays_open_and_a_later_start_finds_the_lock_its_own()
    {
        var bed = new ForemanRunBed();
        bed.At("PUT", () => bed.Leave(Outage.Closed));

        Assert.Equal(69, bed.Run().Ending.Code());

        Assert.Equal(("a.example", Phase.LockGet), (bed.Foreman.Holder, bed.Open?.Phase));
        Assert.Equal(["needs_update/one"], bed.Scripts);
        bed.Time.Advance(Hour);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Equal(Scripts, bed.Scripts);
        Finished(bed);
    }

    [Theory]
    [InlineData(Outage.Closed, 1)]
    [InlineData(Outage.Closed, 2)]
    [InlineData(Outage.Silent, 1)]
    [InlineData(Outage.Silent, 2)]
    public void Away_between_the_looks_that_confirm_the_grant_no_script_runs_on_an_unconfirmed_one(Outage how, int look)
    {
        var bed = new ForemanRunBed();
        bed.At(look == 1 ? "PUT" : "GET", () => bed.At("GET", () => bed.Leave(how)));

        RunReport report = bed.Run();

        Assert.Equal(69, report.Ending.Code());
        Assert.Equal(["needs_update/one"], bed.Scripts);
        Assert.Equal("a.example", bed.Foreman.Holder);
        Assert.InRange(bed.AskedInVain, 8, 13);
        bed.Time.Advance(Hour);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Equal(Scripts, bed.Scripts);
        Finished(bed);
    }

    [Theory]
    [InlineData(Outage.Closed, "pre_update/one", "update/one")]
    [InlineData(Outage.Closed, "update/one", "needs_reboot/one")]
    [InlineData(Outage.Closed, "needs_reboot/one", "reboot/request")]
    [InlineData(Outage.Silent, "pre_update/one", "update/one")]
    [InlineData(Outage.Silent, "update/one", "needs_reboot/one")]
    [InlineData(Outage.Silent, "needs_reboot/one", "reboot/request")]
    public void Away_before_a_phase_that_needs_the_lock_that_phase_waits_for_its_word_and_then_goes_on(Outage how, string last, string next)
    {
        var bed = new ForemanRunBed { Reboots = next == "reboot/request", Patience = Patient };
        bed.At(last, () => bed.Leave(how));

        RunReport report = bed.Run();

        Assert.Equal(bed.Reboots ? Ending.Rebooting : Ending.Done, report.Ending);
        Assert.InRange(bed.When(next) - bed.When(last), Hour, Hour + Longest + Call);
        Assert.InRange(bed.AskedInVain, 12, MostAsked);
        Assert.Equal(bed.AskedInVain, bed.Events.OfType<RunEvent.LockWaiting>().Count());
        if (bed.Reboots)
        {
            bed.Boot = new BootIdentity("boot-2", 7);
            Assert.Equal(Ending.Done, bed.Run().Ending);
        }

        Assert.Equal(Scripts, bed.Scripts.Where(s => s != "reboot/request"));
        Finished(bed);
    }

    [Theory]
    [InlineData(Outage.Closed, false)]
    [InlineData(Outage.Closed, true)]
    [InlineData(Outage.Silent, false)]
    [InlineData(Outage.Silent, true)]
    public void Away_before_post_update_the_host_is_brought_back_at_once_and_only_the_release_waits(Outage how, bool reboots)
    {
        var bed = new ForemanRunBed { Reboots = reboots, Patience = Patient };
        if (reboots)
        {
            Assert.Equal(Ending.Rebooting, bed.Run().Ending);
            bed.Boot = new BootIdentity("boot-2", 7);
            bed.Leave(how);
        }
        else
        {
            bed.At("needs_reboot/one", () => bed.Leave(how));
        }

        TimeSpan up = bed.Now;
        Assert.Equal(Ending.Done, bed.Run().Ending);

        TimeSpan began = reboots ? up : bed.When("needs_reboot/one");
        Assert.InRange(bed.When("post_update/one") - began, TimeSpan.Zero, Quick);
        Assert.Contains(
            bed.Events.OfType<RunEvent.Warning>(), w => w.Message.Contains("post_update runs all the same", StringComparison.Ordinal));
        Assert.InRange(bed.When("DELETE") - began, Hour, Hour + Longest + Call + Call);
        Assert.InRange(bed.AskedInVain, 12, MostAsked);
        Assert.Equal(Scripts, bed.Scripts.Where(s => s != "reboot/request"));
        Finished(bed);
    }

    [Theory]
    [InlineData(Outage.Closed)]
    [InlineData(Outage.Silent)]
    public void Away_before_the_release_it_is_asked_until_it_is_there(Outage how)
    {
        var bed = new ForemanRunBed { Patience = Patient };
        bed.At("post_update/one", () => bed.Leave(how));

        Assert.Equal(Ending.Done, bed.Run().Ending);

        Assert.InRange(bed.When("DELETE") - bed.When("post_update/one"), Hour, Hour + Longest + Call);
        Assert.InRange(bed.AskedInVain, 12, MostAsked);
        Assert.Equal(Scripts, bed.Scripts);
        Finished(bed);
    }

    [Theory]
    [InlineData(Outage.Closed, "pre_update/one", Phase.Update)]
    [InlineData(Outage.Silent, "update/one", Phase.NeedsReboot)]
    [InlineData(Outage.Closed, "post_update/one", Phase.LockRelease)]
    [InlineData(Outage.Silent, "post_update/one", Phase.LockRelease)]
    public void Away_for_longer_than_unreachable_max_the_start_ends_and_a_later_one_goes_on_under_the_lock_that_was_kept(Outage how, string last, Phase phase)
    {
        var bed = new ForemanRunBed();
        bed.At(last, () => bed.Leave(how));

        RunReport report = bed.Run();

        Assert.Equal((69, phase, phase), (report.Ending.Code(), report.Phase, bed.Open?.Phase));
        Assert.InRange(bed.Now - bed.When(last), TimeSpan.FromMinutes(29.9), TimeSpan.FromMinutes(30));
        Assert.Equal("a.example", bed.Foreman.Holder);
        bed.Time.Advance(Hour);
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Equal(Scripts, bed.Scripts);
        Finished(bed);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("b.example")]
    public void Away_when_the_release_was_done_and_not_answered_whoever_took_the_lock_since_keeps_it(string? next)
    {
        var bed = new ForemanRunBed { Patience = Patient };
        bed.At("DELETE", () =>
        {
            bed.Foreman.Holder = next;
            bed.Leave(Outage.Closed);
        });

        Assert.Equal(Ending.Done, bed.Run().Ending);

        Assert.InRange(bed.Now, Hour, Hour + Longest + Call);
        Assert.InRange(bed.AskedInVain, 12, MostAsked);
        Assert.Equal(2, bed.Acts.Count(a => a.Act == "DELETE"));
        Assert.Equal(Scripts, bed.Scripts);
        Assert.Equal(next, bed.Foreman.Holder);
        Assert.Null(bed.Open);
    }

    [Fact]
    public void The_pauses_double_up_to_five_minutes()
    {
        var bed = new ForemanRunBed { Patience = Patient };
        bed.At("update/one", () => bed.Leave(Outage.Closed));

        _ = bed.Run();

        TimeSpan[] asked = [.. bed.Acts.Where(a => a.Act == "in vain").Select(a => a.At)];
        double[] pauses = [.. asked.Zip(asked.Skip(1), (from, to) => (to - from).TotalSeconds)];
        Assert.Equal([5, 10, 20, 40, 80, 160], pauses[..6]);
        Assert.NotEmpty(pauses[6..]);
        Assert.All(pauses[6..], pause => Assert.Equal(300, pause));
    }

    /// <summary>The lock is free, the run is over, and nothing that changes the host ran without the lock.</summary>
    private static void Finished(ForemanRunBed bed)
    {
        Assert.Null(bed.Foreman.Holder);
        Assert.Null(bed.Open);
        var scripts = bed.Acts.Where(a => a.Act.Contains('/', StringComparison.Ordinal) && a.Act != "needs_update/one");
        Assert.All(scripts, a => Assert.True(a.Held, a.ToString()));
    }
}
