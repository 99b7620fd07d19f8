using DlmUpdater.Bench;
using DlmUpdater.Bench.Simulation;

switch (args)
{
    case ["simulate", .. var rest]:
        return SimulateCommand.Run(rest);
    case ["bench", var binary]:
        return NoOpBench.Run(binary) is not 0 and var failed ? failed
            : UpgradeBench.Run(binary) is not 0 and var upgrade ? upgrade
            : LockBench.Run(binary) is not 0 and var later ? later
            : await HandoverBench.Run(binary);
    case ["bench", var binary, "upgrade"]:
        return UpgradeBench.Run(binary);
    case ["bench", var binary, "lock"]:
        return LockBench.Run(binary);
    case ["bench", var binary, "handover"]:
        return await HandoverBench.Run(binary);
    default:
        Console.Error.WriteLine("usage: simulate [--seeds N] [--seed S] [--trace] | bench BINARY [upgrade|lock|handover]");
        return 2;
}
