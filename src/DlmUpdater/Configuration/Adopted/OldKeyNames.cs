namespace DlmUpdater.Configuration.Adopted;

/// <summary>What a key of ours is called in the configuration of an older tool, so that a finding names what stands, or is missing, in that file.</summary>
internal static class OldKeyNames
{
    private const string Api = "set it to DLMEngine's API, such as https://dlm.example.com/api/v2/";

    /// <summary>Of one key: what it is called there, and, where that differs, what to set it to.</summary>
    private sealed record Row(OldTool Tool, string Section, string Key, string Name, string? Wanted = null);

    private static readonly Row[] Rows =
    [
        new(OldTool.ForemanDlmUpdater, "lock", "service", "[main] foreman_url", "set it to Foreman's URL"),
        new(OldTool.ForemanDlmUpdater, "lock", "name", "[main] lock_name"),
        new(OldTool.ForemanDlmUpdater, "foreman", "url", "[main] foreman_url"),
        new(OldTool.ForemanDlmUpdater, "foreman", "client_crt", "[main] client_crt"),
        new(OldTool.ForemanDlmUpdater, "foreman", "client_key", "[main] client_key"),
        new(OldTool.ForemanDlmUpdater, "foreman", "ca", "[main] ca"),
        new(OldTool.ForemanDlmUpdater, "reboot", "command", "[main] reboot_cmd"),
        new(OldTool.ForemanDlmUpdater, "log", "level", "[main] loglevel"),
        new(OldTool.ForemanDlmUpdater, "log", "retention", "[main] logretention"),

        new(OldTool.DlmEngineUpdater, "lock", "name", "main_api_lockname"),
        new(OldTool.DlmEngineUpdater, "lock", "wait", "main_wait"),
        new(OldTool.DlmEngineUpdater, "lock", "wait_max", "main_waitmax"),
        new(OldTool.DlmEngineUpdater, "dlmengine", "url", "main_api_endpoint", Api),
        new(OldTool.DlmEngineUpdater, "dlmengine", "secret_id", "main_api_secretid"),
        new(OldTool.DlmEngineUpdater, "dlmengine", "secret", "main_api_secret"),
        new(OldTool.DlmEngineUpdater, "dlmengine", "secret_file", "main_api_secret", "set it to the credential's secret"),
        new(OldTool.DlmEngineUpdater, "dlmengine", "ca", "main_api_ca"),
        new(OldTool.DlmEngineUpdater, "main", "log", "main_log_file"),
        new(OldTool.DlmEngineUpdater, "main", "state", "main_basedir"),
        new(OldTool.DlmEngineUpdater, "main", "lock", "main_basedir"),
        new(OldTool.DlmEngineUpdater, "log", "level", "main_log_level"),
        new(OldTool.DlmEngineUpdater, "log", "retention", "main_log_retention"),
        new(OldTool.DlmEngineUpdater, "scripts", "directory", "main_basedir"),
        new(OldTool.DlmEngineUpdater, "scripts", "user_script_users", "main_userscriptusers"),

        new(OldTool.DlmEngineUpdaterIni, "lock", "name", "[main] lock_name"),
        new(OldTool.DlmEngineUpdaterIni, "lock", "wait", "[main] wait"),
        new(OldTool.DlmEngineUpdaterIni, "lock", "wait_max", "[main] wait_max"),
        new(OldTool.DlmEngineUpdaterIni, "dlmengine", "url", "[main] endpoint", Api),
        new(OldTool.DlmEngineUpdaterIni, "dlmengine", "secret_id", "[main] secret_id"),
        new(OldTool.DlmEngineUpdaterIni, "dlmengine", "secret", "[main] secret"),
        new(OldTool.DlmEngineUpdaterIni, "dlmengine", "secret_file", "[main] secret", "set it to the credential's secret"),
        new(OldTool.DlmEngineUpdaterIni, "dlmengine", "ca", "[main] ca"),
        new(OldTool.DlmEngineUpdaterIni, "reboot", "command", "[main] reboot_cmd"),
        new(OldTool.DlmEngineUpdaterIni, "log", "level", "[main] log_level"),
        new(OldTool.DlmEngineUpdaterIni, "log", "retention", "[main] log_retention"),

        new(OldTool.Locksmithd, "etcd", "endpoints", "LOCKSMITHD_ENDPOINT"),
        new(OldTool.Locksmithd, "etcd", "ca", "LOCKSMITHD_ETCD_CAFILE"),
        new(OldTool.Locksmithd, "etcd", "client_crt", "LOCKSMITHD_ETCD_CERTFILE"),
        new(OldTool.Locksmithd, "etcd", "client_key", "LOCKSMITHD_ETCD_KEYFILE"),
        new(OldTool.Locksmithd, "etcd", "username", "LOCKSMITHD_ETCD_USERNAME"),
        new(OldTool.Locksmithd, "etcd", "password", "LOCKSMITHD_ETCD_PASSWORD"),
        new(OldTool.Locksmithd, "etcd", "password_file", "LOCKSMITHD_ETCD_PASSWORD"),
        new(OldTool.Locksmithd, "etcd", "group", "LOCKSMITHD_GROUP"),
        new(OldTool.Locksmithd, "reboot", "strategy", "REBOOT_STRATEGY"),
        new(OldTool.Locksmithd, "schedule", "window", "LOCKSMITHD_REBOOT_WINDOW_START"),

        new(OldTool.Updatelock, "lock", "name", "LOCKNAME"),
        new(OldTool.Updatelock, "foreman", "url", "FOREMAN_DLM_URL"),
    ];

    /// <summary>The name of <paramref name="key"/> in a file of <paramref name="tool"/>; null: it has none there.</summary>
    internal static string? Of(OldTool tool, SettingKey key) => Find(tool, key)?.Name;

    /// <summary>What to set it to there; null: what a file of ours wants.</summary>
    internal static string? Wanted(OldTool tool, SettingKey key) => Find(tool, key)?.Wanted;

    /// <summary>The keys that have a name there, and that name.</summary>
    internal static IEnumerable<(SettingKey Key, string Name)> All(OldTool tool) =>
        Rows.Where(row => row.Tool == tool).Select(row => (SettingsCatalog.Find(row.Section, row.Key)!, row.Name));

    private static Row? Find(OldTool tool, SettingKey key) =>
        Array.Find(Rows, row => row.Tool == tool && row.Section == key.Canonical.Section && row.Key == key.Canonical.Key);
}
