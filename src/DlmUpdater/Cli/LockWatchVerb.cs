using System.CommandLine;
using DlmUpdater.Configuration;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Cli;

/// <summary><c>dlm-updater lock watch</c>: a line whenever the lock changes hands, until it is interrupted.</summary>
internal static class LockWatchVerb
{
    internal static Command Build()
    {
        Option<string> config = CommonOptions.Config();
        Option<OutputFormat> output = CommonOptions.Output();
        var command = new Command("watch", "Show the lock, and again whenever it changes, until interrupted") { config, output };
        command.SetAction(parsed =>
        {
            if (Signals.Catch() is { } deaf) return Setup.Fail(Ending.TryLater, deaf);
            if (LockVerb.Load(parsed.GetValue(config)!, SecretUse.Lock, out UpdaterSettings? settings, out ILockService? service, Unsound.Show) is { } wrong) return wrong;
            try
            {
                return Watch(service!, parsed.GetValue(output), settings!.Lock.RetryInterval, TimeProvider.System, Signals.OfThisProcess.Stop).AsTask().GetAwaiter().GetResult();
            }
            catch (OperationCanceledException)
            {
                return 0;
            }
        });
        return command;
    }

    private static async ValueTask<int> Watch(ILockService service, OutputFormat output, TimeSpan interval, TimeProvider time, CancellationToken cancel)
    {
        string? shown = null, said = null;
        while (true)
        {
            string? revision = null;
            switch (await BoundedCall.Show(service, time, cancel))
            {
                case ShowReply.Shown { View: var view }:
                    (revision, said) = (view.Revision, null);
                    string standing = LockReport.Standing(view);
                    // Nobody reads any more: not an error, but the end.
                    if (standing != shown && !Write(service.Identity, view, standing, output, time.GetUtcNow())) return 0;
                    shown = standing;
                    break;
                case ShowReply.CannotTell:
                    return LockVerb.Cannot(service, "cannot show who holds a lock: ask its own tools");
                case ShowReply.Refused refused:
                    return Setup.Fail(Ending.Refused, refused.Why);
                case ShowReply.Unreachable away:
                    if (away.Why != said) StandardStreams.WriteError("dlm-updater: " + away.Why);
                    said = away.Why;
                    await Task.Delay(away.RetryAfter is { } asked && asked > interval ? (asked < RetryPolicy.LongestRetryAfter ? asked : RetryPolicy.LongestRetryAfter) : interval, time, cancel);
                    continue;
                default:
                    throw new InvalidOperationException("no rule for this answer");
            }

            await service.WaitForChange(revision, interval, cancel);
        }
    }

    private static bool Write(LockIdentity identity, LockView view, string standing, OutputFormat output, DateTimeOffset now) => output == OutputFormat.Json
        ? Report.JsonLine(json =>
        {
            json.WriteTime("time"u8, now);
            LockReport.Write(json, identity, view);
        })
        : Report.Line($"{LockReport.Time(now)}  {view.Name}  {standing}");
}
