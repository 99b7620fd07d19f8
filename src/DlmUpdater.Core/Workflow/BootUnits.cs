namespace DlmUpdater.Core.Workflow;

/// <summary>A unit of systemd, by the names that systemd itself uses.</summary>
/// <param name="Name">Its id.</param>
/// <param name="LoadState"><c>loaded</c>, <c>not-found</c>, <c>masked</c>, …</param>
/// <param name="ActiveState"><c>active</c>, <c>inactive</c>, <c>failed</c>, …</param>
/// <param name="Result">Why it failed; empty or <c>success</c> if it did not, or if units of its kind have none.</param>
/// <param name="HasJob">True if something is queued for it.</param>
/// <param name="WasStarted">True if it was started on this boot.</param>
/// <param name="IsSkipped">True if its start was left out because a condition is not met.</param>
/// <param name="IsRefused">True if its start was refused because an assertion is not met.</param>
public sealed record BootUnit(
    string Name, string LoadState, string ActiveState, string Result, bool HasJob, bool WasStarted, bool IsSkipped, bool IsRefused);

/// <summary>Decides from systemd's units whether the boot was successful: the target must be active and every check that it requires done.
/// An active target alone is not enough: a check that is not ordered before it, or that was enabled later, may have failed or never
/// run.</summary>
public static class BootUnits
{
    /// <summary>The target that systemd has for this since version 240.</summary>
    public const string Target = "boot-complete.target";

    /// <summary>What every target requires, and no check.</summary>
    public const string Sysinit = "sysinit.target";

    private enum Standing
    {
        Done,
        Runs,
        Failed,
    }

    /// <summary>Decides.</summary>
    /// <param name="target">The target.</param>
    /// <param name="checks">The units that it requires, without <see cref="Sysinit"/>.</param>
    public static BootAnswer Decide(BootUnit target, IReadOnlyList<BootUnit> checks)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(checks);
        if (target.LoadState == "not-found") return new BootAnswer.NoGate($"no boot checks: this host's systemd has no {Target}");
        if (target.LoadState != "loaded")
        {
            string state = target.LoadState.Length == 0 ? "not loaded" : target.LoadState;
            return new BootAnswer.NotSuccessful($"{Target} is {state}", [Target]);
        }

        BootUnit[] open = [.. checks.Where(c => StandingOf(c) != Standing.Done)];
        bool isActive = target.ActiveState == "active";
        if (isActive && open.Length == 0)
        {
            string names = checks.Count == 0 ? " (no boot checks)" : ": " + string.Join(", ", checks.Select(c => c.Name));
            return new BootAnswer.Successful($"{Target} is active{names}");
        }

        string why = $"{Target} is {target.ActiveState}" + (open.Length == 0 ? "" : ": " + string.Join(", ", open.Select(Describe)));
        bool runs = target.HasJob || target.ActiveState == "activating" || open.Any(c => StandingOf(c) == Standing.Runs);
        string[] units = open.Length == 0 ? [Target] : [.. open.Select(c => c.Name)];
        return runs ? new BootAnswer.Pending(why, [.. units]) : new BootAnswer.NotSuccessful(why, [.. units]);
    }

    /// <summary>One check for a person: <c>web.service (failed, exit-code)</c>.</summary>
    public static string Describe(BootUnit check)
    {
        ArgumentNullException.ThrowIfNull(check);
        string how = check switch
        {
            { HasJob: true, ActiveState: "inactive" or "failed" } => "waiting to start",
            { LoadState: not "loaded" } => check.LoadState,
            { IsRefused: true, ActiveState: "inactive" } => "assertion not met",
            { ActiveState: "inactive", WasStarted: false } => "never started",
            { Result: not ("" or "success") } => $"{check.ActiveState}, {check.Result}",
            _ => check.ActiveState,
        };
        return $"{check.Name} ({how})";
    }

    private static Standing StandingOf(BootUnit check) => check switch
    {
        { ActiveState: "active" } => Standing.Done,
        { HasJob: true } => Standing.Runs,
        { ActiveState: "activating" or "deactivating" or "reloading" or "refreshing" } => Standing.Runs,
        { ActiveState: not "inactive" } or { LoadState: not "loaded" } or { IsRefused: true } => Standing.Failed,

        // systemd counts both as a start that succeeded: a condition that is not met, and a check that ran to its end and has no
        // RemainAfterExit=.
        { IsSkipped: true } => Standing.Done,
        { WasStarted: true, Result: "" or "success" } => Standing.Done,
        _ => Standing.Failed,
    };
}
