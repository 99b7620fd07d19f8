namespace DlmUpdater.Bench.Simulation;

/// <summary>Many seeds, on two threads of their own: each seed stays on one thread.</summary>
public sealed class FleetBatch
{
    /// <summary>Where the seeds begin when nobody says otherwise.</summary>
    public const ulong BaseSeed = 20_260_105;

    private const int Threads = 2;
    private const int KeptFailures = 200;
    private readonly Lock _gate = new();

    /// <summary>How many seeds were run.</summary>
    public int Seeds { get; private set; }

    /// <summary>How many broke a rule.</summary>
    public int Failures { get; private set; }

    /// <summary>Starts of agents that ended, over all seeds.</summary>
    public long Starts { get; private set; }

    /// <summary>Runs that came to their end, over all seeds.</summary>
    public long RunsDone { get; private set; }

    /// <summary>Steps, over all seeds.</summary>
    public long Steps { get; private set; }

    /// <summary>The first results with a broken rule, by seed.</summary>
    public List<FleetResult> Broken { get; } = [];

    /// <summary>Runs <paramref name="count"/> seeds from <paramref name="first"/>.</summary>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many.</param>
    /// <param name="sabotage">A part that is broken on purpose.</param>
    /// <param name="table">Another resume table.</param>
    /// <param name="stopAtFirst">End with the first broken rule.</param>
    public static FleetBatch Run(ulong first, int count, Sabotage sabotage = Sabotage.None, ResumeTable? table = null, bool stopAtFirst = false)
    {
        var batch = new FleetBatch();
        var threads = new Thread[Threads];
        int next = 0;
        for (int t = 0; t < Threads; t++)
        {
            // A thread of its own has no synchronization context, so every continuation runs inline.
            threads[t] = new Thread(() =>
            {
                int i;
                while ((i = Interlocked.Increment(ref next) - 1) < count && !(stopAtFirst && batch.Failures > 0))
                    batch.Add(Fleet.Run(first + (ulong)i, sabotage: sabotage, table: table));
            });
            threads[t].Start();
        }

        foreach (Thread thread in threads) thread.Join();
        batch.Broken.Sort((a, b) => a.Seed.CompareTo(b.Seed));
        return batch;
    }

    private void Add(FleetResult result)
    {
        lock (_gate)
        {
            Seeds++;
            Starts += result.Starts;
            RunsDone += result.Runs;
            Steps += result.Steps;
            if (result.Violation is null) return;
            Failures++;
            if (Broken.Count < KeptFailures) Broken.Add(result);
        }
    }
}
