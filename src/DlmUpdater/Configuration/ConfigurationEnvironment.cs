namespace DlmUpdater.Configuration;

/// <summary>Configuration from environment variables: <c>DLM_UPDATER__SECTION__KEY</c>, in any case, a dot in a key written as an
/// underscore (<c>DLM_UPDATER__MAIN__NEEDS_UPDATE_D</c>). What scripts are told (<c>DLM_UPDATER_PHASE</c>) is never read.</summary>
internal static class ConfigurationEnvironment
{
    private const string Prefix = "DLM_UPDATER__";

    /// <summary>The name of the variable of a key.</summary>
    internal static string NameOf(string section, string key) =>
        $"{Prefix}{section.ToUpperInvariant()}__{key.ToUpperInvariant().Replace('.', '_')}";

    /// <summary>Takes the values of <paramref name="environment"/>.</summary>
    internal static void Read(IReadOnlyDictionary<string, string> environment, int layer, ConfiguredValues values, Findings findings)
    {
        List<string>? names = null;
        foreach (string name in environment.Keys)
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
                (names ??= []).Add(name);
        }

        if (names is null)
            return;
        // The environment has no order of its own; complaints should have one.
        names.Sort(StringComparer.Ordinal);
        foreach (string name in names)
        {
            var place = new Place(layer, "environment " + name);
            if (Find(name) is SettingKey key)
                values.Set(key, environment[name], place);
            else
                findings.AddUnknown(place, "there is no such setting, and it is not read" + Hint(name));
        }
    }

    private static SettingKey? Find(string name)
    {
        foreach (SettingKey key in SettingsCatalog.Keys)
        {
            if (key.EnvironmentName.Equals(name, StringComparison.OrdinalIgnoreCase))
                return key;
        }

        return null;
    }

    private static string Hint(string name)
    {
        IEnumerable<string> known = SettingsCatalog.Keys.Select(k => k.EnvironmentName[Prefix.Length..].ToLowerInvariant());
        string? nearest = NearestName.Find(name[Prefix.Length..], known);
        return nearest is null ? "" : $": did you mean {Prefix}{nearest.ToUpperInvariant()}?";
    }
}
