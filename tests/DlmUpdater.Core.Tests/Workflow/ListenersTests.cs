using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Workflow;

/// <summary>ext_notify.d: DLMEngineUpdater's six arguments, at the same moments.</summary>
public sealed class ListenersTests
{
    private readonly Bed _bed = new() { Names = { [ScriptStage.ExtNotify] = ["tell"] } };

    [Fact]
    public void Ext_notify_is_told_after_every_script_after_the_grant_and_at_the_end()
    {
        _bed.Names[ScriptStage.PreUpdate] = ["drain"];
        _bed.Names[ScriptStage.Update] = ["a", "b"];
        _bed.Names[ScriptStage.PostUpdate] = ["start"];

        Assert.Equal(Ending.Done, _bed.Run().Ending);

        Assert.Equal(
            [
                "fleet False True needs_update /scripts/needs_update.d/due 1",
                "fleet True True main none 0",
                "fleet True True pre_update /scripts/pre_update.d/drain 0",
                "fleet True True update /scripts/update.d/a 0",
                "fleet True True update /scripts/update.d/b 0",
                "fleet True True needs_reboot /scripts/needs_reboot.d/ask 0",
                "fleet True True post_update /scripts/post_update.d/start 0",
                "fleet False False main none 0",
            ],
            Calls());
    }

    [Fact]
    public void Ext_notify_is_told_the_end_also_when_there_was_nothing_to_do()
    {
        _bed.Results["needs_update/due"] = () => Bed.Exit(0);
        Assert.Equal(Ending.Done, _bed.Run().Ending);
        Assert.Equal(["fleet False True needs_update /scripts/needs_update.d/due 0", "fleet False False main none 0"], Calls());
    }

    [Fact]
    public void A_script_is_recorded_before_it_is_told_of()
    {
        _bed.Names[ScriptStage.Update] = ["a"];
        _bed.Run();
        int told = _bed.Acts.IndexOf("update/a") + 2;
        Assert.Equal(["update/a", "save update a", "ext_notify/tell"], _bed.Acts[(told - 2)..(told + 1)]);
    }

    [Fact]
    public void After_the_reboot_the_lock_is_still_said_to_be_held()
    {
        Bed bed = _bed.At(Phase.PostUpdate);
        bed.Names[ScriptStage.PostUpdate] = ["start"];
        Assert.Equal(Ending.Done, bed.Run().Ending);
        Assert.Equal(["fleet True True post_update /scripts/post_update.d/start 0", "fleet False False main none 0"], Calls());
    }

    [Fact]
    public void A_failing_script_is_told_to_on_failure_only()
    {
        _bed.Names[ScriptStage.Update] = ["bad"];
        _bed.Names[ScriptStage.OnFailure] = ["help"];
        _bed.Results["update/bad"] = () => Bed.Exit(3);
        Assert.Equal(Ending.ScriptFailed, _bed.Run().Ending);
        Assert.Equal(["update/bad", "on_failure/help"], _bed.Acts[^2..]);
        Assert.Equal("fleet True True update /scripts/update.d/bad 3", Calls()[^1]);
    }

    [Fact]
    public void A_busy_lock_is_told_to_nobody()
    {
        _bed.Lock(l => l with { Wait = false });
        _bed.Acquires = () => new Core.Locking.AcquireReply.Busy([Bed.Other], null);
        Assert.Equal(Ending.TryLater, _bed.Run().Ending);
        Assert.Equal(["fleet False True needs_update /scripts/needs_update.d/due 1"], Calls());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(127)]
    public void A_listener_that_fails_changes_nothing(int code)
    {
        _bed.Results["ext_notify/tell"] = () => Bed.Exit(code);
        Assert.Equal(Ending.Done, _bed.Run().Ending);
        Assert.IsType<StoredRun.None>(_bed.Disk);
    }

    [Fact]
    public void A_listener_that_is_refused_is_found_before_the_lock()
    {
        _bed.Broken[ScriptStage.ExtNotify] = new ScriptSet { Stage = ScriptStage.ExtNotify, Directory = "/d", Refused = [new Refusal("/d/x", ["mode 0777"])] };
        Assert.Equal(Ending.ScriptFailed, _bed.Run().Ending);
        Assert.DoesNotContain("acquire", _bed.Acts);
    }

    private List<string> Calls() => [.. _bed.Arguments.Chunk(6).Select(words => string.Join(' ', words))];
}
