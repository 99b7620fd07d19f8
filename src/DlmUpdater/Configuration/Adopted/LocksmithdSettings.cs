namespace DlmUpdater.Configuration.Adopted;

/// <summary>locksmithd's settings: variables of <c>update.conf</c> and, winning over them, of the environment. Other variables there belong to update_engine.</summary>
internal sealed class LocksmithdSettings(ConfiguredValues values, Findings findings) : Translation(values, findings)
{
    private const string AsBefore = "as locksmithd had it";
    private const string Strategy = "REBOOT_STRATEGY", Start = "REBOOT_WINDOW_START", Length = "REBOOT_WINDOW_LENGTH", Prefix = "LOCKSMITHD_";

    private static readonly (string Name, string Section, string Key)[] Plain =
    [
        ("LOCKSMITHD_ENDPOINT", "etcd", "endpoints"),
        ("LOCKSMITHD_ETCD_CAFILE", "etcd", "ca"),
        ("LOCKSMITHD_ETCD_CERTFILE", "etcd", "client_crt"),
        ("LOCKSMITHD_ETCD_KEYFILE", "etcd", "client_key"),
        ("LOCKSMITHD_ETCD_USERNAME", "etcd", "username"),
        ("LOCKSMITHD_ETCD_PASSWORD", "etcd", "password"),
        ("LOCKSMITHD_GROUP", "etcd", "group"),
    ];

    private readonly ConfiguredValues _values = values;

    /// <summary>True if a file of these settings says what locksmithd is to do; every Flatcar host has one that does not.</summary>
    internal static bool Decides(IEnumerable<OldSetting> settings) => settings.Any(s => s is { Name: Strategy, Value.Length: > 0 });

    /// <summary>True for a variable that is a setting of locksmithd.</summary>
    internal static bool IsSetting(string name) => name is Strategy or Start or Length || name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Takes the settings of the files, then those of the environment.</summary>
    internal void Take(Place file, List<OldSetting> settings, IReadOnlyDictionary<string, string> environment, Severity unknown)
    {
        List<OldSetting> last = OldSetting.Merge(
            settings, environment, IsSetting, StringComparison.Ordinal, file);
        foreach ((string section, string key, string value) in (ReadOnlySpan<(string, string, string)>)
        [
            ("lock", "service", "etcd"), ("etcd", "api", "v2"), ("etcd", "endpoints", "http://127.0.0.1:2379,http://127.0.0.1:4001"),
            ("lock", "wait_max", "0"), ("reboot", "strategy", "reboot"), ("schedule", "time_zone", "local"),
        ])
        {
            Implied(_values, file, section, key, value, AsBefore);
        }

        foreach ((string name, string section, string key) in Plain)
        {
            if (Find(last, name) is { } setting) Set(section, key, setting.Value, setting.Place);
        }

        // Blanks around a value go here, and a group with them is another lock.
        if (Find(last, Prefix + "GROUP") is { } group && group.Value.Trim().Length < group.Value.Length)
            Complain(Severity.Error, group.Place, "begins or ends with a blank: such a group cannot be named here; rename it, or write the configuration down with [etcd] group");
        if (Find(last, Strategy) is { } strategy) Set("reboot", "strategy", strategy.Value.Trim(), strategy.Place);
        if (Find(last, Prefix + "DEBUG") is { } debug && debug.Value.Trim() is not ("false" or "0")) Set("log", "level", "debug", debug.Place);
        Window(Find(last, Prefix + Start) ?? Find(last, Start), Find(last, Prefix + Length) ?? Find(last, Length));
        foreach (OldSetting setting in last)
        {
            if (setting.Name.StartsWith(Prefix, StringComparison.Ordinal) && !IsKnown(setting.Name))
                Complain(unknown, setting.Place, "there is no such setting, and it is not read");
        }
    }

    private static OldSetting? Find(List<OldSetting> settings, string name) => OldSetting.Find(settings, name, StringComparison.Ordinal);

    private static bool IsKnown(string name) => name is Prefix + Start or Prefix + Length or Prefix + "DEBUG" || Array.Exists(Plain, p => p.Name == name);

    private void Window(OldSetting? start, OldSetting? length)
    {
        if (start is not { } from)
        {
            if (length is { } alone) Complain(Severity.Error, alone.Place, $"is set without {Prefix}{Start}: set both, or neither");
        }
        else if (length is not { } to)
        {
            Complain(Severity.Error, from.Place, $"is set without {Prefix}{Length}: set both, or neither");
        }
        else if (!GoDuration.TryParse(to.Value.Trim(), out TimeSpan open))
        {
            Complain(Severity.Error, to.Place, $"{Display.Quote(to.Value)} is not a length of time such as 1h30m");
        }
        else if (LocksmithWindow.Of(from.Value, open) is { } window)
        {
            Set("schedule", "window", window, from.Place);
        }
        else
        {
            Complain(Severity.Error, from.Place, $"{Display.Quote(from.Value)} is not a start such as 14:00 or Thu 23:00");
        }
    }
}
