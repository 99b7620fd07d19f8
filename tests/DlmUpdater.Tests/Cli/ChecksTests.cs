using DlmUpdater.Cli;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Tests.Cli;

public sealed class ChecksTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 3, 0, 0, TimeSpan.Zero);
    private static readonly LockIdentity Identity = new("file", "web", "host-1");
    private static readonly MachineIdReading Machine = new("0123456789abcdef0123456789abcdef", "");

    [Fact]
    public void A_machine_id_is_fine_on_a_host_and_doubtful_in_a_container()
    {
        Assert.Equal(FindingLevel.Ok, ChecksHost.Holder(null, Machine, "web1", container: false).Level);
        Finding shared = ChecksHost.Holder(null, Machine, "web1", container: true);
        Assert.Equal(FindingLevel.Warning, shared.Level);
        Assert.Contains("[lock] holder", shared.Fix, StringComparison.Ordinal);
        Assert.Equal(FindingLevel.Ok, ChecksHost.Holder("web1", Machine, "web1", container: true).Level);
    }

    [Theory]
    [InlineData("is empty")]
    [InlineData("holds the same digit 32 times, which is no host's own id")]
    public void Without_a_machine_id_the_host_name_is_a_warning_and_no_name_an_error(string why)
    {
        var none = new MachineIdReading(null, "/etc/machine-id " + why);

        Finding named = ChecksHost.Holder(null, none, "web1.example.com", container: false);
        Assert.Equal(FindingLevel.Warning, named.Level);
        Assert.Contains(why, named.Why, StringComparison.Ordinal);
        Finding nameless = ChecksHost.Holder(null, none, "localhost", container: false);
        Assert.Equal(FindingLevel.Error, nameless.Level);
        Assert.Contains(why, nameless.Why, StringComparison.Ordinal);
        Assert.Equal(FindingLevel.Ok, ChecksHost.Holder("web1", none, "localhost", container: false).Level);
    }

    [Fact]
    public void A_clock_before_this_program_or_before_the_state_is_wrong()
    {
        StoredRun open = new StoredRun.Open(Run(Phase.Update, Now));

        Assert.Equal(FindingLevel.Ok, ChecksHost.Clock(Now, open, Now).Level);
        Assert.Equal(FindingLevel.Error, ChecksHost.Clock(new(1970, 1, 1, 0, 5, 0, TimeSpan.Zero), new StoredRun.None(), null).Level);
        Assert.Equal(FindingLevel.Error, ChecksHost.Clock(Now.AddMinutes(-5), open, null).Level);
        Assert.Equal(FindingLevel.Warning, ChecksHost.Clock(Now.AddMinutes(-5), new StoredRun.None(), Now).Level);
        Assert.Equal(FindingLevel.Ok, ChecksHost.Clock(Now.AddSeconds(-5), open, Now).Level);
    }

    [Fact]
    public void A_run_that_is_open_for_more_than_a_week_is_a_warning()
    {
        StoredRun open = new StoredRun.Open(Run(Phase.Update, Now));

        Assert.Equal(FindingLevel.Ok, ChecksLock.Run(open, Now.AddDays(7)).Level);
        Finding stale = ChecksLock.Run(open, Now.AddDays(9));
        Assert.Equal(FindingLevel.Warning, stale.Level);
        Assert.Contains("9 days", stale.Why, StringComparison.Ordinal);
        Assert.Equal(FindingLevel.Error, ChecksLock.Run(new StoredRun.Unavailable("no"), Now).Level);
    }

    [Theory]
    [InlineData(Phase.LockGet, FindingLevel.Ok)]
    [InlineData(Phase.PreUpdate, FindingLevel.Error)]
    [InlineData(Phase.PostUpdate, FindingLevel.Error)]
    [InlineData(Phase.LockRelease, FindingLevel.Ok)]
    public void A_lock_that_the_open_run_needs_and_another_holds_is_an_error(Phase phase, object level)
    {
        var other = new ShowReply.Shown(new LockView("web", 1, [new LockHolder("host-2", null, null, false)], true, null));

        Assert.Equal(level, Assert.Single(ChecksLock.Lock(Identity, other, new StoredRun.Open(Run(phase, Now)))).Level);
        Assert.Equal(FindingLevel.Ok, Assert.Single(ChecksLock.Lock(Identity, other, new StoredRun.None())).Level);
    }

    [Fact]
    public void A_lock_held_without_a_run_is_a_warning_and_a_service_that_does_not_answer_an_error()
    {
        var ours = new ShowReply.Shown(new LockView("web", 1, [new LockHolder("host-1", null, null, true)], true, null));

        Finding held = Assert.Single(ChecksLock.Lock(Identity, ours, new StoredRun.None()));
        Assert.Equal(FindingLevel.Warning, held.Level);
        Assert.Contains("lock release", held.Fix, StringComparison.Ordinal);
        Assert.Equal(FindingLevel.Ok, Assert.Single(ChecksLock.Lock(Identity, ours, new StoredRun.Open(Run(Phase.Update, Now)))).Level);
        Assert.Equal(FindingLevel.Error, Assert.Single(ChecksLock.Lock(Identity, new ShowReply.Unreachable("away"), new StoredRun.None())).Level);
        Assert.Equal(FindingLevel.Error, Assert.Single(ChecksLock.Lock(Identity, new ShowReply.Refused("no"), new StoredRun.None())).Level);
        Assert.Equal(FindingLevel.Warning, ChecksLock.NoService(RebootStrategy.Reboot).Level);
    }

    [Fact]
    public void A_finding_is_one_line_with_its_fix()
    {
        Assert.Equal("error    clock: late: set it", Finding.Error("clock", "late", "set it").ToString());
        Assert.Equal("ok       clock: fine", Finding.Ok("clock", "fine").ToString());
    }

    private static RunState Run(Phase phase, DateTimeOffset since) => new()
    {
        RunId = "r1",
        Phase = phase,
        Started = since,
        PhaseSince = since,
        Attempt = 1,
        Boot = new BootIdentity("b", 1),
        Lock = new LockClaim(Identity, since, since),
    };
}
