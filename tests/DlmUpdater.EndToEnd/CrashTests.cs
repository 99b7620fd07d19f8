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
}
