namespace DlmUpdater.Core.Workflow;

/// <summary>A wait that ends on the thread of its timer or of whoever cancels. Task.Delay hands a cancelled wait to the thread
/// pool; a run stays on one thread, so that events come in order and a simulated course is the same every time.</summary>
internal static class Nap
{
    /// <summary>Returns after <paramref name="delay"/>, or when cancelled. Does not throw: the caller looks at the token.</summary>
    internal static async ValueTask For(TimeSpan delay, TimeProvider time, CancellationToken cancel)
    {
        if (delay <= TimeSpan.Zero || cancel.IsCancellationRequested) return;
        var over = new TaskCompletionSource();
        using ITimer timer = time.CreateTimer(_ => over.TrySetResult(), null, delay, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration cut = cancel.Register(() => over.TrySetResult());
        await over.Task;
    }
}
