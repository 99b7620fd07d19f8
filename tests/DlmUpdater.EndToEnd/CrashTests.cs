using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>A crash of the runtime's own code, as a lack of memory causes it.</summary>
public sealed class CrashTests
{
    [Theory]
    [InlineData("SEGV", 139)]
    [InlineData("ABRT", 134)]
    public void A_crash_ends_by_the_signal_and_says_so_and_the_next_start_resumes(string signal, int code)
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Script("update", "10-fetch", $"[ -e $ROOT/marks/once ] || {{ : > $ROOT/marks/once; kill -s {signal} $PPID; }}");

        Ended crashed = Agent.Run(host, "run");

        Assert.Equal(code, crashed.Code);
        Assert.EndsWith("dlm-updater: the runtime crashed (out of memory, or a bug: please report it); the next start resumes an open run\n", crashed.Error, StringComparison.Ordinal);
        Assert.Equal([host.Holder], host.Holders);
        Agent.Run(host, "run").Expect(0);
        Assert.Empty(host.Holders);
    }

    [Fact]
    public void A_runtime_that_gets_no_thread_while_no_script_runs_is_a_refusal_like_any_other()
    {
        using Sandbox host = new Sandbox().Cycle(reboot: false);
        host.Set("file", "directory", null).Set("lock", "service", "etcd").Set("etcd", "endpoints", "http://127.0.0.1:9").Set("lock", "name", null);

        // The first two threads are the runtime's own.
        foreach (int thread in Enumerable.Range(2, 6))
        {
            var clone = new SystemCall("agent", "clone3", thread, "");
            string[] wrapper = FaultAt.Inject(clone, "fail-all=EAGAIN", host.Root + "/marks/hit");
            Ended ended = Agent.Call(new StartAs { Wrapper = wrapper }, "lock", "show", "--config", host.Config);
            Assert.Contains(ended.Code, new[] { 69, 75 });
            Assert.NotEmpty(ended.ErrorLines);
        }
    }
}
