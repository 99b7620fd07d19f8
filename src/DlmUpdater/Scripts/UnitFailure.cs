using System.Globalization;
using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Scripts;

/// <summary>How the unit ended whose <c>OnFailure=</c> has started this process.</summary>
/// <param name="Unit">Its name.</param>
/// <param name="Result">Systemd's word: <c>signal</c>, <c>oom-kill</c>, <c>timeout</c>, <c>exit-code</c> …</param>
/// <param name="Status">The exit code, or the number of the signal.</param>
internal sealed record UnitFailure(string Unit, string Result, string Status)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

    private static readonly string[] Units = ["dlm-updater.service", "dlm-updater-resume.service"];

    /// <summary>True only for SIGKILL that no stop of the unit has sent. A start that failed or crashed would do so again; one that was
    /// stopped, or that the shutdown has ended (<c>timeout</c>), is meant to stay so.</summary>
    internal bool IsKilled => Result == "oom-kill" || (Result == "signal" && Status == "9");

    /// <summary>For the log.</summary>
    internal string Describe() => $"{Unit} ended with result '{Result}'" + (Status.Length == 0 ? "" : $" (status {Status})");

    /// <summary>Asks systemctl; no answer is never a kill. The environment that systemd 251 and newer gives a unit of <c>OnFailure=</c> is
    /// no source: it is left out where more than one unit names the same one.</summary>
    internal static UnitFailure Ask(ProcessRunner runner, CancellationToken cancel)
    {
        if (RunnableCheck.InSearchPath("systemctl") is not { } systemctl)
            return new UnitFailure(Units[0], "unknown, because systemctl is not in PATH", "");
        if (string.Join(' ', Call(runner, systemctl, ["is-system-running"], cancel)) == "stopping")
            return new UnitFailure(Units[0], "shutdown", "");
        return OfShow(Call(runner, systemctl,
            ["show", "--property=Id,ActiveState,Result,ExecMainStatus,InactiveEnterTimestampMonotonic", "--", .. Units], cancel))
            ?? new UnitFailure(Units[0], "unknown, because systemctl names no unit that has failed", "");
    }

    /// <summary>The unit that failed last, by what <c>systemctl show</c> prints; null if none of them has failed.</summary>
    internal static UnitFailure? OfShow(IReadOnlyList<string> lines)
    {
        UnitFailure? last = null;
        long when = -1;
        var block = new Dictionary<string, string>();
        foreach (string line in (IEnumerable<string>)[.. lines, ""])
        {
            if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and int at)
            {
                block[line[..at]] = line[(at + 1)..];
                continue;
            }

            if (line.Length > 0)
                continue;
            if (block.GetValueOrDefault("ActiveState") == "failed" && block.TryGetValue("Id", out string? unit)
                && block.TryGetValue("Result", out string? result)
                && long.TryParse(block.GetValueOrDefault("InactiveEnterTimestampMonotonic"), CultureInfo.InvariantCulture,
                    out long entered) && entered > when)
                (last, when) = (new UnitFailure(unit, result, block.GetValueOrDefault("ExecMainStatus") ?? ""), entered);
            block = [];
        }

        return last;
    }

    private static List<string> Call(ProcessRunner runner, string systemctl, string[] words, CancellationToken cancel)
    {
        var lines = new List<string>();
        ScriptResult result = runner.Run(
            new ProcessRequest
            {
                Path = systemctl,
                Arguments = ["systemctl", "--no-pager", "--no-ask-password", .. words],
                Environment = ScriptEnvironment.Plain(UserAccount.Own()),
                Limit = AnswerLimit,
                InterruptGrace = TimeSpan.FromSeconds(1),
            },
            new RunnerEvents { Line = lines.Add }, cancel);

        // is-system-running ends with another code than 0 for every state but one.
        return result is ScriptResult.Exited ? lines : [];
    }
}
