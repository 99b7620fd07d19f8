using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Workflow;
using DlmUpdater.State;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.State;

public sealed class HistoryTests : IDisposable
{
    private readonly TestDirectory scratch = new();

    private string HistoryPath => History.PathIn(scratch.At("state"));

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void No_file_is_an_empty_history()
    {
        HistoryReading reading = new History(HistoryPath).Read(5);
        Assert.Empty(reading.Records);
        Assert.Null(reading.Why);
    }

    [Fact]
    public void A_record_reads_back_as_it_was()
    {
        HistoryRecord full = Record(3) with
        {
            RunId = "r",
            Phase = Phase.PostUpdate,
            Lock = new LockIdentity("etcd", "g", "h"),
            Waited = TimeSpan.FromSeconds(12.5),
            Waiver = "no answer",
            StateKept = true,
            Scripts = [new HistoryScript("update", "10-dnf", 124, TimeSpan.FromHours(4))],
        };
        var history = new History(HistoryPath);
        Assert.Null(history.Append(full));
        HistoryRecord read = Assert.Single(history.Read().Records);
        Assert.Equal(full.Scripts.AsEnumerable(), read.Scripts.AsEnumerable());
        Assert.Equal(full with { Scripts = [] }, read with { Scripts = [] });
    }

    [Fact]
    public void Every_ending_has_a_stored_name()
    {
        foreach (Ending ending in Enum.GetValues<Ending>())
            Assert.Equal(ending, HistoryRecord.FromLine((Record(1) with { Ending = ending }).ToLine())?.Ending);
    }

    [Fact]
    public void The_last_ones_come_oldest_first()
    {
        var history = new History(HistoryPath);
        for (int i = 1; i <= 5; i++)
            Assert.Null(history.Append(Record(i)));
        Assert.Equal([4, 5], history.Read(2).Records.Select(r => r.Attempt));
    }

    [Fact]
    public void A_torn_last_line_swallows_nothing()
    {
        var history = new History(HistoryPath);
        Assert.Null(history.Append(Record(1)));
        Assert.Null(history.Append(Record(2)));
        byte[] bytes = File.ReadAllBytes(HistoryPath);
        File.WriteAllBytes(HistoryPath, bytes[..^20]);
        Assert.Null(history.Append(Record(3)));
        HistoryReading reading = history.Read();
        Assert.Equal([1, 3], reading.Records.Select(r => r.Attempt));
        Assert.Equal(1, reading.Skipped);
    }

    [Fact]
    public void It_is_bounded_by_records()
    {
        var history = new History(HistoryPath, keepRecords: 20);
        for (int i = 1; i <= 60; i++)
        {
            Assert.Null(history.Append(Record(i)));
            Assert.InRange(File.ReadAllLines(HistoryPath).Length, 1, 22);
        }
        IReadOnlyList<HistoryRecord> records = history.Read().Records;
        Assert.Equal(60, records[^1].Attempt);
        Assert.InRange(records.Count, 20, 22);
        Assert.Equal(Enumerable.Range(61 - records.Count, records.Count), records.Select(r => r.Attempt));
    }

    [Fact]
    public void It_is_bounded_by_bytes()
    {
        var history = new History(HistoryPath, keepBytes: 20_000);
        for (int i = 1; i <= 30; i++)
        {
            Assert.Null(history.Append(Record(i) with { Message = new string('m', 2000) }));
            Assert.True(new FileInfo(HistoryPath).Length < 25_000);
        }
        Assert.Equal(30, history.Read(1).Records[0].Attempt);
        Assert.Equal(0, history.Read().Skipped);
    }

    [Fact]
    public void A_full_disk_leaves_the_file_as_it_was()
    {
        string disk = scratch.MountTmpfs("disk", "16k");
        var history = new History(History.PathIn(disk));
        Assert.Null(history.Append(Record(1)));
        TestDirectory.Fill(disk + "/filler");
        long size = new FileInfo(History.PathIn(disk)).Length;
        Assert.Contains("No space left on device", history.Append(Record(2) with { Message = new string('m', 9000) }));
        Assert.Equal(size, new FileInfo(History.PathIn(disk)).Length);
        Assert.Equal(0, history.Read().Skipped);
    }

    [Fact]
    public void A_pipe_in_its_place_does_not_hang()
    {
        TestDirectory.Run("mkfifo", scratch.At("pipe"));
        Assert.Contains("named pipe", new History(scratch.At("pipe")).Append(Record(1)));
        Assert.Contains("named pipe", new History(scratch.At("pipe")).Read().Why);
    }

    internal static HistoryRecord Record(int attempt) => new()
    {
        Attempt = attempt,
        Started = SampleStates.Time,
        Ended = SampleStates.Time.AddMinutes(attempt),
        Ending = Ending.Done,
        ExitCode = 0,
        Message = "all done\nnext line",
    };
}
