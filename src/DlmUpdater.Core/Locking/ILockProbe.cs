namespace DlmUpdater.Core.Locking;

/// <summary>Asks what <see cref="ILockService.Show"/> does not: whether each server is there, and whether this host may do all that a run
/// does. Changes nothing at
/// the service, and says what cannot be asked without a change. A lock service that a show tells all about does not have this
/// port.</summary>
public interface ILockProbe
{
    /// <summary>Asks.</summary>
    ValueTask<IReadOnlyList<ProbeAnswer>> Probe(CancellationToken cancel);
}

/// <summary>One thing that a probe asked, or could not ask.</summary>
/// <param name="What">What was asked about: <c>server lock.example:443</c>.</param>
/// <param name="Why">What was found, one line.</param>
public abstract record ProbeAnswer(string What, string Why)
{
    /// <summary>As it should be.</summary>
    public sealed record Good(string What, string Why) : ProbeAnswer(What, Why);

    /// <summary>The service has no question for this; a run will see.</summary>
    public sealed record NotKnown(string What, string Why) : ProbeAnswer(What, Why);

    /// <summary>Not as it should be, and runs work in spite of it.</summary>
    public sealed record Degraded(string What, string Why) : ProbeAnswer(What, Why);

    /// <summary>A run would fail.</summary>
    public sealed record Bad(string What, string Why) : ProbeAnswer(What, Why);
}
