namespace DlmUpdater.Configuration.Adopted;

/// <summary>Looks for the configuration that an older tool left on this host.</summary>
internal static class OldConfiguration
{
    private const int MostBytes = 1024 * 1024;

    /// <summary>The files of which one stands in; more than one means that nobody can tell which. Of one tool's several places the first counts.</summary>
    /// <param name="files">Where to look, in the order of their weight.</param>
    /// <param name="environment">What <c>${NAME}</c> means in them.</param>
    internal static List<string> Find(IReadOnlyList<string> files, IReadOnlyDictionary<string, string> environment)
    {
        var found = new List<string>();
        var tools = new HashSet<string>();
        foreach (string path in files)
        {
            OldTool tool = OldTools.Of(path);
            if (tools.Contains(tool.Name()) || TrustedFile.Read(path, MostBytes) is FileContent.Missing or FileContent.NullDevice) continue;
            if (tool == OldTool.Locksmithd && !Decides(path, environment)) continue;
            tools.Add(tool.Name());
            found.Add(path);
        }

        return found;
    }

    /// <summary>The file of the image below one of the host: <c>/usr/share/flatcar/update.conf</c> for <c>/etc/flatcar/update.conf</c>; else the file itself.</summary>
    internal static string VendorFile(string path) => path.StartsWith("/etc/", StringComparison.Ordinal) ? "/usr/share/" + path["/etc/".Length..] : path;

    private static bool Decides(string path, IReadOnlyDictionary<string, string> environment) =>
        TrustedFile.Read(path, MostBytes) is FileContent.Read file
        && LocksmithdSettings.Decides(DotEnv.Read(file.Bytes, DotEnvRules.Systemd, new Place(0, path), environment, new Findings()));
}
