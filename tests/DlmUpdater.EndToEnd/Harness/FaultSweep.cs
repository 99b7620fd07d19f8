using System.Collections.Concurrent;
using System.Globalization;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>One fault to be caused: in which start of a cycle, at which call, which one.</summary>
/// <param name="Start">One of <see cref="FaultSweep.Starts"/>.</param>
/// <param name="Call">The call.</param>
/// <param name="Fault">As Native/fault_at.c names it.</param>
/// <param name="IsEarly">True if the program had not looked at its configuration yet: the loader and the runtime were at work.</param>
internal sealed record FaultPoint(string Start, SystemCall Call, string Fault, bool IsEarly)
{
    /// <summary>What it is known by between two sweeps.</summary>
    internal string Key => $"{Start}\t{Call.Who}\t{Call.Name}\t{Call.Number}\t{Fault}";

    public override string ToString() => $"{Start}: {Fault} at {Call}";
}

/// <summary>Causes faults, one in each cycle, and judges what comes of them.</summary>
internal sealed class FaultSweep(TortureHosts hosts, Action<string> log)
{
    /// <summary>The starts of a cycle in which a fault is caused: the first, one that resumes after a kill in update, and the one after the
    /// reboot.</summary>
    internal static readonly string[] Starts = ["first", "resumed", "rebooted"];

    /// <summary>The exit codes of the manual; 70 is left out, since it is a bug.</summary>
    private static readonly int[] Documented = [0, 1, 2, 65, 69, 74, 75, 77, 78, 79, 80, 81, 82];

    private readonly ConcurrentDictionary<string, int> counts = new();
    private readonly ConcurrentBag<string> wrong = [];
    private readonly ConcurrentBag<string> failed = [];
    private string[] files = [];
    private int caused;

    /// <summary>What was wrong.</summary>
    internal string[] Wrong => [.. wrong.Order(StringComparer.Ordinal)];

    /// <summary>The points at which something was wrong, by their keys.</summary>
    internal string[] Failed => [.. failed.Order(StringComparer.Ordinal)];

    /// <summary>Done to a host right after its fault, before it is looked at: for tests of the invariant checker.</summary>
    internal Action<CrashCycle>? Sabotage { get; init; }

    /// <summary>How many faults hit a call.</summary>
    internal int Caused => caused;

    /// <summary>How often each fault was caused at each call, and with which exit code the start ended.</summary>
    internal string[] Counts => [.. counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}\t{pair.Value}")];

    /// <summary>Every fault of every call of the starts, in the order of the calls.</summary>
    internal FaultPoint[] Points()
    {
        using (CrashCycle clean = hosts.Make())
        {
            clean.Finish();
            clean.Judge([]);
            files = clean.Host.Files();
        }

        return [.. Starts.SelectMany(Of)];
    }

    /// <summary>Causes each of <paramref name="points"/>, two at a time.</summary>
    internal void Run(IReadOnlyCollection<FaultPoint> points, Action<FaultPoint>? done = null) =>
        Parallel.ForEach(points, new ParallelOptions { MaxDegreeOfParallelism = 2 }, point =>
        {
            try
            {
                Run(point);
            }
            catch (Exception e) when (e is System.Text.Json.JsonException or IOException or TimeoutException or FormatException)
            {
                Say(point, e.Message);
            }

            done?.Invoke(point);
        });

    private void Run(FaultPoint point)
    {
        using CrashCycle cycle = hosts.Make();
        Prepare(cycle, point.Start);
        string report = cycle.Host.Root + "/marks/hit";
        Ended ended = cycle.Fault(FaultAt.Inject(point.Call, point.Fault, report), Sabotage);
        SystemCall? hit = FaultAt.Read(report).FirstOrDefault();
        string outcome = hit is null ? "not reached" : ended.WasKilled ? "killed" : $"exit {ended.Code}";
        counts.AddOrUpdate($"{hosts.Service}\t{point.Call.Who}\t{point.Call.Name}\t{point.Fault}\t{(point.IsEarly ? "early " : "")}{outcome}", 1, (_, count) => count + 1);
        if (hit is not null) Interlocked.Increment(ref caused);
        string[] ending = hit is not null && !ended.WasKilled ? [.. Ending(point, hit, ended)] : [];
        cycle.Finish();
        cycle.Judge(files);
        if (ending.Length + cycle.Wrong.Count > 0) Say(point, string.Join("\n    ", ending.Concat(cycle.Wrong)));
    }

    /// <summary>A documented exit code, and a line that says why. Where the write of that very line failed there can be none.</summary>
    internal static IEnumerable<string> Ending(FaultPoint point, SystemCall hit, Ended ended)
    {
        // The loader says so itself, and ends with a code of its own.
        bool isLoaders = point.IsEarly && ended.Code == 127 && ended.Error.Contains("error while loading shared libraries", StringComparison.Ordinal);
        if (!Documented.Contains(ended.Code) && !isLoaders) yield return $"exit code {ended.Code} is not documented: {ended.Error.Trim()}";
        if (ended.Error.Contains("bug here", StringComparison.Ordinal) || ended.Error.Contains("Unhandled", StringComparison.Ordinal))
            yield return $"it was taken for a bug: {ended.Error.Trim()}";
        bool isMute = hit.What.StartsWith("2 ", StringComparison.Ordinal);
        if (ended.Code != 0 && !isMute && ended.ErrorLines.Length == 0) yield return $"exit code {ended.Code} without a line on stderr";
    }

    private void Prepare(CrashCycle cycle, string start)
    {
        if (start == "rebooted") cycle.Start();
        if (start == "resumed") cycle.Fault(FaultAt.Inject(Install.Value, "kill-before", "/dev/null"));
    }

    /// <summary>The call that would execute update/20-install.</summary>
    private Lazy<SystemCall> Install => field ??= new(() => Trace("first").Single(call => call is { Who: "child", Name: "execve" } && call.What.EndsWith("/update.d/20-install", StringComparison.Ordinal)));

    private IEnumerable<FaultPoint> Of(string start)
    {
        SystemCall[] calls = Trace(start);
        int own = Array.FindIndex(calls, call => call.What.Contains("/config.ini", StringComparison.Ordinal));
        return calls.SelectMany((call, i) => Faults.Of(call).Select(fault => new FaultPoint(start, call, fault, i < own)));
    }

    private SystemCall[] Trace(string start)
    {
        using CrashCycle cycle = hosts.Make();
        Prepare(cycle, start);
        string file = cycle.Host.Root + "/marks/trace";
        Ended ended = cycle.Fault(FaultAt.Trace(file));
        Assert.True(ended.Code == 0, $"{start}: exit code {ended.Code}: {ended.Error}");
        return FaultAt.Read(file);
    }

    private void Say(FaultPoint point, string line)
    {
        wrong.Add($"{hosts.Service}, {point}: {line}");
        failed.Add($"{hosts.Service}\t{point.Key}");
        log(string.Create(CultureInfo.InvariantCulture, $"WRONG {hosts.Service}, {point}: {line}"));
    }
}
