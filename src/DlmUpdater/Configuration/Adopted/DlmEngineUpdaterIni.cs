namespace DlmUpdater.Configuration.Adopted;

/// <summary>The INI file of DLMEngineUpdater before 1.0, and of dlm_engine_cli: <c>[main]</c>, with names of its own beside those that foreman_dlm_updater had too.</summary>
internal sealed class DlmEngineUpdaterIni(ConfiguredValues values, Findings findings) : Translation(values, findings)
{
    private static readonly (string Name, string Section, string Key)[] Plain =
    [
        ("secret_id", "dlmengine", "secret_id"),
        ("secret", "dlmengine", "secret"),
        ("wait", "lock", "wait"),
        ("wait_max", "lock", "wait_max"),
        ("log_level", "log", "level"),
        ("log_retention", "log", "retention"),
    ];

    /// <summary>True for a name that only these files have.</summary>
    internal static bool Knows(string section, string key) => section == "main" && (key is "endpoint" or "ca" || Array.Exists(Plain, p => p.Name == key));

    /// <summary>True if the entry has a name that only these files have, and is taken.</summary>
    internal bool Take(IniEntry entry, Place place)
    {
        if (!entry.Section.Equals("main", StringComparison.OrdinalIgnoreCase) || entry.Key is not { } key) return false;
        place = place with { Origin = key };
        if (key.Equals("endpoint", StringComparison.OrdinalIgnoreCase))
        {
            Endpoint(entry.Value, place, Severity.Error);
            return true;
        }

        foreach ((string name, string section, string to) in Plain)
        {
            if (!key.Equals(name, StringComparison.OrdinalIgnoreCase)) continue;
            Set(section, to, entry.Value, place);
            return true;
        }

        // The CA is DLMEngine's there, not Foreman's.
        if (!key.Equals("ca", StringComparison.OrdinalIgnoreCase)) return false;
        Set("dlmengine", "ca", entry.Value, place);
        return true;
    }
}
