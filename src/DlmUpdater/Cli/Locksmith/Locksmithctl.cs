using System.Globalization;
using System.Text;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Locks.Etcd;
using DlmUpdater.Scripts;
using DlmUpdater.State;

namespace DlmUpdater.Cli.Locksmith;

/// <summary><c>locksmithctl</c>, when this program is called by that name: its commands, output and exit codes (locksmith 0.6.2), on etcd's API v2, and on v3
/// with <c>-api v3</c>, where the semaphore is airlock's.</summary>
internal static class Locksmithctl
{
    private const int Failed = 1;

    private static readonly (string Name, string Arguments, string Text)[] Commands =
    [
        ("help", "[COMMAND]", "Show the commands, or one of them"),
        ("lock", "[MACHINE-ID]", "Take a slot for this host, or for the one that is named"),
        ("reboot", "", "Take a slot and reboot; give it back with 'unlock' after the boot"),
        ("send-need-reboot", "", "Tell the bus, as update_engine does, that a reboot is needed"),
        ("set-max", "NUMBER", "Set how many hosts may reboot at once"),
        ("status", "", "Show how many slots are free, and who holds the others"),
        ("unlock", "[MACHINE-ID]", "Give the slot of this host back, or of the one that is named"),
    ];

    /// <summary>Runs it; the exit code.</summary>
    internal static int Invoke(IReadOnlyList<string> args)
    {
        if (LocksmithFlags.Read(args, Environment.GetEnvironmentVariable, out string why) is not { } flags)
        {
            StandardStreams.WriteError(why);
            StandardStreams.WriteError(Usage().TrimEnd('\n'));
            return ExitCodes.Usage;
        }

        if (flags.Version) return Report.Text($"locksmithctl version 0.6.2 (dlm-updater {ThisAssembly.Version})\n");
        if (flags.Help || flags.Words.IsEmpty) return Report.Text(Usage());
        string? argument = flags.Words.Length > 1 ? flags.Words[1] : null;
        switch (flags.Words[0])
        {
            case "help":
                return argument is null ? Report.Text(Usage()) : Help(argument);
            case "status":
                return Ask(flags, null, Status);
            case "lock":
                return Ask(flags, argument, Lock);
            case "unlock":
                return Ask(flags, argument, Unlock);
            case "set-max":
                if (argument is null) return Fail("New maximum value must be set.");
                return int.TryParse(argument, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int slots)
                    ? Ask(flags, null, service => SetMax(service, slots))
                    : Fail($"Invalid maximum value: {argument}");
            case "reboot":
                return Native.geteuid() != 0 ? Fail("Must be root to initiate reboot.") : Ask(flags, null, Reboot);
            case "send-need-reboot":
                return SendNeedReboot();
            case var other:
                Report.Text($"locksmithctl: unknown subcommand: \"{other}\"\nSee 'locksmithctl help'.\n");
                return ExitCodes.Usage;
        }
    }

    private static int Ask(LocksmithFlags flags, string? holder, Func<EtcdLockService, int> act)
    {
        if (flags.Etcd(out string why) is not { } etcd) return Fail("Error initializing etcd client: " + why);
        var settings = new LockSettings { Service = LockServiceKind.Etcd, Holder = holder };
        using EtcdLockService? service = EtcdSetup.Make(etcd, settings, TimeProvider.System, Random.Shared.NextDouble, out why);
        return service is null ? Fail("Error initializing etcd client: " + why) : act(service);
    }

    private static int Status(EtcdLockService service)
    {
        if (Look(service, out string why) is not { } view) return Fail("Error getting status: " + why);
        var text = new StringBuilder($"Available: {view.Slots - view.Holders.Count}\nMax: {view.Slots}\n");
        if (view.Holders.Count > 0) text.Append("\nMACHINE ID\n");
        foreach (LockHolder holder in view.Holders) text.Append(holder.Id).Append('\n');
        return Report.Text(text.ToString());
    }

    /// <summary>Unlike <see cref="ILockService.Acquire"/>, a second lock by the same holder is an error here: scripts count on that.</summary>
    private static int Lock(EtcdLockService service)
    {
        if (Look(service, out string why) is not { } view) return Fail("Error locking: " + why);
        if (view.HeldByUs) return Fail("Error locking: " + (view.Holders.Count >= view.Slots ? $"semaphore is at {view.Slots - view.Holders.Count}" : "holder exists"));
        return BoundedCall.Acquire(service) switch
        {
            AcquireReply.Granted => 0,
            AcquireReply.Busy busy => Fail($"Error locking: semaphore is at {Math.Min(0, view.Slots - busy.Holders.Count)}"),
            AcquireReply.Disabled => Fail("Error locking: semaphore is at 0"),
            AcquireReply.Refused refused => Fail("Error locking: " + refused.Why),
            AcquireReply.Unreachable away => Fail("Error locking: " + away.Why),
            _ => throw new InvalidOperationException("no rule for this answer"),
        };
    }

    private static int Unlock(EtcdLockService service)
    {
        // A run of this program that has stopped owns its slot, whoever asks.
        if (new RunStateFile(new PathSettings().StateFile).Peek() is StoredRun.Open { State: var state } && state.Lock?.Identity == service.Identity)
            return Fail($"Error unlocking: the run {state.RunId} of dlm-updater is open and owns it: 'dlm-updater run' goes on with it, 'dlm-updater reset --release' gives both up");
        return Free(service);
    }

    private static int Free(EtcdLockService service) => BoundedCall.Unlock(service, service.Identity.Holder) switch
    {
        ReleaseReply.Released => 0,
        ReleaseReply.Refused refused => Fail("Error unlocking: " + refused.Why),
        ReleaseReply.Unreachable away => Fail("Error unlocking: " + away.Why),
        _ => Fail("Error unlocking: holder does not exist"),
    };

    private static int SetMax(EtcdLockService service, int slots) => BoundedCall.SetSlots(service, slots) switch
    {
        SlotsReply.Set set => Report.Text($"Old-Max: {set.Old}\nMax: {slots}\n"),
        SlotsReply.Refused refused => Fail("Error setting value: " + refused.Why),
        SlotsReply.Unreachable away => Fail("Error setting value: " + away.Why),
        _ => throw new InvalidOperationException("no rule for this answer"),
    };

    private static int Reboot(EtcdLockService service)
    {
        int code = Lock(service);
        if (code != 0) return code;
        code = ForegroundCommand.Run(ThisHost.HostCommand, out string why);
        // A slot for a reboot that does not come would keep the fleet waiting.
        if (code != 0) _ = BoundedCall.Release(service);
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
        foreach ((string name, string arguments, string text) in Commands)
        {
            if (name == topic) return Report.Text($"locksmithctl [FLAGS] {name} {arguments}".TrimEnd() + $"\n\n{text}.\n");
        }

        return Fail($"Unrecognized command: {topic}");
    }

    private static string Usage()
    {
        var text = new StringBuilder("locksmithctl [FLAGS] COMMAND [ARGUMENTS]\n\nThe reboot lock of a fleet in etcd.\n\nCOMMANDS\n");
        foreach ((string name, string arguments, string what) in Commands) text.Append($"  {$"{name} {arguments}",-24} {what}\n");
        return text.Append("\nFLAGS, or LOCKSMITHCTL_ and the name in capitals in the environment\n")
            .Append("  -endpoint URL[,URL]      etcd; may be repeated (http://127.0.0.1:2379,http://127.0.0.1:4001)\n")
            .Append("  -etcd-cafile FILE        the CAs to trust\n  -etcd-certfile FILE      this host's certificate\n  -etcd-keyfile FILE       its key\n")
            .Append("  -etcd-username NAME      a user of etcd\n  -etcd-password TEXT      the password; better in the environment, where others do not see it\n")
            .Append("  -group NAME              the group\n  -api v2|v3               etcd's API (v2); v3 is airlock's semaphore\n  -debug                   accepted, means nothing\n  -version                 show the version\n")
            .ToString();
    }

    private static LockView? Look(EtcdLockService service, out string why)
    {
        ShowReply reply = BoundedCall.Show(service);
        why = reply switch
        {
            ShowReply.Refused refused => refused.Why,
            ShowReply.Unreachable away => away.Why,
            _ => "",
        };
        return (reply as ShowReply.Shown)?.View;
    }

    private static int Fail(string why)
    {
        StandardStreams.WriteError(why);
        return Failed;
    }
}
