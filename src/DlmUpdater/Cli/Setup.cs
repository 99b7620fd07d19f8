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
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary>What the verbs have in common: the configuration, and the parts that are made of it.</summary>
internal static class Setup
{
    /// <summary>Loads the configuration. Null: it is wrong, every complaint is said on stderr, and the exit code is 78.</summary>
    /// <param name="file">As given; relative to the working directory.</param>
    /// <param name="secrets">What secrets are needed for.</param>
    /// <param name="unsound">What becomes of a configuration with which no new run may start.</param>
    /// <param name="overrides">Flags.</param>
    internal static LoadedConfiguration? Load(string file, SecretUse secrets, Unsound unsound, params IReadOnlyList<ConfigurationOverride> overrides) =>
        Load(new ConfigurationRequest { File = file, Overrides = overrides, Secrets = secrets }, unsound);

    /// <summary>The same for what can do without a lock service: an upgrade, ready hooks.</summary>
    internal static LoadedConfiguration? LoadWithoutLock(string file, Unsound unsound) =>
        Load(new ConfigurationRequest { File = file, NeedsService = false, Secrets = SecretUse.IfReadable }, unsound);

    private static LoadedConfiguration? Load(ConfigurationRequest request, Unsound unsound)
    {
        if (WorkingDirectory.For(request.File, out string why) is not { } directory)
        {
            StandardStreams.WriteError("dlm-updater: " + why);
            return null;
        }

        LoadedConfiguration loaded = ConfigurationLoader.Load(request with { WorkingDirectory = directory, Environment = Variables() });
        if (loaded.Settings is null || (loaded.StopsNewRuns && unsound == Unsound.Refuse))
        {
            _ = Refuse(loaded);
            return null;
        }

        if (loaded.StopsNewRuns && unsound == Unsound.Show) Say(loaded, "warning: ");
        return loaded;
    }

    /// <summary>Says every complaint on stderr; the exit code 78.</summary>
    internal static int Refuse(LoadedConfiguration loaded)
    {
        Say(loaded, "");
        return Ending.Misconfigured.Code();
    }

    /// <summary>For what continues an open run and else begins one. Null: it may; what is wrong all the same is said. Else the exit code 78.</summary>
    internal static int? RefuseNewRun(LoadedConfiguration loaded, UpdaterSettings settings)
    {
        if (!loaded.StopsNewRuns) return null;
        if (new RunStateFile(settings.Paths.StateFile).Peek() is StoredRun.None) return Refuse(loaded);
        Say(loaded, "warning: ");
        return null;
    }

    /// <summary>Says on stderr what stops new runs; what is only a warning is left to <c>check</c> and to the log of a run.</summary>
    private static void Say(LoadedConfiguration loaded, string prefix)
    {
        foreach (Complaint complaint in loaded.Complaints)
        {
            if (prefix.Length == 0 || complaint.Severity != Severity.Warning) StandardStreams.WriteError($"dlm-updater: {prefix}{complaint.Text}");
        }
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
            LockServiceKind.File => FileSetup.Make(settings.File, settings.Lock, RecordedHostName(settings), time, out why),
            LockServiceKind.Foreman => ForemanSetup.Make(settings.Foreman!, settings.Lock, time, out why),
            LockServiceKind.DlmEngine => DlmEngineSetup.Make(settings.DlmEngine!, settings.Lock, time, out why),
            LockServiceKind.Etcd => EtcdSetup.Make(settings.Etcd!, settings.Lock, time, Random.Shared.NextDouble, out why),
            LockServiceKind.FleetLock => FleetLockSetup.Make(settings.FleetLock!, settings.Lock, time, out why),
            LockServiceKind.None => new NoLockService(MachineId.HostName(), settings.Lock.Name),
            _ => throw new InvalidOperationException($"no lock service {settings.Lock.Service}"),
        };
    }

    /// <summary>The holder of an open run that began before this host had a machine id. Every verb must ask for the lock under that name, or the run's own
    /// lock would be another holder's.</summary>
    private static string? RecordedHostName(UpdaterSettings settings) =>
        settings.Lock.Holder is null && new RunStateFile(settings.Paths.StateFile).Peek() is StoredRun.Open { State.Lock: { HolderIsHostName: true } claim }
            ? claim.Identity.Holder
            : null;

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

        // A call that a signal has ended does not say that its service cannot be reached.
        return (ending == Ending.Unreachable && Signals.OfThisProcess.Stop.IsCancellationRequested ? Ending.Interrupted : ending).Code();
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

/// <summary>What a verb does with a configuration with which no new run may start: keys without a value, unknown keys.</summary>
internal enum Unsound
{
    /// <summary>It begins something: says what is wrong and ends with 78.</summary>
    Refuse,

    /// <summary>It only reads, or ends what has begun: says what is wrong and continues.</summary>
    Show,

    /// <summary>It decides by what it finds begun, and says nothing yet.</summary>
    Decide,
}
