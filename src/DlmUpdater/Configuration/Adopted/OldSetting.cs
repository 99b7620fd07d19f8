namespace DlmUpdater.Configuration.Adopted;

/// <summary>A variable in a file of <c>NAME=value</c> lines, or in the environment.</summary>
internal sealed class OldSetting(string name, string value, Place place)
{
    /// <summary>The name as written.</summary>
    internal string Name { get; } = name;

    /// <summary>The value, unquoted.</summary>
    internal string Value { get; } = value;

    /// <summary>Where it stands; its origin is the name.</summary>
    internal Place Place { get; } = place;

    /// <summary>The last of each name, in the order of the lines, and what the environment says in their place or beside them, by name.</summary>
    /// <param name="settings">Of the files.</param>
    /// <param name="environment">Wins over them.</param>
    /// <param name="isOurs">Which variables are settings.</param>
    /// <param name="names">How names are compared.</param>
    /// <param name="file">The file, for the places of what comes from the environment.</param>
    internal static List<OldSetting> Merge(
        List<OldSetting> settings, IReadOnlyDictionary<string, string> environment, Func<string, bool> isOurs, StringComparison names, Place file)
    {
        var merged = new List<OldSetting>();
        foreach (OldSetting setting in settings) Put(merged, setting, names);

        // The environment has no order of its own; complaints should have one.
        var variables = new List<string>();
        foreach (string name in environment.Keys)
        {
            if (isOurs(name)) variables.Add(name);
        }

        variables.Sort(StringComparer.Ordinal);
        foreach (string name in variables) Put(merged, new OldSetting(name, environment[name], file with { Line = 0, Name = "environment", Origin = name }), names);
        return merged;
    }

    /// <summary>The setting of that name, or null; one without a value is none.</summary>
    internal static OldSetting? Find(List<OldSetting> settings, string name, StringComparison names)
    {
        foreach (OldSetting setting in settings)
        {
            if (setting.Value.Length > 0 && setting.Name.Equals(name, names)) return setting;
        }

        return null;
    }

    private static void Put(List<OldSetting> merged, OldSetting setting, StringComparison names)
    {
        for (int i = 0; i < merged.Count; i++)
        {
            if (!merged[i].Name.Equals(setting.Name, names)) continue;
            merged[i] = setting;
            return;
        }

        merged.Add(setting);
    }
}
