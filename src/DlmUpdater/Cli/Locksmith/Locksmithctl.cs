using System.Globalization;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Scripts;

namespace DlmUpdater.Cli.Locksmith;

/// <summary><c>locksmithctl</c>, when this program is called by that name: its commands, output and exit codes (locksmith 0.6.2), on etcd's API v2, and on v3
/// with <c>-api v3</c>, where the semaphore is airlock's.</summary>
internal static class Locksmithctl
{
    private const int Failed = 1;
    private const string NoClient = "Error initializing etcd client: ";

    /// <summary>Runs it; the exit code. A flag that locksmithctl does not know, and one that asks for help, never acts, wherever it stands.</summary>
    internal static int Invoke(IReadOnlyList<string> args)
    {
        Signals.LetThrough();
        LocksmithFlags flags = LocksmithFlags.Read(args, Environment.GetEnvironmentVariable);
        if (flags.Error is { } error) return ShowUsage(error);
        if (flags.IsVersion) return Report.Text($"locksmithctl version 0.6.2 (dlm-updater {ThisAssembly.Version})\n");
        if (flags.Words is not [var verb, .. var rest]) return Report.Text(ShownText.OfLines(LocksmithHelp.Usage()));
        if (!LocksmithHelp.IsCommand(verb))
        {
            Report.Text($"locksmithctl: unknown subcommand: {GoText.Quote(verb)}\nRun 'locksmithctl help' for usage.\n");
            return ExitCodes.Usage;
        }

        // No command has flags of its own.
        GoFlags own = GoFlags.Parse(rest, [], []);
        string[] words = own.Words;
        if ((own.Error ?? LateFlag(verb, own)) is { } wrong)
        {
            if (wrong != GoFlags.HelpRequested) StandardStreams.WriteError(wrong);
            StandardStreams.WriteError("Usage:");
            Report.Text($"{wrong}\n");
            return ExitCodes.Usage;
        }

        switch (verb)
        {
            case "help":
                return words.Length == 0 ? Report.Text(ShownText.OfLines(LocksmithHelp.Usage())) : Help(words[0]);
            case "status":
                return Ask(flags, Status);
            case "lock":
                return Ask(flags, (etcd, semaphore) => Holder(words, out string holder) is { } none ? Fail(none) : Lock(semaphore, holder));
            case "unlock":
                return Ask(flags, (etcd, semaphore) => Holder(words, out string holder) is { } none ? Fail(none) : Unlock(etcd, semaphore, holder));
            case "set-max":
                return words.Length != 1 ? Fail("New maximum value must be set.") : Ask(flags, (etcd, semaphore) => SetMax(etcd, semaphore, words[0]));
            case "reboot":
                return words.Length > 0 ? TakesNoArguments(verb)
                    : Native.geteuid() != 0 ? Fail("Must be root to initiate reboot.")
                    : Ask(flags, (etcd, semaphore) => Reboot(semaphore));
            case "send-need-reboot":
                return words.Length > 0 ? TakesNoArguments(verb) : SendNeedReboot();
            default:
                throw new InvalidOperationException($"no rule for the command {verb}");
        }
    }

    /// <summary>What is wrong with a flag behind the first argument, which locksmithctl ignores; the others refuse any second argument.</summary>
    private static string? LateFlag(string verb, GoFlags own) =>
        !own.IsEndMarked && verb is "lock" or "unlock" or "status" && Array.Find(own.Words, GoFlags.IsFlag) is { } late ? GoFlags.Parse([late], [], []).Error : null;

    private static int Ask(LocksmithFlags flags, Func<EtcdSettings, LocksmithCommands, int> act)
    {
        if (flags.Etcd(out string why) is not { } etcd) return Fail(NoClient + why);
        using LocksmithCommands? semaphore = EtcdSetup.MakeCommands(etcd, TimeProvider.System, Random.Shared.NextDouble, out why);
        if (semaphore is null) return Fail(NoClient + why);
        // Made, or found, before anything else: what a command says later is about the semaphore, not about the way to it.
        return BoundedCall.Open(semaphore) is LocksmithReply.NoClient no ? Fail(NoClient + no.Why) : act(etcd, semaphore);
    }

    /// <summary>The named holder, or this machine; words after it are ignored, as there. Not null: why there is none.</summary>
    private static string? Holder(string[] words, out string holder)
    {
        if (words.Length > 0)
        {
            holder = words[0];
            return holder.Length == 0 ? "the machine id is empty: name one, or none for this host" : null;
        }

        MachineIdReading machine = MachineId.Read();
        holder = machine.Id ?? "";
        return machine.Id is null ? $"Cannot read machine-id: {machine.Why}" : null;
    }

    private static int Status(EtcdSettings etcd, LocksmithCommands semaphore) => BoundedCall.Open(semaphore) switch
    {
        LocksmithReply.Done { Document: var document } => Report.Text(Status(document)),
        var reply => Failure(reply, "Error getting status: "),
    };

    private static ShownText Status(SemaphoreDocument document)
    {
        ShownText text = $"Available: {document.Free}\nMax: {document.Max}\n";
        if (!document.Semaphore.Holders.IsEmpty) text.Append($"\nMACHINE ID\n");
        foreach (SlotHolder holder in document.Semaphore.Holders) text.Append($"{holder.Id}\n");
        return text;
    }

    private static int Lock(LocksmithCommands semaphore, string holder) =>
        Failure(BoundedCall.Do(cancel => semaphore.Lock(holder, cancel)), "Error locking: ");

    private static int Unlock(EtcdSettings etcd, LocksmithCommands semaphore, string holder) => OwnedBy(EtcdSetup.Identity(etcd, holder)) is { } owner
        ? Fail("Error unlocking: " + owner)
        : Failure(BoundedCall.Do(cancel => semaphore.Unlock(holder, cancel)), "Error unlocking: ");

    /// <summary>Null, or the open run that owns this slot. Where it is not known whether a run is open, this machine's own slot is left alone.</summary>
    private static string? OwnedBy(LockIdentity identity) => OpenRun.OfThisHost() switch
    {
        StoredRun.Open { State: var state } run => state.Lock?.Identity == identity ? OpenRun.Owner(run)?.Why : null,
        var other => MachineId.Read().Id == identity.Holder ? OpenRun.Owner(other)?.Why : null,
    };

    private static int SetMax(EtcdSettings etcd, LocksmithCommands semaphore, string text)
    {
        // airlock's number has no sign.
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long max) || (max < 0 && etcd.Layout == EtcdLayout.Airlock))
            return Fail($"Invalid maximum value: {text}");
        return BoundedCall.Do(cancel => semaphore.SetMax(max, cancel)) switch
        {
            LocksmithReply.Done done => Report.Text($"Old-Max: {done.OldMax}\nMax: {done.Document.Max}\n"),
            var reply => Failure(reply, "Error setting value: "),
        };
    }

    private static int Reboot(LocksmithCommands semaphore)
    {
        if (Holder([], out string holder) is { } none) return Fail(none);
        int code = Lock(semaphore, holder);
        if (code != 0) return code;
        code = ForegroundCommand.Run(ThisHost.HostCommand, out string why);
        // A slot for a reboot that does not come would keep the fleet waiting.
        if (code != 0) _ = BoundedCall.Do(cancel => semaphore.Unlock(holder, cancel));
        return code == 0 ? 0 : Fail($"Error rebooting: {(why.Length > 0 ? why : $"exit code {code}")}; the slot is given back");
    }

    private static int SendNeedReboot()
    {
        string[] signal = ["busctl", "--system", "emit", "/com/coreos/update1", "com.coreos.update1.Manager", "StatusUpdate", "xdssx", "0", "0", "UPDATE_STATUS_UPDATED_NEED_REBOOT", "", "0"];
        int code = ForegroundCommand.Run(signal, out string why);
        return code == 0 ? 0 : Fail($"Error sending the signal: {(why.Length > 0 ? why : $"busctl ended with exit code {code}")}");
    }

    private static int Help(string topic)
    {
        if (LocksmithHelp.Of(topic) is { } text) return Report.Text(ShownText.OfLines(text));
        Report.Text($"Unrecognized command: {topic}\n");
        return Failed;
    }

    /// <summary>What Go's flag package does with a flag in front of the command: help is no error, and all of it goes to stderr.</summary>
    private static int ShowUsage(string error)
    {
        bool isHelp = error == GoFlags.HelpRequested;
        if (!isHelp) StandardStreams.WriteError(error);
        StandardStreams.WriteError(ShownText.OfLines("Usage of locksmithctl:\n" + LocksmithHelp.Usage().TrimEnd('\n')));
        return isHelp ? 0 : ExitCodes.Usage;
    }

    private static int TakesNoArguments(string verb)
    {
        StandardStreams.WriteError($"{verb} takes no arguments, and nothing was done: see 'locksmithctl help {verb}'");
        return ExitCodes.Usage;
    }

    private static int Failure(LocksmithReply reply, string doing) => reply switch
    {
        LocksmithReply.Done => 0,
        LocksmithReply.NoClient no => Fail(NoClient + no.Why),
        LocksmithReply.Failed failed => Fail(doing + failed.Why),
        _ => throw new InvalidOperationException("no rule for this answer"),
    };

    private static int Fail(string why)
    {
        StandardStreams.WriteError(why);
        return Failed;
    }
}
