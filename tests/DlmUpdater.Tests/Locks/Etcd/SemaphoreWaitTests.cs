using System.Text;
using DlmUpdater.Core.Settings;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Locks.Http;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Locks.Etcd;

/// <summary>How often a wait bothers the server, on a clock that the test turns.</summary>
public sealed class SemaphoreWaitTests
{
    private readonly FakeTimeProvider time = new();

    [Theory]
    [InlineData(nameof(Heard.Ended), 20, 119)]
    [InlineData(nameof(Heard.Gap), 20, 119)]
    [InlineData(nameof(Heard.Never), 1, 1)]
    public async Task A_server_that_hangs_up_at_once_is_asked_more_and_more_seldom_and_the_wait_still_ends(string heard, int least, int most)
    {
        var store = new Silent(Enum.Parse<Heard>(heard));
        Task wait = Start(store);
        for (int i = 0; i < 119; i++)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(1);
        }

        Assert.False(wait.IsCompleted);
        Assert.InRange(store.Listened, least, most);
        time.Advance(TimeSpan.FromSeconds(5));
        await wait.WaitAsync(Etcd.Patience);
    }

    [Theory]
    [InlineData("""{"total_slots":1,"holders":[]}""", 200)]
    [InlineData("""{"total_slots":2,"holders":["c"]}""", 200)]
    [InlineData("damaged", 200)]
    [InlineData("""{"total_slots":1,"holders":["c"]}""", 600_000)]
    [InlineData("""{"total_slots":0,"holders":[]}""", 600_000)]
    public async Task What_is_heard_decides_when_it_is_worth_asking(string document, int milliseconds)
    {
        Task wait = Start(new Silent(Heard.Ended) { Says = Encoding.UTF8.GetBytes(document) });
        time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
        await Task.Delay(30);
        Assert.False(wait.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await wait.WaitAsync(Etcd.Patience);
    }

    private Task Start(ISemaphoreStore store) =>
        new SemaphoreWait(store, EtcdLayout.Airlock, TimeSpan.FromMilliseconds(400), time, () => 0.5).Run(7, TimeSpan.FromMinutes(10), default).AsTask();

    private sealed class Silent(Heard heard) : ISemaphoreStore
    {
        public IHttpTraffic Traffic => throw new NotSupportedException();

        public string Key => "k";

        public int Listened { get; private set; }

        public byte[]? Says { get; set; }

        public ValueTask<Kept> Read(CancellationToken cancel) => new(new Kept.Found("{}"u8.ToArray(), 7, 7));

        public ValueTask<Kept> Create(ReadOnlyMemory<byte> value, CancellationToken cancel) => throw new NotSupportedException();

        public ValueTask<Kept> Swap(long revision, ReadOnlyMemory<byte> value, CancellationToken cancel) => throw new NotSupportedException();

        public async ValueTask<Heard> Listen(long after, Action<Kept> onChange, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            Listened++;
            if (Says is null) return heard;
            onChange(new Kept.Found(Says, after + 1, after + 1));
            await Task.Delay(Timeout.Infinite, cancel);
            return heard;
        }

        public void Dispose()
        {
        }
    }
}
