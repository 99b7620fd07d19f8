using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>What <c>check</c> says of this host: its name at the lock service, its clock.</summary>
internal static class ChecksHost
{
    /// <summary>No clock that is right can be before this: the year in which this code was written.</summary>
    internal static DateTimeOffset Earliest { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Clocks of one host that is well kept do not step back by more.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(2);

    /// <summary>The places by which a container is known, and what each means.</summary>
    private static readonly string[] Marks = ["/.dockerenv", "/run/.containerenv", "/run/systemd/container", "/var/run/secrets/kubernetes.io"];

    /// <summary>True if this process seems to run in a container.</summary>
    internal static bool InContainer() =>
        Environment.GetEnvironmentVariable("container") is { Length: > 0 } || Array.Exists(Marks, Path.Exists);

    /// <summary>This host's name at the lock.</summary>
    internal static Finding Holder(string? configured, MachineIdReading machine, string hostName, bool container)
    {
        const string What = "holder name";
        HolderName holder = HolderName.ForFileService(configured, machine, hostName);
        if (holder.Name is null)
        {
            return Finding.Error(What, configured is null ? $"{machine.Why}, and the host name '{hostName}' is no host's own" : holder.Why,
                "set [lock] holder to a name that no other host has");
        }

        if (configured is not null) return Finding.Ok(What, $"'{holder.Name}', from [lock] holder");
        if (machine.Id is null)
        {
            return Finding.Warning(What, $"{machine.Why}: the host name '{holder.Name}' is used, which another host may have too",
                "run systemd-machine-id-setup, or set [lock] holder");
        }

        return container
            ? Finding.Warning(What, $"the machine id {holder.Name} is used in a container, and containers of one image share it: they would share the lock too",
                "set [lock] holder, or DLM_UPDATER__LOCK__HOLDER, to a name of the container's own")
            : Finding.Ok(What, $"the machine id {holder.Name}");
    }

    /// <summary>The boot checks, as a run after a reboot would find them now.</summary>
    internal static Finding BootChecks(BootAnswer answer)
    {
        const string What = "boot checks", Fix = "repair it: a run whose host has rebooted stops with 82 otherwise";
        return answer switch
        {
            BootAnswer.NoGate no => Finding.Ok(What, no.Why),
            BootAnswer.Successful yes => Finding.Ok(What, yes.Why),
            BootAnswer.Pending now => Finding.Warning(What, now.Why, "wait for them, and check again"),

            // Nothing has started the target on this boot, and no check is open: the run starts it.
            BootAnswer.NotSuccessful { Units: [BootUnits.Target, ..] } no when no.Why.StartsWith($"{BootUnits.Target} is inactive", StringComparison.Ordinal) =>
                Finding.Ok(What, $"{BootUnits.Target} requires none and was not started on this boot; a run starts it after its reboot"),
            BootAnswer.NotSuccessful no => Finding.Warning(What, no.Why, Fix),
            BootAnswer.NoAnswer no => Finding.Error(What, no.Why, Fix),
            _ => throw new InvalidOperationException("no rule for this answer"),
        };
    }

    /// <summary>The clock, against this build and what was written by an earlier clock.</summary>
    /// <param name="now">Wall clock.</param>
    /// <param name="stored">The state.</param>
    /// <param name="lastEnded">The end of the newest start in the history; null = none.</param>
    internal static Finding Clock(DateTimeOffset now, StoredRun stored, DateTimeOffset? lastEnded)
    {
        const string What = "clock", Fix = "set the clock, and let chrony or systemd-timesyncd keep it";
        if (now < Earliest) return Finding.Error(What, $"it says {LockReport.Time(now)}, which is before this program was written", Fix);
        DateTimeOffset? begun = (stored as StoredRun.Open)?.State.PhaseSince;
        if (begun > now + Slack) return Finding.Error(What, $"it says {LockReport.Time(now)}, but the open run's phase began at {LockReport.Time(begun.Value)}", Fix);
        if (lastEnded > now + Slack) return Finding.Warning(What, $"it says {LockReport.Time(now)}, but the last start ended at {LockReport.Time(lastEnded.Value)}", Fix);
        return Finding.Ok(What, LockReport.Time(now));
    }
}
