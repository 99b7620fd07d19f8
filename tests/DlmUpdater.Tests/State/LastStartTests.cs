using DlmUpdater.Core.Workflow;
using DlmUpdater.State;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.State;

public sealed class LastStartTests : IDisposable
{
    private readonly TestDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void It_reads_back_and_the_newer_one_replaces_the_older()
    {
        string directory = scratch.At("run");
        Assert.Null(LastStart.Read(directory));
        Assert.Null(new LastStart(SampleStates.Time, Ending.TryLater, 75, "busy").Write(directory));
        var last = new LastStart(SampleStates.Time.AddDays(1), Ending.Done, 0, "nothing to do");
        Assert.Null(last.Write(directory));
        Assert.Equal(last, LastStart.Read(directory));
        Assert.Single(Directory.GetFileSystemEntries(directory));
    }

    [Fact]
    public void A_damaged_note_is_no_note()
    {
        File.WriteAllText(LastStart.PathIn(scratch.Root), """{"when":"2026-03-14T01:59:26Z","ending":"well","exit_code":0}""");
        Assert.Null(LastStart.Read(scratch.Root));
        File.WriteAllText(LastStart.PathIn(scratch.Root), """{"when":"2026""");
        Assert.Null(LastStart.Read(scratch.Root));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_told()
    {
        File.WriteAllText(scratch.At("file"), "");
        Assert.Contains("[main] run_dir", new LastStart(SampleStates.Time, Ending.Done, 0, "").Write(scratch.At("file/run")));
    }
}
