using DlmUpdater.Configuration;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Locks.DlmEngine;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Locks.FleetLock;
using DlmUpdater.Locks.Foreman;
using DlmUpdater.Locks.LocalFile;

namespace DlmUpdater.Cli;

/// <summary>What the verbs have in common: the configuration, and the parts that are made of it.</summary>
internal static class Setup
{
    /// <summary>Loads the configuration. Null: it is wrong, every complaint is said on stderr, and the exit code is 78.</summary>
    /// <param name="file">As given; relative to the working directory.</param>
    /// <param name="secrets">What secrets are needed for.</param>
    /// <param name="overrides">Flags.</param>
    internal static LoadedConfiguration? Load(string file, SecretUse secrets, params IReadOnlyList<ConfigurationOverride> overrides) =>
        Load(new ConfigurationRequest { File = file, Overrides = overrides, Secrets = secrets });

    /// <summary>The same for what can do without a lock service: an upgrade, ready hooks.</summary>
    internal static LoadedConfiguration? LoadWithoutLock(string file) => Load(new ConfigurationRequest { File = file, NeedsService = false, Secrets = SecretUse.IfReadable });

    private static LoadedConfiguration? Load(ConfigurationRequest request)
    {
        LoadedConfiguration loaded = ConfigurationLoader.Load(request with { WorkingDirectory = Environment.CurrentDirectory, Environment = Variables() });
        if (loaded.Settings is not null) return loaded;
        foreach (Complaint complaint in loaded.Complaints) StandardStreams.WriteError("dlm-updater: " + complaint.Text);
        return null;
    }

    /// <summary>The configured lock service, or null and why there is none.</summary>
    internal static ILockService? LockService(UpdaterSettings settings, out string why)
    {
        why = "";
        if (settings.LockSecret is { IsRead: false })
        {
            why = $"the secret of the lock service '{settings.Lock.Service.ToString().ToLowerInvariant()}' cannot be read by this user: ask again as root";
            return null;
        }

        TimeProvider time = TimeProvider.System;
        return settings.Lock.Service switch
        {
            LockServiceKind.File => FileSetup.Make(settings.File, settings.Lock, time, out why),
            LockServiceKind.Foreman => ForemanSetup.Make(settings.Foreman!, settings.Lock, time, out why),
            LockServiceKind.DlmEngine => DlmEngineSetup.Make(settings.DlmEngine!, settings.Lock, time, out why),
            LockServiceKind.Etcd => EtcdSetup.Make(settings.Etcd!, settings.Lock, time, Random.Shared.NextDouble, out why),
            LockServiceKind.FleetLock => FleetLockSetup.Make(settings.FleetLock!, settings.Lock, time, out why),
            LockServiceKind.None => new NoLockService(MachineId.HostName(), settings.Lock.Name),
            _ => throw new InvalidOperationException($"no lock service {settings.Lock.Service}"),
        };
    }

    /// <summary>When new runs may start. The host's time zone is read only if something depends on it.</summary>
    internal static ISchedule Schedule(UpdaterSettings settings)
    {
        ISchedule days = settings.Schedule.DateConstraint is { } text && DateConstraint.TryParse(text, out DateConstraint? constraint, out _)
            ? new DateSchedule(constraint!, TimeZoneInfo.Local)
            : AlwaysOpen.Instance;
        return settings.Schedule.Window is { } written && MaintenanceWindow.TryParse(written, out MaintenanceWindow? window, out _)
            ? new WindowSchedule(window!, TimeZones.Find(settings.Schedule.TimeZone) ?? TimeZoneInfo.Utc, days)
            : days;
    }

    /// <summary>Says why on stderr and passes the exit code on.</summary>
    internal static int Fail(Ending ending, string why)
    {
        StandardStreams.WriteError("dlm-updater: " + why);
        return ending.Code();
    }

    /// <summary>The environment. What of it is configuration, the configuration layer knows.</summary>
    internal static Dictionary<string, string> Variables()
    {
        var variables = new Dictionary<string, string>();
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            if (entry is { Key: string name, Value: string value }) variables[name] = value;
        }

        return variables;
    }
}
