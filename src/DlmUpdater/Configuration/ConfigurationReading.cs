using DlmUpdater.Configuration.Adopted;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;

namespace DlmUpdater.Configuration;

/// <summary>One pass over the layers of a configuration.</summary>
internal sealed class ConfigurationReading
{
    private const int MostBytes = 1024 * 1024;

    private readonly ConfigurationRequest _request;
    private readonly List<string> _read = [];
    private readonly TrustChain _chain = TrustedFile.NewChain();

    /// <summary>How bad a name is that nobody knows, in a configuration of an older tool, which ignored it.</summary>
    private readonly Severity _unknown;
    private readonly BandReading _bands;
    private int _layer;
    private bool _isMissing;

    /// <summary>Nothing is read yet.</summary>
    internal ConfigurationReading(ConfigurationRequest request)
    {
        _request = request;
        _unknown = request.Strict ? Severity.NewRuns : Severity.Warning;
        Values = new ConfiguredValues(Findings);
        _bands = new BandReading(Findings);
    }

    /// <summary>What was complained of so far.</summary>
    internal Findings Findings { get; } = new();

    /// <summary>What was set so far.</summary>
    internal ConfiguredValues Values { get; }

    /// <summary>The files that were read.</summary>
    internal IReadOnlyList<string> Read => _read;

    /// <summary>True if the main file does not exist.</summary>
    internal bool IsMissing => _isMissing;

    /// <summary>True if the files say nothing at all, rightly or wrongly.</summary>
    internal bool FoundNothing => Values.IsEmpty && _bands.IsEmpty && (_isMissing ? Findings.Count == 1 : Findings.Count == 0);

    /// <summary>Reads the main file, whoever's it is, and the drop-ins.</summary>
    internal void Files(string main)
    {
        var place = new Place(_layer, main);
        OldTool tool = OldTools.Of(main);
        Values.Tool = tool;
        switch (tool)
        {
            case OldTool.ForemanDlmUpdater:
                Translation.Implied(Values, place, "scripts", "untrusted", "skip", "as foreman_dlm_updater had it");
                // It waited for a busy lock without end.
                Translation.Implied(Values, place, "lock", "wait_max", "0", "as foreman_dlm_updater had it");
                goto default;
            case OldTool.DlmEngineUpdaterIni:
                DlmEngineUpdaterSettings.Defaults(Values, place);
                goto default;
            case OldTool.DlmEngineUpdater:
                new DlmEngineUpdaterSettings(Values, Findings).Take(place, Variables(place, DotEnvRules.Python, optional: HasEngineVariables), _request.Environment, _unknown);
                break;
            case OldTool.Locksmithd:
                new LocksmithdSettings(Values, Findings).Take(place, Locksmithd(place), _request.Environment, _unknown);
                break;
            case OldTool.Updatelock:
                if (Content(place, isMain: true, optional: false) is { } script)
                    new UpdatelockSettings(Values, Findings).Take(place, script.Bytes);
                break;
            default:
                ReadIni(place, isMain: true, tool);
                break;
        }

        IReadOnlyList<string> directories = _request.DropInDirectories ?? (main == _request.OwnFile || OldConfiguration.IsInstalled(main, _request.OldFiles, _request.UnitDirectories)
            ? ConfigurationRequest.DefaultDropInDirectories
            : [main[..(main.LastIndexOf('/') + 1)] + "config.d"]);
        foreach (string path in DropIns.Find(directories, ++_layer, _chain, Findings))
            ReadIni(new Place(++_layer, path), isMain: false, OldTool.None);
    }

    /// <summary>Adds environment and flags, and makes settings of it all.</summary>
    internal UpdaterSettings Assemble(string main)
    {
        ConfigurationEnvironment.Read(_request.Environment, ++_layer, Values, Findings);
        foreach (ConfigurationOverride flag in _request.Overrides)
        {
            SettingKey key = SettingsCatalog.Find(flag.Section, flag.Key)
                ?? throw new ArgumentException($"{flag.Flag} sets [{flag.Section}] {flag.Key}, which is not in the catalog");
            Values.Set(key, flag.Value, new Place(++_layer, flag.Flag));
        }

        return new SettingsAssembler(Values, _bands, Findings, new Place(0, main), _request).Assemble();
    }

    /// <summary>DLMEngineUpdater can be told everything by its environment alone.</summary>
    private bool HasEngineVariables => _request.Environment.Keys.Any(name => name.StartsWith("main_api_", StringComparison.OrdinalIgnoreCase));

    /// <summary>What locksmithd of this host is told by its unit; for a file that is not this host's own, and on a host without the unit, what the file says.</summary>
    private List<OldSetting> Locksmithd(Place place)
    {
        // The image's own file lies below that of the host: /usr/share/flatcar/update.conf.
        string vendor = OldConfiguration.VendorFile(place.Name);
        if (OldConfiguration.IsInstalled(place.Name, _request.OldFiles, _request.UnitDirectories)
            && LocksmithdUnit.Read(_request.UnitDirectories, [vendor, place.Name], place, at => Content(at, isMain: false, optional: true)?.Bytes,
                (at, optional) => Variables(at, DotEnvRules.Systemd, optional), Findings) is { } told)
        {
            return told;
        }

        List<OldSetting> settings = vendor == place.Name ? [] : Variables(place with { Name = vendor }, DotEnvRules.Systemd, optional: true);
        settings.AddRange(Variables(place, DotEnvRules.Systemd, optional: false));
        return settings;
    }

    private List<OldSetting> Variables(Place place, DotEnvRules rules, bool optional)
    {
        if (Content(place, isMain: true, optional) is not { } file) return [];
        List<OldSetting> settings = DotEnv.Read(file.Bytes, rules, place, _request.Environment, Findings);
        foreach (OldSetting setting in settings)
        {
            // A host that updated yesterday does not stop for this today; but it is said every night.
            if (setting is { Value.Length: > 0, Name: var name } && (name.EndsWith("secret", StringComparison.OrdinalIgnoreCase) || name.EndsWith("PASSWORD", StringComparison.Ordinal))
                && TrustedFile.OthersMayRead(place.Name, file.Mode) is { } readable)
            {
                Findings.Add(Severity.Warning, setting.Place, "", "", $"the file that holds this secret {readable}");
            }
        }

        return settings;
    }

    /// <summary>Reads an INI file. What an older tool's file has in <c>[main]</c>, or in sections that we do not have, is that tool's and is taken as
    /// it was there; what it has in our other sections can only be meant for us.</summary>
    private void ReadIni(Place place, bool isMain, OldTool tool)
    {
        if (Content(place, isMain, optional: false) is { } file) ReadIni(place, file, tool);
    }

    /// <summary>Reads a main file of ours that is not written yet.</summary>
    internal void Content(string main, byte[] content) => ReadIni(new Place(_layer, main), new FileContent.Read(content, 0x180, 0), OldTool.None);

    private void ReadIni(Place place, FileContent.Read file, OldTool tool)
    {
        HashSet<string>? unknownSections = null;
        DlmEngineUpdaterIni? engine = tool == OldTool.DlmEngineUpdaterIni ? new DlmEngineUpdaterIni(Values, Findings) : null;
        List<IniEntry> entries = tool == OldTool.None ? IniScan.Read(file.Bytes, place, Findings)
            : PythonIni.Read(file.Bytes, place, (section, key) => SettingsCatalog.Find(section, key) is not null || (engine is not null && DlmEngineUpdaterIni.Knows(section, key)), Findings);
        foreach (IniEntry entry in entries)
        {
            Place at = place with { Line = entry.Line };
            if (entry.Key is null)
            {
                if (!SettingsCatalog.HasSection(entry.Section) && !_bands.Enter(entry.Section, at) && (unknownSections ??= new(StringComparer.OrdinalIgnoreCase)).Add(entry.Section))
                {
                    if (tool == OldTool.None) Findings.AddUnknown(at, SettingsCatalog.UnknownSection(entry.Section));
                    else Findings.Add(_unknown, at, SettingsCatalog.UnknownSection(entry.Section));
                }
            }
            else if (engine is not null && engine.Take(entry, at))
            {
                if (entry.Key == "secret" && TrustedFile.OthersMayRead(place.Name, file.Mode) is string readable)
                    Findings.Add(Severity.Warning, at, entry.Section, entry.Key, $"the file that holds this secret {readable}");
            }
            else if (_bands.Take(entry, at))
            {
                continue;
            }
            else if (SettingsCatalog.HasSection(entry.Section))
            {
                Take(entry, at, file.Mode, isOurs: tool == OldTool.None || !entry.Section.Equals("main", StringComparison.OrdinalIgnoreCase));
            }
        }
    }

    private void Take(IniEntry entry, Place place, int mode, bool isOurs)
    {
        if (SettingsCatalog.Find(entry.Section, entry.Key!) is not SettingKey key)
        {
            string text = SettingsCatalog.UnknownKey(entry.Section, entry.Key!);
            if (isOurs) Findings.AddUnknown(place, entry.Section, entry.Key!, text);
            else Findings.Add(_unknown, place, entry.Section, entry.Key!, text);
            return;
        }

        if (key.IsSecret && entry.Value.Length > 0 && TrustedFile.OthersMayRead(place.Name, mode) is string readable)
        {
            Findings.Add(Severity.Error, place, key.Section, key.Key, $"the file that holds this secret {readable}, or use {key.Key}_file");
        }

        if (isOurs) Values.Set(key, entry.Value, place);
        else Values.Adopt(key, PythonValues.Of(key, entry.Value), place);
    }

    /// <summary>The file, if it can be used; what is wrong with it is complained of.</summary>
    private FileContent.Read? Content(Place place, bool isMain, bool optional)
    {
        switch (TrustedFile.Read(place.Name, MostBytes))
        {
            case FileContent.NullDevice when !isMain:
                return null;
            case FileContent.Read file:
                _read.Add(place.Name);
                if (TrustedFile.OthersMayWrite(place.Name, file.Mode, file.Owner) is string open)
                    Findings.Add(Severity.Error, place, open);
                else if (_request.ChecksPlaces && TrustedFile.OthersMayReplace(place.Name, _chain) is string replaceable)
                    Findings.Add(Severity.NewRuns, place, replaceable);
                return file;
            case FileContent.Missing when optional:
                return null;
            case FileContent.Missing:
                _isMissing = isMain;
                Findings.AddUnread(place, isMain
                    ? "does not exist: create it, or name another with --config"
                    : "is a link to a file that does not exist: remove it, or link it to /dev/null to mask the file of the same name");
                return null;
            case FileContent.Unusable bad:
                Findings.AddUnread(place, bad.Why);
                return null;
            default:
                Findings.AddUnread(place, "is a device, not a file");
                return null;
        }
    }
}
