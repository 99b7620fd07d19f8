using System.CommandLine;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater reset</c>: gives an open run up. The state file is moved aside, not destroyed.</summary>
internal static class ResetVerb
{
    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var release = new Option<bool>("--release") { Description = "Give the run's lock back too, if it is ours" };
        var command = new Command("reset", "Give the open run up; the next start begins afresh") { config, yes, release };
        command.SetAction(parsed => Reset(parsed.GetValue(config)!, parsed.GetValue(yes), parsed.GetValue(release)));
        return command;
    }

    private static int Reset(string config, bool yes, bool release)
    {
        if (Setup.Load(config, release ? SecretUse.Lock : SecretUse.None, Unsound.Show) is not { Settings: { } settings }) return Ending.Misconfigured.Code();
        if (OwnDirectories.Fault(settings) is { } foreign) return Setup.Fail(Ending.Misconfigured, foreign);

        switch (InstanceLock.TryTake(settings.Paths.InstanceLock))
        {
            case InstanceLockReply.HeldBy held:
                return Setup.Fail(Ending.TryLater, held.Describe(settings.Paths.InstanceLock) + (held.Pid is null ? "" : ": wait for it, or stop it with SIGTERM"));
            case InstanceLockReply.Unavailable no:
                return Setup.Fail(Ending.NotWritable, no.Why);
            case InstanceLockReply.Taken taken:
                using (taken.Lock) return ResetAlone(settings, yes, release);
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    private static int ResetAlone(UpdaterSettings settings, bool yes, bool release)
    {
        var store = new RunStateFile(settings.Paths.StateFile);
        StoredRun stored = store.Load(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        if (stored is StoredRun.None)
        {
            StandardStreams.WriteError("dlm-updater: no run is open, nothing to reset");
            return 0;
        }

        StandardStreams.WriteError("dlm-updater: " + Loss(stored, release));
        if (!yes)
        {
            if (!Terminal.IsTerminal(0)) return Usage("reset asks before it forgets a run, and there is no terminal to ask on: give --yes");
            StandardStreams.WriteError("dlm-updater: type 'yes' to go on:");
            if (!StandardStreams.ReadsYes()) return Usage("nothing was changed");
        }

        // The lock first: a state that is gone can no longer say that the lock is ours.
        if (release && Release(settings) is { } kept) return kept;
        string aside = settings.Paths.StateFile + ".reset";
        if (DurableFile.MoveAside(settings.Paths.StateFile, aside) is { } why) return Setup.Fail(Ending.NotWritable, why);
        int recorded = Record(settings, stored, aside);
        int printed = Report.Text($"the run is given up; its state is kept in {aside}\n");
        return recorded != 0 ? recorded : printed;
    }

    /// <summary>Puts the reset into log and history and replaces the last start's message: <c>status</c> must not go on asking for the
    /// repair of a run that is no longer open. Exit code 0, or 74; the reset itself is done.</summary>
    private static int Record(UpdaterSettings settings, StoredRun stored, string aside)
    {
        string run = stored is StoredRun.Open { State: var state } ? $"run {state.RunId}, open in phase {state.Phase.Name()}, was reset" : "an open run was reset";
        string what = $"{run}; its state is kept in {aside}";
        int kept = AdminRecord.Keep(settings, null, what);
        string? unwritten = new LastStart(TimeProvider.System.GetUtcNow(), Ending.Done, 0, what).Write(settings.Paths.RunDirectory);
        return unwritten is null ? kept : Setup.Fail(Ending.NotWritable, unwritten);
    }

    /// <summary>Null if the lock is not ours any more, else the exit code.</summary>
    private static int? Release(UpdaterSettings settings)
    {
        if (Setup.LockService(settings, out string why) is not { } service) return Setup.Fail(Ending.Misconfigured, why);
        ReleaseReply reply = BoundedCall.Release(service);
        switch (reply)
        {
            case ReleaseReply.Released released:
                StandardStreams.WriteError($"dlm-updater: the lock '{service.Identity.Name}' is released{(released.WasHeld ? "" : ", if this host held it")}");
                return null;
            case ReleaseReply.NotHeld:
                StandardStreams.WriteError($"dlm-updater: the lock '{service.Identity.Name}' was not held by this host");
                return null;
            case ReleaseReply.HeldByOther other:
                StandardStreams.WriteError($"dlm-updater: the lock '{service.Identity.Name}' is held by {other.Holder} and was left alone");
                return null;
            case ReleaseReply.Disabled:
                return Setup.Fail(Ending.TryLater, $"the lock '{service.Identity.Name}' is switched off and cannot be released: enable it first; nothing was reset");
            case ReleaseReply.Refused refused:
                return Setup.Fail(Ending.Refused, $"{refused.Why}; nothing was reset");
            case ReleaseReply.Unreachable away:
                return Setup.Fail(Ending.Unreachable, $"{away.Why}; nothing was reset");
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    private static string Loss(StoredRun stored, bool release) => stored switch
    {
        StoredRun.Open { State: var state } =>
            $"this forgets the run {state.RunId}, open in phase {state.Phase.Name()} since {state.PhaseSince.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}, " +
            $"with {state.Finished.Length} finished script(s) of that phase: what it left half done on this host stays half done" +
            (state.Lock is { } held ? release ? $"; the lock '{held.Identity.Name}' is given back" : $"; the lock '{held.Identity.Name}' stays as it is (--release gives it back)" : ""),
        StoredRun.OldWord old => $"this forgets the run that an older tool left open in phase {old.Phase.Name()}" + (release ? "; the lock is given back" : "; the lock stays as it is"),
        StoredRun.Unreadable unreadable => $"this forgets a state that cannot be understood ({unreadable.Why})" + (release ? "; the lock is given back if it is ours" : "; the lock stays as it is"),
        StoredRun.Unavailable unavailable => unavailable.Why,
        _ => "",
    };

    private static int Usage(string why)
    {
        StandardStreams.WriteError("dlm-updater: " + why);
        return ExitCodes.Usage;
    }
}
