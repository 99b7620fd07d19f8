namespace DlmUpdater.Core.Workflow;

/// <summary>The boot gate: after a reboot post_update and the release wait until the host's own boot checks have succeeded. Unknown is not
/// success.</summary>
public static class BootGate
{
    /// <summary>One question to the init must not take the whole time that the checks have.</summary>
    private static readonly TimeSpan LongestQuestion = TimeSpan.FromSeconds(30), ShortestQuestion = TimeSpan.FromSeconds(1);

    /// <summary>The first pause between two looks, and the longest.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>How long after the first start failed checks are started again, and how far that doubles: what fails while a host still
    /// comes up may succeed minutes later.</summary>
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(30), LongestRetry = TimeSpan.FromMinutes(2);

    /// <summary>True if a start on <paramref name="boot"/> must pass the gate before post_update and lock_release: it is not the boot on
    /// which the run began, or that is not known.</summary>
    public static bool Applies(RunState state, BootIdentity boot) => state.FirstBoot != boot;

    /// <summary>Waits for a successful boot. Null: it is one.</summary>
    internal static async ValueTask<PhaseOutcome?> Pass(RunContext run, RunState state, CancellationToken cancel)
    {
        TimeSpan limit = run.Settings.Reboot.BootCompleteTimeout, pause = FirstPause, retry = FirstRetry;
        long began = run.Time.GetTimestamp();

        // The first look starts nothing: a boot that was successful is not asked again.
        bool start = false;
        TimeSpan nextStart = TimeSpan.Zero;
        while (true)
        {
            if (cancel.IsCancellationRequested)
                return new PhaseOutcome(Verdict.Interrupted, state, "interrupted while waiting for the boot checks");
            BootAnswer answer = await run.Host.AskBoot(start, Clamp(limit - run.Time.GetElapsedTime(began)), cancel);
            if (cancel.IsCancellationRequested) continue;
            if (answer is BootAnswer.NoGate or BootAnswer.Successful)
            {
                run.Events.On(new RunEvent.Note(Why(answer)));
                return null;
            }

            TimeSpan spent = run.Time.GetElapsedTime(began);
            if (spent >= limit) return Shut(state, answer, limit);
            if (start) (nextStart, retry) = (spent + retry, Min(retry * 2, LongestRetry));
            if (nextStart == TimeSpan.Zero)
            {
                start = true;
                continue;
            }

            run.Events.On(new RunEvent.BootWaiting(Why(answer), limit - spent, Fails: answer is not BootAnswer.Pending));
            await Nap.For(Min(pause, limit - spent), run.Time, cancel);
            pause = Min(pause * 2, LongestPause);
            spent = run.Time.GetElapsedTime(began);
            start = answer is not BootAnswer.Pending && spent >= nextStart && spent < limit;
        }
    }

    private static PhaseOutcome Shut(RunState state, BootAnswer answer, TimeSpan limit)
    {
        string lockKept = state.Lock is null ? "" : $"; the lock '{state.Lock.Identity.Name}' is kept";
        IReadOnlyList<string> units = answer switch
        {
            BootAnswer.NotSuccessful no => no.Units,
            BootAnswer.Pending no => no.Units,
            _ => [],
        };
        return new PhaseOutcome(Verdict.BootNotSuccessful, state,
            $"the boot was not successful within {limit.TotalSeconds:0} s: {Why(answer)}{lockKept}: "
            + "repair the host or reboot it, then 'dlm-updater run' asks again")
        {
            Failed = units.Count == 0 ? null : (string.Join(' ', units), Ending.BootNotSuccessful.Code()),
        };
    }

    private static string Why(BootAnswer answer) => answer switch
    {
        BootAnswer.NoGate no => no.Why,
        BootAnswer.Successful yes => yes.Why,
        BootAnswer.Pending no => no.Why,
        BootAnswer.NotSuccessful no => no.Why,
        BootAnswer.NoAnswer no => no.Why,
        _ => throw new InvalidOperationException($"no rule for {answer.GetType().Name}"),
    };

    private static TimeSpan Clamp(TimeSpan left) => left < ShortestQuestion ? ShortestQuestion : Min(left, LongestQuestion);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
