using System.Diagnostics;
using System.Globalization;

namespace DlmUpdater.Bench.Simulation;

/// <summary><c>simulate [--seeds N] [--seed S] [--trace]</c></summary>
internal static class SimulateCommand
{
    internal static int Run(ReadOnlySpan<string> args)
    {
        int count = 10_000;
        ulong first = FleetBatch.BaseSeed;
        bool trace = false, one = false, seeds = false;
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--seeds" when i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out count):
                    seeds = true;
                    i++;
                    break;
                case "--seed" when i + 1 < args.Length && ulong.TryParse(args[i + 1], CultureInfo.InvariantCulture, out first):
                    one = true;
                    i++;
                    break;
                case "--trace":
                    trace = true;
                    break;
                default:
                    return Usage();
            }
        }

        if (one && !seeds) count = 1;
        if (trace)
        {
            FleetResult told = Fleet.Run(first, tracing: true);
            Console.WriteLine(told.Explain(int.MaxValue));
            return told.Violation is null ? 0 : 1;
        }

        var watch = Stopwatch.StartNew();
        FleetBatch batch = FleetBatch.Run(first, count);
        Console.WriteLine($"{batch.Seeds} seeds, {batch.Starts} starts, {batch.RunsDone} runs done, {batch.Steps} steps in {watch.Elapsed.TotalSeconds:0.0} s: " +
            $"{batch.Seeds / watch.Elapsed.TotalSeconds:0} seeds/s; {batch.Failures} seed(s) broke a rule");
        foreach (var group in batch.Broken.GroupBy(b => b.Violation!.Rule))
            Console.WriteLine($"  {group.Key}: {group.Count()}, such as seed {group.First().Seed}: {group.First().Violation!.What}");
        if (batch.Broken.Count == 0) return 0;
        Console.WriteLine(Fleet.Run(batch.Broken[0].Seed, tracing: true).Explain());
        return 1;
    }

    private static int Usage()
    {
        Console.Error.WriteLine("usage: simulate [--seeds N] [--seed S] [--trace]");
        return 2;
    }
}
