namespace DlmUpdater.Bench.Simulation;

/// <summary>A call that is not answered yet. The answer runs the caller's continuation at once, on the simulator's thread.</summary>
internal sealed class Pending<T>
{
    private readonly TaskCompletionSource<T> _source = new();
    private readonly CancellationTokenRegistration _registration;

    /// <summary>Cancellation answers it with an <see cref="OperationCanceledException"/>, after <paramref name="onCancel"/>.</summary>
    internal Pending(CancellationToken cancel, Action? onCancel = null) =>
        _registration = cancel.Register(() =>
        {
            if (_source.Task.IsCompleted) return;
            onCancel?.Invoke();
            _source.TrySetCanceled(cancel);
        });

    internal Task<T> Task => _source.Task;

    internal void Answer(T answer)
    {
        if (_source.Task.IsCompleted) return;
        _registration.Dispose();
        _source.TrySetResult(answer);
    }
}
