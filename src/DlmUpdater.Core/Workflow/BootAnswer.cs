using System.Collections.Immutable;

namespace DlmUpdater.Core.Workflow;

/// <summary>What the host's init says of this boot. Only <see cref="NoGate"/> and <see cref="Successful"/> open the gate; whatever is
/// missing, cut off or not understood is <see cref="NoAnswer"/>.</summary>
public abstract record BootAnswer
{
    /// <summary>This host has nothing that could tell: its init is not systemd, or a systemd before 240.</summary>
    public sealed record NoGate(string Why) : BootAnswer;

    /// <summary>The target of the boot checks is active, and each check is done.</summary>
    public sealed record Successful(string Why) : BootAnswer;

    /// <summary>The checks still run. <paramref name="Units"/>: those that are not done.</summary>
    public sealed record Pending(string Why, ImmutableArray<string> Units) : BootAnswer;

    /// <summary>No check runs, and the target is not active or a check is not done. <paramref name="Units"/>: what failed or was never
    /// started.</summary>
    public sealed record NotSuccessful(string Why, ImmutableArray<string> Units) : BootAnswer;

    /// <summary>No usable answer: an error, a timeout, a missing program, a text that is not understood.</summary>
    public sealed record NoAnswer(string Why) : BootAnswer;
}
