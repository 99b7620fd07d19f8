using DlmUpdater.Bench;
using DlmUpdater.Bench.Simulation;

switch (args)
{
    case ["simulate", .. var rest]:
        return SimulateCommand.Run(rest);
    case ["bench", var binary]:
        return NoOpBench.Run(binary);
    default:
        Console.Error.WriteLine("usage: simulate [--seeds N] [--seed S] [--trace] | bench BINARY");
        return 2;
}
