namespace DlmUpdater.Configuration;

/// <summary>Time zones by the names of the configuration.</summary>
internal static class TimeZones
{
    /// <summary>The zone; null if this host does not know it, or its data is damaged. UTC needs no data; <c>local</c> is the host's own.</summary>
    internal static TimeZoneInfo? Find(string name)
    {
        if (name.Equals("UTC", StringComparison.OrdinalIgnoreCase)) return TimeZoneInfo.Utc;
        if (name.Equals("local", StringComparison.OrdinalIgnoreCase)) return TimeZoneInfo.Local;
        return TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone) ? zone : null;
    }
}
