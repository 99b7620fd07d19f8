using System.Collections.Immutable;
using System.Globalization;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Asks systemd by <c>systemctl</c> whether this boot was successful. Only two answers mean that there is nothing to ask: no
/// directory of a running systemd, and a target that systemd says it does not know. All else that is not a whole answer is no
/// answer.</summary>
/// <param name="runner">Runs systemctl.</param>
/// <param name="time">The clock.</param>
internal sealed class BootChecks(ProcessRunner runner, TimeProvider time)
{
    /// <summary>This program's own units: a failed one would fail systemd-boot-check-no-failures.service, which counts them all.</summary>
    internal const string OwnUnits = "dlm-updater*.service";

    private static readonly string[] Properties =
    [
        "Id", "LoadState", "ActiveState", "Result", "Job", "Requires", "InactiveExitTimestampMonotonic",
        "ConditionResult", "ConditionTimestampMonotonic", "AssertResult", "AssertTimestampMonotonic",
    ];

    /// <summary>Exists while systemd is PID 1 (sd_booted(3)).</summary>
    internal string InitDirectory { get; init; } = "/run/systemd/system";

    /// <summary>The program; null = not in the PATH.</summary>
    internal string? Systemctl { get; init; } = RunnableCheck.InSearchPath("systemctl");

    /// <summary>One look.</summary>
    /// <param name="start">True: resets our own failed units and starts the target first, without waiting for it.</param>
    /// <param name="atMost">How long all of it may take.</param>
    /// <param name="cancel">Ends it.</param>
    internal BootAnswer Ask(bool start, TimeSpan atMost, CancellationToken cancel)
    {
        if (FileFacts.Read(InitDirectory, true, out int error) is not { IsDirectory: true })
        {
            return error is 0 or Native.ENOENT or Native.ENOTDIR
                ? new BootAnswer.NoGate("no boot checks: systemd is not this host's init")
                : new BootAnswer.NoAnswer($"{InitDirectory} cannot be looked at: {FileErrors.Text(error)}");
        }

        if (Systemctl is null) return new BootAnswer.NoAnswer($"systemctl is not in PATH ({ScriptEnvironment.SearchPath})");

        long began = time.GetTimestamp();
        TimeSpan Left() => atMost - time.GetElapsedTime(began);
        string? notStarted = null;
        if (start)
        {
            _ = Call(["reset-failed", OwnUnits], Left(), cancel);
            notStarted = Call(["start", "--no-block", BootUnits.Target], Left(), cancel).Why;
        }

        if (Units([BootUnits.Target], Left(), cancel, out string why) is not [var target]) return new BootAnswer.NoAnswer(why);
        string[] required = [.. target.Requires.Where(u => u != BootUnits.Sysinit)];
        List<Unit> checks = [];
        if (required.Length > 0)
        {
            if (Units(required, Left(), cancel, out why) is not { } found) return new BootAnswer.NoAnswer(why);
            checks = found;
        }

        BootAnswer answer = BootUnits.Decide(target.Facts, [.. checks.Select(c => c.Facts)]);
        return answer is BootAnswer.NotSuccessful no ? Explain(no, notStarted, Left(), cancel) : answer;
    }

    /// <summary>Adds what the init says itself: why the target did not start, and what else has failed on this host.</summary>
    private BootAnswer.NotSuccessful Explain(BootAnswer.NotSuccessful no, string? notStarted, TimeSpan limit, CancellationToken cancel)
    {
        Said said = Call(["list-units", "--state=failed", "--plain", "--no-legend", "--full"], limit, cancel);
        ImmutableArray<string> failed = said.Why is not null ? [] :
        [
            .. said.Lines.Select(NameIn).OfType<string>()
                .Where(u => !no.Units.Contains(u) && !u.StartsWith("dlm-updater", StringComparison.Ordinal)),
        ];
        string why = no.Why + (notStarted is null ? "" : "; " + notStarted);
        if (!failed.IsEmpty) why += "; also failed: " + string.Join(", ", failed);
        return new BootAnswer.NotSuccessful(why, [.. no.Units, .. failed]);
    }

    /// <summary>The unit in a line of a list, which older versions begin with a mark.</summary>
    private static string? NameIn(string line) =>
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(w => w.Contains('.', StringComparison.Ordinal));

    /// <summary>The units in the order asked for; null, and why, if not each of them is described.</summary>
    private List<Unit>? Units(string[] names, TimeSpan limit, CancellationToken cancel, out string why)
    {
        Said said = Call(["show", .. Properties.Select(p => "--property=" + p), "--", .. names], limit, cancel);
        why = said.Why ?? "";
        if (said.Why is not null) return null;

        var units = new List<Unit>();
        var block = new Dictionary<string, string>();
        foreach (string line in (IEnumerable<string>)[.. said.Lines, ""])
        {
            if (line.Length == 0)
            {
                if (Unit.Of(block) is { } unit) units.Add(unit);
                block = [];
            }
            else if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and int at && Array.IndexOf(Properties, line[..at]) >= 0)
            {
                block[line[..at]] = line[(at + 1)..];
            }
        }

        if (units.Count == names.Length && !said.Lines.Exists(l => l.EndsWith(OutputLines.CutMark, StringComparison.Ordinal))) return units;
        why = $"systemctl show does not describe {string.Join(", ", names)}" + (said.Lines.Count == 0 ? "" : $": {said.Lines[^1]}");
        return null;
    }

    private Said Call(string[] words, TimeSpan limit, CancellationToken cancel)
    {
        string what = "systemctl " + words[0];
        if (limit <= TimeSpan.Zero) return new Said([], $"{what}: no time is left for an answer");
        var lines = new List<string>();
        ScriptResult result = runner.Run(
            new ProcessRequest
            {
                Path = Systemctl!,
                Arguments = ["systemctl", "--no-pager", "--no-ask-password", .. words],
                Environment = ScriptEnvironment.Plain(UserAccount.Own()),
                Limit = limit,
                InterruptGrace = TimeSpan.FromSeconds(1),
            },
            new RunnerEvents { Line = lines.Add }, cancel);
        if (result.Succeeded) return new Said(lines, null);
        string? last = lines.FindLast(l => l.Length > 0);
        return new Said(lines, $"{what}: {result.Describe()}" + (last is null ? "" : $": {last}"));
    }

    /// <summary>What a call printed; <paramref name="Why"/> is not null if it failed.</summary>
    private readonly record struct Said(List<string> Lines, string? Why);

    private sealed record Unit(BootUnit Facts, string[] Requires)
    {
        /// <summary>Null for what is not the description of a unit.</summary>
        internal static Unit? Of(Dictionary<string, string> block)
        {
            string Text(string key) => block.GetValueOrDefault(key, "");
            bool Passed(string key) =>
                ulong.TryParse(Text(key), NumberStyles.None, CultureInfo.InvariantCulture, out ulong microseconds) && microseconds > 0;
            if (Text("Id").Length == 0 || Text("LoadState").Length == 0 || Text("ActiveState").Length == 0) return null;
            return new Unit(
                new BootUnit(
                    Text("Id"), Text("LoadState"), Text("ActiveState"), Text("Result"),
                    HasJob: Text("Job") is not ("" or "0"),
                    WasStarted: Passed("InactiveExitTimestampMonotonic"),
                    IsSkipped: Text("ConditionResult") == "no" && Passed("ConditionTimestampMonotonic"),
                    IsRefused: Text("AssertResult") == "no" && Passed("AssertTimestampMonotonic")),
                Text("Requires").Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
    }
}
