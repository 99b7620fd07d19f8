using DlmUpdater.Core.Settings;

namespace DlmUpdater.Configuration;

/// <summary>Loads the configuration: main file, drop-ins, environment, flags; each wins over what stands before it. Reads everything and
/// complains of everything at once; never throws for what it finds.</summary>
internal static class ConfigurationLoader
{
    private const int MostBytes = 1024 * 1024;

    /// <summary>Loads what <paramref name="request"/> asks for.</summary>
    internal static LoadedConfiguration Load(ConfigurationRequest request)
    {
        var findings = new Findings();
        var values = new ConfiguredValues(findings);
        var files = new List<string>();
        Severity unknown = request.Strict ? Severity.Error : Severity.Warning;
        string main = Absolute(request.File, request.WorkingDirectory);

        int layer = 0;
        if (Path.GetFileName(main) == ".env")
        {
            // Read as INI it would be a file with no section, and its secrets would end in complaints.
            findings.Add(Severity.Error, new Place(layer, main),
                "DLMEngineUpdater's .env is not read by this version: write its values into a config.ini");
            return new LoadedConfiguration(null, findings.InOrder(), files);
        }

        ReadFile(main, isMain: true, new Place(layer, main), unknown, values, findings, files);
        IReadOnlyList<string> directories = request.DropInDirectories ?? (main == ConfigurationRequest.DefaultFile
            ? ConfigurationRequest.DefaultDropInDirectories
            : [main[..(main.LastIndexOf('/') + 1)] + "config.d"]);
        foreach (string path in DropIns.Find(directories, ++layer, findings))
            ReadFile(path, isMain: false, new Place(++layer, path), unknown, values, findings, files);

        ConfigurationEnvironment.Read(request.Environment, ++layer, unknown, values, findings);
        foreach (ConfigurationOverride flag in request.Overrides)
        {
            SettingKey key = SettingsCatalog.Find(flag.Section, flag.Key)
                ?? throw new ArgumentException($"{flag.Flag} sets [{flag.Section}] {flag.Key}, which is not in the catalog");
            values.Set(key, flag.Value, new Place(++layer, flag.Flag));
        }

        UpdaterSettings settings = new SettingsAssembler(values, findings, new Place(0, main), request).Assemble();
        return new LoadedConfiguration(findings.AnyError ? null : settings, findings.InOrder(), files);
    }

    private static void ReadFile(
        string path, bool isMain, Place place, Severity unknown, ConfiguredValues values, Findings findings, List<string> files)
    {
        switch (TrustedFile.Read(path, MostBytes))
        {
            case FileContent.NullDevice when !isMain:
                return;
            case FileContent.Read file:
                files.Add(path);
                if (TrustedFile.OthersMayWrite(path, file.Mode, file.Owner) is string open)
                    findings.Add(Severity.Error, place, open);
                Take(IniScan.Read(file.Bytes, place, findings), path, file.Mode, place, unknown, values, findings);
                return;
            case FileContent.Missing:
                findings.AddUnread(place, isMain
                    ? "does not exist: create it, or name another with --config"
                    : "is a link to a file that does not exist: remove it, or link it to /dev/null to mask the file of the same name");
                return;
            case FileContent.Unusable bad:
                findings.AddUnread(place, bad.Why);
                return;
            default:
                findings.AddUnread(place, "is a device, not a file");
                return;
        }
    }

    private static void Take(
        List<IniEntry> entries, string path, int mode, Place file, Severity unknown, ConfiguredValues values, Findings findings)
    {
        bool known = false;
        HashSet<string>? unknownSections = null;
        foreach (IniEntry entry in entries)
        {
            Place place = file with { Line = entry.Line };
            if (entry.Key is null)
            {
                known = SettingsCatalog.HasSection(entry.Section);
                if (!known && (unknownSections ??= new(StringComparer.OrdinalIgnoreCase)).Add(entry.Section))
                    findings.Add(unknown, place, SettingsCatalog.UnknownSection(entry.Section));
            }
            else if (known)
            {
                if (SettingsCatalog.Find(entry.Section, entry.Key) is not SettingKey key)
                {
                    findings.Add(unknown, place, entry.Section, entry.Key, SettingsCatalog.UnknownKey(entry.Section, entry.Key));
                    continue;
                }

                if (key.IsSecret && entry.Value.Length > 0 && TrustedFile.OthersMayRead(path, mode) is string readable)
                {
                    findings.Add(Severity.Error, place, key.Section, key.Key,
                        $"the file that holds this secret {readable}, or use {key.Key}_file");
                }

                values.Set(key, entry.Value, place);
            }
        }
    }

    /// <summary>Before anything else, since other parts would take a relative path from another directory. Links and <c>..</c> are left to
    /// the kernel: it alone knows what they mean together.</summary>
    private static string Absolute(string path, string workingDirectory)
    {
        if (path.StartsWith('/'))
            return path;
        while (path.StartsWith("./", StringComparison.Ordinal))
            path = path[2..].TrimStart('/');
        return workingDirectory.TrimEnd('/') + "/" + path;
    }
}
