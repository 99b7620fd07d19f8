using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>The fleet's lock around an upgrade by hand. Unlike a shield's it stays with the host when the upgrade stops: its services may be down, and another host must not
/// take its own down too.</summary>
internal static class UpgradeLock
{
    /// <summary>Runs <paramref name="act"/> under the lock.</summary>
    /// <param name="settings">Which lock.</param>
    /// <param name="isOpen">True: an earlier start took the lock.</param>
    /// <param name="begin">Writes that this start begins; before the lock is asked for. Null, or why it cannot be written.</param>
    /// <param name="undo">Takes that back, if no lock was got.</param>
    /// <param name="act">Returns the exit code.</param>
    /// <param name="isComplete">Asked after <paramref name="act"/>: whether nothing is left to do.</param>
    internal static int Under(UpdaterSettings settings, bool isOpen, Func<string?> begin, Action undo, Func<int> act, Func<bool> isComplete)
    {
        if (settings.Lock.Service == LockServiceKind.None)
            return Setup.Fail(Ending.Misconfigured, "no lock service is configured: set [lock] service, or [upgrade] lock = false where no other host cares");
        if (Setup.LockService(settings, out string why) is not { } service) return Setup.Fail(Ending.Misconfigured, why);
        return LockVerb.Alone(settings, service, (_, _) => Held(settings.Lock, service, isOpen, begin, undo, act, isComplete));
    }

    private static int Held(LockSettings settings, ILockService service, bool isOpen, Func<string?> begin, Action undo, Func<int> act, Func<bool> isComplete)
    {
        LockIdentity identity = service.Identity;
        LockKeeper Keeper() => ShieldVerb.Keeper(service, settings);
        bool wasHeld = !isOpen && ShieldVerb.Heeding(stop => Keeper().Look(stop)) is ShowReply.Shown { View.HeldByUs: true };
        if (begin() is { } unwritten) return Setup.Fail(Ending.NotWritable, unwritten);
        if (ShieldVerb.Heeding(stop => Keeper().Take(null, mayBeOurs: isOpen, stop)) is LockOutcome.NotCleared no)
        {
            if (no.MayBeOurs && !wasHeld && !isOpen) _ = ShieldVerb.GiveBack(Keeper(), patient: false);
            if (!no.MayBeOurs) undo();
            return Setup.Fail(ShieldVerb.Of(no.Verdict), $"{no.Why}: no script was run");
        }

        int code = act();
        if (code != 0 || !isComplete())
        {
            StandardStreams.WriteError($"dlm-updater: the lock '{identity.Name}' stays with this host until the upgrade is done; 'dlm-updater lock release' gives it back before");
            return code;
        }

        if (wasHeld)
        {
            StandardStreams.WriteError($"dlm-updater: the lock '{identity.Name}' was held by this host before and stays held; 'dlm-updater lock release' gives it back");
            return code;
        }

        (Verdict verdict, string how) = ShieldVerb.GiveBack(Keeper(), patient: true);
        return verdict == Verdict.Released ? code
            : Setup.Fail(ShieldVerb.Of(verdict), $"the lock '{identity.Name}' could not be given back: {how}; 'dlm-updater lock release' tries again");
    }
}
