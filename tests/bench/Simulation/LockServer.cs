using DlmUpdater.Core.Locking;

namespace DlmUpdater.Bench.Simulation;

/// <summary>The simulated lock service: two locks, troubles, and an admin.</summary>
public sealed class LockServer(Fleet fleet)
{
    private readonly List<(string Lock, int Seen, Action Wake)> _waiters = [];

    /// <summary>The locks. The second exists for configurations that are changed under an open run.</summary>
    public LockTruth[] Locks { get; } = [new("fleet", fleet.Scenario.Slots), new("other", fleet.Scenario.Slots)];

    /// <summary>Nobody gets an answer until then.</summary>
    public TimeSpan AwayUntil { get; private set; }

    /// <summary>The lock called <paramref name="name"/>.</summary>
    public LockTruth Lock(string name) => Locks[0].Name == name ? Locks[0] : Locks[1];

    /// <summary>Executes an acquire.</summary>
    public AcquireReply Acquire(Agent agent, string name)
    {
        LockTruth truth = Lock(name);
        Host host = agent.Host;
        bool had = truth.Holds(host);
        if (!truth.Enabled && !(had && fleet.Scenario.DisabledStopsNewHoldersOnly)) return new AcquireReply.Disabled();
        bool over = fleet.Sabotage.HasFlag(Sabotage.ServiceGrantsOverItsSlots) && fleet.Dice.Chance(0.2);
        if (!had && !truth.HasRoom && !over) return new AcquireReply.Busy(Others(truth, host), truth.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture));
        truth.Put(host);
        host.Granted(truth);
        fleet.Sim.Say("server", $"{host} holds '{name}'{(had ? " (did before)" : "")}");
        Changed();
        return new AcquireReply.Granted(null);
    }

    /// <summary>Executes a release.</summary>
    public ReleaseReply Release(Agent agent, string name)
    {
        LockTruth truth = Lock(name);
        Host host = agent.Host;
        if (!truth.Enabled && !fleet.Scenario.DisabledStopsNewHoldersOnly) return new ReleaseReply.Disabled();
        if (truth.Take(host))
        {
            host.GaveBack(truth);
            fleet.Sim.Say("server", $"{host} gave '{name}' back");
            Changed();
            return new ReleaseReply.Released();
        }

        if (truth.HasRoom) return new ReleaseReply.NotHeld();
        LockHolder other = Others(truth, host)[0];
        if (fleet.Sabotage.HasFlag(Sabotage.ReleaseFreesAnother) && truth.Holders.Count > 0) truth.Take(truth.Holders[0]);
        return new ReleaseReply.HeldByOther(other);
    }

    /// <summary>Executes a show.</summary>
    public ShowReply Show(Agent agent, string name)
    {
        if (!fleet.Scenario.CanShow) return new ShowReply.CannotTell();
        LockTruth truth = Lock(name);
        List<LockHolder> holders = Others(truth, agent.Host);
        if (truth.Holds(agent.Host) || fleet.Sabotage.HasFlag(Sabotage.ShowBelieves)) holders.Add(new LockHolder(agent.Host.Name, null, null, true));
        return new ShowReply.Shown(new LockView(name, truth.Slots, holders, truth.Enabled, truth.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    /// <summary>Wakes <paramref name="wake"/> at the next change after <paramref name="seen"/>.</summary>
    public void Watch(string name, int seen, Action wake)
    {
        if (Lock(name).Revision != seen) wake();
        else _waiters.Add((name, seen, wake));
    }

    /// <summary>Starts the troubles of this seed.</summary>
    public void Begin()
    {
        if (fleet.Scenario.ServiceTroubles > TimeSpan.Zero) Again(fleet.Scenario.ServiceTroubles, Trouble);
        if (fleet.Scenario.AdminMeddles > TimeSpan.Zero) Again(fleet.Scenario.AdminMeddles, Meddle);
    }

    /// <summary>Ends them, and undoes what an admin did; never what a host did.</summary>
    public void Heal()
    {
        AwayUntil = TimeSpan.Zero;
        foreach (LockTruth truth in Locks)
        {
            truth.Enabled = true;
            truth.Strangers = 0;
            foreach (Host host in fleet.Hosts)
            {
                host.RefusedUntil = TimeSpan.Zero;
                if (!host.Gifts.Contains(truth)) continue;
                truth.Take(host);
                host.Robbed(truth);
            }

            truth.Touch();
        }

        Changed();
    }

    private void Again(TimeSpan mean, Action what) =>
        fleet.Sim.After(mean * (0.2 + (1.6 * fleet.Dice.Unit())), null, () =>
        {
            if (fleet.Healed) return;
            what();
            Again(mean, what);
        });

    private void Trouble()
    {
        TimeSpan lasts = fleet.Dice.Seconds(5, fleet.Dice.Pick(60.0, 600, 3600));
        LockTruth truth = Locks[fleet.Dice.Below(2)];
        switch (fleet.Dice.Below(4))
        {
            case 0:
            case 1:
                AwayUntil = fleet.Sim.Now + lasts;
                fleet.Sim.Say("server", $"away for {lasts.TotalSeconds:0} s");
                break;
            case 2:
                truth.Enabled = false;
                truth.Touch();
                fleet.Sim.Say("server", $"'{truth.Name}' is disabled for {lasts.TotalSeconds:0} s");
                fleet.Sim.After(lasts, null, () =>
                {
                    truth.Enabled = true;
                    truth.Touch();
                    Changed();
                });
                break;
            default:
                Host host = fleet.Hosts[fleet.Dice.Below(fleet.Hosts.Count)];
                host.RefusedUntil = fleet.Sim.Now + lasts;
                fleet.Sim.Say("server", $"refuses {host} for {lasts.TotalSeconds:0} s");
                break;
        }
    }

    private void Meddle()
    {
        LockTruth truth = Locks[fleet.Dice.Chance(0.8) ? 0 : 1];
        Host other = fleet.Hosts[fleet.Dice.Below(fleet.Hosts.Count)];
        if (truth.Holders.Count > 0)
        {
            Host victim = truth.Holders[fleet.Dice.Below(truth.Holders.Count)];
            truth.Take(victim);
            victim.Robbed(truth);
            fleet.Sim.Say("admin", $"takes '{truth.Name}' from {victim}");
        }
        else if (truth.Strangers > 0)
        {
            truth.Strangers--;
            truth.Touch();
        }

        int gives = fleet.Dice.Below(3);
        if (gives == 1 && truth.HasRoom && !truth.Holds(other))
        {
            truth.Put(other);
            other.Given(truth);
            fleet.Sim.Say("admin", $"hands '{truth.Name}' to {other}");
        }
        else if (gives == 2 && truth.HasRoom)
        {
            truth.Strangers++;
            fleet.Sim.Say("admin", $"hands '{truth.Name}' to a stranger");
            fleet.Sim.After(fleet.Dice.Seconds(60, 3600), null, () =>
            {
                if (truth.Strangers > 0) truth.Strangers--;
                truth.Touch();
                Changed();
            });
        }

        Changed();
    }

    private void Changed()
    {
        for (int i = _waiters.Count - 1; i >= 0; i--)
        {
            (string name, int seen, Action wake) = _waiters[i];
            if (Lock(name).Revision == seen) continue;
            _waiters.RemoveAt(i);
            fleet.Sim.After(fleet.Dice.Seconds(0.001, 0.3), null, wake);
        }
    }

    private static List<LockHolder> Others(LockTruth truth, Host host)
    {
        var others = new List<LockHolder>();
        foreach (Host holder in truth.Holders)
        {
            if (holder != host) others.Add(new LockHolder(holder.Name, null, null, false));
        }

        for (int i = 0; i < truth.Strangers; i++) others.Add(new LockHolder("stranger", null, null, false));
        return others;
    }
}
