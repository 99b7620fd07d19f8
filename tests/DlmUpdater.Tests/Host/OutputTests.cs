using System.Text;
using DlmUpdater.Host;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Host;

/// <summary>Output to a reader that does not read. A test that hangs has failed.</summary>
public sealed class OutputTests
{
    private const int Lines = 2000;
    private static readonly byte[] Line = Encoding.UTF8.GetBytes(new string('x', 200) + "\n");

    private static WaitBudget Budget() => new(TimeSpan.FromMilliseconds(20), TimeProvider.System);

    private static byte[] Notice(int lines) => Encoding.UTF8.GetBytes($"{lines} lines are missing\n");

    [Theory]
    [InlineData("blocking pipe", true)]
    [InlineData("blocking pipe", false)]
    [InlineData("pipe that does not block", true)]
    [InlineData("pipe that does not block", false)]
    [InlineData("socket", true)]
    [InlineData("terminal", true)]
    [InlineData("terminal", false)]
    public void Lines_that_nothing_reads_are_dropped_and_counted_and_that_is_said_when_there_is_room(string kind, bool reopens)
    {
        using Unread unread = Unread.Open(kind);
        var descriptor = new OutputDescriptor(unread.Fd, reopens);
        var output = new LineOutput(descriptor, Budget());
        int taken = 0;
        for (int i = 0; i < Lines; i++)
        {
            if (output.Write(Line, Notice)) taken++;
        }

        Assert.InRange(taken, 1, Lines - 1);
        string text = unread.Read();
        Assert.True(output.Write("there is room again\n"u8, Notice));
        text += unread.Read();
        output.Close(Notice);

        string[] all = text.Replace("\r", "", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([$"{Lines - taken} lines are missing", "there is room again"], all[^2..]);
        Assert.DoesNotContain(all[..^2], l => l.Contains("missing", StringComparison.Ordinal));
        Assert.InRange(all.Count(l => l.Length == Line.Length - 1), taken, taken + 1);
    }

    /// <summary>Ctrl-S.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_terminal_whose_output_is_stopped_holds_nothing_up(bool reopens)
    {
        using Unread unread = Unread.Open("terminal");
        unread.Stop();
        var output = new LineOutput(new OutputDescriptor(unread.Fd, reopens), Budget());

        Assert.False(output.Write(Line, Notice));
        Assert.False(output.Draw("live"u8));
        output.Close(Notice);
    }

    [Fact]
    public void A_reader_that_is_gone_is_not_waited_for()
    {
        using Unread pipe = Unread.Open("blocking pipe");
        pipe.CloseReader();
        var time = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromSeconds(1) };
        DateTimeOffset before = time.GetUtcNow();
        var output = new LineOutput(new OutputDescriptor(pipe.Fd), new WaitBudget(TimeSpan.FromHours(1), time));

        Assert.False(output.Write(Line, Notice));
        Assert.Equal(before + time.AutoAdvanceAmount, time.GetUtcNow());
    }

    [Fact]
    public void The_waits_of_all_outputs_of_a_process_have_one_budget()
    {
        var time = new FakeTimeProvider();
        var budget = new WaitBudget(TimeSpan.FromSeconds(5), time);
        var waits = new List<TimeSpan>();
        bool Spend(TimeSpan takes, bool hasRoom = true) => budget.Spend(limit =>
        {
            waits.Add(limit);
            time.Advance(takes);
            return hasRoom;
        });

        Assert.True(Spend(WaitBudget.Free - TimeSpan.FromMilliseconds(1)));
        Assert.True(Spend(TimeSpan.FromSeconds(3)));
        Assert.True(Spend(TimeSpan.FromMilliseconds(1), hasRoom: false));
        Assert.True(Spend(TimeSpan.FromSeconds(2)));
        Assert.False(Spend(TimeSpan.Zero));
        Assert.Equal([5000, 5000, 2000, 1999], waits.Select(w => (int)w.TotalMilliseconds));
    }

    [Fact]
    public void A_file_is_written_where_its_writer_stands()
    {
        using var directory = new TestDirectory();
        string path = directory.At("out");
        File.WriteAllText(path, "before\n");
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
        file.Seek(0, SeekOrigin.End);
        var output = new OutputDescriptor((int)file.SafeFileHandle.DangerousGetHandle());

        Assert.Equal(0, output.TryWrite("one\n"u8, out _));
        Assert.Equal(0, output.TryWrite("two\n"u8, out _));
        Assert.Equal("before\none\ntwo\n", File.ReadAllText(path));
    }

    [Fact]
    public void A_closed_descriptor_is_no_reason_to_stop()
    {
        const int none = 987;
        Assert.False(new LineOutput(new OutputDescriptor(none), Budget()).Write(Line, Notice));
    }
}
