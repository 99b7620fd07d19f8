using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Upgrades;

public sealed class UpgradeRunTests
{
    private readonly UpgradeBed _bed = new UpgradeBed().Running("web", "queue", "db").Script("0010_candlepin", once: false).Script("0020_users").Script("3010_pulp", once: false).Script("6010_front");

    [Fact]
    public void Services_go_down_and_up_in_order_between_the_bands_and_every_step_is_written_first()
    {
        UpgradeReport report = _bed.Run();

        Assert.Equal((Ending.Done, 4), (report.Ending, report.Ran));
        Assert.Equal(
            [
                "begin",
                "enter down", "stop web", "stop queue", "stop db", "run 0010_candlepin", "finish 0010_candlepin", "run 0020_users", "once 0020_users", "leave down",
                "enter backends", "start db", "start queue", "run 3010_pulp", "finish 3010_pulp", "leave backends",
                "enter all", "start web", "run 6010_front", "once 6010_front", "leave all",
                "close",
            ],
            _bed.Acts);
    }

    [Fact]
    public void A_script_that_was_not_started_for_want_of_a_marker_is_74()
    {
        _bed.Results["0020_users"] = new ScriptResult.NotWritable("cannot write running: No space left on device");

        Assert.Equal(Ending.NotWritable, _bed.Run().Ending);
    }

    [Fact]
    public void The_second_upgrade_runs_only_what_runs_every_time()
    {
        _bed.Run();
        _bed.Acts.Clear();
        _bed.Run();
        Assert.Equal(["run 0010_candlepin", "run 3010_pulp"], _bed.Acts.Where(a => a.StartsWith("run", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_back_end_that_is_ready_after_20_seconds_is_waited_for_before_the_next_is_started()
    {
        _bed.Slow["tcp:localhost:1"] = TimeSpan.FromSeconds(20);

        Assert.Equal(Ending.Done, _bed.Run().Ending);

        UpgradeEvent.ServiceReady ready = Assert.Single(_bed.Events.OfType<UpgradeEvent.ServiceReady>(), e => e.What == "db (tcp:localhost:1)");
        Assert.Equal(TimeSpan.FromSeconds(20), ready.After);
        int readyAt = _bed.Events.IndexOf(ready), next = _bed.Events.FindIndex(e => e is UpgradeEvent.ServiceSetting { Service: "queue", State: BandState.Up });
        Assert.True(readyAt < next, "the next service was started before this one was ready");
        Assert.Equal("connection refused", _bed.Events.OfType<UpgradeEvent.Waiting>().First().Why);
    }

    [Fact]
    public void A_back_end_that_never_comes_stops_the_upgrade_with_its_name_and_the_services_stay_as_they_are()
    {
        _bed.Slow["start queue"] = TimeSpan.FromDays(1);

        UpgradeReport report = _bed.Run();

        Assert.Equal(Ending.ScriptFailed, report.Ending);
        Assert.Equal(
            "queue is not ready after 300 s: queue is not there; if it may take longer, set ready_timeout in [band backends]; " +
            "services are left as they are: started queue, db; stopped web; 'dlm-updater upgrade' goes on there",
            report.Message);
        Assert.DoesNotContain("run 3010_pulp", _bed.Acts);
        Assert.False(_bed.IsUp("web"));
        Assert.NotNull(_bed.Open);
    }

    [Fact]
    public void A_back_end_that_dies_between_two_bands_is_found_before_the_next_script()
    {
        _bed.After["3010_pulp"] = () => _bed.Dies("db");

        UpgradeReport report = _bed.Run();

        Assert.Equal(Ending.ScriptFailed, report.Ending);
        Assert.StartsWith("db, which the band backends had started, is not up any more: db is not there", report.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("run 6010_front", _bed.Acts);
        Assert.DoesNotContain("leave backends", _bed.Acts);
    }

    [Fact]
    public void A_back_end_that_died_is_started_again_by_the_next_start()
    {
        _bed.After["3010_pulp"] = () => _bed.Dies("db");
        _bed.Run();
        _bed.After.Clear();
        _bed.Acts.Clear();
        Assert.Equal(Ending.Done, _bed.Run().Ending);
        Assert.Equal(["run 6010_front"], _bed.Acts.Where(a => a.StartsWith("run", StringComparison.Ordinal)));
        Assert.Contains("start db", _bed.Acts);
    }

    [Fact]
    public void A_service_that_cannot_be_stopped_stops_the_upgrade()
    {
        _bed.Sets = act => act == "stop queue" ? "exit code 5: Unit queue.service not loaded." : null;
        UpgradeReport report = _bed.Run();
        Assert.StartsWith("queue could not be stopped: exit code 5: Unit queue.service not loaded.", report.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("run 0010_candlepin", _bed.Acts);
    }

    [Fact]
    public void A_service_that_does_not_go_down_is_waited_for_and_then_an_error()
    {
        _bed.Slow["stop db"] = TimeSpan.FromMinutes(1);
        Assert.Equal(Ending.Done, _bed.Run().Ending);
        _bed.Slow["stop db"] = TimeSpan.FromMinutes(10);
        Assert.Contains("db is not down after 300 s", _bed.Run().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_service_check_nothing_is_waited_for_and_it_is_said_loudly()
    {
        _bed.Proves = false;
        _bed.Slow["start queue"] = TimeSpan.FromDays(1);
        Assert.Equal(Ending.Done, _bed.Run().Ending);
        Assert.Contains("--noservicecheck", Assert.Single(_bed.Events.OfType<UpgradeEvent.Warning>()).Message, StringComparison.Ordinal);
        Assert.Equal(UpgradeBed.Noon, _bed.Time.GetUtcNow());
    }

    [Fact]
    public void A_failing_script_stops_it_and_the_next_start_goes_on_there_with_the_services_of_its_band()
    {
        _bed.Results["3010_pulp"] = new ScriptResult.Exited(7, TimeSpan.FromSeconds(1));
        UpgradeReport report = _bed.Run();
        Assert.Equal(Ending.ScriptFailed, report.Ending);
        Assert.Equal("3010_pulp failed: exit code 7; services are left as they are: started queue, db; stopped web; 'dlm-updater upgrade' goes on there", report.Message);

        _bed.Results.Clear();
        _bed.Acts.Clear();
        Assert.Equal(Ending.Done, _bed.Run().Ending);
        Assert.Equal(["run 3010_pulp", "run 6010_front"], _bed.Acts.Where(a => a.StartsWith("run", StringComparison.Ordinal)));
        Assert.Null(_bed.Open);
    }

    [Fact]
    public void After_a_reboot_in_the_middle_the_services_are_brought_back_to_what_the_bands_had_reached()
    {
        _bed.Results["3010_pulp"] = new ScriptResult.Exited(7, TimeSpan.FromSeconds(1));
        _bed.Run();

        // The boot starts everything that is enabled, web too, and db does not come by itself.
        _bed.Running("web", "queue").Dies("db");
        _bed.Results.Clear();
        _bed.Acts.Clear();
        _bed.After["3010_pulp"] = () => Assert.False(_bed.IsUp("web"));

        Assert.Equal(Ending.Done, _bed.Run().Ending);

        Assert.Equal(["begin", "stop web", "stop queue", "stop db", "enter backends", "start db", "start queue", "run 3010_pulp"], _bed.Acts.Take(8));
        Assert.True(_bed.IsUp("web"));
    }

    [Fact]
    public void A_stop_at_any_write_loses_nothing_and_repeats_at_most_the_one_that_did_not_end()
    {
        int stops = 0;
        for (int at = 0; ; at++)
        {
            var bed = new UpgradeBed().Running("web", "queue", "db").Script("0010_a", once: false).Script("0020_b").Script("3010_c", once: false).Script("6010_d")
                .Beside("before-down.d", "10-x").Beside("after-all.d", "20-y");
            int left = at;
            bool stopped = false;
            bed.Write = act =>
            {
                if (left-- != 0) return null;
                stopped = true;
                return "no space";
            };
            UpgradeReport first = bed.Run();
            if (!stopped) break;
            stops++;
            Assert.Equal(Ending.NotWritable, first.Ending);
            bed.Write = _ => null;
            Assert.Equal(Ending.Done, bed.Run().Ending);
            string[] runs = [.. bed.Acts.Where(a => a.StartsWith("run", StringComparison.Ordinal))];
            Assert.Equal(6, runs.Distinct().Count());
            Assert.InRange(runs.Length, 6, 7);
            Assert.Null(bed.Open);
            Assert.Equal(["0020_b", "6010_d"], bed.History.Keys.Order());
            Assert.All(new[] { "web", "queue", "db" }, s => Assert.True(bed.IsUp(s)));
        }

        Assert.True(stops > 10, "the loop stopped nothing");
    }

    [Fact]
    public void An_interrupt_stops_between_scripts_and_while_a_service_is_waited_for()
    {
        _bed.After["0010_candlepin"] = _bed.Sigterm.Cancel;
        Assert.Equal(Ending.Interrupted, _bed.Run().Ending);
        Assert.DoesNotContain("run 0020_users", _bed.Acts);
        Assert.Contains("finish 0010_candlepin", _bed.Acts);
    }

    [Fact]
    public void Custom_scripts_run_before_the_services_of_a_band_change_and_after_its_last_script()
    {
        _bed.Beside("before-down.d", "10-mail").Beside("after-down.d", "10-backup").Beside("before-all.d", "10-warm").Beside("after-all.d", "10-smoke", "20-mail");
        _bed.Run();
        Assert.Equal(
            [
                "run 10-mail", "stop web", "stop queue", "stop db", "run 0010_candlepin", "run 0020_users", "run 10-backup",
                "start db", "start queue", "run 3010_pulp", "run 10-warm", "start web", "run 6010_front", "run 10-smoke", "run 20-mail",
            ],
            _bed.Acts.Where(a => a.StartsWith("run", StringComparison.Ordinal) || a.StartsWith("st", StringComparison.Ordinal)));
        Assert.Equal(9, _bed.Events.OfType<UpgradeEvent.ScriptStarting>().Last().Count);
    }

    [Fact]
    public void A_band_with_nothing_to_run_stops_no_service()
    {
        var bed = new UpgradeBed().Running("web", "queue", "db").Script("6010_front");
        bed.Run();
        Assert.DoesNotContain(bed.Acts, a => a.StartsWith("stop", StringComparison.Ordinal));
        Assert.Contains("run 6010_front", bed.Acts);
    }

    [Fact]
    public void Nothing_to_do_touches_nothing()
    {
        var bed = new UpgradeBed().Running("web").Script("0010_a");
        bed.History["0010_a"] = new("sha", UpgradeBed.Noon, "u");
        Assert.Equal("nothing to do", bed.Run().Message);
        Assert.Empty(bed.Acts);
    }

    [Fact]
    public void Services_that_run_are_not_stopped_without_leave()
    {
        IReadOnlyList<string> asked = [];
        _bed.MayStop = running =>
        {
            asked = running;
            return false;
        };
        _bed.Dies("queue");
        UpgradeReport report = _bed.Run();
        Assert.Equal((Ending.TryLater, true), (report.Ending, report.Message.StartsWith("web, db may not be stopped", StringComparison.Ordinal)));
        Assert.Equal(["web", "db"], asked);
        Assert.DoesNotContain(_bed.Acts, a => a.StartsWith("stop", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_left_out_of_an_upgrade_stays_left_out_when_it_goes_on()
    {
        _bed.Results["3010_pulp"] = new ScriptResult.Exited(7, TimeSpan.FromSeconds(1));
        _bed.Run(new() { Skip = ["0020_users"] });
        _bed.Results.Clear();
        Assert.Equal(Ending.Done, _bed.Run().Ending);
        Assert.DoesNotContain("run 0020_users", _bed.Acts);
        Assert.DoesNotContain("0020_users", _bed.History.Keys);
        Assert.Contains(_bed.Events.OfType<UpgradeEvent.Skipped>(), s => s.Step is { Why: "--skip 0020_users", Script.Name: "0020_users" });
    }

    [Fact]
    public void One_script_of_an_open_upgrade_may_be_run_alone_and_the_upgrade_stays_open()
    {
        _bed.Results["0010_candlepin"] = new ScriptResult.Exited(7, TimeSpan.FromSeconds(1));
        _bed.Run();
        _bed.Results.Clear();
        UpgradeReport alone = _bed.Run(new() { Only = ["0010_candlepin"] });
        Assert.Equal((Ending.Done, "1 script done; the upgrade stays open: 3 scripts left out"), (alone.Ending, alone.Message));
        Assert.NotNull(_bed.Open);
        Assert.Equal(Ending.Done, _bed.Run().Ending);
        Assert.Equal(2, _bed.Acts.Count("run 0010_candlepin".Equals));
        Assert.Null(_bed.Open);
    }
}
