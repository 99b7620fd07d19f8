using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Tests.Workflow;
using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Core.Tests.Locking;

public class HolderSpellingTests
{
    [Theory]
    [InlineData("localhost", true)]
    [InlineData("localhost.localdomain", true)]
    [InlineData("localhost6.localdomain6", true)]
    [InlineData("web1", true)]
    [InlineData("WEB1.example.com", true)]
    [InlineData("WEB1", true)]
    [InlineData("web1.example.org", false)]
    [InlineData("web2.example.com", false)]
    [InlineData("web", false)]
    [InlineData("", false)]
    public void A_holder_that_may_be_this_host_is_recognized(string holder, bool mayBe)
    {
        Assert.Equal(mayBe, HolderSpelling.MayBeOneHost(holder, "web1.example.com"));
        Assert.Equal(mayBe, HolderSpelling.MayBeOneHost("web1.example.com", holder));
    }

    [Theory]
    [InlineData("dlmengine", true)]
    [InlineData("foreman", false)]
    [InlineData("etcd", false)]
    [InlineData("fleetlock", false)]
    public void A_lock_that_was_lost_to_a_name_of_this_host_says_what_cures_it(string service, bool says)
    {
        Assert.Equal(says, HolderSpelling.Hint(new LockIdentity(service, "web", "web1.example.com"), [new LockHolder("localhost", null, null, false)]).Length > 0);
    }

    [Fact]
    public async Task The_proof_the_wait_and_the_release_say_it()
    {
        var self = new LockIdentity("dlmengine", "web", "web1.example.com");
        var localhost = new LockHolder("localhost", null, null, false);
        var bed = new Bed
        {
            Identity = self,
            Shows = () => Bed.Shown(localhost),
            Acquires = () => new AcquireReply.Busy([localhost], null),
            Releases = () => new ReleaseReply.HeldByOther(localhost),
        }.Lock(l => l with { Wait = false });
        const string Cure = "set [lock] holder = localhost and start again, or free the lock with 'dlm-updater lock unlock localhost'";
        Assert.Contains(Cure, ((LockOutcome.NotCleared)await bed.Keeper().Prove(Bed.State(Phase.Update), true, default)).Why, StringComparison.Ordinal);
        Assert.Contains(Cure, ((LockOutcome.NotCleared)await bed.Keeper().Take(null, false, default)).Why, StringComparison.Ordinal);
        Assert.Contains(Cure, (await bed.Keeper().GiveBack(true, default)).How, StringComparison.Ordinal);
    }
}
