namespace DlmUpdater.Core.Locking;

/// <summary>A call that was cancelled before it was answered, and what it was waiting for at that moment.</summary>
/// <param name="waitingFor">A noun phrase without a full stop: <c>the connection to lock.example:443</c>.</param>
/// <param name="cancel">What cancelled it.</param>
public sealed class CutOffException(string waitingFor, CancellationToken cancel)
    : OperationCanceledException($"cancelled: {waitingFor}", cancel)
{
    /// <summary>A noun phrase without a full stop.</summary>
    public string WaitingFor { get; } = waitingFor;

    /// <summary>True if the whole call sent nothing to the service, so that nothing can have happened there.</summary>
    public bool NothingSent { get; init; }
}
