using DlmUpdater.Core.Workflow;

namespace DlmUpdater.Bench.Simulation;

/// <summary>State files that no run of today wrote: one word of the old tools, or garbage.</summary>
internal static class OldStates
{
    /// <summary>Gives the host one, with the lock or without it.</summary>
    internal static void Give(Host host)
    {
        Fleet fleet = host.Fleet;
        LockTruth truth = fleet.Server.Locks[0];
        if (fleet.Dice.Chance(0.2))
        {
            host.Disk = new StoredRun.Unreadable("the state file is empty; see 'dlm-updater reset'");
            if (truth.HasRoom && fleet.Dice.Chance(0.5)) truth.Put(host);
            return;
        }

        var phase = (Phase)fleet.Dice.Below(8);
        DateTimeOffset written = host.BootedAt + fleet.Dice.Seconds(-5000, 50);
        host.Disk = new StoredRun.OldWord(phase, written);
        if (phase != Phase.NeedsUpdate && truth.HasRoom && fleet.Dice.Chance(0.8)) truth.Put(host);
        else host.Robbed(truth);
    }

    /// <summary>dlm-updater reset --release, by an admin who looked.</summary>
    internal static void Reset(Host host)
    {
        Fleet fleet = host.Fleet;
        fleet.Sim.Say("admin", $"resets {host}");
        host.Disk = new StoredRun.None();
        foreach (LockTruth truth in fleet.Server.Locks) truth.Take(host);
    }
}
