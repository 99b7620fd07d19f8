using System.Globalization;

namespace DlmUpdater.Logging;

/// <summary>Times as people read them. Always rounded down: no time is shown that has not passed.</summary>
internal static class Human
{
    /// <summary><c>0.3s</c>, <c>42s</c>, <c>1m 32s</c>, <c>1h 02m</c>, <c>2d 03h</c>. A negative time (a stepped clock) is shown as none.</summary>
    internal static string Duration(TimeSpan time)
    {
        if (time >= TimeSpan.FromSeconds(10)) return Seconds(time);
        long tenths = Math.Max(0, time.Ticks / (TimeSpan.TicksPerSecond / 10));
        return string.Create(CultureInfo.InvariantCulture, $"{tenths / 10}.{tenths % 10}s");
    }

    /// <summary>The same in whole seconds, for what is shown while it grows.</summary>
    internal static string Seconds(TimeSpan time)
    {
        if (time < TimeSpan.Zero) time = TimeSpan.Zero;
        return time.TotalMinutes < 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.Seconds}s")
            : time.TotalHours < 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}m {time.Seconds:00}s")
            : time.TotalDays < 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.Hours}h {time.Minutes:00}m")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Days}d {time.Hours:00}h");
    }

    /// <summary>How long ago <paramref name="then"/> was: <c>just now</c>, <c>1m 32s ago</c>; <c>in 5m 00s</c> if it lies ahead.</summary>
    internal static string Age(DateTimeOffset then, DateTimeOffset now)
    {
        TimeSpan age = now - then;
        return age <= TimeSpan.FromSeconds(-1) ? "in " + Seconds(-age)
            : age < TimeSpan.FromSeconds(1) ? "just now"
            : Seconds(age) + " ago";
    }
}
