using System.CommandLine;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary><c>updatelock</c>, the client script of the Foreman DLM plugin, as a verb and by that name: the same words, the same prefix on the same stream, the
/// same exit codes 0 and 1, which its units know.</summary>
internal static class Updatelock
{
    private const int Failed = 1;

    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        var words = new Argument<string[]>("COMMAND") { Description = "update, release, status or lock", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("updatelock", "Stand in for the script of the Foreman DLM plugin: update, release, status, lock") { config, words };
        command.SetAction(parsed => Run(parsed.GetValue(config)!, parsed.GetValue(words) ?? []));
        return command;
    }

    private static int Run(string config, string[] words) => words switch
    {
        ["update"] => Update(config),
        ["release"] => Release(config),
        ["status"] => Ask(config, Status),
        ["lock"] => Alone(config, Unsound.Refuse, (_, service) => Lock(service)),

        // An unknown word was exit code 0 there, which hides a typing error in a unit.
        _ => Report.Text($"Usage: updatelock [ update | release | status | lock ]\n") + Failed,
    };

    private static int Status(ILockService service)
    {
        string name = service.Identity.Name;
        switch (BoundedCall.Show(service))
        {
            case ShowReply.Shown { View: { HeldByUs: true } }:
                return Talk.Info($"the lock '{name}' is held by this host");
            case ShowReply.Shown { View: { Exists: false } }:
                return Talk.Info($"there is no lock '{name}' yet, so it is free");
            case ShowReply.Shown { View: { Holders: [] } view }:
                return Talk.Info($"the lock '{name}' is free{(view.Enabled ? "" : ", and disabled")}");
            case ShowReply.Shown { View: var view }:
                return Talk.Info($"the lock '{name}' is held by {string.Join(", ", view.Holders.Select(LockReport.Describe))}");
            case ShowReply.Refused refused:
                return Talk.Error(refused.Why);
            case ShowReply.Unreachable away:
                return Talk.Error(away.Why);
            default:
                return Talk.Error($"the lock service '{service.Identity.Service}' does not say who holds a lock");
        }
    }

    private static int Lock(ILockService service)
    {
        string name = service.Identity.Name;
        return BoundedCall.Acquire(service) switch
        {
            AcquireReply.Granted => Talk.Info($"this host holds the lock '{name}' now"),
            AcquireReply.Busy busy => Talk.Error($"the lock '{name}' is held by {string.Join(", ", busy.Holders.Select(LockReport.Describe))}"),
            AcquireReply.Disabled off => Talk.Error($"no host gets the lock '{name}', because {off.Why}: an admin enables it with {off.Undo}"),
            AcquireReply.Refused refused => Talk.Error(refused.Why),
            AcquireReply.Unreachable away => Talk.Error(away.Why),
            _ => throw new InvalidOperationException("no rule for this answer"),
        };
    }

    /// <summary>A unit calls it at every boot. After the reboot of a run it is that run which goes on, and gives the lock back when the host has proved that it
    /// is well; else the lock goes back only if it is this host's.</summary>
    private static int Release(string config)
    {
        if (Load(config, Unsound.Show, out IReadOnlyList<ConfigurationOverride> overrides) is not { } settings) return Failed;
        if (new RunStateFile(settings.Paths.StateFile).Peek() is StoredRun.Open { State: { Phase: Phase.Reboot, Reboot: { } asked } } && BootInfo.Read(out _) is { } boot && boot != asked.Boot)
        {
            Talk.Info("the run that rebooted this host goes on, and gives the lock back at its end");
            return RunOnce.Start(config, afterReboot: true, overrides) == 0 ? 0 : Failed;
        }

        return Alone(config, Unsound.Decide, (_, service) => Give(service));
    }

    private static int Give(ILockService service)
    {
        string name = service.Identity.Name;

        // The unit calls at every boot, and mostly there is nothing to give back: that is no failure, and not a write.
        if (BoundedCall.Show(service) is ShowReply.Shown { View: { HeldByUs: false, Holders: [] } })
            return Talk.Info($"the lock '{name}' is not held by this host: there is nothing to give back");
        return BoundedCall.Release(service) switch
        {
            ReleaseReply.Released => Talk.Info($"the lock '{name}' is given back"),
            ReleaseReply.NotHeld => Talk.Error($"the lock '{name}' is not held by this host: there is nothing to give back"),
            ReleaseReply.HeldByOther other => Talk.Error($"the lock '{name}' is held by {other.Holder} and was left alone"),
            ReleaseReply.Disabled => Talk.Error($"the lock '{name}' is disabled and cannot be given back until an admin enables it"),
            ReleaseReply.Refused refused => Talk.Error(refused.Why),
            ReleaseReply.Unreachable away => Talk.Error(away.Why),
            _ => throw new InvalidOperationException("no rule for this answer"),
        };
    }

    private static int Update(string config)
    {
        if (Load(config, Unsound.Decide, out IReadOnlyList<ConfigurationOverride> overrides) is not { } settings) return Failed;

        // What is open goes on whatever the hooks say: they ask whether a host may begin.
        if (new RunStateFile(settings.Paths.StateFile).Peek() is StoredRun.None)
        {
            if (Load(config, Unsound.Refuse, out _) is null) return Failed;
            if (UpdatelockHooks.Run(settings) is { } vetoed) return Talk.Error(vetoed);
        }

        Talk.Info("the run begins");
        if (RunOnce.Start(config, afterReboot: false, overrides) != 0) return Talk.Error("the run has stopped, see above; 'dlm-updater status' says where");
        return Talk.Info("the run is done, or goes on after the reboot");
    }

    private static int Ask(string config, Func<ILockService, int> act)
    {
        if (Load(config, Unsound.Show, out _) is not { } settings) return Failed;
        return Setup.LockService(settings, out string why) is { } service ? act(service) : Talk.Error(why);
    }

    private static int Alone(string config, Unsound unsound, Func<UpdaterSettings, ILockService, int> act) => Load(config, unsound, out _) is not { } settings ? Failed
        : Setup.LockService(settings, out string why) is not { } service ? Talk.Error(why)
        : LockVerb.Alone(settings, service, act) == 0 ? 0 : Failed;

    /// <summary>The configuration, or null when why not is said. The server and the lock may stand in the environment, under the names that the script had for
    /// them; puppet's certificate is meant unless another one is named.</summary>
    private static UpdaterSettings? Load(string config, Unsound unsound, out IReadOnlyList<ConfigurationOverride> overrides)
    {
        overrides = UpdatelockEnvironment.Read();
        if (overrides.Count == 0) return Setup.Load(config, SecretUse.Lock, unsound)?.Settings;
        if (Setup.Load(config, SecretUse.Lock, Unsound.Decide, overrides)?.Settings is not { } settings) return null;
        if (settings.Foreman is { Certificate: null })
            overrides = [.. overrides, new ConfigurationOverride("foreman", "client_crt", "puppet", "updatelock")];
        return Setup.Load(config, SecretUse.Lock, unsound, overrides)?.Settings;
    }

    /// <summary>Its lines: green on stdout, red on stderr, the prefix that its readers look for.</summary>
    private static class Talk
    {
        private const int Output = 1, ErrorOutput = 2;

        /// <summary>Exit code 0.</summary>
        internal static int Info(string text) => Report.Text($"{Coloured(Output, "32", $"[updatelock]: {text}")}\n");

        /// <summary>Exit code 1.</summary>
        internal static int Error(string text)
        {
            StandardStreams.WriteError(Coloured(ErrorOutput, "31", $"[updatelock] ERROR: {text}"));
            return Failed;
        }

        private static ShownText Coloured(int fd, string colour, ShownText text) =>
            Terminal.IsTerminal(fd) && Terminal.WantsColour(Environment.GetEnvironmentVariable("NO_COLOR")) ? $"\e[{colour}m{text}\e[0m" : text;
    }
}
