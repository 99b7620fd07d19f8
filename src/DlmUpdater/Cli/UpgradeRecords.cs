using System.Collections.Immutable;
using DlmUpdater.Core.Upgrades;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.Scripts.Upgrades;

namespace DlmUpdater.Cli;

/// <summary>What an admin changes of an upgrade by hand: the record of what is done, and a new script.</summary>
internal static class UpgradeRecords
{
    private const uint ScriptMode = 0b111_101_101;

    /// <summary>Counts scripts as not done.</summary>
    internal static int Rerun(string config, ImmutableArray<string> names) =>
        Change(config, names, "will run again with the next upgrade", (store, script) => store.Forget(script.Name));

    /// <summary>Counts scripts as done.</summary>
    internal static int Mark(string config, ImmutableArray<string> names) => Change(config, names, "is recorded as done, and was not run", (store, script) => store.Mark(script));

    /// <summary>Makes a script.</summary>
    internal static int New(string config, string? bandName, bool everyTime, string name)
    {
        if (UpgradeFacts.Gather(config, new UpgradeChoice(), out int code) is not { } facts) return code;
        if (name.Length == 0 || name.Contains('/') || name.Any(char.IsControl) || name[0] is '.' or '-')
            return Usage($"'{Configuration.Display.Plain(name)}' cannot be part of a file name");
        Band? band = bandName is null ? facts.Plan.Bands[0] : facts.Plan.Bands.FirstOrDefault(b => b.Name == bandName);
        if (band is null) return Usage($"there is no band {bandName}: the bands are {string.Join(", ", facts.Plan.Bands.Select(b => b.Name))}");
        if (ScriptNumber.Next(facts.Found.Scripts.Select(s => s.Number), band) is not { } number)
            return Setup.Fail(Ending.ScriptFailed, $"every multiple of {ScriptNumber.Step} from {band.From} to {band.To} is taken: choose a number yourself");

        string directory = $"{facts.Settings.Upgrade.Directory}/{(everyTime ? UpgradeDirectory.EveryTime : UpgradeDirectory.Once)}";
        string path = $"{directory}/{number:0000}_{name}";
        string run = everyTime ? "always" : "once";
        string text = $"#!/bin/sh\n# dlm: run={run} description={name.Replace('_', ' ').Replace('-', ' ')}\n" +
            "# It may be started again when it was interrupted: what is done already must do no harm.\nset -eu\n\n";
        if (DurableFile.Replace(path, System.Text.Encoding.UTF8.GetBytes(text), "[upgrade] directory", ScriptMode) is { } failed) return Setup.Fail(Ending.NotWritable, failed.Why);
        return Report.Text($"{path}\n");
    }

    private static int Change(string config, ImmutableArray<string> names, string said, Func<UpgradeStore, UpgradeScript, string?> change)
    {
        if (UpgradeFacts.Gather(config, new UpgradeChoice(), out int code) is not { } facts) return code;
        foreach (string name in names)
        {
            UpgradeScript? script = facts.Found.Scripts.FirstOrDefault(s => s.Name == name);
            if (script is null) return Usage($"there is no script {name} in {facts.Settings.Upgrade.Directory}");
            if (!script.RunsOnce) return Usage($"{name} runs every time: there is nothing to record");
        }

        using UpgradeStore store = UpgradeFacts.Store(facts.Settings);
        foreach (string name in names)
        {
            if (change(store, facts.Found.Scripts.First(s => s.Name == name)) is { } why) return Setup.Fail(Ending.NotWritable, why);
            Report.Text($"{name} {said}\n");
        }

        return 0;
    }

    private static int Usage(string why)
    {
        StandardStreams.WriteError("dlm-updater: " + why);
        return ExitCodes.Usage;
    }
}
