using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Scripts;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary><c>/etc/updatelock/pre-update.d</c>: asked before the lock, with the care that the scripts of a run get.</summary>
internal static class UpdatelockHooks
{
    private const string Directory = "/etc/updatelock/pre-update.d";

    /// <summary>Null if every hook succeeded, or there is none; else which one did not, and why.</summary>
    internal static string? Run(UpdaterSettings settings)
    {
        if (OwnDirectories.Fault(settings) is { } foreign) return foreign;
        if (BootInfo.Read(out string why) is not { } boot) return why;
        ScriptSettings place = settings.Scripts with
        {
            Directories = settings.Scripts.Directories.SetItem(ScriptStage.PreUpdate, Directory),
            UserScriptUsers = [],
            Missing = MissingRule.Empty,
        };
        using var scripts = new HostScripts(place, settings.Paths, boot, TimeProvider.System,
            new ScriptListener { Output = (_, _, line) => _ = Report.Line($"{line}") });
        ScriptSet set = scripts.Find(ScriptStage.PreUpdate);
        if (set.Unusable is { } unusable) return unusable;
        if (set.Refused.Count > 0) return $"{set.Refused[0].Path} is refused: {string.Join(", ", set.Refused[0].Reasons)}";
        if (set.Scripts.Count == 0) return null;

        ProcessRunner.PrepareThisProcess();
        return InstanceLock.TryTake(settings.Paths.InstanceLock) switch
        {
            InstanceLockReply.HeldBy held => held.Describe(settings.Paths.InstanceLock),
            InstanceLockReply.Unavailable no => no.Why,
            InstanceLockReply.Taken taken => Run(scripts, set, settings.Lock, taken.Lock),
            _ => throw new InvalidOperationException("no rule for this answer"),
        };
    }

    private static string? Run(HostScripts scripts, ScriptSet set, LockSettings settings, IDisposable instance)
    {
        using (instance)
        {
            foreach (Script script in set.Scripts)
            {
                var context = new ScriptContext(Phase.NeedsUpdate, "updatelock", 1, settings.Service.ToString().ToLowerInvariant(), settings.Name, []);
                ScriptResult result = scripts.Run(script, context, CancellationToken.None).AsTask().GetAwaiter().GetResult();
                if (!result.Succeeded) return $"the hook {script.Path} failed: {result.Describe()}; the lock was not asked for";
            }

            return null;
        }
    }
}
