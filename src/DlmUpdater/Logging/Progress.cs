using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Logging;

/// <summary>Shows a run while it runs: the live line of a terminal, the status text of the service, the live file for <c>status</c>.
/// Each may be missing; none of them can fail the run.</summary>
/// <param name="line">The terminal's live line.</param>
/// <param name="notify">The service manager.</param>
/// <param name="file">The live file.</param>
/// <param name="redactor">Hides secrets.</param>
/// <param name="clock">Now.</param>
internal sealed class Progress(TerminalLine? line, SystemdNotify? notify, ProgressFile? file, Redactor redactor, TimeProvider clock)
    : IRunEvents, IDisposable
{
    /// <summary>How often the running time in the service's status text is renewed: each message wakes PID 1.</summary>
    internal static readonly TimeSpan StatusPause = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private ProgressSnapshot now = ProgressSnapshot.Nothing;
    private long statusSent;

    /// <inheritdoc/>
    public void On(RunEvent happened)
    {
        lock (gate)
        {
            if (happened is RunEvent.Ended ended)
            {
                notify?.Stopping(Clean(ended.Report.Message));
                Clear();
                return;
            }

            ProgressSnapshot next = now.After(happened, clock.GetUtcNow());
            if (ReferenceEquals(next, now)) return;
            bool first = ReferenceEquals(now, ProgressSnapshot.Nothing);
            now = next with { WaitingFor = next.WaitingFor is null ? null : Clean(next.WaitingFor) };

            file?.Write(now);
            Draw(TimeSpan.Zero);
            if (notify is null) return;
            statusSent = clock.GetTimestamp();
            if (first) notify.Ready(Clean(now.Describe()));
            else notify.Status(Clean(now.Describe()));
        }
    }

    /// <summary>Renews the running time; to be called about once a second while a script runs or a lock is waited for.</summary>
    /// <param name="phase">The phase.</param>
    /// <param name="script">The script's name; null while a lock is waited for.</param>
    /// <param name="elapsed">How long it has been running, or waited for.</param>
    internal void Tick(Phase phase, string? script, TimeSpan elapsed)
    {
        if (line is null && notify is null) return;
        lock (gate)
        {
            // A tick that was on its way while the script ended says nothing new.
            if (now.Phase != phase.Name() || now.Script != script) return;
            Draw(elapsed);
            if (notify is null || clock.GetElapsedTime(statusSent) < StatusPause) return;
            statusSent = clock.GetTimestamp();
            notify.Status($"{Clean(now.Describe())}, {(script is null ? "for" : "running")} {Human.Seconds(elapsed)}");
        }
    }

    /// <summary>Shows what is waited for; null = the wait is over.</summary>
    internal void Waiting(string? what)
    {
        lock (gate)
        {
            string? clean = what is null ? null : Clean(what);
            if (now.WaitingFor == clean) return;
            now = now with { WaitingFor = clean, Updated = clock.GetUtcNow() };
            file?.Write(now);
            Draw(TimeSpan.Zero);
            notify?.Status(Clean(now.Describe()));
        }
    }

    /// <summary>Takes everything away that shows a run.</summary>
    public void Dispose()
    {
        lock (gate) Clear();
        notify?.Dispose();
    }

    private void Clear()
    {
        line?.Erase();
        file?.Dispose();
    }

    /// <summary><c>update  20-apt  [2/5]  1m 32s</c></summary>
    private void Draw(TimeSpan elapsed)
    {
        if (line is null) return;

        // An upgrade has scripts, but no phase of its own in between.
        if (now is { Script: null, WaitingFor: null, PhaseSince: null })
        {
            line.Erase();
            return;
        }

        string what = now.WaitingFor is { } lockText ? "waiting for " + lockText : now.Script ?? "";
        string head = what.Length == 0 ? now.Phase ?? "" : $"{now.Phase}  {what}";
        string number = now.Script is null ? "" : $"  [{now.Index}/{now.Count}]";
        line.Show(head, $"{number}  {Human.Seconds(elapsed)}");
    }

    private string Clean(string text) => PlainText.Line(redactor.Redact(text));
}
