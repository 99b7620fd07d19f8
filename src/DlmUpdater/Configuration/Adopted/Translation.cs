namespace DlmUpdater.Configuration.Adopted;

/// <summary>Turns the settings of an older tool into values of the catalog. Each translated value keeps the name under which it stood.</summary>
internal abstract class Translation(ConfiguredValues values, Findings findings)
{
    /// <summary>What held for the older tool where nothing was set: the lowest layer, said as its origin.</summary>
    /// <param name="values">Where it goes.</param>
    /// <param name="file">The older tool's file.</param>
    /// <param name="section">The section, as in the catalog.</param>
    /// <param name="key">The key, as in the catalog.</param>
    /// <param name="value">The value.</param>
    /// <param name="origin">Why: <c>as DLMEngineUpdater had it</c>.</param>
    internal static void Implied(ConfiguredValues values, Place file, string section, string key, string value, string origin) =>
        values.Adopt(Key(section, key), value, file with { Layer = -1, Line = 0, Origin = origin });

    /// <summary>Takes a value.</summary>
    protected void Set(string section, string key, string value, Place place)
    {
        SettingKey to = Key(section, key);
        values.Adopt(to, PythonValues.Of(to, value), place);
    }

    /// <summary>Something that cannot be taken as it stands.</summary>
    protected void Complain(Severity severity, Place place, string text) => findings.Add(severity, place, "", "", text);

    /// <summary>Splits what DLMEngine's clients call the endpoint, up to and including <c>/api/v2/</c>, into url and api.</summary>
    protected void Endpoint(string value, Place place, Severity severity)
    {
        string url = value.TrimEnd('/');
        bool isOne = url.EndsWith("/api/v1", StringComparison.OrdinalIgnoreCase);
        if (!isOne && !url.EndsWith("/api/v2", StringComparison.OrdinalIgnoreCase))
        {
            Complain(severity, place, $"{Display.Quote(value)} is not DLMEngine's API: it ends in /api/v2/ or /api/v1/");
            return;
        }

        Set("dlmengine", "url", url[..^"/api/v1".Length], place);
        Set("dlmengine", "api", isOne ? "v1" : "v2", place);
    }

    private static SettingKey Key(string section, string key) =>
        SettingsCatalog.Find(section, key) ?? throw new InvalidOperationException($"[{section}] {key} is not in the catalog");
}
