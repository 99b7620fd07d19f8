using DlmUpdater.EndToEnd.Harness;

namespace DlmUpdater.EndToEnd;

/// <summary>A host without a machine id, as at the first boot of an image, and the run that it begins.</summary>
public sealed class HolderTests : IDisposable
{
    private const string Id = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

    private readonly Sandbox _host = new Sandbox().Cycle(reboot: true).Set("lock", "holder", null);
    private readonly string _none = Path.GetTempFileName(), _id = Path.GetTempFileName();

    public HolderTests()
    {
        File.WriteAllText(_none, "uninitialized\n");
        File.WriteAllText(_id, Id + "\n");
    }

    public void Dispose()
    {
        _host.Dispose();
        File.Delete(_none);
        File.Delete(_id);
    }

    [Fact]
    public void A_run_without_a_machine_id_warns_and_keeps_its_host_name_when_the_id_appears()
    {
        string first = Agent.Run(_host, With(_none), "run").Expect(0).Error;
        Assert.Contains("/etc/machine-id is not initialised yet", first, StringComparison.Ordinal);
        Assert.Equal(["first"], _host.Holders);

        // Every verb asks under the recorded name.
        Assert.Contains("as first", Agent.Run(_host, With(_id), "plan").Output, StringComparison.Ordinal);

        string second = Agent.Run(_host, With(_id) with { Boot = _host.NextBoot() }, "run", "--after-reboot").Expect(0).Error;
        Assert.Contains("keeps this holder until it is done", second, StringComparison.Ordinal);
        Assert.Empty(_host.Holders);

        // The next run is the machine id's.
        File.Delete(Path.Combine(_host.Root, "marks/updated"));
        Agent.Run(_host, With(_id), "run").Expect(0);
        Assert.Equal([Id], _host.Holders);
    }

    [Fact]
    public void A_reset_with_release_gives_back_what_the_host_name_holds()
    {
        Agent.Run(_host, With(_none), "run").Expect(0);
        Agent.Run(_host, With(_id), "reset", "--yes", "--release").Expect(0);
        Assert.Empty(_host.Holders);
    }

    [Fact]
    public void A_clone_under_another_host_name_does_not_continue_the_run()
    {
        Agent.Run(_host, With(_none), "run").Expect(0);
        string said = Agent.Run(_host, With(_id, "clone") with { Boot = _host.NextBoot() }, "run", "--after-reboot").Expect(78).Error;
        Assert.Contains("as first", said, StringComparison.Ordinal);
        Assert.Equal(["first"], _host.Holders);
    }

    /// <summary>A host with this machine id, in its own UTS namespace.</summary>
    private static StartAs With(string machineId, string hostName = "first") => new()
    {
        Wrapper = ["/usr/bin/unshare", "-u", "/bin/sh", "-c", $"hostname {hostName} && exec \"$0\" \"$@\""],
        Prepare = $"mount --bind {machineId} /etc/machine-id || exit 99",
    };
}
