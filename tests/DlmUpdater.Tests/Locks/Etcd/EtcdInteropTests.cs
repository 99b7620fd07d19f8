using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Etcd;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>Documents of airlock and locksmith in a real etcd, before and after, byte for byte.</summary>
public sealed class EtcdInteropTests(SharedEtcd etcd) : IClassFixture<SharedEtcd>
{
    private static readonly string[] Known =
    [
        "com.coreos.airlock/groups/default/v1/semaphore", "com.coreos.airlock/groups/prod%2Fdata+base+%C3%BC/v1/semaphore",
        "coreos.com/updateengine/rebootlock/semaphore", "coreos.com/updateengine/rebootlock/groups/prod%2Fdata+base+%C3%BC/semaphore",
    ];

    private readonly string group = "g/" + Guid.NewGuid().ToString("N");

    [Theory]
    [InlineData(EtcdLayout.Airlock, "default", 0)]
    [InlineData(EtcdLayout.Airlock, null, 0)]
    [InlineData(EtcdLayout.Airlock, "prod/data base ü", 1)]
    [InlineData(EtcdLayout.Locksmith, null, 2)]
    [InlineData(EtcdLayout.Locksmith, "prod/data base ü", 3)]
    public async Task The_key_is_the_one_that_the_other_tool_uses(EtcdLayout layout, string? inGroup, int known)
    {
        using EtcdLockService service = Etcd.Service([etcd.Server.Url], layout, "a", inGroup);
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        string wanted = Known[known];
        Assert.Contains("\"a\"", await (layout == EtcdLayout.Airlock ? etcd.Server.Get(wanted) : etcd.Server.Get2(wanted.Replace("%", "%25"))));
        await service.Release(default);
    }

    [Fact]
    public void No_two_semaphores_have_the_same_name()
    {
        string[] names = [.. new[] { (EtcdLayout.Airlock, "default"), (EtcdLayout.Airlock, "locksmith"), (EtcdLayout.Locksmith, (string?)null), (EtcdLayout.Locksmith, "default") }
            .Select(p => Etcd.Service([etcd.Server.Url], p.Item1, "a", p.Item2).Identity.Name)];
        Assert.Equal(["airlock/default", "airlock/locksmith", "locksmith", "locksmith/default"], names);
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock, """{"total_slots":3,"holders":["a"]}""", """{"total_slots":3,"holders":[]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"semaphore":2,"max":3,"holders":["a"]}""", """{"semaphore":3,"max":3,"holders":[]}""")]
    public async Task A_semaphore_is_made_on_first_use_with_the_configured_slots(EtcdLayout layout, string held, string free)
    {
        using EtcdLockService service = Etcd.Service([etcd.Server.Url], layout, "a", group, 3);
        var shown = Assert.IsType<ShowReply.Shown>(await service.Show(default));
        Assert.Equal((3, 0, true), (shown.View.Slots, shown.View.Holders.Count, shown.View.Enabled));
        Assert.IsType<ReleaseReply.NotHeld>(await service.Release(default));
        Assert.Null(await Read(layout));
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        Assert.Equal(held, await Read(layout));
        Assert.IsType<ReleaseReply.Released>(await service.Release(default));
        Assert.Equal(free, await Read(layout));
    }

    [Theory]
    // As locksmith makes it, as its README shows it, in another order, with a field that nobody knows.
    [InlineData(EtcdLayout.Locksmith, """{"semaphore":1,"max":1,"holders":null}""", """{"semaphore":0,"max":1,"holders":["m"]}""", """{"semaphore":1,"max":1,"holders":[]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"max":2,"holders":["z"],"semaphore":1}""", """{"semaphore":0,"max":2,"holders":["m","z"]}""", """{"semaphore":1,"max":2,"holders":["z"]}""")]
    [InlineData(EtcdLayout.Locksmith, """{ "holders": [], "semaphore": 1, "max": 1, "x": {"y": [1, "ü"]} }""", """{"semaphore":0,"max":1,"holders":["m"],"x":{"y": [1, "ü"]}}""", """{"semaphore":1,"max":1,"holders":[],"x":{"y": [1, "ü"]}}""")]
    [InlineData(EtcdLayout.Airlock, """{"total_slots":2,"holders":["z"]}""", """{"total_slots":2,"holders":["m","z"]}""", """{"total_slots":2,"holders":["z"]}""")]
    [InlineData(EtcdLayout.Airlock, """{"total_slots":3,"holders":["z","b"],"note":"1 < 2"}""", """{"total_slots":3,"holders":["b","m","z"],"note":"1 < 2"}""", """{"total_slots":3,"holders":["b","z"],"note":"1 < 2"}""")]
    public async Task A_document_of_the_other_tool_is_changed_as_that_tool_would(EtcdLayout layout, string before, string held, string after)
    {
        await Write(layout, before);
        // The document's slots count, not the configured ones.
        using EtcdLockService service = Etcd.Service([etcd.Server.Url], layout, "m", group, 7);
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        Assert.Equal(held, await Read(layout));
        Assert.IsType<ReleaseReply.Released>(await service.Release(default));
        Assert.Equal(after, await Read(layout));
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock, """{"total_slots":1,"holders":["a"]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"semaphore":0,"max":1,"holders":["a"]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"max":1,  "semaphore":0, "holders":["a"] }""")]
    public async Task A_holder_is_granted_again_and_a_full_lock_is_busy_without_a_write(EtcdLayout layout, string document)
    {
        await Write(layout, document);
        string? revision = await Revision(layout);
        using EtcdLockService holder = Etcd.Service([etcd.Server.Url], layout, "a", group), other = Etcd.Service([etcd.Server.Url], layout, "b", group);
        Assert.IsType<AcquireReply.Granted>(await holder.Acquire(default));
        Assert.Equal(revision, Assert.IsType<AcquireReply.Busy>(await other.Acquire(default)).Revision);
        Assert.Equal("a", Assert.IsType<ReleaseReply.HeldByOther>(await other.Release(default)).Holder.Id);
        Assert.Equal(document, await Read(layout));
        Assert.Equal(revision, await Revision(layout));
    }

    [Theory]
    // Lowered below its holders; switched off by an admin's edit.
    [InlineData(EtcdLayout.Locksmith, """{"semaphore":-1,"max":1,"holders":["a","b"]}""", false, """{"semaphore":0,"max":1,"holders":["b"]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"semaphore":-1,"max":0,"holders":["a"]}""", true, """{"semaphore":0,"max":0,"holders":[]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"semaphore":0,"max":2,"holders":["a"]}""", true, """{"semaphore":1,"max":2,"holders":[]}""")]
    [InlineData(EtcdLayout.Airlock, """{"total_slots":0,"holders":["a"]}""", true, """{"total_slots":0,"holders":[]}""")]
    public async Task A_lock_that_lets_nobody_in_keeps_its_holders_and_lets_them_out(EtcdLayout layout, string document, bool isOff, string after)
    {
        await Write(layout, document);
        using EtcdLockService a = Etcd.Service([etcd.Server.Url], layout, "a", group), c = Etcd.Service([etcd.Server.Url], layout, "c", group);
        AcquireReply reply = await c.Acquire(default);
        Assert.True(isOff ? reply is AcquireReply.Disabled : reply is AcquireReply.Busy, reply.ToString());
        Assert.Equal(!isOff, Assert.IsType<ShowReply.Shown>(await c.Show(default)).View.Enabled);
        Assert.IsType<AcquireReply.Granted>(await a.Acquire(default));
        Assert.Equal(document, await Read(layout));
        Assert.IsType<ReleaseReply.Released>(await a.Release(default));
        Assert.Equal(after, await Read(layout));
    }

    [Theory]
    [InlineData(EtcdLayout.Locksmith, """{"semaphore":1,"max":2,"holders":["b"]}""", 4, """{"semaphore":3,"max":4,"holders":["b"]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"semaphore":0,"max":2,"holders":["b","c"]}""", 1, """{"semaphore":-1,"max":1,"holders":["b","c"]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"semaphore":2,"max":2,"holders":null}""", 1, """{"semaphore":1,"max":1,"holders":null}""")]
    [InlineData(EtcdLayout.Airlock, """{"total_slots":2,"holders":["b"]}""", 1, """{"total_slots":1,"holders":["b"]}""")]
    public async Task The_slots_are_set_as_locksmithctl_does(EtcdLayout layout, string before, int slots, string after)
    {
        await Write(layout, before);
        using EtcdLockService admin = Etcd.Service([etcd.Server.Url], layout, "admin", group);
        Assert.Equal(2, Assert.IsType<SlotsReply.Set>(await admin.SetSlots(slots, default)).Old);
        Assert.Equal(after, await Read(layout));
        Assert.IsType<SlotsReply.Refused>(await admin.SetSlots(0, default));
        Assert.Equal(after, await Read(layout));
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task An_admin_frees_the_slot_of_a_dead_host_and_no_other(EtcdLayout layout)
    {
        using EtcdLockService a = Etcd.Service([etcd.Server.Url], layout, "a", group, 2), b = Etcd.Service([etcd.Server.Url], layout, "b", group, 2);
        await a.Acquire(default);
        await b.Acquire(default);
        Assert.IsType<ReleaseReply.NotHeld>(await b.Unlock("c", default));
        Assert.IsType<ReleaseReply.Released>(await b.Unlock("a", default));
        Assert.Equal(["b"], Assert.IsType<ShowReply.Shown>(await b.Show(default)).View.Holders.Select(h => h.Id));
        Assert.IsType<ReleaseReply.NotHeld>(await b.Unlock("a", default));
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock, "")]
    [InlineData(EtcdLayout.Airlock, "[]")]
    [InlineData(EtcdLayout.Airlock, """{"total_slots":-1,"holders":[]}""")]
    [InlineData(EtcdLayout.Airlock, """{"total_slots":"1","holders":[]}""")]
    [InlineData(EtcdLayout.Airlock, """{"total_slots":2,"holders":["a","a"]}""")]
    [InlineData(EtcdLayout.Airlock, """{"total_slots":2,"holders":[7]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"semaphore":1,"max":"1","holders":[]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"max":1,"max":2,"semaphore":1,"holders":[]}""")]
    [InlineData(EtcdLayout.Locksmith, """{"max":1,"semaphore":1,"holders":""}""")]
    [InlineData(EtcdLayout.Locksmith, """{"max":1,"semaphore":1,"holders":[""]}""")]
    public async Task What_is_no_semaphore_is_refused_with_its_key_and_left_as_it_is(EtcdLayout layout, string document)
    {
        await Write(layout, document);
        using EtcdLockService service = Etcd.Service([etcd.Server.Url], layout, "a", group);
        Assert.Contains(EtcdSetup.Key(layout, group), Assert.IsType<AcquireReply.Refused>(await service.Acquire(default)).Why);
        Assert.IsType<ReleaseReply.Refused>(await service.Release(default));
        Assert.IsType<ShowReply.Refused>(await service.Show(default));
        Assert.IsType<SlotsReply.Refused>(await service.SetSlots(2, default));
        Assert.Equal(document, await Read(layout));
    }

    [Theory]
    [InlineData(EtcdLayout.Airlock)]
    [InlineData(EtcdLayout.Locksmith)]
    public async Task A_crowd_at_many_slots_gets_each_slot_once_and_gives_each_back(EtcdLayout layout)
    {
        const int Slots = 5, Hosts = 12;
        EtcdLockService[] all = [.. Enumerable.Range(0, Hosts).Select(i => Etcd.Service([etcd.Server.Url], layout, $"host{i}", group, Slots))];
        AcquireReply[] replies = await Task.WhenAll(all.Select(s => Task.Run(() => s.Acquire(default).AsTask())));
        Assert.Equal(Slots, replies.Count(r => r is AcquireReply.Granted));
        Assert.Equal(Hosts - Slots, replies.Count(r => r is AcquireReply.Busy));
        ReleaseReply[] releases = await Task.WhenAll(all.Select(s => Task.Run(() => s.Release(default).AsTask())));
        Assert.Equal(Slots, releases.Count(r => r is ReleaseReply.Released));
        Assert.Contains("\"holders\":[]", await Read(layout));
        foreach (EtcdLockService one in all) one.Dispose();
    }

    [Fact]
    public async Task Three_thousand_holders_fit()
    {
        string holders = string.Join(',', Enumerable.Range(0, 3000).Select(i => $"\"{i:x32}\""));
        await Write(EtcdLayout.Airlock, $$"""{"total_slots":3001,"holders":[{{holders}}]}""");
        using EtcdLockService service = Etcd.Service([etcd.Server.Url], EtcdLayout.Airlock, "z", group);
        Assert.IsType<AcquireReply.Granted>(await service.Acquire(default));
        Assert.Equal($$"""{"total_slots":3001,"holders":[{{holders}},"z"]}""", await Read(EtcdLayout.Airlock));
    }

    private Task<string?> Read(EtcdLayout layout) =>
        layout == EtcdLayout.Airlock ? etcd.Server.Get(EtcdSetup.Key(layout, group)) : etcd.Server.Get2(EtcdSetup.Key(layout, group).Replace("%", "%25"));

    private Task Write(EtcdLayout layout, string document) => layout == EtcdLayout.Airlock
        ? etcd.Server.Put(EtcdSetup.Key(layout, group), document)
        : etcd.Server.Put2(EtcdSetup.Key(layout, group).Replace("%", "%25"), document);

    private async Task<string?> Revision(EtcdLayout layout)
    {
        using EtcdLockService service = Etcd.Service([etcd.Server.Url], layout, "x", group);
        return Assert.IsType<ShowReply.Shown>(await service.Show(default)).View.Revision;
    }
}
