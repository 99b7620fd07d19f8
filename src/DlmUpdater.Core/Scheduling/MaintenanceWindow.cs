using System.Collections.Immutable;
using System.Globalization;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Core.Scheduling;

/// <summary>A window that comes every week on its day, or every day.</summary>
/// <param name="Day">The weekday on which it opens; null = every day.</param>
/// <param name="Start">When it opens, on the clock of its time zone.</param>
/// <param name="Length">How long it is open, in elapsed time: a clock that is put forward or back meanwhile changes nothing.</param>
public readonly record struct WindowPart(DayOfWeek? Day, TimeOnly Start, TimeSpan Length);

/// <summary>When new runs may start, such as <c>Sat,Sun 23:30/2h | Wed 04:00/90m</c>. It is open from the first instant of a window up to, and
/// without, its last. Windows that overlap or touch are one. An opening that the clock skips in spring comes right after the gap; one that the
/// clock shows twice in autumn counts the first time only.</summary>
/// <param name="Parts">The windows; never empty.</param>
public sealed record MaintenanceWindow(ImmutableArray<WindowPart> Parts)
{
    private const int DaysOfWeek = 7;

    private static readonly string[] Names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    /// <summary>Reads windows separated by <c>|</c>: days (a list, or a range such as <c>Mon-Fri</c>; none = every day), a time of day, a slash, a length.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="window">The windows; null if they cannot be read.</param>
    /// <param name="error">Why they cannot be read; null if they can.</param>
    public static bool TryParse(string text, out MaintenanceWindow? window, out string? error)
    {
        window = null;
        error = null;
        var parts = ImmutableArray.CreateBuilder<WindowPart>();
        foreach (string written in text.Split('|'))
        {
            string entry = written.Trim();
            string[] halves = entry.Split('/');
            string[] words = halves[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (halves.Length != 2 || words.Length is < 1 or > 2)
                error = $"'{entry}' is not a window: write [DAYS ]HH:MM/LENGTH, such as Sat,Sun 23:30/2h";
            else if (!TimeOnly.TryParseExact(words[^1], "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly start))
                error = $"'{words[^1]}' in '{entry}' is not a time of day such as 23:30";
            else if (!Duration.TryParse(halves[1].Trim(), out TimeSpan length, out string? wrong))
                error = $"the length in '{entry}': {wrong}";
            else if (words.Length == 1)
                error = Add(parts, entry, null, start, length, TimeSpan.FromDays(1), "a day");
            else
                error = AddDays(parts, entry, words[0], start, length);
            if (error is not null) return false;
        }

        window = new MaintenanceWindow(parts.ToImmutable());
        return true;
    }

    /// <summary>Null while it is closed; else when it closes, or <see cref="DateTimeOffset.MaxValue"/> if its parts leave no gap in a week.</summary>
    /// <param name="now">The moment.</param>
    /// <param name="zone">Whose clock the times are on.</param>
    public DateTimeOffset? Closes(DateTimeOffset now, TimeZoneInfo zone)
    {
        DateTimeOffset? end = null;
        foreach (Opening opening in Openings(now, zone))
        {
            if (end is { } open ? opening.From <= open && opening.To > open : opening.From <= now && now < opening.To) end = opening.To;
        }

        return end - now > TimeSpan.FromDays(DaysOfWeek) ? DateTimeOffset.MaxValue : end;
    }

    /// <summary>When it opens next after <paramref name="now"/>, at which it is closed.</summary>
    /// <param name="now">The moment.</param>
    /// <param name="zone">Whose clock the times are on.</param>
    public DateTimeOffset Opens(DateTimeOffset now, TimeZoneInfo zone)
    {
        foreach (Opening opening in Openings(now, zone))
        {
            if (opening.From > now) return opening.From;
        }

        throw new InvalidOperationException("every window opens within a week");
    }

    /// <summary>As it is configured, each window for itself.</summary>
    public override string ToString() => string.Join(" | ", Parts.Select(p =>
        string.Create(CultureInfo.InvariantCulture, $"{(p.Day is { } day ? Names[(int)day] + " " : "")}{p.Start:HH:mm}/{Duration.Format(p.Length)}")));

    /// <summary>The same windows in the same order.</summary>
    public bool Equals(MaintenanceWindow? other) => other is not null && Parts.SequenceEqual(other.Parts);

    /// <inheritdoc/>
    public override int GetHashCode() => Parts.Length == 0 ? 0 : HashCode.Combine(Parts.Length, Parts[0]);

    /// <summary>Every window that can be open now, or opens within the next two weeks, by its begin.</summary>
    private List<Opening> Openings(DateTimeOffset now, TimeZoneInfo zone)
    {
        DateOnly today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
        var all = new List<Opening>();
        for (int day = -DaysOfWeek - 1; day <= 2 * DaysOfWeek; day++)
        {
            DateOnly date = today.AddDays(day);
            foreach (WindowPart part in Parts)
            {
                if (part.Day is { } wanted && wanted != date.DayOfWeek) continue;
                DateTimeOffset from = Instant(date.ToDateTime(part.Start), zone);
                all.Add(new Opening(from, from + part.Length));
            }
        }

        all.Sort((a, b) => a.From.CompareTo(b.From));
        return all;
    }

    private static DateTimeOffset Instant(DateTime local, TimeZoneInfo zone)
    {
        // Clocks are put forward by whole minutes, and by less than a day.
        while (zone.IsInvalidTime(local)) local = local.AddMinutes(1);
        TimeSpan offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }

    private static string? AddDays(ImmutableArray<WindowPart>.Builder parts, string entry, string days, TimeOnly start, TimeSpan length)
    {
        foreach (string item in days.Split(','))
        {
            string[] ends = item.Split('-');
            int first = Weekday(ends[0]), last = Weekday(ends[^1]);
            if (ends.Length > 2 || first < 0 || last < 0)
                return $"'{item}' in '{entry}' is not a day or a range of days: write Mon Tue Wed Thu Fri Sat Sun, a list of them, or Mon-Fri";
            for (int day = first; ; day = (day + 1) % DaysOfWeek)
            {
                if (Add(parts, entry, (DayOfWeek)day, start, length, TimeSpan.FromDays(DaysOfWeek), "a week") is { } wrong) return wrong;
                if (day == last) break;
            }
        }

        return null;
    }

    private static string? Add(
        ImmutableArray<WindowPart>.Builder parts, string entry, DayOfWeek? day, TimeOnly start, TimeSpan length, TimeSpan below, string period)
    {
        if (length <= TimeSpan.Zero || length >= below) return $"the length in '{entry}' must be longer than nothing and shorter than {period}";
        parts.Add(new WindowPart(day, start, length));
        return null;
    }

    private static int Weekday(string name) => Array.FindIndex(Names, n => n.Equals(name, StringComparison.OrdinalIgnoreCase));

    private sealed class Opening(DateTimeOffset from, DateTimeOffset to)
    {
        internal DateTimeOffset From => from;

        internal DateTimeOffset To => to;
    }
}
