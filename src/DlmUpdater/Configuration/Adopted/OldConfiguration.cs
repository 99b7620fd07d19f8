namespace DlmUpdater.Configuration.Adopted;

/// <summary>Looks for the configuration that an older tool left on this host.</summary>
internal static class OldConfiguration
{
    private const int MostBytes = 1024 * 1024;

    /// <summary>The files of which one stands in; more than one means that nobody can tell which. Of one tool's several places the first counts.</summary>
    /// <param name="files">Where to look, in the order of their weight.</param>
    /// <param name="units">Where units of systemd are.</param>
    /// <param name="environment">What <c>${NAME}</c> means in them.</param>
    internal static List<string> Find(IReadOnlyList<string> files, IReadOnlyList<string> units, IReadOnlyDictionary<string, string> environment)
    {
        var found = new List<string>();
        var tools = new HashSet<string>();
        foreach (string path in files)
        {
            OldTool tool = OldTools.Of(path);
            if (tools.Contains(tool.Name()) || TrustedFile.Read(path, MostBytes) is FileContent.Missing or FileContent.NullDevice) continue;
            if (tool == OldTool.Locksmithd && !Decides(path, units, environment)) continue;
            tools.Add(tool.Name());
            found.Add(path);
        }

        // Where no update.conf decides, the unit alone may.
        if (!tools.Contains(OldTool.Locksmithd.Name()) && SystemdUnit.Find(LocksmithdUnit.Name, units, new Findings()).Main is { } unit && Decides(unit, units, environment))
            found.Add(unit);
        return found;
    }

    /// <summary>True for a file of an installed host, beside which its unit counts too.</summary>
    internal static bool IsInstalled(string path, IReadOnlyList<string> files, IReadOnlyList<string> units) =>
        files.Contains(path) || (Path.GetFileName(path) == LocksmithdUnit.Name && units.Contains(Path.GetDirectoryName(path)));

    /// <summary>The file of the image below one of the host: <c>/usr/share/flatcar/update.conf</c> for <c>/etc/flatcar/update.conf</c>; else the file itself.</summary>
    internal static string VendorFile(string path) => path.StartsWith("/etc/", StringComparison.Ordinal) ? "/usr/share/" + path["/etc/".Length..] : path;

    /// <summary>True if locksmithd is told what to do, or if that cannot be read: then it must be said and not passed over.</summary>
    private static bool Decides(string path, IReadOnlyList<string> units, IReadOnlyDictionary<string, string> environment)
    {
        var findings = new Findings();
        List<OldSetting> settings = LocksmithdUnit.Read(
            units, [VendorFile(path), path], new Place(0, path), at => TrustedFile.Read(at.Name, MostBytes) is FileContent.Read file ? file.Bytes : null,
            (at, _) => Variables(at.Name), findings) ?? Variables(path);
        return findings.AnyError || LocksmithdSettings.Decides(settings);

        List<OldSetting> Variables(string file) =>
            TrustedFile.Read(file, MostBytes) is FileContent.Read read ? DotEnv.Read(read.Bytes, DotEnvRules.Systemd, new Place(0, file), environment, new Findings()) : [];
    }
}
