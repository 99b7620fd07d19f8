using DlmUpdater.Core.Scheduling;

namespace DlmUpdater.Core.Tests.Scheduling;

public sealed class HostJitterTests
{
    [Fact]
    public void The_same_seed_throws_the_same_numbers()
    {
        HostJitter a = new(42), b = new(42), c = new(43);
        double[] first = [.. Enumerable.Range(0, 100).Select(_ => a.Next())];
        Assert.Equal(first, Enumerable.Range(0, 100).Select(_ => b.Next()));
        Assert.NotEqual(first, Enumerable.Range(0, 100).Select(_ => c.Next()));
    }

    [Fact]
    public void Numbers_fill_the_range_evenly()
    {
        HostJitter jitter = new(7);
        int[] tenths = new int[10];
        for (int i = 0; i < 100_000; i++)
        {
            double number = jitter.Next();
            Assert.InRange(number, 0, 0.9999999999999999);
            tenths[(int)(number * 10)]++;
        }

        Assert.All(tenths, count => Assert.InRange(count, 9_500, 10_500));
    }

    [Fact]
    public void Two_hosts_that_start_at_once_do_not_throw_alike()
    {
        var now = DateTimeOffset.UnixEpoch;
        Assert.NotEqual(HostJitter.For("a", now).Next(), HostJitter.For("b", now).Next());
        Assert.NotEqual(HostJitter.For("a", now).Next(), HostJitter.For("a", now.AddTicks(1)).Next());
    }

    [Fact]
    public void The_stable_place_of_a_thousand_hosts_is_spread_and_never_moves()
    {
        double[] places = [.. Enumerable.Range(0, 1000).Select(i => HostJitter.Stable($"host{i}.example.com"))];
        Assert.Equal(places, Enumerable.Range(0, 1000).Select(i => HostJitter.Stable($"host{i}.example.com")));
        for (int tenth = 0; tenth < 10; tenth++) Assert.InRange(places.Count(p => (int)(p * 10) == tenth), 60, 140);
    }
}
