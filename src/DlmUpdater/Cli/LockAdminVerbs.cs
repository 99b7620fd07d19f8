using System.CommandLine;
using System.Globalization;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary>The parts of <c>dlm-updater lock</c> that go beyond this host's own slot. What a service cannot do, it says.</summary>
internal static class LockAdminVerbs
{
    internal static Command List()
    {
        Option<string> config = CommonOptions.Config();
        Option<OutputFormat> output = CommonOptions.Output();
        var command = new Command("list", "Show all locks of the lock service, and who holds them") { config, output };
        command.SetAction(parsed =>
        {
            if (LockVerb.Load(parsed.GetValue(config)!, SecretUse.Admin, out _, out ILockService? service, Unsound.Show) is { } wrong) return wrong;
            if (service is not ILockList can) return LockVerb.Cannot(service!, "cannot list its locks: it knows only the one that is asked for ('dlm-updater lock show')");
            return BoundedCall.List(can) switch
            {
                ListReply.Told told when parsed.GetValue(output) == OutputFormat.Json => Report.Json(json => LockReport.Write(json, told.Locks)),
                ListReply.Told told => Report.Text(LockReport.Table(told.Locks, service.Identity.Name)),
                ListReply.Refused refused => Setup.Fail(Ending.Refused, refused.Why),
                ListReply.Unreachable away => Setup.Fail(Ending.Unreachable, away.Why),
                _ => throw new InvalidOperationException("no rule for this answer"),
            };
        });
        return command;
    }

    internal static Command Unlock()
    {
        Option<string> config = CommonOptions.Config();
        var holder = new Argument<string>("HOLDER") { Description = "Whose slot, as 'lock show' writes its id" };
        var reason = new Option<string>("--reason") { Description = "Why, for the log and the history", HelpName = "TEXT", DefaultValueFactory = _ => "" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("unlock", "Free the slot of a host that will not do so itself, because it is dead") { config, holder, reason, yes };
        command.SetAction(parsed => Unlock(parsed.GetValue(config)!, parsed.GetValue(holder)!, parsed.GetValue(reason)!, parsed.GetValue(yes)));
        return command;
    }

    internal static Command SetMax()
    {
        Option<string> config = CommonOptions.Config();
        var slots = new Argument<string>("N") { Description = "How many hosts may hold the lock at once, from 1" };
        var command = new Command("set-max", "Change how many hosts may hold the lock at once; who holds it keeps it") { config, slots };
        command.SetAction(parsed => int.TryParse(parsed.GetValue(slots), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1
            ? SetMax(parsed.GetValue(config)!, number)
            : Usage($"set-max wants a number from 1, not '{parsed.GetValue(slots)}'"));
        return command;
    }

    internal static Command Events()
    {
        Option<string> config = CommonOptions.Config();
        Option<OutputFormat> output = CommonOptions.Output();
        var command = new Command("events", "Show what happened to the lock lately, the newest first") { config, output };
        command.SetAction(parsed =>
        {
            if (LockVerb.Load(parsed.GetValue(config)!, SecretUse.Admin, out _, out ILockService? service, Unsound.Show) is { } wrong) return wrong;
            if (service is not ILockEvents can) return LockVerb.Cannot(service!, "keeps no record of its locks: 'dlm-updater history' tells what this host did");
            return BoundedCall.Events(can) switch
            {
                EventsReply.Told told when parsed.GetValue(output) == OutputFormat.Json => Report.Json(json => LockReport.Write(json, told)),
                EventsReply.Told told => Report.Text(LockReport.Table(told)),
                EventsReply.Refused refused => Setup.Fail(Ending.Refused, refused.Why),
                EventsReply.Unreachable away => Setup.Fail(Ending.Unreachable, away.Why),
                _ => throw new InvalidOperationException("no rule for this answer"),
            };
        });
        return command;
    }

    internal static int Switch(string config, bool enabled)
    {
        if (LockVerb.Load(config, SecretUse.Admin, out _, out ILockService? service) is { } wrong) return wrong;
        string word = enabled ? "enabled" : "disabled";
        if (service is not ILockSwitch can) return LockVerb.Cannot(service!, $"cannot be switched: its locks are always enabled, so '{word}' means nothing there");
        switch (BoundedCall.Switch(can, enabled))
        {
            case SwitchReply.Switched done:
                string effect = enabled ? ": hosts get it again"
                    : ": no more host gets it" + (done.Holders.Count == 0 ? "" : $"; {string.Join(", ", done.Holders)} keep{(done.Holders.Count == 1 ? "s" : "")} it until the run is over");
                return Report.Text($"the lock '{service!.Identity.Name}' {(done.Changed ? $"is {word} now" : $"was {word} already, nothing changed")}{effect}\n");
            case SwitchReply.Refused refused:
                return Setup.Fail(Ending.Refused, refused.Why);
            case SwitchReply.Unreachable away:
                return Setup.Fail(Ending.Unreachable, away.Why);
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    private static int Unlock(string config, string holder, string reason, bool yes)
    {
        if (LockVerb.Load(config, SecretUse.Admin, out UpdaterSettings? settings, out ILockService? service) is { } wrong) return wrong;
        if (service is not ILockUnlock can) return LockVerb.Cannot(service!, "cannot free another host's slot from here: use its own tools");
        string name = service.Identity.Name;
        // A stopped run owns its lock, whoever asks.
        if (holder == service.Identity.Holder && OpenRun.Owner(OpenRun.Of(settings!)) is { } owned)
            return Setup.Fail(owned.Ending, owned.Why);

        StandardStreams.WriteError($"dlm-updater: this frees the slot of {holder} at the lock '{name}': if that host is still in the middle of an update, the next one begins beside it");
        if (!yes)
        {
            if (!Terminal.IsTerminal(0)) return Usage("unlock asks before it frees another host's slot, and there is no terminal to ask on: give --yes");
            StandardStreams.WriteError("dlm-updater: type 'yes' to go on:");
            if (!StandardStreams.ReadsYes()) return Usage("nothing was changed");
        }

        switch (BoundedCall.Unlock(can, holder))
        {
            case ReleaseReply.Released { WasHeld: false }:
                Report.Text($"{service.Identity.Service} accepted the request: {holder} holds no slot at the lock '{name}' now; whether it held one before, it does not say: " +
                    $"check the spelling of the id with the server's own tools\n");
                return AdminRecord.Keep(settings!, service.Identity,
                    $"the release of the slot of {holder} at the lock '{name}' was requested by hand; {service.Identity.Service} does not say whether it held one{(reason.Length == 0 ? "" : ": " + reason)}");
            case ReleaseReply.Released:
                Report.Text($"the slot of {holder} at the lock '{name}' is free\n");
                return AdminRecord.Keep(settings!, service.Identity, $"the slot of {holder} at the lock '{name}' was freed by hand{(reason.Length == 0 ? "" : ": " + reason)}");
            case ReleaseReply.NotHeld:
                return Report.Text($"{holder} does not hold the lock '{name}': nothing to free\n");
            case ReleaseReply.HeldByOther other:
                return Usage($"{holder} does not hold the lock '{name}', {other.Holder} does, and was left alone: 'dlm-updater lock show' writes the ids");
            case ReleaseReply.Disabled:
                return Setup.Fail(Ending.TryLater, $"the lock '{name}' is disabled and cannot be freed: 'dlm-updater lock enable' first");
            case ReleaseReply.Refused refused:
                return Setup.Fail(Ending.Refused, refused.Why);
            case ReleaseReply.Unreachable away:
                return Setup.Fail(Ending.Unreachable, $"{away.Why}; whether the slot is free is not known: 'dlm-updater lock show' tells");
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    private static int SetMax(string config, int slots)
    {
        if (LockVerb.Load(config, SecretUse.Admin, out UpdaterSettings? settings, out ILockService? service) is { } wrong) return wrong;
        if (service is not ILockSlots can) return LockVerb.Cannot(service!, "has no number of slots that could be set from here: its own configuration says how many");
        switch (BoundedCall.SetSlots(can, slots))
        {
            case SlotsReply.Set set:
                string over = set.Holders.Count > slots ? $"; {set.Holders.Count} hosts hold it and keep it, and nobody new gets it until enough have left" : "";
                Report.Text($"the lock '{service.Identity.Name}' has {slots} slot{(slots == 1 ? "" : "s")} now, it had {set.Old}{over}\n");
                return set.Old == slots ? 0 : AdminRecord.Keep(settings!, service.Identity, $"the slots of the lock '{service.Identity.Name}' were set from {set.Old} to {slots} by hand");
            case SlotsReply.Refused refused:
                return Setup.Fail(Ending.Refused, refused.Why);
            case SlotsReply.Unreachable away:
                return Setup.Fail(Ending.Unreachable, away.Why);
            default:
                throw new InvalidOperationException("no rule for this answer");
        }
    }

    private static int Usage(string why)
    {
        StandardStreams.WriteError("dlm-updater: " + why);
        return ExitCodes.Usage;
    }
}
