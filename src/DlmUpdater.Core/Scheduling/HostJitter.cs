namespace DlmUpdater.Core.Scheduling;

/// <summary>The dice of one host: the same seed throws the same numbers, so that a test can replay them, and two hosts with
/// different seeds do not poll in step.</summary>
public sealed class HostJitter
{
    private ulong _state;

    /// <summary>Dice from a seed.</summary>
    public HostJitter(ulong seed) => _state = Mix(seed);

    /// <summary>Dice for a host's start: no two hosts, and no two starts, throw alike.</summary>
    /// <param name="holder">The host's name at the lock service.</param>
    /// <param name="now">When it starts.</param>
    public static HostJitter For(string holder, DateTimeOffset now) => new(Hash(holder) ^ (ulong)now.UtcTicks);

    /// <summary>The next number, from 0 to below 1.</summary>
    public double Next()
    {
        // splitmix64: public domain, passes the usual tests, and its one word of state needs no warm-up.
        _state += 0x9E3779B97F4A7C15;
        return (Mix(_state) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>A number from 0 to below 1 that is the same for this text every time: a host's own place in a stretch of time.</summary>
    public static double Stable(string text) => (Mix(Hash(text)) >> 11) * (1.0 / (1UL << 53));

    private static ulong Hash(string text)
    {
        ulong hash = 0xCBF29CE484222325; // FNV-1a
        foreach (char c in text) hash = (hash ^ c) * 0x100000001B3;
        return hash;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
