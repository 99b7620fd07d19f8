using DlmUpdater.Bench.Simulation;

if (args is ["simulate", .. var rest]) return SimulateCommand.Run(rest);
Console.Error.WriteLine("usage: simulate [--seeds N] [--seed S] [--trace]");
return 2;
