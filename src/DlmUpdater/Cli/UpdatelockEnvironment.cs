using DlmUpdater.Configuration;
using DlmUpdater.Configuration.Adopted;

namespace DlmUpdater.Cli;

/// <summary>What <c>updatelock</c> is told beside the configuration: <c>FOREMAN_DLM_URL</c> and <c>LOCKNAME</c>, from the environment, else from its environment
/// file.</summary>
internal static class UpdatelockEnvironment
{
    private const int MostBytes = 64 * 1024;

    /// <summary>Where Debian and Red Hat keep a service's environment file.</summary>
    private static readonly string[] Files = ["/etc/default/updatelock", "/etc/sysconfig/updatelock"];

    /// <summary>As values that win over the files; empty if it is told nothing.</summary>
    internal static IReadOnlyList<ConfigurationOverride> Read()
    {
        List<OldSetting> settings = [];
        foreach (string path in Files)
        {
            if (TrustedFile.Read(path, MostBytes) is FileContent.Read file && TrustedFile.OthersMayWrite(path, file.Mode, file.Owner) is null
                && TrustedFile.OthersMayReplace(path, TrustedFile.NewChain()) is null)
                settings.AddRange(DotEnv.Read(file.Bytes, DotEnvRules.Systemd, new Place(0, path), new Dictionary<string, string>(), new Configuration.Findings()));
        }

        string? url = Value("FOREMAN_DLM_URL", settings), name = Value("LOCKNAME", settings);
        return
        [
            .. url is null ? [] : (ConfigurationOverride[])
            [
                new ConfigurationOverride("lock", "service", "foreman", "FOREMAN_DLM_URL"),
                new ConfigurationOverride("foreman", "url", UpdatelockSettings.BaseOf(url), "FOREMAN_DLM_URL"),
            ],
            .. name is null ? [] : (ConfigurationOverride[])[new ConfigurationOverride("lock", "name", name, "LOCKNAME")],
        ];
    }

    private static string? Value(string name, List<OldSetting> settings) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : OldSetting.Find(settings, name, StringComparison.Ordinal)?.Value;
}
