using System.CommandLine;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater lock …</c>: the fleet's lock, by hand.</summary>
internal static class LockVerb
{
    internal static Command Build()
    {
        return new Command("lock", "Show the fleet's lock, take it, give it back; free, switch and watch it as an admin")
        {
            Show(),
            LockAdminVerbs.List(),
            Verb("acquire", "Take the lock for this host, if it is free; it stays taken until 'lock release'", config => Alone(config, (_, service) => Acquire(service))),
            Verb("release", "Give this host's lock back; another host's is left alone", config => Alone(config, (_, service) => Release(service), Unsound.Show)),
            LockAdminVerbs.Unlock(),
            LockAdminVerbs.SetMax(),
            Verb("enable", "Let hosts take the lock again", config => LockAdminVerbs.Switch(config, enabled: true)),
            Verb("disable", "Let no more host take the lock, until 'lock enable'; who holds it keeps it to the end of its run",
                config => LockAdminVerbs.Switch(config, enabled: false)),
            LockAdminVerbs.Events(),
            LockWatchVerb.Build(),
        };
    }

    private static Command Show()
    {
        Option<string> config = CommonOptions.Config();
        Option<OutputFormat> output = CommonOptions.Output();
        var command = new Command("show", "Show who holds the lock, how many slots it has, and whether it is enabled") { config, output };
        command.SetAction(parsed => Load(parsed.GetValue(config)!, SecretUse.Lock, out _, out ILockService? service, Unsound.Show) ?? Show(service!, parsed.GetValue(output)));
        return command;
    }

    private static int Show(ILockService service, OutputFormat output)
    {
        switch (BoundedCall.Show(service))
        {
            case ShowReply.Shown { View: var view }:
                return output == OutputFormat.Json
                    ? Report.Json(json => LockReport.Write(json, service.Identity, view))
                    : Report.Text(LockReport.Text(service.Identity, view));
            case ShowReply.CannotTell:
                return Cannot(service, "cannot show who holds a lock: ask its own tools");
            case ShowReply.Refused refused:
                return Setup.Fail(Ending.Refused, refused.Why);
            case ShowReply.Unreachable away:
                return Setup.Fail(Ending.Unreachable, away.Why);
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    private static int Acquire(ILockService service)
    {
        string name = service.Identity.Name;
        switch (BoundedCall.Acquire(service))
        {
            case AcquireReply.Granted granted:
                return Report.Text($"the lock '{name}' is held by this host ({service.Identity.Holder})" +
                    $"{(granted.Since is { } since ? " since " + LockReport.Time(since) : "")}; 'dlm-updater lock release' gives it back\n");
            case AcquireReply.Busy busy:
                return Setup.Fail(Ending.TryLater,
                    $"the lock '{name}' is busy{(busy.Holders.Count == 0 ? "" : ", held by " + string.Join(", ", busy.Holders.Select(LockReport.Describe)))}: try again later"
                    + HolderSpelling.Hint(service.Identity, busy.Holders));
            case AcquireReply.Disabled off:
                return Setup.Fail(Ending.TryLater, $"no host gets the lock '{name}', because {off.Why}: an admin enables it with {off.Undo}");
            case AcquireReply.Refused refused:
                return Setup.Fail(Ending.Refused, refused.Why);
            case AcquireReply.Unreachable away:
                return Setup.Fail(Ending.Unreachable, away.Why + (away.MayHaveHappened ? $"; the lock '{name}' may be held by this host now: 'dlm-updater lock acquire' again settles it" : ""));
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    private static int Release(ILockService service)
    {
        string name = service.Identity.Name;
        // Some services say the same of a lock that this host held and of one that it did not.
        bool? wasHeld = BoundedCall.Show(service) is ShowReply.Shown { View: var before } ? before.HeldByUs : null;
        switch (BoundedCall.Release(service))
        {
            case ReleaseReply.Released { WasHeld: var known } when known || wasHeld == true:
                return Report.Text($"the lock '{name}' is released\n");
            case ReleaseReply.Released when wasHeld is null:
                return Report.Text($"{service.Identity.Service} accepted the release: this host ({service.Identity.Holder}) does not hold the lock '{name}' now; " +
                    $"whether it held it before, it does not say\n");
            case ReleaseReply.Released:
            case ReleaseReply.NotHeld:
                return Report.Text($"the lock '{name}' was not held by this host ({service.Identity.Holder}): nothing to release\n");
            case ReleaseReply.HeldByOther other:
                return Report.Text($"the lock '{name}' was not held by this host ({service.Identity.Holder}): {other.Holder} holds it and was left alone{HolderSpelling.Hint(service.Identity, [other.Holder])}\n");
            case ReleaseReply.Disabled:
                return Setup.Fail(Ending.TryLater, $"the lock '{name}' is disabled and cannot be released: 'dlm-updater lock enable' first");
            case ReleaseReply.Refused refused:
                return Setup.Fail(Ending.Refused, refused.Why);
            case ReleaseReply.Unreachable away:
                return Setup.Fail(Ending.Unreachable, $"{away.Why}; whether the lock '{name}' is released is not known: 'dlm-updater lock show' tells");
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    /// <summary>Acts as the one instance of this host, and only while no run is open: a stopped run owns its lock.</summary>
    internal static int Alone(string config, Func<UpdaterSettings, ILockService, int> act, Unsound unsound = Unsound.Refuse)
    {
        return Load(config, SecretUse.Lock, out UpdaterSettings? settings, out ILockService? service, unsound) ?? Alone(settings!, service!, act);
    }

    /// <inheritdoc cref="Alone(string, Func{UpdaterSettings, ILockService, int}, Unsound)"/>
    internal static int Alone(UpdaterSettings settings, ILockService service, Func<UpdaterSettings, ILockService, int> act)
    {
        if (OwnDirectories.Fault(settings) is { } foreign) return Setup.Fail(Ending.Misconfigured, foreign);
        switch (InstanceLock.TryTake(settings.Paths.InstanceLock))
        {
            case InstanceLockReply.HeldBy held:
                return Setup.Fail(Ending.TryLater,
                    held.Describe(settings.Paths.InstanceLock) + (held.Pid is null ? "" : ", and the lock is its business: wait for it, or stop it with SIGTERM"));
            case InstanceLockReply.Unavailable no:
                return Setup.Fail(Ending.NotWritable, no.Why);
            case InstanceLockReply.Taken taken:
                using (taken.Lock)
                {
                    StoredRun stored = new RunStateFile(settings.Paths.StateFile).Load(CancellationToken.None).AsTask().GetAwaiter().GetResult();
                    return OpenRun.Owner(stored) is { } owned ? Setup.Fail(owned.Ending, owned.Why) : act(settings, service);
                }
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    /// <summary>Null and the configured service, or the exit code.</summary>
    internal static int? Load(
        string config, SecretUse secrets, out UpdaterSettings? settings, out ILockService? service, Unsound unsound = Unsound.Refuse)
    {
        service = null;
        settings = Setup.Load(config, secrets, unsound)?.Settings;
        if (settings is null) return Ending.Misconfigured.Code();
        if (settings.Lock.Service == LockServiceKind.None)
            return Setup.Fail(Ending.Misconfigured, "no lock service is configured, so there is no lock: set [lock] service and [lock] name");
        service = Setup.LockService(settings, out string why);
        return service is null ? Setup.Fail(Ending.Misconfigured, why) : null;
    }

    /// <summary>Says that this service cannot do this; exit code 2.</summary>
    internal static int Cannot(ILockService service, string what)
    {
        StandardStreams.WriteError($"dlm-updater: the lock service '{service.Identity.Service}' {what}");
        return ExitCodes.Usage;
    }

    private static Command Verb(string name, string description, Func<string, int> act)
    {
        Option<string> config = CommonOptions.Config();
        var command = new Command(name, description) { config };
        command.SetAction(parsed => act(parsed.GetValue(config)!));
        return command;
    }
}
