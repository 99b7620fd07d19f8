using System.Text.Json;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>DLMEngineUpdater's settings: <c>main_api_lockname</c> and the like from <c>.env</c> and, winning over it, from the environment, in any case.</summary>
internal sealed class DlmEngineUpdaterSettings(ConfiguredValues values, Findings findings) : Translation(values, findings)
{
    private const string AsBefore = "as DLMEngineUpdater had it";
    private const string DefaultDirectory = "/etc/dlm_engine_updater";
    private const StringComparison Names = StringComparison.OrdinalIgnoreCase;

    private static readonly (string Name, string Section, string Key)[] Plain =
    [
        ("main_api_ca", "dlmengine", "ca"),
        ("main_api_lockname", "lock", "name"),
        ("main_api_secretid", "dlmengine", "secret_id"),
        ("main_api_secret", "dlmengine", "secret"),
        ("main_log_level", "log", "level"),
        ("main_log_retention", "log", "retention"),
        ("main_log_file", "main", "log"),
        ("main_wait", "lock", "wait"),
        ("main_waitmax", "lock", "wait_max"),
    ];

    private readonly ConfiguredValues _values = values;

    /// <summary>What held there where nothing was set.</summary>
    /// <param name="values">Where they go.</param>
    /// <param name="file">Its file.</param>
    /// <param name="takesLock">False under noop: no service is asked, and none need be named.</param>
    internal static void Defaults(ConfiguredValues values, Place file, bool takesLock = true)
    {
        if (takesLock) Implied(values, file, "lock", "service", "dlmengine", AsBefore);
        foreach ((string section, string key, string value) in (ReadOnlySpan<(string, string, string)>)
        [
            ("lock", "wait", "false"), ("lock", "wait_max", "3600"), ("lock", "retry_interval", "35s"),
            ("scripts", "untrusted", "skip"), ("log", "level", "debug"), ("log", "retention", "7"),
        ])
        {
            Implied(values, file, section, key, value, AsBefore);
        }
    }

    /// <summary>Takes the file's settings, then those of the environment.</summary>
    /// <param name="file">Where the file is.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="environment">The environment.</param>
    /// <param name="unknown">How bad a name is that nobody knows.</param>
    internal void Take(Place file, List<OldSetting> settings, IReadOnlyDictionary<string, string> environment, Severity unknown)
    {
        List<OldSetting> last = OldSetting.Merge(
            settings, environment,
            name => name.StartsWith("main_", StringComparison.OrdinalIgnoreCase) || name.StartsWith("plugin_", StringComparison.OrdinalIgnoreCase), Names, file);
        last = Flat(last);
        bool noop = OldSetting.Find(last, "main_api_noop", Names) is { } off && IsTrue(off.Value);
        Defaults(_values, file, takesLock: !noop);
        Implied(_values, file, "scripts", "missing", "empty", AsBefore);
        Implied(_values, file, "main", "log", "/var/log/dlm_engine_updater/dlm_engine_updater.log", AsBefore);
        Directory(DefaultDirectory, file with { Layer = -1, Line = 0, Origin = AsBefore });

        var plugins = new HashSet<string>();
        foreach (OldSetting setting in last) Take(setting, noop, unknown, plugins);
    }

    /// <summary>A JSON object stands for the settings in it, each of which wins if it is there by itself too: <c>main_api={"lockname": "web"}</c>.</summary>
    private List<OldSetting> Flat(List<OldSetting> settings)
    {
        var flat = new List<OldSetting>();
        foreach (OldSetting setting in settings.Where(IsObject))
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(setting.Value);
                Flatten(document.RootElement, setting.Name.ToLowerInvariant(), setting.Place, flat);
            }
            catch (JsonException)
            {
                Complain(Severity.Error, setting.Place, "the value is not a JSON object: correct it, or write one variable for each value, such as main_api_lockname");
            }
        }

        if (flat.Count == 0) return [.. settings.Where(s => !IsObject(s))];
        return [.. flat.Where(f => !settings.Exists(s => s.Name.Equals(f.Name, Names))), .. settings.Where(s => !IsObject(s))];
    }

    private static bool IsObject(OldSetting setting) => setting.Name.ToLowerInvariant() is "main" or "main_api" or "main_log" or "plugin"
        || (setting.Name.StartsWith("plugin_", Names) && setting.Value.StartsWith('{'));

    private static void Flatten(JsonElement element, string name, Place place, List<OldSetting> flat)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in element.EnumerateObject()) Flatten(property.Value, $"{name}_{property.Name.ToLowerInvariant()}", place, flat);
            return;
        }

        if (name is "main" or "main_api" or "main_log" or "plugin") throw new JsonException();
        string text = element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText();
        if (element.ValueKind != JsonValueKind.Null) flat.Add(new OldSetting(name, text, place with { Origin = name }));
    }

    private void Take(OldSetting setting, bool noop, Severity unknown, HashSet<string> plugins)
    {
        string name = setting.Name.ToLowerInvariant();
        foreach ((string plain, string section, string key) in Plain)
        {
            if (name == plain)
            {
                Set(section, key, setting.Value, setting.Place);
                return;
            }
        }

        switch (name)
        {
            case "main_api_endpoint":
                // Without the lock nobody asks there; its own README has an address in that case which is none.
                Endpoint(setting.Value, setting.Place, noop ? Severity.Warning : Severity.Error);
                break;
            case "main_api_noop":
                if (noop) Set("reboot", "strategy", "reboot", setting.Place);
                break;
            case "main_basedir":
                Directory(setting.Value, setting.Place);
                break;
            case "main_userscriptusers":
                Users(setting);
                break;
            case var other when other.StartsWith("plugin_", StringComparison.Ordinal):
                Plugin(setting, other.Split('_')[1], plugins);
                break;
            case var other when other.StartsWith("main_", StringComparison.Ordinal):
                string? nearest = NearestName.Find(name, Plain.Select(p => p.Name));
                Complain(unknown, setting.Place, "there is no such setting, and it is not read" + (nearest is null ? "" : $": did you mean {nearest}?"));
                break;
        }
    }

    /// <summary>State and process lock stood beside the scripts; both are taken over, so that an open run goes on and no two tools run at once.</summary>
    private void Directory(string directory, Place place)
    {
        directory = directory.TrimEnd('/');
        Set("scripts", "directory", directory, place);
        Set("main", "state", directory + "/state", place);
        Set("main", "lock", directory + "/lock", place);
    }

    private void Users(OldSetting setting)
    {
        try
        {
            using JsonDocument list = JsonDocument.Parse(setting.Value);
            if (list.RootElement.ValueKind == JsonValueKind.Null) return;
            Set("scripts", "user_script_users", string.Join(",", list.RootElement.EnumerateArray().Select(user => user.GetString())), setting.Place);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            Complain(Severity.Error, setting.Place, $"{Display.Quote(setting.Value)} is not a JSON list of names, such as [\"user1\", \"user2\"]");
        }
    }

    private void Plugin(OldSetting setting, string plugin, HashSet<string> plugins)
    {
        if (!plugins.Add(plugin)) return;
        Complain(Severity.Warning, setting.Place with { Origin = "plugin " + plugin },
            "a Python plug-in cannot be loaded: what it did before and after pre_update and post_update can be done by a script in phase_hooks.d, " +
            "what it did with the log by [notify] command; then remove these settings");
    }

    private static bool IsTrue(string value) => value.Trim().ToLowerInvariant() is "true" or "1" or "yes" or "on" or "t" or "y";
}
