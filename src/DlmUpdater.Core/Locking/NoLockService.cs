namespace DlmUpdater.Core.Locking;

/// <summary>Stands where no lock service is configured, which only the strategies <c>reboot</c> and <c>off</c> allow. It grants nothing:
/// a run that comes here after all ends with a refusal.</summary>
/// <param name="holder">This host's name, for the log.</param>
/// <param name="name">The lock's name, for the scripts; empty = it has none.</param>
public sealed class NoLockService(string holder, string name = "") : ILockService
{
    private const string Why = "no lock service is configured: set [lock] service";

    /// <inheritdoc/>
    public LockIdentity Identity { get; } = new("none", name, holder);

    /// <inheritdoc/>
    public ValueTask<AcquireReply> Acquire(CancellationToken cancel) => new(new AcquireReply.Refused(Why));

    /// <inheritdoc/>
    public ValueTask<ReleaseReply> Release(CancellationToken cancel) => new(new ReleaseReply.Refused(Why));

    /// <inheritdoc/>
    public ValueTask<ShowReply> Show(CancellationToken cancel) => new(new ShowReply.Refused(Why));

    /// <inheritdoc/>
    public ValueTask WaitForChange(string? revision, TimeSpan atMost, CancellationToken cancel) => default;
}
