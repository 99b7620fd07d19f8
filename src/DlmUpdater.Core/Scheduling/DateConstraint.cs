using System.Collections.Immutable;
using System.Globalization;

namespace DlmUpdater.Core.Scheduling;

/// <summary>Days of the month on which new runs may start, such as <c>2:Tue,4:Fri</c>: the second Tuesday and the fourth Friday.</summary>
/// <param name="Days">The days; one of them is enough. Never empty.</param>
public sealed record DateConstraint(ImmutableArray<NthDay> Days)
{
    private static readonly string[] Names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    /// <summary>Reads a comma-separated list of <c>n:Day</c>, n from 1 to 5, Day an English abbreviation in any case.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="constraint">The constraint; null if it cannot be read.</param>
    /// <param name="error">Why it cannot be read, as the rest of a sentence that begins with the text; null if it can.</param>
    public static bool TryParse(string text, out DateConstraint? constraint, out string? error)
    {
        constraint = null;
        error = null;
        var days = ImmutableArray.CreateBuilder<NthDay>();
        foreach (string part in text.Split(','))
        {
            string entry = part.Trim();
            int colon = entry.IndexOf(':', StringComparison.Ordinal);
            string count = colon < 0 ? "" : entry[..colon].TrimEnd();
            string name = colon < 0 ? "" : entry[(colon + 1)..].TrimStart();
            int day = Array.FindIndex(Names, n => n.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (count.Length != 1 || count[0] is < '1' or > '5' || day < 0)
            {
                error = $"is not a date constraint: write n:Day with n from 1 to 5 and Day one of Mon Tue Wed Thu Fri Sat Sun, such as 2:Tue,4:Fri";
                return false;
            }

            days.Add(new NthDay(count[0] - '0', (DayOfWeek)day));
        }

        constraint = new DateConstraint(days.ToImmutable());
        return true;
    }

    /// <summary>True if a new run may start on <paramref name="date"/>, the date where the host is.</summary>
    public bool IsMet(DateOnly date)
    {
        int nth = (date.Day - 1) / 7 + 1;
        foreach (NthDay day in Days)
        {
            if (day.Nth == nth && day.Day == date.DayOfWeek)
                return true;
        }

        return false;
    }

    /// <summary>The list as it is configured.</summary>
    public override string ToString() =>
        string.Join(',', Days.Select(d => string.Create(CultureInfo.InvariantCulture, $"{d.Nth}:{Names[(int)d.Day]}")));

    /// <summary>The same days in the same order.</summary>
    public bool Equals(DateConstraint? other) => other is not null && Days.SequenceEqual(other.Days);

    /// <inheritdoc/>
    public override int GetHashCode() => Days.Length == 0 ? 0 : HashCode.Combine(Days.Length, Days[0]);
}

/// <summary>The nth one of a weekday in its month.</summary>
/// <param name="Nth">From 1 to 5; a fifth one is not in every month.</param>
/// <param name="Day">The weekday.</param>
public readonly record struct NthDay(int Nth, DayOfWeek Day);
