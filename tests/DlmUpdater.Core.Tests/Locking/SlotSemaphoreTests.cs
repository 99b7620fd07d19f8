using CsCheck;
using DlmUpdater.Core.Locking;

namespace DlmUpdater.Core.Tests.Locking;

public sealed class SlotSemaphoreTests
{
    private static readonly SlotHolder A = new("a", null, DateTimeOffset.UnixEpoch), B = new("b", "bee", null), C = new("c", null, null);

    [Fact]
    public void Slots_are_given_until_there_are_none()
    {
        SlotSemaphore two = SlotSemaphore.Empty(2);
        SlotStep b = two.TryAcquire(B);
        SlotStep a = b.Next.TryAcquire(A);
        SlotStep c = a.Next.TryAcquire(C);
        Assert.Equal((SlotOutcome.Taken, SlotOutcome.Taken, SlotOutcome.Full), (b.Outcome, a.Outcome, c.Outcome));
        Assert.Equal([A, B], c.Next.Holders.AsEnumerable());
        Assert.Empty(two.Holders);
    }

    [Fact]
    public void A_holder_keeps_his_place_and_his_time()
    {
        SlotSemaphore held = SlotSemaphore.Empty(1).TryAcquire(A).Next;
        SlotStep again = held.WithEnabled(false).TryAcquire(A with { Since = DateTimeOffset.MaxValue });
        Assert.Equal(SlotOutcome.AlreadyHeld, again.Outcome);
        Assert.Equal(A, again.Next.Find("a"));
    }

    [Fact]
    public void A_disabled_one_gives_nothing_and_takes_back()
    {
        SlotSemaphore off = SlotSemaphore.Empty(2).TryAcquire(A).Next.WithEnabled(false);
        Assert.Equal(SlotOutcome.Disabled, off.TryAcquire(B).Outcome);
        SlotStep back = off.Release("a");
        Assert.Equal(SlotOutcome.Released, back.Outcome);
        Assert.False(back.Next.Enabled);
    }

    [Fact]
    public void Nobody_frees_another()
    {
        SlotSemaphore held = SlotSemaphore.Empty(1).TryAcquire(A).Next;
        Assert.Equal(new SlotStep(SlotOutcome.Full, held), held.Release("b"));
        Assert.Equal(SlotOutcome.NotHeld, held.WithSlots(2).Release("b").Outcome);
    }

    [Fact]
    public void Lowered_slots_throw_nobody_out_and_let_nobody_in()
    {
        SlotSemaphore over = SlotSemaphore.Empty(2).TryAcquire(A).Next.TryAcquire(B).Next.WithSlots(1);
        Assert.Equal((2, 0), (over.Holders.Length, over.Free));
        SlotSemaphore one = over.Release("a").Next;
        Assert.Equal(SlotOutcome.Full, one.TryAcquire(C).Outcome);
        Assert.Equal(SlotOutcome.Taken, one.Release("b").Next.TryAcquire(C).Outcome);
    }

    [Fact]
    public void What_is_no_semaphore_is_not_made()
    {
        Assert.Null(SlotSemaphore.Of(0, true, []));
        Assert.Null(SlotSemaphore.Of(2, true, [A, A with { Name = "x" }]));
        Assert.Null(SlotSemaphore.Of(2, true, [A with { Id = "" }]));
        Assert.Equal([A, B], SlotSemaphore.Of(1, true, [B, A])!.Holders.AsEnumerable());
        Assert.Throws<ArgumentOutOfRangeException>(() => SlotSemaphore.Empty(0));
    }

    [Fact]
    public void Any_history_keeps_the_bound_the_order_and_the_others() =>
        Gen.Select(Gen.Int[1, 4], Gen.Select(Gen.Int[0, 3], Gen.Int[0, 6]).Array[0, 40]).Sample((slots, steps) =>
        {
            SlotSemaphore now = SlotSemaphore.Empty(slots);
            foreach ((int kind, int who) in steps)
            {
                SlotSemaphore before = now;
                string id = "host-" + who;
                SlotStep step = kind < 3 ? now.TryAcquire(new SlotHolder(id, null, null)) : now.Release(id);
                now = step.Next;
                bool others = before.Holders.Where(h => h.Id != id).SequenceEqual(now.Holders.Where(h => h.Id != id));
                bool sorted = now.Holders.Select(h => h.Id).SequenceEqual(now.Holders.Select(h => h.Id).Distinct().Order(StringComparer.Ordinal));
                bool inside = step.Outcome is SlotOutcome.Taken or SlotOutcome.AlreadyHeld;
                bool told = kind < 3 ? inside == (now.Find(id) is not null) : now.Find(id) is null;
                if (!others || !sorted || !told || now.Holders.Length > slots)
                    return false;
            }
            return true;
        });
}
