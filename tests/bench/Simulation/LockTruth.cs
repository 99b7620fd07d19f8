namespace DlmUpdater.Bench.Simulation;

/// <summary>One lock as it really is at the service. The judge looks here, never at what anybody was told.</summary>
public sealed class LockTruth(string name, int slots)
{
    private readonly List<Host> _holders = [];

    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>How many may hold it.</summary>
    public int Slots { get; } = slots;

    /// <summary>Who does.</summary>
    public IReadOnlyList<Host> Holders => _holders;

    /// <summary>A slot is taken by an admin for something that is no host of this fleet.</summary>
    public int Strangers { get; set; }

    /// <summary>Switched on.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Changes with every change.</summary>
    public int Revision { get; private set; }

    /// <summary>True if a slot is free.</summary>
    public bool HasRoom => _holders.Count + Strangers < Slots;

    /// <summary>True if <paramref name="host"/> holds it.</summary>
    public bool Holds(Host host) => _holders.Contains(host);

    /// <summary>Puts a host in.</summary>
    public void Put(Host host)
    {
        if (_holders.Contains(host)) return;
        _holders.Add(host);
        Revision++;
    }

    /// <summary>Takes a host out; false if it was not in.</summary>
    public bool Take(Host host)
    {
        if (!_holders.Remove(host)) return false;
        Revision++;
        return true;
    }

    /// <summary>Something changed that is no holder.</summary>
    public void Touch() => Revision++;
}
