using DlmUpdater.Configuration;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.State;

namespace DlmUpdater.Cli;

/// <summary>Finds the open run of this host. It owns its lock, under whatever name this program is called: nothing else releases it.</summary>
internal static class OpenRun
{
    /// <summary>The run that this configuration keeps.</summary>
    internal static StoredRun Of(UpdaterSettings settings) => new RunStateFile(settings.Paths.StateFile).Peek();

    /// <summary>The run of this host, for those that have no configuration of their own: at the place that the installed configuration names, or
    /// the one that it takes over. A configuration that does not show the place may hide a run: that is not the same as none.</summary>
    internal static StoredRun OfThisHost()
    {
        LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest
        {
            NeedsService = false,
            Secrets = SecretUse.None,
            Environment = Setup.Variables(),
        });
        if (loaded.Paths is { } paths) return new RunStateFile(paths.StateFile).Peek();
        StoredRun usual = new RunStateFile(new PathSettings().StateFile).Peek();
        string first = loaded.Complaints.FirstOrDefault(c => c.Severity == Severity.Error)?.Text ?? ConfigurationRequest.DefaultFile;
        return usual is StoredRun.None ? new StoredRun.Unavailable($"the configuration does not show where runs are kept ({first})") : usual;
    }

    /// <summary>Null if no run is open, else why the lock must be left to it: a refusal (1), for the run does not end by itself.</summary>
    internal static (Ending Ending, string Why)? Owner(StoredRun stored) => stored switch
    {
        StoredRun.None => null,
        StoredRun.Open { State: var state } => (Ending.ScriptFailed,
            $"the run {state.RunId} is open in phase {state.Phase.Name()} since {LockReport.Time(state.PhaseSince)}, and the lock is its business: " +
            "'dlm-updater run' goes on with it, 'dlm-updater reset --release' gives run and lock up"),
        StoredRun.OldWord old => (Ending.ScriptFailed,
            $"a run of an older tool is open in phase {old.Phase.Name()}, and the lock is its business: " +
            "'dlm-updater run' goes on with it, 'dlm-updater reset --release' gives run and lock up"),
        StoredRun.Unreadable unreadable => (Ending.StateUnreadable, unreadable.Why),
        StoredRun.Unavailable unavailable => (Ending.NotWritable, unavailable.Why),
        _ => throw new InvalidOperationException($"no rule for {stored.GetType().Name}"),
    };
}
