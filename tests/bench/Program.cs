using DlmUpdater.Bench;
using DlmUpdater.Bench.Simulation;

switch (args)
{
    case ["simulate", .. var rest]:
        return SimulateCommand.Run(rest);
    case ["bench", var binary]:
        return NoOpBench.Run(binary) is not 0 and var failed ? failed : LockBench.Run(binary);
    case ["bench", var binary, "lock"]:
        return LockBench.Run(binary);
    default:
        Console.Error.WriteLine("usage: simulate [--seeds N] [--seed S] [--trace] | bench BINARY [lock]");
        return 2;
}
