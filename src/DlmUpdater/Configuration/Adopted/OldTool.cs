namespace DlmUpdater.Configuration.Adopted;

/// <summary>A tool that came before this one, whose configuration is read as it stands.</summary>
internal enum OldTool
{
    /// <summary>None: the configuration is this program's own.</summary>
    None,

    /// <summary>foreman_dlm_updater: <c>config.ini</c>.</summary>
    ForemanDlmUpdater,

    /// <summary>DLMEngineUpdater from 1.0 on: <c>.env</c>.</summary>
    DlmEngineUpdater,

    /// <summary>DLMEngineUpdater before 1.0, and dlm_engine_cli: INI.</summary>
    DlmEngineUpdaterIni,

    /// <summary>locksmithd: <c>update.conf</c>.</summary>
    Locksmithd,

    /// <summary>The shell script of the Foreman DLM plugin, which has its configuration in itself.</summary>
    Updatelock,
}

/// <summary>Where the older tools keep their configuration, and how it is known.</summary>
internal static class OldTools
{
    /// <summary>Where foreman_dlm_updater looks.</summary>
    internal const string ForemanFile = "/etc/foreman_dlm_updater/config.ini";

    /// <summary>Where DLMEngineUpdater looks.</summary>
    internal const string EngineFile = "/etc/dlm_engine_updater/.env";

    /// <summary>Where DLMEngineUpdater looked before 1.0.</summary>
    internal const string EngineIniFile = "/etc/dlm_engine_updater/config.ini";

    /// <summary>Where each is on an installed host: one of these stands in for a configuration of our own that sets nothing.</summary>
    internal static IReadOnlyList<string> Files { get; } =
        [ForemanFile, EngineFile, EngineIniFile, "/etc/flatcar/update.conf", "/etc/coreos/update.conf"];

    /// <summary>Whose configuration <paramref name="path"/> is, by its name and its directory's.</summary>
    internal static OldTool Of(string path)
    {
        string name = Path.GetFileName(path);
        string directory = Path.GetFileName(Path.GetDirectoryName(path)) ?? "";
        return name switch
        {
            ".env" => OldTool.DlmEngineUpdater,
            "update.conf" or LocksmithdUnit.Name => OldTool.Locksmithd,
            "updatelock" => OldTool.Updatelock,
            ".dlm_engine_cli.ini" or "dlm_engine_cli.ini" => OldTool.DlmEngineUpdaterIni,
            _ => directory switch
            {
                "foreman_dlm_updater" => OldTool.ForemanDlmUpdater,
                "dlm_engine_updater" => OldTool.DlmEngineUpdaterIni,
                _ => OldTool.None,
            },
        };
    }

    /// <summary>False for the file of dlm_engine_cli: its locks are named on its command line.</summary>
    internal static bool NamesLock(string path) => Path.GetFileName(path) is not (".dlm_engine_cli.ini" or "dlm_engine_cli.ini");

    /// <summary>What the tool is called.</summary>
    internal static string Name(this OldTool tool) => tool switch
    {
        OldTool.ForemanDlmUpdater => "foreman_dlm_updater",
        OldTool.DlmEngineUpdater or OldTool.DlmEngineUpdaterIni => "DLMEngineUpdater",
        OldTool.Locksmithd => "locksmithd",
        OldTool.Updatelock => "updatelock",
        _ => "dlm-updater",
    };
}
