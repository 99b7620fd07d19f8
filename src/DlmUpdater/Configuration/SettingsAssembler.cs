using System.Collections.Immutable;
using DlmUpdater.Configuration.Adopted;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Configuration;

/// <summary>Makes settings of the values: checks over several keys, and what one key's default takes from another key.</summary>
internal sealed partial class SettingsAssembler(ConfiguredValues values, BandReading bands, Findings findings, Place mainFile, ConfigurationRequest request)
{
    private readonly ImmutableArray<string>.Builder secrets = ImmutableArray.CreateBuilder<string>();

    /// <summary>The settings; not to be used if there were errors.</summary>
    internal UpdaterSettings Assemble()
    {
        SettingsDraft draft = values.Bind();
        if (draft.ExcusesUnknown) findings.ExcuseUnknown();
        LockServiceKind? service = Service(draft);
        PathSettings paths = Paths(draft);
        var settings = new UpdaterSettings
        {
            Paths = paths,
            Lock = draft.Lock with { Service = service ?? LockServiceKind.None },
            File = draft.File,
            Foreman = Foreman(draft.Foreman, service == LockServiceKind.Foreman),
            DlmEngine = DlmEngine(draft.DlmEngine, service == LockServiceKind.DlmEngine),
            Etcd = Etcd(draft.Etcd, service == LockServiceKind.Etcd),
            FleetLock = FleetLock(draft.FleetLock, service == LockServiceKind.FleetLock),
            Scripts = Scripts(draft),
            Schedule = draft.Schedule,
            Reboot = draft.Reboot,
            Log = Log(draft, paths),
            NotifyCommand = draft.NotifyCommand,
            Upgrade = draft.Upgrade with { Bands = bands.Assemble(mainFile) },
        };
        if (request.Strict && values.IsWritten(SettingsCatalog.TimeZone) && draft.Schedule.Window is null)
            Complain(SettingsCatalog.TimeZone, "has no effect without a window: date constraints mean local time", Severity.Warning);
        // The zone's data is read only where something depends on it.
        if (draft.Schedule.Window is not null && TimeZones.Find(draft.Schedule.TimeZone) is null)
        {
            Complain(SettingsCatalog.TimeZone, $"this host knows no time zone {Display.Quote(draft.Schedule.TimeZone)}: "
                + "write a name such as UTC, local or Europe/Berlin, and install tzdata for any but UTC");
        }

        return settings with { Secrets = secrets.ToImmutable() };
    }

    /// <summary>The service; null if it is named wrongly, and that is complained of already.</summary>
    private LockServiceKind? Service(SettingsDraft draft)
    {
        if (values.Has(SettingsCatalog.Service) && draft.Service is null)
            return null;
        LockServiceKind unnamed = values.Has(SettingsCatalog.ForemanUrl) ? LockServiceKind.Foreman : LockServiceKind.None;
        LockServiceKind service = draft.Service ?? unnamed;
        bool takesLock = request.NeedsService && draft.Reboot.Strategy is not (RebootStrategy.Reboot or RebootStrategy.Off);
        bool named = values.Has(SettingsCatalog.Name);
        switch (service)
        {
            case LockServiceKind.None when takesLock && !findings.AnyUnread:
                Complain(SettingsCatalog.Service, OldKeyNames.Wanted(values.Tool, SettingsCatalog.Service) is { } wanted
                    ? "is not set: " + wanted
                    : "no lock service is configured: set [lock] service = file, foreman, dlmengine, etcd or fleetlock, " +
                    "or foreman_url in [main]");
                break;
            case LockServiceKind.File or LockServiceKind.Foreman or LockServiceKind.DlmEngine when !named && request.NeedsLockName && !findings.AnyUnread:
                Complain(SettingsCatalog.Name,
                    "the lock has no name: set it to the same name on every host that must not update at the same time");
                break;
            case LockServiceKind.File when draft.Lock.Name.Length > 0 && !IsSafeFileName(draft.Lock.Name):
                Complain(SettingsCatalog.Name,
                    $"{Display.Quote(draft.Lock.Name)} cannot name a lock of the file service: only letters, digits and . _ -, " +
                    "no dot in front");
                break;
            case LockServiceKind.Foreman when request.Strict && draft.Lock.Name.Length > 0 && char.IsAsciiDigit(draft.Lock.Name[0]):
                Complain(SettingsCatalog.Name,
                    $"{Display.Quote(draft.Lock.Name)} begins with a digit, and Foreman may take it for the number of another lock",
                    Severity.Warning);
                break;
            case LockServiceKind.Etcd or LockServiceKind.FleetLock when request.Strict && named:
                Complain(SettingsCatalog.Name, "has no effect: at this service the group is the lock", Severity.Warning);
                break;
        }

        return service;
    }

    private static PathSettings Paths(SettingsDraft draft) => draft.Paths with
    {
        StateFile = draft.StateFile ?? draft.Paths.StateDirectory + "/state",
        InstanceLock = draft.InstanceLock ?? draft.Paths.RunDirectory + "/instance.lock",
    };

    private LogSettings Log(SettingsDraft draft, PathSettings paths)
    {
        string? file = draft.Log.File;
        if (draft.LogTarget == LogTarget.File && !values.Has(SettingsCatalog.LogFile) && !findings.AnyUnread)
            Complain(SettingsCatalog.LogTargetKey, "names no file: set log in [main] to the log file's path");
        if (file is not null && (file == paths.StateFile || file == paths.InstanceLock))
        {
            Complain(SettingsCatalog.LogFile,
                $"{Display.Quote(file)} is the state file or the instance lock too: give each a path of its own");
        }

        if (paths.StateFile == paths.InstanceLock)
        {
            findings.Add(Severity.Error, mainFile,
                $"[main] state and lock are one file, {Display.Quote(paths.StateFile)}: give each a path of its own");
        }

        LogTarget target = draft.LogTarget ?? LogTarget.Auto;
        return draft.Log with { Target = target == LogTarget.Auto && file is not null ? LogTarget.File : target };
    }

    private ScriptSettings Scripts(SettingsDraft draft)
    {
        ScriptSettings scripts = draft.Scripts;
        StageMap<string> under = ScriptSettings.UnderDirectory(draft.ScriptDirectory);
        scripts = scripts with
        {
            Directories = new(stage => draft.Directories[(int)stage] ?? under[stage]),
            Timeouts = new(stage => draft.Timeouts[(int)stage] is { IsSet: true, Limit: var own } ? own : draft.Timeout.IsSet ? draft.Timeout.Limit : scripts.Timeouts[stage]),
        };

        // Scripts of one directory in two stages run twice: hardly ever meant, and an error only the admin can tell from intent.
        foreach (ScriptStage stage in ScriptStages.All)
        {
            string directory = scripts.Directories[stage];
            for (ScriptStage owner = 0; owner < stage; owner++)
            {
                if (scripts.Directories[owner] != directory) continue;
                string both = $"{owner.DirectoryName()} and {stage.DirectoryName()}";
                findings.Add(Severity.Warning, mainFile,
                    $"{both} are one directory, {Display.Quote(directory)}: its scripts run in both stages");
            }
        }

        return scripts;
    }

    /// <summary>A name that is a file in its directory and nothing else.</summary>
    private static bool IsSafeFileName(string name)
    {
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
                return false;
        }

        return name[0] != '.';
    }

    private void Complain(SettingKey key, string text, Severity severity = Severity.Error) =>
        values.Complain(key, mainFile, text, severity);
}
