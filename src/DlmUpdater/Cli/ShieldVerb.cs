using System.CommandLine;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Scheduling;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Scripts;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater shield -- COMMAND…</c>: runs a command under the lock and gives the lock back in every case.</summary>
internal static class ShieldVerb
{
    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        var wait = new Option<bool>("--wait") { Description = "Wait for a busy lock, as [lock] wait_max bounds it; without this a busy lock is exit status 75 at once" };
        var words = new Argument<string[]>("COMMAND") { Description = "What to run, with its arguments, after --", Arity = ArgumentArity.OneOrMore };
        var command = new Command("shield", "Run a command under the lock, and give the lock back in every case") { config, wait, words };
        command.SetAction(parsed =>
        {
            if (Signals.Catch() is { } deaf) return Setup.Fail(Ending.TryLater, deaf);
            bool waits = parsed.GetValue(wait);
            string[] run = parsed.GetValue(words)!;
            return LockVerb.Alone(parsed.GetValue(config)!, (settings, service) => Shield(settings.Lock, waits, service, run));
        });
        return command;
    }

    private static int Shield(LockSettings settings, bool waits, ILockService service, string[] command)
    {
        LockIdentity identity = service.Identity;
        LockKeeper taker = Keeper(service, settings with { Wait = waits });
        // Taken by hand before: then it is not ours to give back.
        bool wasHeld = Heeding(stop => taker.Look(stop)) is ShowReply.Shown { View.HeldByUs: true };
        if (Heeding(stop => taker.Take(null, mayBeOurs: false, stop)) is LockOutcome.NotCleared no)
        {
            if (no.MayBeOurs && !wasHeld) _ = GiveBack(taker, patient: false);
            return Setup.Fail(Of(no.Verdict), $"{no.Why}: {command[0]} was not run");
        }

        int code;
        string why = "";
        if (Signals.OfThisProcess.Stop.IsCancellationRequested) code = Setup.Fail(Ending.Interrupted, $"interrupted when the lock was granted: {command[0]} was not run");
        else code = ForegroundCommand.Run(command, out why);
        if (why.Length > 0) StandardStreams.WriteError("dlm-updater: " + why);
        if (wasHeld)
        {
            StandardStreams.WriteError($"dlm-updater: the lock '{identity.Name}' was held by this host before and stays held; 'dlm-updater lock release' gives it back");
            return code;
        }

        (Verdict verdict, string how) = GiveBack(Keeper(service, settings), patient: true);
        if (verdict == Verdict.Released) return code;
        StandardStreams.WriteError($"dlm-updater: the lock '{identity.Name}' could not be given back: {how}; 'dlm-updater lock release' tries again");
        return code != 0 ? code : Of(verdict).Code();
    }

    /// <summary>Takes and gives back the lock by hand; what is waited for is told on stderr.</summary>
    internal static LockKeeper Keeper(ILockService service, LockSettings patience) =>
        new(service, patience, RebootStrategy.Lock, TimeProvider.System, HostJitter.For(service.Identity.Holder, TimeProvider.System.GetUtcNow()).Next, new Talk());

    /// <summary>The ending for a lock that was not taken, or not given back.</summary>
    internal static Ending Of(Verdict verdict) => verdict switch
    {
        Verdict.LockRefused => Ending.Refused,
        Verdict.LockUnreachable => Ending.Unreachable,
        _ => Ending.TryLater,
    };

    /// <summary>Waits for a call; a signal that asks this process to stop ends the call.</summary>
    internal static T Heeding<T>(Func<CancellationToken, ValueTask<T>> call) => call(Signals.OfThisProcess.Stop).AsTask().GetAwaiter().GetResult();

    /// <summary>Releases the lock. Also after a signal: then with one short call, which a second signal ends.</summary>
    internal static (Verdict Verdict, string How) GiveBack(LockKeeper keeper, bool patient)
    {
        Signals signals = Signals.OfThisProcess;
        bool isAsked = signals.Stop.IsCancellationRequested;
        return keeper.GiveBack(patient && !isAsked, isAsked ? signals.AtOnce : signals.Stop).AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Tells on stderr what is waited for; stdout is the command's.</summary>
    private sealed class Talk : IRunEvents
    {
        private string? _said;

        /// <inheritdoc/>
        public void On(RunEvent happened)
        {
            if (happened is not RunEvent.LockWaiting waiting || waiting.Why == _said) return;
            _said = waiting.Why;
            StandardStreams.WriteError($"dlm-updater: waiting for the lock '{waiting.Lock.Name}': {waiting.Why}");
        }
    }
}
