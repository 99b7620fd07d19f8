using DlmUpdater.Host;
using Microsoft.Extensions.Time.Testing;

namespace DlmUpdater.Tests.Host;

public sealed class SignalsTests
{
    private readonly FakeTimeProvider time = new();
    private readonly Signals signals;

    public SignalsTests() => signals = new Signals(time);

    [Theory]
    [InlineData(Native.SIGTERM)]
    [InlineData(Native.SIGINT)]
    [InlineData(Native.SIGHUP)]
    [InlineData(Native.SIGQUIT)]
    public void The_first_signal_asks_to_stop(int signal)
    {
        signals.On(signal);

        Assert.True(signals.Stop.IsCancellationRequested);
        Assert.False(signals.AtOnce.IsCancellationRequested);
    }

    [Theory]
    [InlineData(Native.SIGTERM, true)]
    [InlineData(Native.SIGINT, true)]
    [InlineData(Native.SIGQUIT, true)]
    [InlineData(Native.SIGHUP, false)]
    public void A_second_signal_asks_to_stop_at_once_unless_it_is_a_terminal_that_closes(int signal, bool atOnce)
    {
        signals.On(Native.SIGTERM);
        time.Advance(Signals.SameRequest);
        signals.On(signal);

        Assert.Equal(atOnce, signals.AtOnce.IsCancellationRequested);
    }

    [Fact]
    public void Signals_that_come_together_are_one_request()
    {
        signals.On(Native.SIGTERM);
        time.Advance(Signals.SameRequest - TimeSpan.FromMilliseconds(1));
        signals.On(Native.SIGTERM);

        Assert.False(signals.AtOnce.IsCancellationRequested);
    }

    [Fact]
    public void A_diverted_signal_asks_nothing_and_is_forgotten()
    {
        var got = new List<int>();
        using (signals.Divert(got.Add))
        {
            signals.On(Native.SIGTERM);
            time.Advance(Signals.SameRequest);
            signals.On(Native.SIGINT);
        }

        Assert.Equal([Native.SIGTERM, Native.SIGINT], got);
        Assert.False(signals.Stop.IsCancellationRequested);

        signals.On(Native.SIGTERM);
        Assert.True(signals.Stop.IsCancellationRequested);
        Assert.False(signals.AtOnce.IsCancellationRequested);
    }

    /// <summary>What used to end with an unhandled ObjectDisposedException: the run is over, and what listened to the tokens is gone.</summary>
    [Fact]
    public async Task Signals_during_and_after_the_end_of_all_that_listens_do_no_harm()
    {
        const int rounds = 200;
        for (int i = 0; i < rounds; i++)
        {
            var late = new Signals(time);
            var linked = CancellationTokenSource.CreateLinkedTokenSource(late.Stop, late.AtOnce);
            CancellationTokenRegistration registration = late.Stop.UnsafeRegister(static _ => { }, null);
            Task signalling = Task.Run(() =>
            {
                late.On(Native.SIGTERM);
                late.On(Native.SIGTERM);
            });
            registration.Dispose();
            linked.Dispose();
            await signalling;
            late.On(Native.SIGINT);

            Assert.True(late.Stop.IsCancellationRequested);
        }
    }

    [Fact]
    public void Every_signal_that_ends_or_stops_a_process_by_default_is_handled_ignored_or_left_alone_on_purpose()
    {
        int[] asking = [Native.SIGHUP, Native.SIGINT, Native.SIGQUIT, Native.SIGTERM];

        // Faults of the process itself, a core dump that is asked for, a debugger, a job that a user stops, and what cannot be ignored.
        int[] fault = [4, 5, 6, 7, 8, 11, 31], kept = [9, 19, 20, 21];

        // Their default is to do nothing, or to go on.
        int[] harmless = [17, 18, 23, 28];
        int[] all = [.. asking, .. fault, .. kept, .. harmless, .. SignalNumbers.Needless];

        Assert.Equal(Enumerable.Range(1, SignalNumbers.Last), all.Order());
    }
}
