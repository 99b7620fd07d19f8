using DlmUpdater.Scripts;

namespace DlmUpdater.Tests.Scripts;

public class ProcessTableTests
{
    [Fact]
    public void This_process_is_read_whatever_its_threads_are_called()
    {
        ProcessStat stat = ProcessTable.Read(Environment.ProcessId)!.Value;

        Assert.True(stat.Runs);
        Assert.True(stat.Threads > 1);
        Assert.InRange(stat.StartTicks, 1, ProcessTable.UptimeTicks());
        Assert.Contains(ProcessTable.Find(p => p.Pid == stat.Pid), p => p.StartTicks == stat.StartTicks);
    }

    [Fact]
    public void No_such_process_is_null() => Assert.Null(ProcessTable.Read(int.MaxValue));

    [Fact]
    public void Variables_and_arguments_are_those_it_was_started_with()
    {
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), ProcessTable.Variable(Environment.ProcessId, "PATH"));
        Assert.Null(ProcessTable.Variable(Environment.ProcessId, "PAT"));
        Assert.NotEmpty(ProcessTable.Arguments(Environment.ProcessId));
    }
}
