using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>What <c>check</c> says of the lock, and of the open run that owns it.</summary>
internal static class ChecksLock
{
    private static readonly TimeSpan Stale = TimeSpan.FromDays(7);

    /// <summary>The lock at its service, beside what the state says.</summary>
    internal static IEnumerable<Finding> Lock(LockIdentity identity, ShowReply shown, StoredRun stored)
    {
        string what = $"lock '{identity.Name}' at {identity.Service}";
        switch (shown)
        {
            case ShowReply.Refused refused:
                yield return Finding.Error(what, "the service refuses this host: " + refused.Why, "mend what it names");
                break;
            case ShowReply.Unreachable away:
                yield return Finding.Error(what, away.Why, "mend the way to the service, and the service");
                break;
            case ShowReply.CannotTell:
                break;
            case ShowReply.Shown { View: var view }:
                if (!view.Enabled) yield return Finding.Warning(what, $"no run gets it, because {view.Stop ?? "it is disabled"}", view.Undo + " enables it");
                // Two hosts that are the first to use it at the same moment make two of one name (measured: 7 of 20 tries).
                if (!view.Exists && identity.Service == "foreman")
                    yield return Finding.Warning(what, "it does not exist yet, and hosts that use it first at the same moment can make it twice", "make it before the first night: as an admin 'dlm-updater lock disable', then 'lock enable'");
                yield return Standing(what, view, stored);
                if (!view.HeldByUs && HolderSpelling.Hint(identity, view.Holders) is { Length: > 0 } hint)
                    yield return Finding.Warning(what, "a holder looks like this host under another name", hint.TrimStart(';', ' '));
                break;
        }
    }

    /// <summary>What was asked beyond the lock itself, or could not be asked.</summary>
    internal static Finding Probed(ProbeAnswer answer) => answer switch
    {
        ProbeAnswer.Good good => Finding.Ok(good.What, good.Why),
        ProbeAnswer.NotKnown no => Finding.Unknown(no.What, no.Why),
        ProbeAnswer.Degraded some => Finding.Warning(some.What, some.Why, "runs work while another member answers"),
        ProbeAnswer.Bad bad => Finding.Error(bad.What, bad.Why, "until then a run would fail"),
        _ => throw new InvalidOperationException("no rule for this answer"),
    };

    /// <summary>Whether the configured admin may do an admin's work.</summary>
    internal static Finding Admin(string user, ListReply reply)
    {
        string what = $"admin user '{user}'";
        return reply switch
        {
            ListReply.Told told => Finding.Ok(what, $"sees {told.Locks.Count} lock{(told.Locks.Count == 1 ? "" : "s")}"),
            ListReply.Refused refused => Finding.Warning(what, refused.Why, "no run needs this user; 'lock list', 'unlock', 'enable', 'disable' and 'events' do"),
            ListReply.Unreachable away => Finding.Warning(what, away.Why, "no run needs this user; 'lock list', 'unlock', 'enable', 'disable' and 'events' do"),
            _ => throw new InvalidOperationException("no rule for this answer"),
        };
    }

    /// <summary>The directory of the file service: a missing one shows every lock as free.</summary>
    internal static Finding FileService(string directory)
    {
        const string What = "lock directory", Setting = "[file] directory";
        string parent = Path.GetDirectoryName(directory.TrimEnd('/')) ?? "/";
        return !Native.TryStatTarget(directory, out _) && !Native.TryStatTarget(parent, out _)
            ? Finding.Error(What, $"{directory} does not exist, nor does {parent}", $"make it, or mount it, or set {Setting}")
            : ChecksFiles.Directory(What, directory, Setting);
    }

    /// <summary>No service.</summary>
    internal static Finding NoService(RebootStrategy strategy) => Finding.Warning("lock", $"no lock service is configured, and [reboot] strategy = " +
        (strategy == RebootStrategy.Off ? "off starts no run" : "reboot updates this host while others may be down"), "set [lock] service and [lock] name, if others depend on this host");

    /// <summary>The open run.</summary>
    internal static Finding Run(StoredRun stored, DateTimeOffset now)
    {
        const string What = "run";
        const string Fix = "'dlm-updater status' says why; 'dlm-updater run' goes on with it, 'dlm-updater reset' gives it up";
        return stored switch
        {
            StoredRun.None => Finding.Ok(What, "none is open"),
            StoredRun.Open { State: var state } when now - state.PhaseSince > Stale => Finding.Warning(What,
                $"{state.RunId} is open in phase {state.Phase.Name()} since {LockReport.Time(state.PhaseSince)}, {(now - state.PhaseSince).Days} days", Fix),
            StoredRun.Open { State: var state } => Finding.Ok(What, $"{state.RunId} is open in phase {state.Phase.Name()} since {LockReport.Time(state.PhaseSince)}"),
            StoredRun.OldWord old when now - old.WrittenAt > Stale => Finding.Warning(What,
                $"an older tool left one open in phase {old.Phase.Name()} at {LockReport.Time(old.WrittenAt)}, {(now - old.WrittenAt).Days} days ago", Fix),
            StoredRun.OldWord old => Finding.Ok(What, $"an older tool left one open in phase {old.Phase.Name()}; the next start goes on with it"),
            StoredRun.Unreadable unreadable => Finding.Error(What, unreadable.Why, "'dlm-updater reset' keeps the file beside, and begins afresh"),
            StoredRun.Unavailable unavailable => Finding.Error(What, unavailable.Why, "run as root, and mend the path"),
            _ => throw new InvalidOperationException($"no rule for {stored.GetType().Name}"),
        };
    }

    private static Finding Standing(string what, LockView view, StoredRun stored)
    {
        string standing = LockReport.Standing(view);
        if (view.HeldByUs && stored is StoredRun.None)
            return Finding.Warning(what, "this host holds it, and no run is open: the others wait for nothing", "'dlm-updater lock release', if nobody took it by hand");

        // Before lock_get was answered, and once the lock is on its way back, somebody else may well hold it.
        bool needs = stored is StoredRun.Open { State: { Lock.Since: not null, Phase: > Phase.LockGet and < Phase.LockRelease } };
        return needs && !view.HeldByUs
            ? Finding.Error(what, $"the open run needs it, and this host does not hold it: {standing}",
                view.Holders.Count < view.Slots ? "'dlm-updater run' takes it again" : "find out who took it; 'dlm-updater run' would end with 79")
            : Finding.Ok(what, standing);
    }
}
