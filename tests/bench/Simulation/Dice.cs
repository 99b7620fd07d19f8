namespace DlmUpdater.Bench.Simulation;

/// <summary>Seeded dice (PCG32, XSH-RR): the same numbers for the same seed on every version of .NET, which System.Random does not promise.</summary>
public sealed class Dice
{
    private const ulong Multiplier = 6364136223846793005UL;
    private const ulong Increment = 1442695040888963407UL;

    private ulong _state;

    /// <summary>Dice for <paramref name="seed"/>.</summary>
    public Dice(ulong seed)
    {
        _state = seed + Increment;
        Next();
        Next();
    }

    /// <summary>32 fresh bits.</summary>
    public uint Next()
    {
        ulong old = _state;
        _state = unchecked((old * Multiplier) + Increment);
        uint shifted = (uint)(((old >> 18) ^ old) >> 27);
        int turn = (int)(old >> 59);
        return (shifted >> turn) | (shifted << ((-turn) & 31));
    }

    /// <summary>From 0 to below 1.</summary>
    public double Unit() => Next() / 4294967296.0;

    /// <summary>From 0 to below <paramref name="limit"/>.</summary>
    public int Below(int limit) => (int)(((ulong)Next() * (ulong)limit) >> 32);

    /// <summary>True with this probability.</summary>
    public bool Chance(double probability) => Unit() < probability;

    /// <summary>A time span between two, in seconds.</summary>
    public TimeSpan Seconds(double from, double to) => TimeSpan.FromTicks((long)((from + ((to - from) * Unit())) * TimeSpan.TicksPerSecond));

    /// <summary>One of these.</summary>
    public T Pick<T>(params ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    /// <summary>Other dice, so that a change in one part does not shift the numbers of all the others.</summary>
    public Dice Fork() => new(((ulong)Next() << 32) | Next());
}
