namespace DlmUpdater.Core.Scheduling;

/// <summary>Whether a new run may start now.</summary>
public abstract record Admission
{
    /// <summary>It may. <paramref name="Until"/>: when the window closes, and with it the wait for the lock; null = never.</summary>
    public sealed record Open(DateTimeOffset? Until) : Admission;

    /// <summary>Today is not a day for it (a date constraint): nothing to do, exit 0.</summary>
    public sealed record NotToday(string Why) : Admission;

    /// <summary>The maintenance window is closed: try later, exit 75.</summary>
    public sealed record Closed(string Why) : Admission;
}

/// <summary>When new runs may start. Gates only the start of a new run, never a resume.</summary>
public interface ISchedule
{
    /// <summary>The answer for <paramref name="now"/>.</summary>
    Admission Admit(DateTimeOffset now);
}

/// <summary>No schedule is configured.</summary>
public sealed class AlwaysOpen : ISchedule
{
    /// <summary>The one instance.</summary>
    public static AlwaysOpen Instance { get; } = new();

    /// <inheritdoc/>
    public Admission Admit(DateTimeOffset now) => new Admission.Open(null);
}
